#include "help.h"

#include <string.h>

#include "example.h"
#include "options.h"
#include "output.h"

enum { WIDTH = 100, LEFT = 30 };

/* Text from column `left` on, broken at blanks; the cursor stands at column `at`. An empty line is kept. */
static void fold(FILE *to, const char *text, int at, int left)
{
    bool first = true;
    if (at < left) fprintf(to, "%*s", left - at, ""), at = left;
    while (*text) {
        const size_t n = strcspn(text, " \n");
        if (!first && at + 1 + (int)n > WIDTH) {
            fprintf(to, "\n%*s", left, "");
            at = left;
        } else if (!first && at > left) {
            fprintf(to, " ");
            at++;
        }
        fprintf(to, "%.*s", (int)n, text);
        at += (int)n;
        first = false;
        text += n;
        if (*text == '\n') {
            const size_t lines = strspn(text, "\n");
            for (size_t i = 0; i < lines; i++)
                fprintf(to, "\n");
            fprintf(to, "%*s", left, "");
            at = left;
            first = true;
            text += lines;
        } else {
            text += strspn(text, " ");
        }
    }
    fprintf(to, "\n");
}

static void heading(FILE *to, const char *text)
{
    fprintf(to, "\n%s%s:%s\n", paint(to, PAINT_HEADING), text, paint(to, PAINT_END));
}

static void exit_statuses(FILE *to)
{
    heading(to, "Exit status");
    for (uint32_t i = 0; i < EXIT_SPECS; i++)
        fold(to, exit_table[i].text, fprintf(to, "  %d ", exit_table[i].status), 4);
}

void help_overview(FILE *to)
{
    char usage[96];
    fprintf(to, "npurt builds task graphs and runs them on Ascend NPUs, real or emulated.\n");
    heading(to, "Commands");
    for (uint32_t i = 0; i < COMMANDS; i++)
        fold(to, command_table[i].summary, fprintf(to, "  %s  ", command_usage(&command_table[i], usage, sizeof usage)),
             40);
    exit_statuses(to);
    fprintf(to, "\n\"npurt help COMMAND\" and \"npurt COMMAND --help\" describe a command with its options.\n");
}

static void show_option(FILE *to, const struct option_spec *option)
{
    char text[512];
    int at = option->letter ? fprintf(to, "  -%c, ", option->letter) : fprintf(to, "      ");
    at += fprintf(to, "--%s%s%s  ", option->name, option->value ? " " : "", option->value ? option->value : "");
    snprintf(text, sizeof text, "%s%s%s%s%s%s%s", option->text, option->fallback ? " (default: " : "",
             option->fallback ? option->fallback : "", option->fallback ? ")" : "", option->alias ? "; also --" : "",
             option->alias ? option->alias : "", "");
    if (at > LEFT) {
        fprintf(to, "\n");
        at = 0;
    }
    fold(to, text, at, LEFT);
}

void help_command(FILE *to, const struct command_spec *command)
{
    const struct option_spec *option;
    char usage[96], names[512];
    fprintf(to, "%s%s%s\n\n", paint(to, PAINT_HEADING), command_usage(command, usage, sizeof usage),
            paint(to, PAINT_END));
    fprintf(to, "%c%s.\n", command->summary[0] - 'a' + 'A', command->summary + 1);
    if (command->text) fprintf(to, "\n"), fold(to, command->text, 0, 0);
    heading(to, "Options");
    for (uint32_t i = 0; (option = command_option(command, i)); i++) {
        if (option->group) heading(to, option->group);
        if (option == common_option && command->option_count) heading(to, "Options of every command");
        show_option(to, option);
    }
    if (command->offers_examples) {
        list_examples(names, sizeof names);
        fprintf(to, "\n");
        char line[600];
        snprintf(line, sizeof line, "Examples: %s.", names);
        fold(to, line, 0, 0);
    }
    exit_statuses(to);
}
