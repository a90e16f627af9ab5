#include "options.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bundle/description.h"
#include "words/nearest.h"

static const struct {
    enum option option;
    const char *name;
} word_option[RUN_WORD_KINDS] = {{OPTION_INPUT, "--input"},
                                 {OPTION_OUTPUT, "--output"},
                                 {OPTION_CHECK, "--check"},
                                 {OPTION_SHAPE, "--shape"},
                                 {OPTION_SCALAR, "--scalar"}};

const char *run_word_option(enum run_word_kind kind)
{
    return word_option[kind].name;
}

static void append_name(char *buffer, size_t size, const char *name, uint32_t index, uint32_t count)
{
    size_t used = strlen(buffer);
    snprintf(buffer + used, size - used, "%s%s", index == 0 ? "" : index + 1 == count ? " or " : ", ", name);
}

void list_examples(char *buffer, size_t size)
{
    buffer[0] = 0;
    for (uint32_t i = 0; i < example_count; i++)
        append_name(buffer, size, example_all[i]->name, i, example_count);
}

static void list_cases(const struct example *example, char *buffer, size_t size)
{
    buffer[0] = 0;
    for (uint32_t i = 0; i < example->case_count; i++)
        append_name(buffer, size, example->cases[i].name, i, example->case_count);
}

static bool parse_number(const char *option, const char *text, uint64_t low, uint64_t high, uint64_t *value)
{
    char *end;
    errno = 0;
    unsigned long long x = strtoull(text, &end, 0);
    /* strtoull takes blanks and signs, and makes 2^64 - 3 of " -3". */
    if (errno != 0 || text[0] < '0' || text[0] > '9' || *end != 0 || x < low || x > high) {
        fprintf(stderr, "npurt run: %s %s: not a number from %" PRIu64 " to %" PRIu64 "\n", option, text, low, high);
        return false;
    }
    *value = x;
    return true;
}

static bool add_seed(struct run_options *options)
{
    char *target = options->target;
    size_t used = strlen(target);
    if (strncmp(target, "emu:", 4) != 0) {
        fprintf(stderr, "npurt run: --seed chooses the schedule of an emulated card, and %s is none\n", target);
        return false;
    }
    if (strstr(target, "seed=")) {
        fprintf(stderr, "npurt run: --seed and a seed in the target %s: one of the two\n", target);
        return false;
    }
    int length = snprintf(target + used, sizeof options->target - used, "%cseed=%" PRIu64,
                          strchr(target, '?') ? '&' : '?', options->seed);
    if (length < 0 || (size_t)length >= sizeof options->target - used) {
        fprintf(stderr, "npurt run: --target is too long\n");
        return false;
    }
    return true;
}

const char *runtime_name(npurt_runtime runtime)
{
    return description_runtime_name(runtime);
}

bool parse_runtime(const char *command, const char *text, npurt_runtime *runtime)
{
    if (description_runtime_find(text, runtime)) return true;
    const bool streamed = strcmp(text, "tmr") == 0;
    *runtime = streamed ? NPURT_TENSORMAP_AND_RINGBUFFER : NPURT_HOST_BUILD_GRAPH;
    if (streamed || strcmp(text, "hbg") == 0) return true;
    const char *const name[] = {description_runtime_name(NPURT_HOST_BUILD_GRAPH),
                                description_runtime_name(NPURT_TENSORMAP_AND_RINGBUFFER), "hbg", "tmr"};
    struct nearest nearest = {0};
    char hint[96];
    for (uint32_t i = 0; i < sizeof name / sizeof name[0]; i++)
        nearest_try(&nearest, text, strlen(text), name[i]);
    fprintf(stderr, "npurt %s: --runtime %s: unknown; there are %s (hbg) and %s (tmr)%s\n", command, text, name[0],
            name[1], nearest_hint(&nearest, hint, sizeof hint));
    return false;
}

/* "4096", "6MiB" */
static bool parse_size(const char *text, uint64_t *size)
{
    static const char *const unit[] = {"", "KiB", "MiB", "GiB"};
    char *end;
    errno = 0;
    const unsigned long long x = strtoull(text, &end, 0);
    if (errno != 0 || end == text || text[0] < '0' || text[0] > '9') return false;
    for (uint32_t i = 0; i < 4; i++)
        if (strcmp(end, unit[i]) == 0) return !__builtin_mul_overflow(x, UINT64_C(1) << (10 * i), size);
    return false;
}

/* One FIELD=VALUE of one ring. */
static bool set_ring(char *word, npurt_ring_options *ring)
{
    uint64_t value;
    char *equal = strchr(word, '=');
    if (!equal || !parse_size(equal + 1, &value)) return false;
    *equal = 0;
    const bool heap = strcmp(word, "heap_bytes") == 0, window = strcmp(word, "task_window") == 0;
    if ((!heap && !window && strcmp(word, "edges") != 0) || (!heap && value > UINT32_MAX)) return false;
    if (heap) ring->heap_bytes = value;
    if (window) ring->task_window = (uint32_t)value;
    if (!heap && !window) ring->edges = (uint32_t)value;
    return true;
}

/* "2:heap_bytes=6MiB,edges=4096", "all:task_window=64". What the numbers may be the library knows. */
static bool parse_ring(const char *text, npurt_ring_options ring[NPURT_RINGS])
{
    char words[128], *rest = words;
    const int length = snprintf(words, sizeof words, "%s", text);
    const char *which = strsep(&rest, ":");
    const bool all = strcmp(which, "all") == 0;
    bool good = length >= 0 && (size_t)length < sizeof words && rest && *rest &&
                (all || (which[0] >= '0' && which[0] < '0' + NPURT_RINGS && which[1] == 0));
    while (good && rest) {
        char *word = strsep(&rest, ","), copy[128];
        for (uint32_t r = 0; r < NPURT_RINGS && good; r++) {
            if (!all && r != (uint32_t)(which[0] - '0')) continue;
            snprintf(copy, sizeof copy, "%s", word);
            good = set_ring(copy, &ring[r]);
        }
    }
    if (!good)
        fprintf(
            stderr,
            "npurt run: --ring %s: RING:FIELD=VALUE,… is due, RING being 0 to %d or all, FIELD task_window, edges or "
            "heap_bytes, VALUE a number, also in KiB, MiB, GiB\n",
            text, NPURT_RINGS - 1);
    return good;
}

/* "1e-3". */
static bool parse_tolerance(const char *option, const char *text, double *value)
{
    char *end;
    *value = strtod(text, &end);
    if (end != text && *end == 0 && *value >= 0) return true;
    fprintf(stderr, "npurt run: %s %s: not a number from 0\n", option, text);
    return false;
}

static bool take_target(const char *value, struct run_options *options)
{
    int length = snprintf(options->target, sizeof options->target, "%s", value);
    if (length >= 0 && (size_t)length < sizeof options->target) return true;
    fprintf(stderr, "npurt run: --target is longer than %zu characters\n", sizeof options->target - 1);
    return false;
}

/* An option that names an argument. */
static bool take_word(const struct given *given, struct run_options *options)
{
    for (uint32_t kind = 0; kind < RUN_WORD_KINDS; kind++) {
        if (given->option->id != word_option[kind].option) continue;
        if (options->word_count == RUN_MAX_WORDS) {
            fprintf(stderr, "npurt run: more than %d options name arguments\n", RUN_MAX_WORDS);
            return false;
        }
        options->word[options->word_count++] = (struct run_word){(enum run_word_kind)kind, given->value};
    }
    return true;
}

static bool take_option(const struct given *given, struct run_options *options)
{
    const char *value = given->value;
    uint64_t number = 0;
    switch (given->option->id) {
    case OPTION_TARGET:
        return take_target(value, options);
    case OPTION_RUNTIME:
        options->runtime_given = true;
        return parse_runtime("run", value, &options->runtime);
    case OPTION_RING:
        options->ring_given = true;
        return parse_ring(value, options->ring);
    case OPTION_RUNS:
        return parse_number("--runs", value, 1, UINT32_MAX, &options->runs);
    case OPTION_SEED:
        options->seeded = true;
        return parse_number("--seed", value, 0, UINT64_MAX, &options->seed);
    case OPTION_AICPU_THREADS:
        if (!parse_number("--aicpu-threads", value, 1, UINT32_MAX, &number)) return false;
        options->aicpu_threads = (uint32_t)number;
        return true;
    case OPTION_TIMEOUT:
        /* The driver's op-execute timeout, which lies above, ends at 1,091 s. */
        if (!parse_number("--timeout", value, 1, 1000, &number)) return false;
        options->timeout_s = (uint32_t)number;
        return true;
    case OPTION_JSON:
        options->json = true;
        return true;
    case OPTION_ATOL:
        options->atol_given = true;
        return parse_tolerance("--atol", value, &options->atol);
    case OPTION_RTOL:
        options->rtol_given = true;
        return parse_tolerance("--rtol", value, &options->rtol);
    default:
        return take_word(given, options); /* and --size, which is looked up when the example is known */
    }
}

/* The name of an example, or the folder of a bundle; what belongs to one of them is refused for the other. */
static bool find_subject(const char *name, const char *size, struct run_options *options)
{
    char names[512], description[PATH_MAX];
    list_examples(names, sizeof names);
    if (!name) {
        fprintf(stderr, "npurt run: what? An example (%s) or the folder of a bundle\n", names);
        return false;
    }
    options->example = example_find(name);
    if (!options->example) {
        snprintf(description, sizeof description, "%s/" DESCRIPTION_FILE, name);
        if (access(description, F_OK) != 0) {
            struct nearest nearest = {0};
            char hint[96];
            for (uint32_t i = 0; i < example_count; i++)
                nearest_try(&nearest, name, strlen(name), example_all[i]->name);
            fprintf(stderr, "npurt run: %s is no example (there are %s), and no bundle: there is no %s%s\n", name,
                    names, description, nearest_hint(&nearest, hint, sizeof hint));
            return false;
        }
        options->bundle = name;
        if (size) fprintf(stderr, "npurt run: --size is for examples; shapes of a bundle come with --shape\n");
        return !size;
    }
    if (options->word_count > 0) {
        fprintf(stderr, "npurt run: %s is for bundles; %s makes its own arguments\n",
                word_option[options->word[0].kind].name, name);
        return false;
    }
    if (options->atol_given || options->rtol_given) {
        fprintf(stderr, "npurt run: --atol and --rtol are for bundles; %s knows how exact its result is\n", name);
        return false;
    }
    if (options->ring_given && options->runtime != NPURT_TENSORMAP_AND_RINGBUFFER) {
        fprintf(stderr, "npurt run: --ring is for --runtime %s\n",
                description_runtime_name(NPURT_TENSORMAP_AND_RINGBUFFER));
        return false;
    }
    options->which = example_find_case(options->example, size ? size : "small");
    if (options->which) return true;
    struct nearest nearest = {0};
    char hint[96];
    for (uint32_t i = 0; i < options->example->case_count; i++)
        nearest_try(&nearest, size, strlen(size), options->example->cases[i].name);
    list_cases(options->example, names, sizeof names);
    fprintf(stderr, "npurt run: --size %s: unknown; %s has %s%s\n", size, name, names,
            nearest_hint(&nearest, hint, sizeof hint));
    return false;
}

bool run_options_take(const struct words *words, struct run_options *options)
{
    *options = (struct run_options){.target = "emu:a5", .runs = 1};
    for (uint32_t i = 0; i < words->option_count; i++)
        if (!take_option(&words->option[i], options)) return false;
    if (!find_subject(words->operand, words_value(words, OPTION_SIZE), options)) return false;
    return !options->seeded || add_seed(options);
}
