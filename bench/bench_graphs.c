/* Whole graphs of near-empty tasks on a full emulated a5, end to end: the orchestration submits, the image travels, the
 * chip schedules, the host waits. Beside them, in the same run and interleaved with them, libgomp on the same patterns.
 *
 * Also: microseconds per run of a prepared 5-task graph with device tensors (both launches and the synchronize included),
 * and, apart from it, of vector_example with its 128 KiB in and 64 KiB out copied; bytes of graph image per task. A run
 * launches only the clusters that its graph could ever use: the 5-task graphs use three of the 36.
 * Every run's result is checked against the value that the pattern must give; a wrong one ends the program with 1.
 *
 * Both runtimes: host_build_graph ("image": built on the host and shipped) and tensormap_and_ringbuffer ("ring": built on
 * an AICPU thread while others schedule). libgomp has no heap of outputs and no templates: its figures are for the rest.
 *
 * Words: --json, --repetitions N, --quick (1k and 10k tasks only).
 */
#include <npurt/npurt.h>

#include <libgen.h>
#include <unistd.h>

#include "bench.h"
#include "example.h"
#include "graphs/graphs.h"
#include "peer_gomp.h"

enum { WIDTH = 64, MAX_TASKS = 100000, FIVE_RUNS = 2000 };

static const char *const pattern_name[] = {"independent", "chain", "stencil", "outputs", "chain body", "stencil body", "five"};
static const char *const runtime_name[] = {"image", "ring"};

static struct bench bench;
static npurt_device *device;
static npurt_callable *callables[2], *callable; /* of each runtime, and the one at hand */
static const char *runtime;

static void require(npurt_status status, const char *what)
{
    if (status == NPURT_OK) return;
    const npurt_error *e = npurt_error_last();
    fprintf(stderr, "%s: %s: %s\n", what, npurt_status_name(status), e->message);
    exit(1);
}

static void load(void)
{
    static const char *const entry[GRAPHS_KERNELS] = {"add_one", "sum1", "sum2", "sum3"};
    static npurt_kernel_desc kernel[GRAPHS_KERNELS];
    char self[4096], kernels[4160], orchestration[4160];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

    self[n > 0 ? n : 0] = 0;
    const char *folder = dirname(self);
    snprintf(kernels, sizeof kernels, "%s/../lib/npurt/bench/graphs_kernels.so", folder);
    snprintf(orchestration, sizeof orchestration, "%s/../lib/npurt/bench/graphs_orchestration.so", folder);
    for (uint32_t k = 0; k < GRAPHS_KERNELS; k++)
        kernel[k] = (npurt_kernel_desc){.id = k, .name = entry[k], .core = NPURT_CORE_AIV, .binary.path = kernels,
                                        .entry = entry[k]};
    npurt_param cells = {.access = NPURT_ACCESS_INOUT, .dtype = NPURT_U32, .ndims = 2, .shape = {0, GRAPHS_CELL}};
    npurt_callable_desc desc = {.name = "graphs", .orchestration.path = orchestration, .kernels = kernel,
                                .kernel_count = GRAPHS_KERNELS, .params = &cells, .param_count = 1, .scalar_count = 3};
    require(npurt_callable_load(device, &desc, &callables[0]), "load");
    desc.runtime = NPURT_TENSORMAP_AND_RINGBUFFER;
    require(npurt_callable_load(device, &desc, &callables[1]), "load");
}

static uint32_t rows(int pattern, uint32_t tasks)
{
    return pattern == GRAPHS_INDEPENDENT                                     ? tasks
           : pattern == GRAPHS_STENCIL || pattern == GRAPHS_STENCIL_BODY ? 2 * WIDTH
                                                                          : 8;
}

/* The cells after a pattern ran over zeroed ones, computed step by step on its own. */
static void expect(uint32_t *cells, int pattern, uint32_t tasks)
{
    memset(cells, 0, (size_t)rows(pattern, tasks) * GRAPHS_CELL * 4);
    if (pattern == GRAPHS_INDEPENDENT) {
        for (uint32_t i = 0; i < tasks; i++) cells[(size_t)i * GRAPHS_CELL] = 1;
    } else if (pattern == GRAPHS_CHAIN || pattern == GRAPHS_CHAIN_BODY) {
        cells[0] = tasks;
    } else if (pattern == GRAPHS_STENCIL || pattern == GRAPHS_STENCIL_BODY) {
        uint32_t old[WIDTH] = {0}, now[WIDTH] = {0};
        for (uint32_t done = 0; done < tasks; done += WIDTH) {
            uint32_t from = (done / WIDTH & 1) * WIDTH, n = tasks - done < WIDTH ? tasks - done : WIDTH;
            for (uint32_t x = 0; x < n; x++)
                now[x] = old[x ? x - 1 : 0] + old[x] + old[x + 1 < WIDTH ? x + 1 : x] + 1;
            for (uint32_t x = 0; x < n; x++) cells[(size_t)(WIDTH - from + x) * GRAPHS_CELL] = now[x];
            memcpy(old, now, sizeof old);
        }
    } else if (pattern == GRAPHS_FIVE) {
        static const uint32_t five[6] = {0, 1, 2, 2, 5, 7};
        for (uint32_t i = 0; i < 6; i++) cells[i * GRAPHS_CELL] = five[i];
    }
}

static void check(const uint32_t *got, const uint32_t *want, int pattern, uint32_t tasks, const char *who)
{
    for (uint32_t i = 0; i < rows(pattern, tasks); i++)
        if (got[(size_t)i * GRAPHS_CELL] != want[(size_t)i * GRAPHS_CELL]) {
            fprintf(stderr, "%s, %s, %u tasks: cell %u is %u, not %u\n", who, pattern_name[pattern], tasks, i,
                    got[(size_t)i * GRAPHS_CELL], want[(size_t)i * GRAPHS_CELL]);
            exit(1);
        }
}

static void note(const char *what, int pattern, uint32_t tasks, const char *unit, double value)
{
    char name[64];
    snprintf(name, sizeof name, "%s %s %s %uk", runtime, what, pattern_name[pattern], tasks / 1000);
    bench_note(&bench, name, unit, value);
}

static void measure_graph(int pattern, uint32_t tasks, uint64_t address, uint32_t *host, uint32_t *want)
{
    size_t bytes = (size_t)rows(pattern, tasks) * GRAPHS_CELL * 4;
    npurt_call_tensor cells = {.device = address, .dtype = NPURT_U32, .ndims = 2,
                               .shape = {rows(pattern, tasks), GRAPHS_CELL}};
    npurt_call_args args = {.tensors = &cells,
                            .tensor_count = 1,
                            .scalars = (uint64_t[]){(uint64_t)pattern, tasks, WIDTH},
                            .scalar_count = 3};
    npurt_timing timing;

    expect(want, pattern, tasks);
    require(npurt_memory_set(device, address, 0, bytes), "set");
    uint64_t from = bench_now_ns();
    require(npurt_call(callable, &args, &timing), "call");
    double ns = (double)(bench_now_ns() - from);
    require(npurt_memory_copy_out(device, host, address, bytes), "copy out");
    check(host, want, pattern, tasks, "npurt");

    note("npurt", pattern, tasks, "k/s", 1e6 * tasks / ns);
    if (pattern <= GRAPHS_STENCIL) {
        memset(host, 0, bytes);
        from = bench_now_ns();
        peer_gomp_run(host, pattern, tasks, WIDTH);
        double peer_ns = (double)(bench_now_ns() - from);
        check(host, want, pattern, tasks, "libgomp");
        note("libgomp", pattern, tasks, "k/s", 1e6 * tasks / peer_ns);
        note("npurt/libgomp", pattern, tasks, "x", peer_ns / ns);
    }
    note("orchestration", pattern, tasks, "ns/task", (double)timing.orchestration_ns / tasks);
    note("device", pattern, tasks, "ns/task", (double)timing.device_wall_ns / tasks);
    note("COND loads", pattern, tasks, "/task", (double)timing.register_loads / tasks);
    if (timing.image_size) note("size", pattern, tasks, "B/task", (double)timing.image_size / tasks);
}

static void measure_five(uint64_t address, uint32_t *host, uint32_t *want)
{
    const size_t bytes = (size_t)rows(GRAPHS_FIVE, 5) * GRAPHS_CELL * 4;
    npurt_call_tensor cells = {.device = address, .dtype = NPURT_U32, .ndims = 2,
                               .shape = {rows(GRAPHS_FIVE, 5), GRAPHS_CELL}};
    npurt_call_args args = {.tensors = &cells,
                            .tensor_count = 1,
                            .scalars = (uint64_t[]){GRAPHS_FIVE, 5, WIDTH},
                            .scalar_count = 3};

    expect(want, GRAPHS_FIVE, 5);
    require(npurt_memory_set(device, address, 0, bytes), "set");
    uint64_t from = bench_now_ns();
    for (uint32_t i = 0; i < FIVE_RUNS; i++) require(npurt_call(callable, &args, NULL), "call");
    char name[64];
    snprintf(name, sizeof name, "%s 5 tasks, device tensors", runtime);
    bench_note(&bench, name, "us/run", (double)(bench_now_ns() - from) / 1e3 / FIVE_RUNS);
    require(npurt_memory_copy_out(device, host, address, bytes), "copy out");
    check(host, want, GRAPHS_FIVE, 5, "npurt");
}

static void measure_vector_example(npurt_callable *vector, struct example_problem *problem)
{
    double error = 0;
    example_restore(problem);
    uint64_t from = bench_now_ns();
    for (uint32_t i = 0; i < FIVE_RUNS; i++) require(example_call(vector, problem, NULL), "vector_example");
    bench_note(&bench, "vector_example, host tensors copied", "us/run",
               (double)(bench_now_ns() - from) / 1e3 / FIVE_RUNS);
    if (example_check(problem, &error) == 0) return;
    fprintf(stderr, "vector_example: wrong by up to %g\n", error);
    exit(1);
}

int main(int argc, char **argv)
{
    static const char *const own[] = {"--quick", NULL};
    static const uint32_t size[] = {1000, 10000, 100000};
    bool quick = false;
    for (int i = 1; i < argc; i++) quick = quick || strcmp(argv[i], "--quick") == 0;
    bench_init(&bench, argc, argv, 9, own);

    require(npurt_device_open("emu:a5", NULL, &device), "open emu:a5");
    load();
    uint64_t address;
    size_t bytes = (size_t)MAX_TASKS * GRAPHS_CELL * 4;
    uint32_t *host = malloc(bytes), *want = malloc(bytes);
    if (!host || !want) return 1;
    const struct example *example = example_find("vector_example");
    struct example_problem problem;
    npurt_callable *vector;
    char folder[4096];
    if (!example_folder(folder, sizeof folder) ||
        example_prepare(example, example_find_case(example, "small"), 1, &problem) != 0)
        return 1;
    require(example_load(device, &problem, folder, &vector), "load vector_example");
    require(npurt_memory_alloc(device, bytes, "cells", &address), "alloc");
    if (!bench.json) printf("full emulated a5; libgomp with %d threads\n", peer_gomp_threads());

    for (uint32_t r = 0; r <= bench.repetitions; r++) {
        uint32_t first = bench.figure_count;
        for (unsigned at = 0; at < 2; at++) {
            callable = callables[at];
            runtime = runtime_name[at];
            for (unsigned s = 0; s < (quick ? 2u : 3u); s++)
                for (int pattern = 0; pattern < GRAPHS_FIVE; pattern++)
                    measure_graph(pattern, size[s], address, host, want);
            measure_five(address, host, want);
        }
        measure_vector_example(vector, &problem);
        if (r == 0) bench.figure_count = first; /* a warm-up */
    }
    bench_print(&bench);

    free(host);
    free(want);
    require(npurt_callable_unload(vector), "unload");
    example_release(&problem);
    require(npurt_memory_free(device, address), "free");
    require(npurt_callable_unload(callables[0]), "unload");
    require(npurt_callable_unload(callables[1]), "unload");
    require(npurt_device_close(device), "close");
    return 0;
}
