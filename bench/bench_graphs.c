/* Whole graphs of near-empty tasks on a full emulated a5, end to end: the orchestration submits, the image travels, the
 * chip schedules, the host waits. Beside them, in the same run and interleaved with them, the peers of peers/peer.h on the
 * same patterns. "image/libgomp 2 x" says that npurt has needed half of libgomp's time in the same repetition.
 *
 * Also: microseconds per run of a prepared 5-task graph with device tensors (both launches and the synchronize included),
 * and, apart from it, of vector_example with its 128 KiB in and 64 KiB out copied; bytes of graph image per task. A run
 * launches only the clusters that its graph could ever use: the 5-task graphs use three of the 36.
 * Every run's result is checked against the value that the pattern must give; a wrong one ends the program with 1.
 *
 * Both runtimes: host_build_graph ("image": built on the host and shipped) and tensormap_and_ringbuffer ("ring": built on
 * an AICPU thread while others schedule). Peers have no heap of outputs and no templates: their figures are for the rest.
 *
 * Words: --json, --repetitions N, --quick (1k and 10k tasks only).
 */
#include <npurt/npurt.h>

#include "bench.h"
#include "example.h"
#include "graphs/host.h"
#include "others.h"
#include "peers/peer.h"

enum { WIDTH = 64, MAX_TASKS = 100000, FIVE_RUNS = 2000 };

static const char *const runtime_name[] = {"image", "ring"};

static struct bench bench;
static npurt_device *device;
static npurt_callable *callables[2], *callable; /* of each runtime, and the one at hand */
static const char *runtime;

/* One figure of the runtime at hand, or of a peer, whose `who` is empty. */
static void note(const char *who, const char *what, int pattern, uint32_t tasks, const char *unit, double value)
{
    char name[64];
    snprintf(name, sizeof name, "%s%s%s %s %uk", who, *who && *what ? " " : "", what, graphs_pattern_name[pattern], tasks / 1000);
    bench_note(&bench, name, unit, value);
}

/* ns of one call. */
static double measure_npurt(int pattern, uint32_t tasks, uint64_t address, uint32_t *host, const uint32_t *want)
{
    size_t bytes = (size_t)graphs_rows(pattern, tasks, WIDTH) * GRAPHS_CELL * 4;
    npurt_call_tensor cells = {.device = address, .dtype = NPURT_U32, .ndims = 2,
                               .shape = {graphs_rows(pattern, tasks, WIDTH), GRAPHS_CELL}};
    npurt_call_args args = {.tensors = &cells,
                            .tensor_count = 1,
                            .scalars = (uint64_t[]){(uint64_t)pattern, tasks, WIDTH, 0},
                            .scalar_count = 4};
    npurt_timing timing;

    require(npurt_memory_set(device, address, 0, bytes), "set");
    peers_rest();
    uint64_t from = bench_now_ns();
    require(npurt_call(callable, &args, &timing), "call");
    double ns = (double)(bench_now_ns() - from);
    require(npurt_memory_copy_out(device, host, address, bytes), "copy out");
    graphs_check(host, want, pattern, tasks, WIDTH, "npurt");

    note(runtime, "npurt", pattern, tasks, "k/s", 1e6 * tasks / ns);
    note(runtime, "orchestration", pattern, tasks, "ns/task", (double)timing.orchestration_ns / tasks);
    note(runtime, "device", pattern, tasks, "ns/task", (double)timing.device_wall_ns / tasks);
    note(runtime, "COND loads", pattern, tasks, "/task", (double)timing.register_loads / tasks);
    if (timing.image_size) note(runtime, "size", pattern, tasks, "B/task", (double)timing.image_size / tasks);
    return ns;
}

static void measure_peer(const struct peer *peer, int pattern, uint32_t tasks, const double ns[2], uint32_t *host,
                         const uint32_t *want)
{
    const struct peer_work work = {.cells = host, .pattern = pattern, .tasks = tasks, .width = WIDTH};
    char name[64];

    memset(host, 0, (size_t)graphs_rows(pattern, tasks, WIDTH) * GRAPHS_CELL * 4);
    peers_rest();
    const double peer_ns = peer->run_ns(&work);
    graphs_check(host, want, pattern, tasks, WIDTH, peer->name);
    note(peer->name, "", pattern, tasks, "k/s", 1e6 * tasks / peer_ns);
    for (int at = 0; at < 2; at++) {
        snprintf(name, sizeof name, "%s/%s", runtime_name[at], peer->name);
        note(name, "", pattern, tasks, "x", peer_ns / ns[at]);
    }
}

static void use(unsigned at)
{
    callable = callables[at];
    runtime = runtime_name[at];
}

static void measure_graph(int pattern, uint32_t tasks, uint64_t address, uint32_t *host, uint32_t *want)
{
    double ns[2];

    graphs_expect(want, pattern, tasks, WIDTH);
    for (unsigned at = 0; at < 2; at++) {
        use(at);
        ns[at] = measure_npurt(pattern, tasks, address, host, want);
    }
    for (const struct peer *const *peer = peers; *peer && pattern <= GRAPHS_STENCIL; peer++)
        measure_peer(*peer, pattern, tasks, ns, host, want);
}

static void measure_five(uint64_t address, uint32_t *host, uint32_t *want)
{
    const size_t bytes = (size_t)graphs_rows(GRAPHS_FIVE, 5, WIDTH) * GRAPHS_CELL * 4;
    npurt_call_tensor cells = {.device = address, .dtype = NPURT_U32, .ndims = 2,
                               .shape = {graphs_rows(GRAPHS_FIVE, 5, WIDTH), GRAPHS_CELL}};
    npurt_call_args args = {.tensors = &cells,
                            .tensor_count = 1,
                            .scalars = (uint64_t[]){GRAPHS_FIVE, 5, WIDTH, 0},
                            .scalar_count = 4};

    graphs_expect(want, GRAPHS_FIVE, 5, WIDTH);
    require(npurt_memory_set(device, address, 0, bytes), "set");
    uint64_t from = bench_now_ns();
    for (uint32_t i = 0; i < FIVE_RUNS; i++) require(npurt_call(callable, &args, NULL), "call");
    char name[64];
    snprintf(name, sizeof name, "%s 5 tasks, device tensors", runtime);
    bench_note(&bench, name, "us/run", (double)(bench_now_ns() - from) / 1e3 / FIVE_RUNS);
    require(npurt_memory_copy_out(device, host, address, bytes), "copy out");
    graphs_check(host, want, GRAPHS_FIVE, 5, WIDTH, "npurt");
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
    struct others others = {0};
    for (int i = 1; i < argc; i++) quick = quick || strcmp(argv[i], "--quick") == 0;
    bench_init(&bench, argc, argv, 9, own);

    require(npurt_device_open("emu:a5", NULL, &device), "open emu:a5");
    callables[0] = graphs_load(device, NPURT_HOST_BUILD_GRAPH, 0);
    callables[1] = graphs_load(device, NPURT_TENSORMAP_AND_RINGBUFFER, 0);
    peers_missing();
    peers_begin();
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

    for (uint32_t r = 0; r <= bench.repetitions; r++) {
        uint32_t first = bench.figure_count;
        others_share(&others);
        for (unsigned s = 0; s < (quick ? 2u : 3u); s++)
            for (int pattern = 0; pattern < GRAPHS_FIVE; pattern++)
                measure_graph(pattern, size[s], address, host, want);
        for (unsigned at = 0; at < 2; at++) {
            use(at);
            measure_five(address, host, want);
        }
        measure_vector_example(vector, &problem);
        bench_note(&bench, "other processes' share of the CPUs", "", others_share(&others));
        if (r == 0) bench.figure_count = first; /* a warm-up */
    }
    bench_print(&bench);

    peers_end();
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
