/* The words of `npurt run`. */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "example.h"
#include "words.h"

/* What the command's exit status says. */
enum exit_status { EXIT_RIGHT = 0, EXIT_WRONG = 1, EXIT_USAGE = 2, EXIT_FAILED = 3 };

/* Options that name an argument of a bundle: NAME=VALUE. */
enum run_word_kind { RUN_WORD_INPUT, RUN_WORD_OUTPUT, RUN_WORD_CHECK, RUN_WORD_SHAPE, RUN_WORD_SCALAR, RUN_WORD_KINDS };
struct run_word {
    enum run_word_kind kind;
    const char *text;
};
enum { RUN_MAX_WORDS = 512 };

struct run_options {
    const struct example *example; /* NULL: a bundle */
    const struct example_case *which;
    const char *bundle; /* its folder; NULL: an example */
    struct run_word word[RUN_MAX_WORDS];
    uint32_t word_count;
    double atol, rtol; /* of --check, when they were given */
    bool atol_given, rtol_given;
    char target[256]; /* as it is opened: the seed is in it */
    npurt_runtime runtime; /* of an example; of a bundle only when it was given */
    bool runtime_given;
    npurt_ring_options ring[NPURT_RINGS];
    bool ring_given;
    uint64_t runs;
    uint64_t seed;
    bool seeded;
    uint32_t aicpu_threads; /* 0: all */
    uint32_t timeout_s;     /* of the scheduler; 0: the default */
    bool json;
};

/* What the words of `npurt run` ask for. false: the reason, with the words that would do, is on stderr. */
bool run_options_take(const struct words *words, struct run_options *options);

/* A runtime by its name, or by its initials (hbg, tmr). false: the reason is on stderr, behind the command's name. */
bool parse_runtime(const char *command, const char *text, npurt_runtime *runtime);

const char *runtime_name(npurt_runtime runtime);

/* "--input" and so on. */
const char *run_word_option(enum run_word_kind kind);

/* Name in, the examples' or the cases' names out: "a, b or c". */
void list_examples(char *buffer, size_t size);

#endif
