/* What a submission costs on the device path: the engine whose tasks stream through rings, as it is in the AICPU program, by
 * number of tensors, and in a template. The counterpart of bench_submit, with the same tasks.
 *
 * One thread: the orchestrator's own time, npurt_task filled anew each time. Tasks are submitted in scopes of BATCH; between
 * scopes, and not counted, everything that is in flight completes, as schedulers would have it do meanwhile. Words that
 * are shared with schedulers are atomics, here without anybody to share them with. Rings are of the default size.
 * Beside it, taken in turns, the peers of peers/peer.h create tasks with the same accesses.
 */
#include <graph/engine.h>
#include <stdlib.h>

#include "bench.h"
#include "peers/submit.h"
#include "submit_patterns.h"

enum { TASKS = 16384, BATCH = 256, WINDOW = 16384, EDGES = 65536, HEAP = 256 << 20, BODY = 128 };

static struct bench bench;
static struct graph *graph;
static struct stream_control control;
static uint32_t run_end, *ready, ready_count;

static void die(const char *what)
{
    fprintf(stderr, "bench_submit_ring: %s: %s\n", what, graph_problem(graph));
    exit(1);
}

/* ---- port */

uint32_t port_observe32(const uint32_t *p) { return __atomic_load_n(p, __ATOMIC_ACQUIRE); }
void port_publish32(uint32_t *p, uint32_t value) { __atomic_store_n(p, value, __ATOMIC_RELEASE); }
void port_publish64(uint64_t *p, uint64_t value) { __atomic_store_n(p, value, __ATOMIC_RELEASE); }
uint32_t port_fetch_sub32(uint32_t *p, uint32_t value) { return __atomic_fetch_sub(p, value, __ATOMIC_ACQ_REL); }
uint32_t port_exchange32(uint32_t *p, uint32_t value) { return __atomic_exchange_n(p, value, __ATOMIC_ACQ_REL); }
bool port_cas32(uint32_t *p, uint32_t *expected, uint32_t desired)
{
    return __atomic_compare_exchange_n(p, expected, desired, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}
void port_cache_invalidate(const void *p, size_t size) { (void)p, (void)size; }
void port_cache_clean(const void *p, size_t size) { (void)p, (void)size; }
uint64_t port_clock(void) { return bench_now_ns(); }

/* ---- schedulers that complete everything when they are let */

static void admit(void *context, uint32_t slot) { (void)context, (void)slot; }

static void take(void *context, uint32_t slot)
{
    (void)context;
    ready[ready_count++] = slot;
}

static void complete(uint32_t node)
{
    struct stream_words *words = &graph->stream.words[node];
    uint32_t edge = __atomic_exchange_n(&words->fanout, STREAM_CLOSED, __ATOMIC_ACQ_REL);
    for (; edge != STREAM_EDGE_NONE; edge = graph->stream.edges[edge - 1].next) {
        uint32_t consumer = graph->stream.edges[edge - 1].consumer;
        if (port_fetch_sub32(&graph->stream.words[consumer].fanin, 1) != 1) continue;
        if (consumer < graph->stream.slots)
            take(NULL, consumer);
        else
            complete(consumer); /* a join */
    }
    port_publish32(&words->done, words->number);
}

static void complete_all(void *context, const struct stream_need *need)
{
    (void)context, (void)need;
    while (ready_count > 0)
        complete(ready[--ready_count]);
}

static const struct stream_host host = {.end = &run_end, .admit = admit, .ready = take, .wait = complete_all};

static double run_ns(void (*task)(uint32_t))
{
    uint64_t spent = 0;
    stream_begin(graph, &control, &host, NULL, 0);
    orch = graph_orch(graph);
    for (uint32_t i = 0; i < TASKS; i += BATCH) {
        uint64_t from = bench_now_ns();
        npurt_orch_scope_begin(orch, NPURT_SCOPE_AUTO);
        for (uint32_t k = 0; k < BATCH; k++)
            task(k);
        npurt_orch_scope_end(orch);
        spent += bench_now_ns() - from;
        complete_all(NULL, NULL);
    }
    if (stream_finish(graph)) die("finish");
    return (double)spent / TASKS;
}

static void bench_case(const char *name, void (*task)(uint32_t), bool peer, uint32_t inputs)
{
    for (uint32_t r = 0; r < bench.repetitions + 2; r++) { /* the first two touch the memory */
        double ns = run_ns(task);
        if (r < 2) continue;
        bench_note(&bench, name, "ns", ns);
        if (peer) peers_submit(&bench, inputs, ns);
    }
}

/* `tasks` tasks on rows of one buffer, as a template when `t` is not NULL: each adds to row 0, or of two steps of a
 * stencil each writes a row of one half from three of the other. */
static void body(const npurt_template *t, const npurt_tensor *rows, uint32_t tasks, bool stencil)
{
    if (t && !npurt_orch_template_begin(orch, t)) return;
    for (uint32_t i = 0; i < tasks; i++) {
        const uint32_t width = tasks / 2, x = i % width, from = i < width ? 0 : width;
        const uint32_t row[4] = {from + (x > 0 ? x - 1 : x), from + x, from + (x + 1 < width ? x + 1 : x),
                                 width - from + x};
        npurt_tensor view[4];
        npurt_task task;
        npurt_task_init_aiv(&task, KERNEL);
        for (uint32_t k = 0; k < (stencil ? 4 : 1); k++) {
            view[k] = npurt_tensor_view(rows, (uint32_t[]){1, 16}, (uint32_t[]){stencil ? row[k] : 0, 0});
            if (stencil && k < 3)
                npurt_task_input(&task, &view[k]);
            else if (stencil)
                npurt_task_output_existing(&task, &view[k]);
            else
                npurt_task_inout(&task, &view[k]);
        }
        submit(&task);
    }
    if (t) npurt_orch_template_end(orch);
}

/* Bodies of BODY tasks one after the other, on the same rows; what was in flight completes in between. */
static double run_bodies_ns(bool template, bool stencil)
{
    npurt_tensor rows;
    const npurt_tensor *tensors = &rows;
    const npurt_template t = {.key = 1, .tensors = &tensors, .tensor_count = 1};
    uint64_t spent = 0;
    npurt_tensor_init(&rows, 4096, NPURT_F32, 2, (uint32_t[]){BODY, 16});
    stream_begin(graph, &control, &host, NULL, 0);
    orch = graph_orch(graph);
    for (uint32_t i = 0; i < TASKS; i += BODY) {
        uint64_t from = bench_now_ns();
        body(template ? &t : NULL, &rows, BODY, stencil);
        spent += bench_now_ns() - from;
        if (i / BODY % (BATCH / BODY) == 0) complete_all(NULL, NULL);
    }
    complete_all(NULL, NULL);
    if (stream_finish(graph)) die("finish");
    return (double)spent / TASKS;
}

static void bench_bodies(const char *name, bool template, bool stencil)
{
    for (uint32_t r = 0; r < bench.repetitions + 2; r++) {
        double ns = run_bodies_ns(template, stencil);
        if (r >= 2) bench_note(&bench, name, "ns", ns);
    }
}

static double run_attention_ns(bool template, uint32_t times)
{
    uint64_t spent = 0;
    stream_begin(graph, &control, &host, NULL, 0);
    orch = graph_orch(graph);
    for (uint32_t i = 0; i < TASKS / (ATTENTION_TASKS * times); i++) {
        const uint64_t from = bench_now_ns();
        attention(template, i, times);
        spent += bench_now_ns() - from;
        if (i % (64 / times) == 0) complete_all(NULL, NULL);
    }
    complete_all(NULL, NULL);
    if (stream_finish(graph)) die("finish");
    return (double)spent / TASKS;
}

/* Submitted and replayed in turns: their ratio is what counts. */
static void bench_attention(uint32_t times)
{
    char name[3][64];
    snprintf(name[0], sizeof name[0], "ring, attention, body of %u, submitted", ATTENTION_TASKS * times);
    snprintf(name[1], sizeof name[1], "ring, attention, body of %u, replayed", ATTENTION_TASKS * times);
    snprintf(name[2], sizeof name[2], "ring, attention, body of %u, replayed/submitted", ATTENTION_TASKS * times);
    for (uint32_t r = 0; r < bench.repetitions + 2; r++) {
        const double submitted = run_attention_ns(false, times), replayed = run_attention_ns(true, times);
        if (r < 2) continue;
        bench_note(&bench, name[0], "ns", submitted);
        bench_note(&bench, name[1], "ns", replayed);
        bench_note(&bench, name[2], "", replayed / submitted);
    }
}

static void make_engine(void)
{
    control = (struct stream_control){.engine_key = 1, .max_regions = 2 * STREAM_RINGS * WINDOW, .cluster_count = 36};
    for (uint32_t r = 0; r < STREAM_RINGS; r++)
        control.ring[r] = (struct stream_ring){
            .window = WINDOW, .edges = EDGES, .heap = (UINT64_C(1) << 40) + (uint64_t)r * HEAP, .heap_size = HEAP};
    control.engine_size = stream_layout_of(&control).size;
    control.engine = (uintptr_t)aligned_alloc(4096, (control.engine_size + 4095) & ~UINT64_C(4095));
    ready = malloc((size_t)STREAM_RINGS * WINDOW * sizeof *ready);
    graph = control.engine && ready ? stream_create(&control) : NULL;
    if (!graph) {
        fprintf(stderr, "bench_submit_ring: no memory\n");
        exit(1);
    }
}

int main(int argc, char **argv)
{
    bench_init(&bench, argc, argv, 21, NULL);
    make_engine();
    patterns_init();
    peers_missing();
    peers_begin();
    bench_case("ring submit, no arguments, dummy", task_dummy, false, 0);
    bench_case("ring submit, no arguments", task_kernel, false, 0);
    bench_case("ring submit, 1 tensor: inout", task_inout, true, 0);
    bench_case("ring submit, 1 tensor: output", task_output, false, 0);
    bench_case("ring submit, 2 tensors: input, output", task_1_in_1_out, true, 1);
    bench_case("ring submit, 3 tensors: 2 inputs, output", task_2_in_1_out, false, 0);
    bench_case("ring submit, 3 tensors: 2 inputs, existing", task_2_in_1_existing, true, 2);
    bench_case("ring submit, 4 tensors: 3 inputs, output", task_3_in_1_out, true, 3);
    bench_bodies("ring, 2 steps of a stencil, submitted", false, true);
    bench_bodies("ring, 2 steps of a stencil, replayed", true, true);
    bench_bodies("ring, a chain, submitted", false, false);
    bench_bodies("ring, a chain, replayed", true, false);
    attention_init();
    for (uint32_t times = 1; times <= 16; times *= 4)
        bench_attention(times);
    peers_end();
    bench_print(&bench);
    return 0;
}
