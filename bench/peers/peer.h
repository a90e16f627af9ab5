/* CPU tasking runtimes that are measured beside npurt, each through its public API, on as many threads as the machine has
 * CPUs. They run the patterns of graphs/ over the same cells, with real values that the caller checks.
 *
 * libgomp and StarPU find dependencies from declared accesses, by address, where npurt compares the bytes of views; oneTBB
 * does not find them: its program names every edge, and what is measured of it is the lesser work. libgomp comes with the
 * compiler; of the others a build has those whose packages are there.
 */
#ifndef BENCH_PEER_H
#define BENCH_PEER_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

#ifdef __cplusplus
extern "C" {
#endif

struct peer_work {
    uint32_t *cells; /* of GRAPHS_CELL words, zeroed */
    int pattern;     /* GRAPHS_INDEPENDENT, GRAPHS_CHAIN or GRAPHS_STENCIL */
    uint32_t tasks, width;
    uint32_t turns; /* of graphs/work.h, in every task */
};

struct peer {
    const char *name;
    /* Once, before and after all else; NULL: nothing to do. begin ends the program when the runtime does not start. */
    void (*begin)(void), (*end)(void);
    /* ns from the first submission to the end of the last task. Data are made known to the runtime before, and memory of
     * a graph is given back after that. */
    double (*run_ns)(const struct peer_work *);
    /* ns to create one task that reads the `inputs` (0 … 3) cells before its own in a ring of 64 and writes its own (with
     * 0: adds to it), over `batches` batches of PEER_BATCH tasks of which none runs before its batch is created. Negative
     * when this can not be had. NULL: not measured. */
    double (*submit_ns)(uint32_t batches, uint32_t inputs);
};

/* Below the 128 waiting tasks at which libgomp with two threads starts to run new ones on the spot. */
enum { PEER_BATCH = 100, PEER_RING = 64 };

extern const struct peer peer_gomp, peer_gomp_windows, peer_tbb, peer_starpu;

/* Those that this build has, NULL behind the last. peer_gomp_windows, for coarse tasks, is not among them. */
extern const struct peer *const peers[];

/* A line on stderr for each that this build does not have, with the package that it needs. */
void peers_missing(void);
void peers_begin(void);
void peers_end(void);

/* Waits until the threads of whoever ran last sleep: they look for work for a while when there is none (libgomp's for
 * 4 ms), on the CPUs that the next one is measured on. Call before each measurement. */
void peers_rest(void);

static inline double peer_now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return 1e9 * (double)t.tv_sec + (double)t.tv_nsec;
}

#ifdef __cplusplus
}
#endif
#endif
