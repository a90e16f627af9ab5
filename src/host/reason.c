#include "reason.h"

#include <stdio.h>
#include <string.h>
#include "../protocol/stream.h"

/* By words that the driver's text has; the first that fits. */
static const struct {
    const char *word, *hint;
} meaning[] = {
    {"stack overflow", "its stack is full: recursion without end, or large arrays on the stack"},
    {"division by zero", "it divides an integer by zero"},
    {"arithmetic fault", "an integer operation has no result, such as a division by zero"},
    {"abort()", "it called abort(), or an assertion in it failed"},
    {"illegal instruction", "it executed an illegal instruction: an end without return, or a build for another machine"},
    {"trap instruction", "it executed a trap instruction, as __builtin_trap and checks of the compiler do"},
    {"no memory behind", "it accessed memory that is not there"},
    {"bad address", "it accessed memory it should not: a null pointer, or an address outside of its tensors"},
    {"", "it accessed memory it should not, or executed an illegal instruction"},
};

const char *reason_hint(const char *said, const char *what, char *text, size_t size)
{
    unsigned i = 0;
    while (!strstr(said, meaning[i].word))
        i++;
    snprintf(text, size, "the %s failed: %s", what, meaning[i].hint);
    return text;
}

bool reason_names_orchestration(const char *said)
{
    return strstr(said, " of " ORCHESTRATION_FILE) != NULL;
}

const char *reason_text(const char *said, char *text, size_t size)
{
    static const char kernel[] = "in kernel \"", program[] = "in the AICPU program: ", file[] = " of " ORCHESTRATION_FILE;
    const char *at = strstr(said, kernel), *behind;
    if (at && (behind = strstr(at + sizeof kernel - 1, "\": ")))
        said = behind + 3;
    else if ((at = strstr(said, program)))
        said = at + sizeof program - 1;
    snprintf(text, size, "%.*s", (int)strcspn(said, "\n"), said);
    for (char *name; (name = strstr(text, file));) { /* a name that the user has never seen */
        const char *rest = name + strcspn(name, ",");
        memmove(name, rest, strlen(rest) + 1);
    }
    return text;
}
