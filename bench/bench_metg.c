/* METG(50 %) of the stencil on the emulated machines, in virtual time: what their cores and AICPU threads would take with
 * silicon's register and memory latencies charged (docs/reference/machine.md), every kernel of a fixed duration.
 *
 * METG(50 %) as Task Bench defines it: the smallest task granularity, elapsed time × cores / tasks, at which half of the
 * cores' time is kernels. A column of the stencil per vector core, STEPS steps: each task reads three cells of the step
 * before and writes one. The duration of the kernel is swept in steps of 5 %. Elapsed is the device's time, first AICPU
 * thread in to last one out: "ring" builds its graph in it, "image" has brought it along.
 *
 * Beside it the elapsed time per task with kernels of 1 ns: the chip's throughput of near-empty tasks.
 * Every result is compared with the values that the pattern must give; a wrong one ends the program with 1. A repetition
 * is a seed: the same seed gives the same figure on any host, however busy.
 *
 * Words: --json, --repetitions N.
 */
#include "bench.h"
#include "graphs/host.h"

enum { STEPS = 50, REPETITIONS = 3, SHORTEST_NS = 1000, LONGEST_NS = 100000 };

static struct bench bench;
static uint32_t host[2 * GRAPHS_MAX_WIDTH * GRAPHS_CELL], want[2 * GRAPHS_MAX_WIDTH * GRAPHS_CELL];

struct machine {
    npurt_device *device;
    npurt_runtime runtime;
    uint64_t address;
    uint32_t cores;
};

/* Device time of one run with kernels of this duration. */
static double elapsed_ns(const struct machine *m, uint32_t duration)
{
    const uint32_t tasks = STEPS * m->cores, rows = graphs_rows(GRAPHS_STENCIL, tasks, m->cores);
    npurt_call_tensor cells = {.device = m->address, .dtype = NPURT_U32, .ndims = 2, .shape = {rows, GRAPHS_CELL}};
    npurt_call_args args = {.tensors = &cells,
                            .tensor_count = 1,
                            .scalars = (uint64_t[]){GRAPHS_STENCIL, tasks, m->cores, 0},
                            .scalar_count = 4};
    const size_t bytes = (size_t)rows * GRAPHS_CELL * 4;
    npurt_timing timing;
    npurt_callable *callable = graphs_load(m->device, m->runtime, duration);

    require(npurt_memory_set(m->device, m->address, 0, bytes), "set");
    require(npurt_call(callable, &args, &timing), "call");
    require(npurt_memory_copy_out(m->device, host, m->address, bytes), "copy out");
    graphs_expect(want, GRAPHS_STENCIL, tasks, m->cores);
    graphs_check(host, want, GRAPHS_STENCIL, tasks, m->cores, "npurt");
    require(npurt_callable_unload(callable), "unload");
    return (double)timing.device_wall_ns;
}

/* The smallest granularity with an efficiency of a half or more; negative: there is none up to kernels of LONGEST_NS. All
 * durations are looked at, in steps of 5 %: efficiency need not grow with them. */
static double metg_ns(const struct machine *m)
{
    double least = -1;

    for (double duration = SHORTEST_NS; duration <= LONGEST_NS; duration *= 1.05) {
        const double granularity = elapsed_ns(m, (uint32_t)duration) / STEPS; /* tasks / cores is STEPS */
        if ((uint32_t)duration >= 0.5 * granularity && (least < 0 || granularity < least)) least = granularity;
    }
    return least;
}

static void measure(const char *name, uint32_t seed)
{
    static const char *const runtime_name[] = {"image", "ring"};
    char target[64], figure[64];
    npurt_device_info info;
    struct machine m;

    snprintf(target, sizeof target, "emu:%s?mode=timed&seed=%u", name, seed);
    require(npurt_device_open(target, NULL, &m.device), target);
    require(npurt_device_get_info(m.device, &info), "info");
    m.cores = 2 * info.clusters;
    if (m.cores > GRAPHS_MAX_WIDTH) abort();
    require(npurt_memory_alloc(m.device, sizeof host, "cells", &m.address), "alloc");
    for (int at = 0; at < 2; at++) {
        m.runtime = at ? NPURT_TENSORMAP_AND_RINGBUFFER : NPURT_HOST_BUILD_GRAPH;
        snprintf(figure, sizeof figure, "%s %s METG(50 %%), %u cores", name, runtime_name[at], m.cores);
        const double metg = metg_ns(&m);
        if (metg < 0)
            fprintf(stderr, "%s, seed %u: below one half even with kernels of 100 us\n", figure, seed);
        else
            bench_note(&bench, figure, "us", metg / 1e3);
        snprintf(figure, sizeof figure, "%s %s elapsed, kernels of 1 ns", name, runtime_name[at]);
        bench_note(&bench, figure, "ns/task", elapsed_ns(&m, 1) / STEPS / m.cores);
    }
    require(npurt_memory_free(m.device, m.address), "free");
    require(npurt_device_close(m.device), "close");
}

int main(int argc, char **argv)
{
    static const char *const machine[] = {"a2", "a3", "a5"};

    bench_init(&bench, argc, argv, REPETITIONS, NULL);
    for (uint32_t r = 0; r < bench.repetitions; r++)
        for (unsigned i = 0; i < sizeof machine / sizeof machine[0]; i++)
            measure(machine[i], r + 1);
    bench_print(&bench);
    return 0;
}
