/* What every benchmark program needs: a clock, the median and spread of repeated measurements, and one way to print them.
 *
 * A figure is a name, a unit and a series of repetitions; it is printed as median [minimum … maximum]. Programs print a
 * table for people, or with --json one object: {"figures":[{"name":…,"unit":…,"median":…,"min":…,"max":…,"n":…}]}.
 * Machines are shared and noisy: compare figures of one run, as ratios, never with figures of another day.
 */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BENCH_MAX_REPETITIONS = 256, BENCH_MAX_FIGURES = 512 };

struct bench_figure {
    char name[64], unit[16];
    double value[BENCH_MAX_REPETITIONS];
    uint32_t count;
};

struct bench {
    bool json;
    uint32_t repetitions; /* --repetitions N */
    struct bench_figure figure[BENCH_MAX_FIGURES];
    uint32_t figure_count;
};

static inline uint64_t bench_now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Reads --json and --repetitions N; exits 2 at any other word that is not in `own` (NULL-ended, each takes no value). */
static inline void bench_init(struct bench *b, int argc, char **argv, uint32_t repetitions, const char *const *own)
{
    b->json = false;
    b->figure_count = 0;
    b->repetitions = repetitions;
    for (int i = 1; i < argc; i++) {
        bool known = strcmp(argv[i], "--json") == 0;
        if (known) b->json = true;
        if (strcmp(argv[i], "--repetitions") == 0 && i + 1 < argc) {
            long n = strtol(argv[++i], NULL, 10);
            known = n >= 1 && n <= BENCH_MAX_REPETITIONS;
            if (known) b->repetitions = (uint32_t)n;
        }
        for (const char *const *word = own; own && *word; word++) known = known || strcmp(argv[i], *word) == 0;
        if (!known) {
            fprintf(stderr, "%s: \"%s\" is not understood; known: --json, --repetitions 1…%d\n", argv[0], argv[i],
                    BENCH_MAX_REPETITIONS);
            exit(2);
        }
    }
}

/* One more repetition of a figure; the first one makes it. */
static inline void bench_note(struct bench *b, const char *name, const char *unit, double value)
{
    struct bench_figure *f = b->figure, *end = f + b->figure_count;
    while (f < end && strcmp(f->name, name) != 0) f++;
    if (f == end) {
        if (b->figure_count == BENCH_MAX_FIGURES) abort();
        b->figure_count++;
        memset(f, 0, sizeof *f);
        snprintf(f->name, sizeof f->name, "%s", name);
        snprintf(f->unit, sizeof f->unit, "%s", unit);
    }
    if (f->count < BENCH_MAX_REPETITIONS) f->value[f->count++] = value;
}

static int bench_compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Sorts the figures' repetitions and prints all of them. Call once, at the end. */
static inline void bench_print(struct bench *b)
{
    if (b->json) printf("{\"figures\":[");
    for (uint32_t i = 0; i < b->figure_count; i++) {
        struct bench_figure *f = &b->figure[i];
        qsort(f->value, f->count, sizeof f->value[0], bench_compare);
        double median = (f->value[(f->count - 1) / 2] + f->value[f->count / 2]) / 2;
        double min = f->value[0], max = f->value[f->count - 1];
        if (b->json)
            printf("%s{\"name\":\"%s\",\"unit\":\"%s\",\"median\":%.6g,\"min\":%.6g,\"max\":%.6g,\"n\":%u}", i ? "," : "",
                   f->name, f->unit, median, min, max, f->count);
        else
            printf("%-44s %12.4g %-8s [%.4g … %.4g] n=%u\n", f->name, median, f->unit, min, max, f->count);
    }
    if (b->json) printf("]}\n");
}

#endif
