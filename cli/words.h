/* The words of a command line, read by the table. Options may stand before, behind and between operands; "--" ends them.
 * --name VALUE, --name=VALUE, -n VALUE and -nVALUE are the same. */
#ifndef CLI_WORDS_H
#define CLI_WORDS_H

#include "table.h"

struct words {
    const struct command_spec *command;
    struct given {
        const struct option_spec *option;
        const char *value; /* NULL: it takes none. Borrowed from argv */
    } *option;
    uint32_t option_count;
    const char *operand; /* NULL: none was given */
};

enum words_answer { WORDS_READ, WORDS_HELP, WORDS_VERSION, WORDS_WRONG };

/* WRONG: the reason is on stderr, with the nearest word that would do. Release after any answer. */
enum words_answer words_read(const struct command_spec *command, int argc, char **argv, struct words *words);
void words_release(struct words *words);

/* The value that the option was given last; NULL: it was not given. */
const char *words_value(const struct words *words, enum option id);

#endif
