/* A command line, run, with all that it printed. */
#ifndef TESTS_PLANTED_COMMAND_H
#define TESTS_PLANTED_COMMAND_H

#include "check.h"

#include <sys/wait.h>

struct outcome {
    int status; /* exit status; -1: a signal */
    char text[1 << 18];
};

static inline void command_run(const char *line, struct outcome *outcome)
{
    fflush(NULL);
    FILE *out = popen(line, "r");
    if (!out) CHECK_FAIL("popen: %s", line);
    size_t n = fread(outcome->text, 1, sizeof outcome->text - 1, out);
    outcome->text[n] = 0;
    while (fread(&(char){0}, 1, 1, out) == 1) {
    }
    int status = pclose(out);
    outcome->status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* The line of the text that begins with the word; "" when there is none. */
static inline const char *command_line_of(const struct outcome *outcome, const char *word, char *line, size_t size)
{
    const char *at = outcome->text;
    line[0] = 0;
    for (; at && *at; at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL) {
        if (strncmp(at, word, strlen(word)) != 0) continue;
        snprintf(line, size, "%.*s", (int)strcspn(at, "\n"), at);
        break;
    }
    return line;
}

#endif
