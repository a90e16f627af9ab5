/* What a submission costs: ns per task by number of tensors, per look-up among many slices, and bytes of image per
 * task.
 *
 * Everything is on one thread and nothing runs: this is the orchestrator's own time, its npurt_task filled anew each
 * time as an orchestration does. A submit case builds a graph of TASKS tasks; begin and finish are reported apart.
 * Beside it, taken in turns, the peers of peers/peer.h create tasks with the same accesses to the same ring of buffers.
 * Those that find dependencies compare addresses where the engine compares bytes of views, and their tasks carry no
 * descriptors; so they do the lesser work.
 */
#include <graph/engine.h>

#include "bench.h"
#include "peers/submit.h"
#include "submit_patterns.h"

static struct bench bench;

enum { TASKS = 10000, LOOKUPS = 20000 };

static struct graph *graph;
static struct graph_image image;

static void die(const char *what)
{
    fprintf(stderr, "bench_submit: %s: %s\n", what, graph_problem(graph));
    exit(1);
}

static void begin(void)
{
    struct graph_begin_info info = {.heap_base = UINT64_C(1) << 40, .heap_size = UINT64_C(1) << 36};
    if (graph_begin(graph, &info)) die("begin");
    orch = graph_orch(graph);
}

static void finish(void)
{
    if (graph_finish(graph, &image)) die("finish");
}

/* peer: peers create tasks of `inputs` inputs and one written buffer. */
static void bench_case(const char *name, void (*task)(uint32_t), bool peer, uint32_t inputs)
{
    char finish_name[64], image_name[64];
    snprintf(finish_name, sizeof finish_name, "%s, finish", name);
    snprintf(image_name, sizeof image_name, "%s, image", name);
    for (uint32_t r = 0; r < bench.repetitions + 2; r++) { /* the first two touch the memory */
        begin();
        uint64_t from = bench_now_ns();
        for (uint32_t i = 0; i < TASKS; i++)
            task(i);
        uint64_t to = bench_now_ns();
        finish();
        if (r < 2) continue;
        bench_note(&bench, name, "ns", (double)(to - from) / TASKS);
        bench_note(&bench, finish_name, "ns", (double)(bench_now_ns() - to) / TASKS);
        bench_note(&bench, image_name, "B/task", (double)image.size / TASKS);
        if (peer) peers_submit(&bench, inputs, (double)(to - from) / TASKS);
    }
}

/* Look-ups: `slices` live slices of one buffer, each written once; then accesses to them in random order. */

static npurt_tensor slice_of(const npurt_tensor *all, uint32_t slices, uint32_t i)
{
    if (all->ndims == 1) return npurt_tensor_view(all, (uint32_t[]){1024}, (uint32_t[]){i * 1024});
    uint32_t side = 1;
    while (side * side < slices)
        side *= 2;
    return npurt_tensor_view(all, (uint32_t[]){32, 32}, (uint32_t[]){i / side * 32, i % side * 32});
}

static npurt_tensor whole_of(uint32_t dims, uint32_t slices)
{
    npurt_tensor t;
    uint32_t side = 1;
    while (side * side < slices)
        side *= 2;
    if (dims == 1)
        npurt_tensor_init(&t, 4096, NPURT_F32, 1, (uint32_t[]){slices * 1024});
    else
        npurt_tensor_init(&t, 4096, NPURT_F32, 2, (uint32_t[]){side * 32, side * 32});
    return t;
}

static void write_slices(const npurt_tensor *all, uint32_t slices)
{
    for (uint32_t i = 0; i < slices; i++) {
        npurt_tensor x = slice_of(all, slices, i);
        npurt_task t;
        npurt_task_init_aiv(&t, KERNEL);
        npurt_task_output_existing(&t, &x);
        submit(&t);
    }
}

static uint32_t random_below(uint32_t *state, uint32_t below)
{
    *state = *state * 1664525u + 1013904223u;
    return (uint32_t)((uint64_t)*state * below >> 32);
}

/* The look-up alone, edge included: it reads as a task that does not exist yet. */
static double lookups_alone(const npurt_tensor *all, uint32_t slices, struct box *boxes, uint32_t seed)
{
    begin();
    write_slices(all, slices);
    for (uint32_t i = 0; i < LOOKUPS; i++) {
        npurt_tensor x = slice_of(all, slices, random_below(&seed, slices));
        if (box_of_tensor(&x, &boxes[i])) die("slice");
    }
    struct tensor_map *map = &graph->map;
    graph->edges.consumer = graph->task_count;
    graph->tasks[graph->task_count] = (struct image_task){.fanout_begin = graph->task_count};
    uint64_t from = bench_now_ns();
    for (uint32_t i = 0; i < LOOKUPS; i++)
        if (!tensor_map_access(map, tensor_map_met(map, all->addr, all->size), &boxes[i], true, false)) die("access");
    return (double)(bench_now_ns() - from) / LOOKUPS;
}

static double submits(const npurt_tensor *all, uint32_t slices, uint32_t seed, double *probes)
{
    begin();
    write_slices(all, slices);
    uint64_t before = graph_probes(graph), from = bench_now_ns();
    for (uint32_t i = 0; i < LOOKUPS; i++) {
        npurt_tensor x = slice_of(all, slices, random_below(&seed, slices));
        npurt_task t;
        npurt_task_init_aiv(&t, KERNEL);
        npurt_task_inout(&t, &x);
        submit(&t);
    }
    *probes = (double)(graph_probes(graph) - before) / LOOKUPS;
    return (double)(bench_now_ns() - from) / LOOKUPS;
}

static void bench_lookup(uint32_t dims, uint32_t slices)
{
    static struct box boxes[LOOKUPS];
    const char *kind = dims == 1 ? "slices" : "tiles";
    char lookup_name[64], submit_name[64], probes_name[64];
    snprintf(lookup_name, sizeof lookup_name, "look-up among %u %s", slices, kind);
    snprintf(submit_name, sizeof submit_name, "submit, inout among %u %s", slices, kind);
    snprintf(probes_name, sizeof probes_name, "regions compared among %u %s", slices, kind);
    npurt_tensor all = whole_of(dims, slices);
    for (uint32_t r = 0; r < bench.repetitions + 1; r++) {
        double probes, lookup = lookups_alone(&all, slices, boxes, r), one = submits(&all, slices, r, &probes);
        if (r == 0) continue;
        bench_note(&bench, lookup_name, "ns", lookup);
        bench_note(&bench, submit_name, "ns", one);
        bench_note(&bench, probes_name, "regions", probes);
    }
}

/* A prepared engine and five tasks: what a small graph costs in all. */
static void bench_five(void)
{
    for (uint32_t r = 0; r < bench.repetitions + 1; r++) {
        uint64_t from = bench_now_ns();
        for (uint32_t n = 0; n < 1000; n++) {
            begin();
            for (uint32_t i = 0; i < 5; i++)
                task_2_in_1_existing(i);
            finish();
        }
        if (r > 0)
            bench_note(&bench, "begin, 5 submits of 3 tensors, finish", "ns", (double)(bench_now_ns() - from) / 1000);
    }
}

static double run_attention_ns(bool template, uint32_t times)
{
    begin();
    const uint64_t from = bench_now_ns();
    for (uint32_t i = 0; i < TASKS / (ATTENTION_TASKS * times); i++)
        attention(template, i, times);
    const uint64_t to = bench_now_ns();
    finish();
    return (double)(to - from) / TASKS;
}

/* Submitted and replayed in turns: their ratio is what counts. */
static void bench_attention(uint32_t times)
{
    char name[3][64];
    snprintf(name[0], sizeof name[0], "attention, body of %u, submitted", ATTENTION_TASKS * times);
    snprintf(name[1], sizeof name[1], "attention, body of %u, replayed", ATTENTION_TASKS * times);
    snprintf(name[2], sizeof name[2], "attention, body of %u, replayed/submitted", ATTENTION_TASKS * times);
    for (uint32_t r = 0; r < bench.repetitions + 2; r++) {
        const double submitted = run_attention_ns(false, times), replayed = run_attention_ns(true, times);
        if (r < 2) continue;
        bench_note(&bench, name[0], "ns", submitted);
        bench_note(&bench, name[1], "ns", replayed);
        bench_note(&bench, name[2], "", replayed / submitted);
    }
}

int main(int argc, char **argv)
{
    bench_init(&bench, argc, argv, 21, NULL);
    if (graph_create(NULL, &graph)) {
        fprintf(stderr, "bench_submit: no memory\n");
        return 1;
    }
    patterns_init();
    peers_missing();
    peers_begin();
    bench_case("submit, no arguments, dummy", task_dummy, false, 0);
    bench_case("submit, no arguments", task_kernel, false, 0);
    bench_case("submit, 1 tensor: inout", task_inout, true, 0);
    bench_case("submit, 1 tensor: output", task_output, false, 0);
    bench_case("submit, 2 tensors: input, output", task_1_in_1_out, true, 1);
    bench_case("submit, 3 tensors: 2 inputs, output", task_2_in_1_out, false, 0);
    bench_case("submit, 3 tensors: 2 inputs, existing", task_2_in_1_existing, true, 2);
    bench_case("submit, 4 tensors: 3 inputs, output", task_3_in_1_out, true, 3);
    bench_five();
    for (uint32_t dims = 1; dims <= 2; dims++)
        for (uint32_t slices = 256; slices <= 16384; slices *= 4)
            bench_lookup(dims, slices);
    attention_init();
    for (uint32_t times = 1; times <= 16; times *= 4)
        bench_attention(times);
    graph_destroy(graph);
    peers_end();
    bench_print(&bench);
    return 0;
}
