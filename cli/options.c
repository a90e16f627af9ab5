#include "options.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bundle/description.h"

static const char *const word_option[RUN_WORD_KINDS] = {"--input", "--output", "--check", "--shape", "--scalar"};

const char *run_word_option(enum run_word_kind kind)
{
    return word_option[kind];
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
    fprintf(stderr, "npurt %s: --runtime %s: unknown; there are %s (hbg) and %s (tmr)\n", command, text,
            description_runtime_name(NPURT_HOST_BUILD_GRAPH), description_runtime_name(NPURT_TENSORMAP_AND_RINGBUFFER));
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

static bool parse_option(const char *option, const char *value, struct run_options *options, const char **size)
{
    uint64_t number;
    if (strcmp(option, "--target") == 0) {
        int length = snprintf(options->target, sizeof options->target, "%s", value);
        if (length >= 0 && (size_t)length < sizeof options->target) return true;
        fprintf(stderr, "npurt run: --target is longer than %zu characters\n", sizeof options->target - 1);
        return false;
    }
    if (strcmp(option, "--runtime") == 0) {
        options->runtime_given = true;
        return parse_runtime("run", value, &options->runtime);
    }
    if (strcmp(option, "--ring") == 0) {
        options->ring_given = true;
        return parse_ring(value, options->ring);
    }
    if (strcmp(option, "--runs") == 0) return parse_number(option, value, 1, UINT32_MAX, &options->runs);
    if (strcmp(option, "--seed") == 0) {
        options->seeded = true;
        return parse_number(option, value, 0, UINT64_MAX, &options->seed);
    }
    if (strcmp(option, "--aicpu-threads") == 0) {
        if (!parse_number(option, value, 1, UINT32_MAX, &number)) return false;
        options->aicpu_threads = (uint32_t)number;
        return true;
    }
    if (strcmp(option, "--timeout") == 0) {
        /* The driver's op-execute timeout, which lies above, ends at 1,091 s. */
        if (!parse_number(option, value, 1, 1000, &number)) return false;
        options->timeout_s = (uint32_t)number;
        return true;
    }
    for (uint32_t kind = 0; kind < RUN_WORD_KINDS; kind++) {
        if (strcmp(option, word_option[kind]) != 0) continue;
        if (options->word_count == RUN_MAX_WORDS) {
            fprintf(stderr, "npurt run: more than %d options name arguments\n", RUN_MAX_WORDS);
            return false;
        }
        options->word[options->word_count++] = (struct run_word){(enum run_word_kind)kind, value};
        return true;
    }
    if (strcmp(option, "--tolerance") == 0) {
        char *end;
        options->tolerance_given = true;
        options->tolerance = strtod(value, &end);
        if (end != value && *end == 0 && options->tolerance >= 0) return true;
        fprintf(stderr, "npurt run: --tolerance %s: not a number from 0\n", value);
        return false;
    }
    *size = value; /* --size, looked up when the example is known */
    return true;
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
            fprintf(stderr, "npurt run: %s is no example (there are %s), and no bundle: there is no %s\n", name, names,
                    description);
            return false;
        }
        options->bundle = name;
        if (size) fprintf(stderr, "npurt run: --size is for examples; shapes of a bundle come with --shape\n");
        return !size;
    }
    if (options->word_count > 0) {
        fprintf(stderr, "npurt run: %s is for bundles; %s makes its own arguments\n",
                word_option[options->word[0].kind], name);
        return false;
    }
    if (options->tolerance_given) {
        fprintf(stderr, "npurt run: --tolerance is for bundles; %s knows how exact its result is\n", name);
        return false;
    }
    if (options->ring_given && options->runtime != NPURT_TENSORMAP_AND_RINGBUFFER) {
        fprintf(stderr, "npurt run: --ring is for --runtime %s\n",
                description_runtime_name(NPURT_TENSORMAP_AND_RINGBUFFER));
        return false;
    }
    options->which = example_find_case(options->example, size ? size : "small");
    if (options->which) return true;
    list_cases(options->example, names, sizeof names);
    fprintf(stderr, "npurt run: --size %s: unknown; %s has %s\n", size, name, names);
    return false;
}

bool run_options_parse(int argc, char **argv, struct run_options *options)
{
    static const char *const known[] = {"--target", "--runtime", "--runs",      "--seed",   "--aicpu-threads",
                                        "--size",   "--timeout", "--input",     "--output", "--check",
                                        "--shape",  "--scalar",  "--tolerance", "--ring"};
    enum { KNOWN = sizeof known / sizeof known[0] };
    const char *size = NULL, *name = NULL;
    *options = (struct run_options){.target = "emu:a5", .runs = 1};
    for (int i = 0; i < argc; i++) {
        const char *word = argv[i];
        if (strcmp(word, "--json") == 0) {
            options->json = true;
            continue;
        }
        if (word[0] != '-') {
            if (name) {
                fprintf(stderr, "npurt run: one at a time: %s or %s\n", name, word);
                return false;
            }
            name = word;
            continue;
        }
        char option[32];
        const char *value = strchr(word, '='); /* --runs=3 is --runs 3 */
        size_t length = value ? (size_t)(value - word) : strlen(word);
        int found = -1;
        snprintf(option, sizeof option, "%.*s", (int)(length < 31 ? length : 31), word);
        for (int k = 0; k < KNOWN; k++)
            if (strcmp(option, known[k]) == 0) found = k;
        if (found < 0) {
            char words[256] = "";
            for (uint32_t k = 0; k < KNOWN; k++)
                append_name(words, sizeof words, known[k], k, KNOWN + 1);
            append_name(words, sizeof words, "--json", KNOWN, KNOWN + 1);
            fprintf(stderr, "npurt run: unknown option %s; there are %s\n", option, words);
            return false;
        }
        if (value)
            value++;
        else if (i + 1 < argc)
            value = argv[++i];
        else {
            fprintf(stderr, "npurt run: %s needs a value\n", option);
            return false;
        }
        if (!parse_option(option, value, options, &size)) return false;
    }
    if (!find_subject(name, size, options)) return false;
    return !options->seeded || add_seed(options);
}
