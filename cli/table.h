/* The commands and their options. Parsing, help, the manual pages and the shells' completion are made of this table, so
 * that they say the same. */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

#include <stdbool.h>
#include <stdint.h>

enum command {
    COMMAND_RUN,
    COMMAND_BUILD,
    COMMAND_EXPLAIN,
    COMMAND_LIST,
    COMMAND_DEVICES,
    COMMAND_DOCTOR,
    COMMAND_VERSION,
    COMMAND_HELP,
    COMMANDS
};

enum option {
    OPTION_TARGET,
    OPTION_RUNTIME,
    OPTION_RING,
    OPTION_RUNS,
    OPTION_SIZE,
    OPTION_AICPU_THREADS,
    OPTION_SEED,
    OPTION_TIMEOUT,
    OPTION_JSON,
    OPTION_INPUT,
    OPTION_OUTPUT,
    OPTION_CHECK,
    OPTION_ATOL,
    OPTION_RTOL,
    OPTION_SHAPE,
    OPTION_SCALAR,
    OPTION_BUNDLE,
    OPTION_DEPFILE,
    OPTION_HELP,
    OPTION_VERSION,
    OPTIONS
};

/* What a shell offers in the place of a value. */
enum offer { OFFER_NOTHING, OFFER_FILES, OFFER_WORDS };

struct option_spec {
    enum option id;
    char letter;       /* 0: none */
    const char *name;  /* without the dashes */
    const char *alias; /* another name; NULL: none */
    const char *value; /* "TARGET"; NULL: it takes none */
    enum offer offer;
    const char *words;    /* OFFER_WORDS: with blanks between; after the last, others may do as well */
    const char *fallback; /* what holds without it; NULL: there is nothing to say */
    const char *text;     /* one sentence, lower case, without a full stop */
    const char *group;    /* non-NULL: a heading before it */
};

struct command_spec {
    const char *name;
    const char *operand; /* "EXAMPLE|FOLDER"; NULL: it takes none */
    bool operand_required;
    enum offer offer; /* of the operand */
    bool offers_examples, offers_commands;
    const char *summary; /* one line, lower case */
    const char *text;    /* paragraphs, an empty line between them; NULL: none */
    const struct option_spec *option;
    uint32_t option_count;
    const char *words; /* OFFER_WORDS: of the operand, with blanks between; NULL: none */
};

extern const struct command_spec command_table[COMMANDS];

/* --help and --version, which every command takes. */
extern const struct option_spec common_option[];
enum { COMMON_OPTIONS = 2 };

struct exit_spec {
    int status;
    const char *text;
};
extern const struct exit_spec exit_table[];
enum { EXIT_SPECS = 4 };

/* Option i of a command: its own, then the common ones; NULL behind the last. */
const struct option_spec *command_option(const struct command_spec *command, uint32_t i);

/* NULL: no command has the name. */
const struct command_spec *command_find(const char *name);

/* "NAME EXAMPLE|FOLDER [OPTION]…" of a command, for help and manual pages. Returns the buffer. */
const char *command_usage(const struct command_spec *command, char *buffer, uint32_t size);

#endif
