/* METG(50 %) of the stencil with work that the host's CPUs do: npurt's emulated a5 in free mode as a tasking runtime
 * beside the peers of peers/peer.h, on as many threads as there are CPUs.
 *
 * METG(50 %) as Task Bench defines it: the smallest task granularity, elapsed time × CPUs / tasks, at which half of the
 * machine's peak is reached. The work of a task is a counted loop (graphs/work.h); the peak is what the CPUs do of it with
 * no runtime at all, measured before and after each sweep, all CPUs at once: they may share a core. A sweep goes from
 * coarse to fine by factors of two, every runtime in turn at each step; the finest granularity at half of the peak or more
 * counts, interpolated towards the next step. Every result is compared with the values that the pattern must give;
 * a wrong one ends the program with 1.
 *
 * A sweep in which other processes took more than a tenth of the CPUs is left out, and another made in its place, up to
 * three times as many as asked for; with none left the program ends with 1.
 *
 * Words: --json, --repetitions N.
 */
#include <pthread.h>

#include "bench.h"
#include "graphs/host.h"
#include "graphs/work.h"
#include "others.h"
#include "peers/peer.h"

enum { WIDTH = 64, STEPS = 50, TASKS = WIDTH * STEPS, RUNNERS = 8, FINEST_TURNS = 32, SWEEP = 12, MAX_CPUS = 64 };

static struct bench bench;
static npurt_device *device;
static npurt_callable *callables[2];
static uint64_t address;
static uint32_t cells[2 * WIDTH * GRAPHS_CELL], want[2 * WIDTH * GRAPHS_CELL];
static uint32_t cpus;

/* ---- who runs it */

struct runner {
    const char *name;
    npurt_callable *callable; /* or */
    const struct peer *peer;
};
static struct runner runners[RUNNERS];
static uint32_t runner_count;
static const double quiet = 0.1; /* of the CPUs, that others may take during a sweep */

static double npurt_ns(npurt_callable *callable, uint32_t turns)
{
    npurt_call_tensor tensor = {.device = address, .dtype = NPURT_U32, .ndims = 2, .shape = {2 * WIDTH, GRAPHS_CELL}};
    npurt_call_args args = {.tensors = &tensor,
                            .tensor_count = 1,
                            .scalars = (uint64_t[]){GRAPHS_WORK, TASKS, WIDTH, turns},
                            .scalar_count = 4};

    require(npurt_memory_set(device, address, 0, sizeof cells), "set");
    uint64_t from = bench_now_ns();
    require(npurt_call(callable, &args, NULL), "call");
    double ns = (double)(bench_now_ns() - from);
    require(npurt_memory_copy_out(device, cells, address, sizeof cells), "copy out");
    return ns;
}

static double run_ns(const struct runner *r, uint32_t turns)
{
    const struct peer_work work = {.cells = cells, .pattern = GRAPHS_STENCIL, .tasks = TASKS, .width = WIDTH, .turns = turns};

    memset(cells, 0, sizeof cells);
    peers_rest();
    const double ns = r->callable ? npurt_ns(r->callable, turns) : r->peer->run_ns(&work);
    graphs_check(cells, want, GRAPHS_STENCIL, TASKS, WIDTH, r->name);
    return ns;
}

/* ---- the peak: turns per ns of all CPUs together */

enum { PEAK_TURNS = 20000000 };

static void *work_alone(void *unused)
{
    work(PEAK_TURNS);
    return unused;
}

static double peak(void)
{
    pthread_t thread[MAX_CPUS];

    peers_rest();
    uint64_t from = bench_now_ns();
    for (uint32_t i = 0; i < cpus; i++)
        if (pthread_create(&thread[i], NULL, work_alone, NULL)) exit(1);
    for (uint32_t i = 0; i < cpus; i++)
        pthread_join(thread[i], NULL);
    return (double)PEAK_TURNS * cpus / (double)(bench_now_ns() - from);
}

/* ---- a sweep */

static uint32_t turns_of(uint32_t step)
{
    return (uint32_t)FINEST_TURNS << (SWEEP - 1 - step);
}

static double efficiency(double top, uint32_t step, double ns)
{
    return (double)turns_of(step) * TASKS / top / ns;
}

/* One sweep: each runner's METG, ns; 0 when it was below half of the peak even with the longest tasks. */
static void sweep(double metg[RUNNERS])
{
    double ns[RUNNERS][SWEEP];

    double top = peak();
    for (uint32_t step = 0; step < SWEEP; step++)
        for (uint32_t r = 0; r < runner_count; r++)
            ns[r][step] = run_ns(&runners[r], turns_of(step));
    const double after = peak();
    if (after > top) top = after; /* whoever disturbed one of them has not made the CPUs faster */

    for (uint32_t r = 0; r < runner_count; r++) {
        metg[r] = 0;
        for (uint32_t step = 0; step < SWEEP; step++) {
            const double here = efficiency(top, step, ns[r][step]), per_task = ns[r][step] * cpus / TASKS;
            if (here < 0.5 || (metg[r] > 0 && per_task > metg[r])) continue;
            metg[r] = per_task;
            if (step + 1 == SWEEP) continue;
            const double next = efficiency(top, step + 1, ns[r][step + 1]), finer = ns[r][step + 1] * cpus / TASKS;
            if (next < 0.5 && finer < per_task) metg[r] += (finer - per_task) * (here - 0.5) / (here - next);
        }
    }
}

static void note(const double metg[RUNNERS], double share)
{
    char name[64];

    for (uint32_t r = 0; r < runner_count; r++) {
        snprintf(name, sizeof name, "%s METG(50 %%)", runners[r].name);
        if (metg[r] > 0)
            bench_note(&bench, name, "us", metg[r] / 1e3);
        else
            fprintf(stderr, "%s: below half of the peak even with the longest tasks\n", name);
        if (r == 0 || metg[r] <= 0 || metg[0] <= 0) continue;
        snprintf(name, sizeof name, "%s/image", runners[r].name);
        bench_note(&bench, name, "x", metg[r] / metg[0]);
    }
    bench_note(&bench, "other processes' share of the CPUs", "", share);
}

int main(int argc, char **argv)
{
    struct others others = {0};

    bench_init(&bench, argc, argv, 7, NULL);
    const long online = sysconf(_SC_NPROCESSORS_ONLN);
    cpus = online < 1 ? 1 : online > MAX_CPUS ? MAX_CPUS : (uint32_t)online;
    require(npurt_device_open("emu:a5", NULL, &device), "open emu:a5");
    callables[0] = graphs_load(device, NPURT_HOST_BUILD_GRAPH, 0);
    callables[1] = graphs_load(device, NPURT_TENSORMAP_AND_RINGBUFFER, 0);
    require(npurt_memory_alloc(device, sizeof cells, "cells", &address), "alloc");
    graphs_expect(want, GRAPHS_STENCIL, TASKS, WIDTH);
    peers_missing();
    peers_begin();
    runners[runner_count++] = (struct runner){.name = "image", .callable = callables[0]};
    runners[runner_count++] = (struct runner){.name = "ring", .callable = callables[1]};
    for (const struct peer *const *p = peers; *p; p++)
        runners[runner_count++] = (struct runner){.name = (*p)->name, .peer = *p};
    runners[runner_count++] = (struct runner){.name = peer_gomp_windows.name, .peer = &peer_gomp_windows};

    uint32_t sweeps = 0, taken = 0;
    double metg[RUNNERS];
    sweep(metg); /* a warm-up */
    while (taken < bench.repetitions && sweeps < 3 * bench.repetitions) {
        others_share(&others);
        sweep(metg);
        const double share = others_share(&others);
        sweeps++;
        if (share > quiet) continue;
        note(metg, share);
        taken++;
    }
    if (taken < sweeps)
        fprintf(stderr, "%u of %u sweeps are left out: other processes took more than %.0f %% of the CPUs\n", sweeps - taken,
                sweeps, 100 * quiet);
    bench_print(&bench);

    peers_end();
    require(npurt_callable_unload(callables[0]), "unload");
    require(npurt_callable_unload(callables[1]), "unload");
    require(npurt_memory_free(device, address), "free");
    require(npurt_device_close(device), "close");
    return taken == 0;
}
