/* What benchmark programs share that run the graphs of graphs/orchestration.c: loading them, and what they must compute. */
#ifndef BENCH_GRAPHS_HOST_H
#define BENCH_GRAPHS_HOST_H

#include <npurt/npurt.h>

#include "graphs.h"

/* Ends the program with 1 when status is an error, naming `what`. */
void require(npurt_status status, const char *what);

/* Paths of the build's graphs_kernels.so and graphs_orchestration.so. */
struct graphs_files {
    char kernels[4160], orchestration[4160];
};
void graphs_find(struct graphs_files *files);

/* The callable of all patterns but GRAPHS_ARGUMENTS: one tensor (cells), four scalars (pattern, tasks, width, turns).
 * duration_ns: of each of its kernels, in timed mode; 0: the machine's default. */
npurt_callable *graphs_load(npurt_device *device, npurt_runtime runtime, uint32_t duration_ns);

uint32_t graphs_rows(int pattern, uint32_t tasks, uint32_t width);

/* The cells after a pattern ran over zeroed ones, computed step by step apart from all orchestrations and kernels. */
void graphs_expect(uint32_t *cells, int pattern, uint32_t tasks, uint32_t width);

/* Ends the program with 1, naming the first cell that differs. GRAPHS_OUTPUTS leaves no cell to look at. */
void graphs_check(const uint32_t *got, const uint32_t *want, int pattern, uint32_t tasks, uint32_t width, const char *who);

extern const char *const graphs_pattern_name[];

#endif
