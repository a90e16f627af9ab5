/* An engine whose tasks stream through rings, and schedulers that are a list of ready tasks: they complete some of them,
 * in an order drawn from the seed, when the engine waits for room, and more when a test lets them.
 *
 * Tests know a task by its ordinal, which counts submissions from 0. `world.ran` is called when one completes: there a
 * test looks whether everything that must come before it has. One thread; port is plain memory.
 */
#ifndef NPURT_TESTS_GRAPH_STREAM_WORLD_H
#define NPURT_TESTS_GRAPH_STREAM_WORLD_H

#include "tensors.h"

#include <check.h>
#include <graph/engine.h>

/* A larger heap is addresses alone, of which no byte may be touched. */
enum { WORLD_REAL_HEAP = 1 << 24 };
#define WORLD_NOWHERE (UINT64_C(1) << 40)

static struct {
    struct stream_control control;
    struct graph *graph;
    struct stream_host host;
    uint32_t end; /* not 0: the run has ended */
    uint64_t seed;
    uint8_t *engine, *heap;
    uint32_t *ready, ready_count;
    uint32_t slots;
    uint32_t *ordinal; /* [slots] */
    uint32_t admitted, completed, waits;
    struct stream_need need; /* of the last wait */
    bool unchecked; /* the engine is not validated whenever it waits */
    void (*ran)(uint32_t ordinal, uint32_t slot);
    void (*staged)(uint32_t ordinal); /* its producers had all been handed out when it was submitted */
} world;

/* ---- port */

uint32_t port_observe32(const uint32_t *p) { return *p; }
uint64_t port_observe64(const uint64_t *p) { return *p; }
void port_publish32(uint32_t *p, uint32_t value) { *p = value; }
void port_publish64(uint64_t *p, uint64_t value) { *p = value; }
uint64_t port_clock(void)
{
    static uint64_t now;
    return ++now;
}
uint32_t port_fetch_sub32(uint32_t *p, uint32_t value)
{
    uint32_t before = *p;
    *p -= value;
    return before;
}
uint32_t port_exchange32(uint32_t *p, uint32_t value)
{
    uint32_t before = *p;
    *p = value;
    return before;
}
bool port_cas32(uint32_t *p, uint32_t *expected, uint32_t desired)
{
    if (*p == *expected) {
        *p = desired;
        return true;
    }
    *expected = *p;
    return false;
}
void port_cache_invalidate(const void *p, size_t size) { (void)p, (void)size; }
void port_cache_clean(const void *p, size_t size) { (void)p, (void)size; }

/* ---- schedulers */

static inline void world_whole(void)
{
    const char *wrong = stream_validate(world.graph);
    if (wrong) CHECK_FAIL("after %u tasks the engine is not whole: %s", world.admitted, wrong);
}

static inline const struct stream_edge *world_edges(void)
{
    return world.graph->stream.edges;
}

/* Closes the list of a slot or join and releases whom it leads to, in the order in which it stands. */
static inline void world_release(uint32_t node)
{
    struct stream_words *words = &world.graph->stream.words[node];
    uint32_t edge = stream_first_edge(words->fanout);
    words->fanout = STREAM_CLOSED;
    while (edge != STREAM_EDGE_NONE) {
        const struct stream_edge e = world_edges()[edge - 1];
        if (--world.graph->stream.words[e.consumer].fanin == 0) {
            if (e.consumer < world.slots)
                world.ready[world.ready_count++] = e.consumer;
            else
                world_release(e.consumer);
        }
        edge = e.next;
    }
    words->done = words->number;
}

/* Completes the task in the i-th place of the ready list. */
static inline void world_complete(uint32_t i)
{
    const uint32_t slot = world.ready[i];
    world.ready[i] = world.ready[--world.ready_count];
    if (world.ran) world.ran(world.ordinal[slot], slot);
    world.completed++;
    world_release(slot);
}

/* Completes up to `most` tasks; returns how many. */
static inline uint32_t world_run(uint32_t most)
{
    uint32_t n = 0;
    for (; n < most && world.ready_count > 0; n++)
        world_complete(world_random(&world.seed, world.ready_count));
    return n;
}

static inline void world_run_all(void)
{
    world_run(UINT32_MAX);
}

static inline void world_admit(void *context, uint32_t slot)
{
    (void)context;
    world.ordinal[slot] = world.admitted++;
}

static inline void world_ready(void *context, uint32_t slot)
{
    (void)context;
    world.ready[world.ready_count++] = slot;
}

static inline void world_stage(void *context, uint32_t slot, uint32_t number)
{
    (void)context;
    CHECK_EQ(number, world.graph->stream.words[slot].number);
    if (world.staged) world.staged(world.ordinal[slot]);
}

static inline void world_wait(void *context, const struct stream_need *need)
{
    (void)context;
    world.need = *need;
    world.waits++;
    if (world_run(1 + world_random(&world.seed, 3)) == 0) CHECK_FAIL("the engine waits, and no task is ready");
}

/* ---- engines and runs */

static inline void world_free(void)
{
    free(world.engine);
    free(world.heap);
    free(world.ready);
    free(world.ordinal);
    memset(&world, 0, sizeof world);
}

/* All rings alike. */
static inline struct stream_control world_rings(uint32_t window, uint32_t edges, uint64_t heap)
{
    struct stream_control control = {.version = STREAM_VERSION, .max_regions = 4096, .cluster_count = 3};
    for (uint32_t r = 0; r < STREAM_RINGS; r++)
        control.ring[r] = (struct stream_ring){.window = window, .edges = edges, .heap_size = heap};
    return control;
}

/* An engine in memory that holds what was left there. */
static inline void world_create(struct stream_control control)
{
    uint64_t heap = 0, at;
    world_free();
    for (uint32_t r = 0; r < STREAM_RINGS; r++)
        heap += control.ring[r].heap_size;
    if (heap <= WORLD_REAL_HEAP) {
        world.heap = aligned_alloc(STREAM_HEAP_UNIT, heap);
        CHECK(world.heap != NULL);
        memset(world.heap, 0xee, heap);
    }
    at = world.heap ? (uint64_t)(uintptr_t)world.heap : WORLD_NOWHERE;
    for (uint32_t r = 0; r < STREAM_RINGS; r++) {
        control.ring[r].heap = at;
        at += control.ring[r].heap_size;
    }
    const struct stream_layout layout = stream_layout_of(&control);
    control.engine_size = layout.size;
    control.engine_key = 1;
    world.slots = layout.slots;
    world.engine = aligned_alloc(64, stream_line(layout.size));
    world.ready = calloc(layout.slots, sizeof *world.ready);
    world.ordinal = calloc(layout.slots, sizeof *world.ordinal);
    CHECK(world.engine && world.ready && world.ordinal);
    memset(world.engine, 0x5a, layout.size < WORLD_REAL_HEAP ? layout.size : WORLD_REAL_HEAP);
    control.engine = (uint64_t)(uintptr_t)world.engine;
    world.control = control;
    world.graph = stream_create(&world.control);
    CHECK(world.graph != NULL);
}

static inline void world_begin(uint64_t seed)
{
    world.host = (struct stream_host){.end = &world.end, .admit = world_admit, .ready = world_ready, .stage = world_stage, .wait = world_wait};
    world.seed = seed + 1;
    world.end = world.ready_count = world.admitted = world.completed = world.waits = 0;
    stream_begin(world.graph, &world.control, &world.host, NULL, 0);
}

static inline void world_start(uint32_t window, uint32_t edges, uint64_t heap)
{
    world_create(world_rings(window, edges, heap));
    world_begin(1);
}

/* Ends the run: everything that was submitted completes. */
static inline void world_finish(void)
{
    world_whole();
    if (stream_finish(world.graph) != NPURT_OK) CHECK_FAIL("%s", graph_problem(world.graph));
    world_run_all();
    if (world.completed != world.admitted)
        CHECK_FAIL("%u of %u tasks completed, and no other is ready", world.completed, world.admitted);
    world_whole();
}

/* ---- submissions */

static inline npurt_task_id world_submit(const npurt_task *task)
{
    npurt_task_id id = NPURT_TASK_NONE;
    if (graph_submit(world.graph, task, &id) != NPURT_OK) CHECK_FAIL("refused: %s", graph_problem(world.graph));
    if (!world.unchecked) world_whole();
    return id;
}

static inline npurt_task_id world_access(npurt_access access, npurt_tensor tensor)
{
    npurt_task task;
    npurt_task_init_aiv(&task, 0);
    npurt_task_add_tensor(&task, access, &tensor, NULL, NULL);
    return world_submit(&task);
}

static inline npurt_task_id world_dummy(const npurt_task_id *after, uint32_t count)
{
    npurt_task task;
    npurt_task_init_dummy(&task);
    npurt_task_after(&task, after, count);
    return world_submit(&task);
}

/* A task that allocates so many bytes. */
static inline npurt_status world_try_output(uint32_t bytes, npurt_tensor *out)
{
    const npurt_tensor_spec spec = {.dtype = NPURT_U8, .ndims = 1, .shape = {bytes}};
    npurt_task task;
    npurt_task_init_aiv(&task, 0);
    npurt_task_output_new(&task, &spec, out);
    return graph_submit(world.graph, &task, NULL);
}

static inline npurt_tensor world_output(uint32_t bytes)
{
    npurt_tensor t;
    if (world_try_output(bytes, &t) != NPURT_OK) CHECK_FAIL("refused: %s", graph_problem(world.graph));
    if (!world.unchecked) world_whole();
    return t;
}

static inline void world_scope(npurt_scope_mode mode)
{
    if (graph_scope_begin(world.graph, mode) != NPURT_OK) CHECK_FAIL("refused: %s", graph_problem(world.graph));
}

static inline void world_scope_end(void)
{
    if (graph_scope_end(world.graph) != NPURT_OK) CHECK_FAIL("refused: %s", graph_problem(world.graph));
    if (!world.unchecked) world_whole();
}

static inline uint32_t world_in_flight(void)
{
    uint32_t n = 0;
    for (uint32_t r = 0; r < STREAM_RINGS; r++)
        n += world.graph->edges.ring[r].head - world.graph->edges.ring[r].tail;
    return n;
}

#endif
