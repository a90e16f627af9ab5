#include "engine.h"

#include <string.h>

/* Memory: behind the tables that schedulers see, the engine's own in the order of this function. */

struct plan {
    uint8_t *base;
    uint64_t size;
};

static void *plan_take(struct plan *plan, uint64_t count, uint64_t size)
{
    void *at = plan->base + plan->size;
    plan->size = stream_line(plan->size + count * size);
    return at;
}

static uint32_t log2_above(uint64_t n)
{
    uint32_t bits = 0;
    while (UINT64_C(1) << bits < n)
        bits++;
    return bits;
}

static void plan_map(struct plan *plan, struct tensor_map *map, uint32_t regions, uint32_t units)
{
    uint32_t table_bits = log2_above(regions / 2 + 64);
    *map = (struct tensor_map){.max_regions = regions,
                               .max_grids = regions / 4 + MAP_GRIDS_PER_BUFFER,
                               .max_readers = regions * NPURT_TASK_MAX_TENSORS,
                               .table_bits = table_bits,
                               .table_size = UINT32_C(1) << table_bits};
    map->regions = plan_take(plan, regions, sizeof(struct region));
    map->order = plan_take(plan, regions, sizeof(struct order));
    map->shapes = plan_take(plan, regions, sizeof(struct shape));
    map->buffers = plan_take(plan, regions, sizeof(struct buffer));
    map->spans = plan_take(plan, regions, sizeof(struct span));
    map->own = plan_take(plan, units, sizeof(struct buffer));
    map->grids = plan_take(plan, map->max_grids, sizeof(struct grid));
    map->links = plan_take(plan, (uint64_t)regions * (MAP_CELLS_PER_REGION - 1), sizeof(struct link));
    map->readers = plan_take(plan, map->max_readers, sizeof(struct reader));
    map->cells = plan_take(plan, map->table_size, sizeof(struct slot));
    map->addresses = plan_take(plan, map->table_size, sizeof(struct slot));
}

static uint32_t own_total(const struct stream_control *control)
{
    uint64_t units = 0;
    for (uint32_t r = 0; r < STREAM_RINGS; r++)
        units += control->ring[r].heap_size / STREAM_HEAP_UNIT;
    return (uint32_t)units;
}

/* Far from where the leases of other keys begin, wherever these have come to: a descriptor of an earlier engine in the same
 * memory, kept by an orchestration that stays loaded, is not mistaken for one of this. Keys count up; steps of the golden
 * ratio spread them evenly. */
static uint32_t first_lease(uint64_t key)
{
    return (uint32_t)(key * UINT32_C(2654435769));
}

struct graph *stream_create(const struct stream_control *control)
{
    const struct stream_layout layout = stream_layout_of(control);
    uint8_t *memory = (uint8_t *)(uintptr_t)control->engine;
    struct plan plan = {memory, layout.own};
    if (control->engine_size < layout.size) return NULL;

    struct graph *g = plan_take(&plan, 1, sizeof *g);
    memset(g, 0, sizeof *g);
    g->orch.ops = &graph_orch_ops;
    g->blank.is_contiguous = 1;
    struct stream *s = &g->stream;
    s->key = control->engine_key;
    s->tasks = (struct image_task *)(memory + layout.tasks);
    s->words = (struct stream_words *)(memory + layout.words);
    s->payload = memory + layout.payload;
    s->slots = layout.slots;
    s->gates = (struct task_gate *)(memory + layout.gates);
    s->edges = (struct stream_edge *)(memory + layout.edges);

    for (uint32_t r = 0; r < STREAM_RINGS; r++) {
        s->heap[r].lease = first_lease(control->engine_key);
        s->window[r] = control->ring[r].window;
        s->edge_first[r] = layout.edge_first[r];
        s->edge_max[r] = control->ring[r].edges;
    }
    const uint32_t units = own_total(control);
    plan_map(&plan, &g->map, control->max_regions, units);
    memset(g->map.cells, 0, g->map.table_size * sizeof *g->map.cells);
    memset(g->map.addresses, 0, g->map.table_size * sizeof *g->map.addresses);
    g->map.edges = &g->edges;
    g->edges.mark = plan_take(&plan, layout.slots + STREAM_JOINS, sizeof *g->edges.mark);
    g->edges.producers = plan_take(&plan, layout.slots, sizeof(uint32_t));
    s->hold = plan_take(&plan, units, sizeof *s->hold);
    for (uint32_t r = 0; r < STREAM_RINGS; r++) {
        g->edges.ring[r].slot_of = plan_take(&plan, s->window[r], sizeof(uint32_t));
        s->slot_free[r] = plan_take(&plan, s->window[r], sizeof(uint32_t));
    }
    s->slot_edges = plan_take(&plan, layout.slots, sizeof(uint32_t));
    s->slot_holds = plan_take(&plan, (uint64_t)layout.slots * STREAM_SLOT_HOLDS, sizeof(uint32_t));
    s->slot_hold_count = plan_take(&plan, layout.slots, 1);
    s->slot_untracked = plan_take(&plan, layout.slots, sizeof *s->slot_untracked);
    for (uint32_t i = 0; i < STREAM_WIDE; i++)
        s->wide[i].number = plan_take(&plan, STREAM_WIDE_PRODUCERS, sizeof *s->wide[i].number);
    g->templates = plan_take(&plan, 1, sizeof *g->templates);
    g->templates->memory = plan_take(&plan, 1, TEMPLATE_MEMORY);
    return plan.size <= layout.size ? g : NULL;
}

/* What the run before has left allocated. Leases go on, so that a descriptor of an earlier run, kept by an
 * orchestration that stays loaded, is never mistaken for one of this. */
static void forget_outputs(struct graph *g, uint32_t r)
{
    const struct own_ring *ring = &g->map.own_ring[r];
    for (uint32_t i = 0; i < ring->count; i++) {
        uint32_t at = ring->tail + i < ring->capacity ? ring->tail + i : ring->tail + i - ring->capacity;
        g->map.own[ring->first + at].addr = 0;
    }
}

void stream_begin(struct graph *g, const struct stream_control *control, const struct stream_host *host,
                  const uint32_t *kernel_core, uint32_t kernel_count)
{
    const struct stream_layout layout = stream_layout_of(control);
    struct stream *s = &g->stream;
    uint32_t first = 0;
    uint64_t lo = UINT64_MAX, hi = 0;
    g->latched = NPURT_OK;
    g->task_count = g->depth = 0;
    g->manual = g->opens = g->untracks = false;
    g->user_code = 0;
    g->sync_start_refused = false;
    g->problem[0] = 0;
    g->kernel_core = kernel_core;
    g->kernel_count = kernel_count;
    g->cluster_count = control->cluster_count;
    tensor_map_reset(&g->map, true, true, true);
    g->map.own_count = own_total(control);
    s->host = host;
    s->run = control->run_number;
    s->ring = 0;
    s->regions_high = 0;
    s->wait_ticks = 0;
    s->need = (struct stream_need){0};
    s->refusal = (struct stream_refusal){0};
    s->scope[0] = (struct stream_scope){0};
    for (uint32_t r = 0; r < STREAM_RINGS; r++) {
        const uint64_t heap_size = control->ring[r].heap_size;
        const uint32_t capacity = (uint32_t)(heap_size / STREAM_HEAP_UNIT);
        forget_outputs(g, r);
        s->heap[r] = (struct heap_ring){.base = control->ring[r].heap, .size = heap_size, .lease = s->heap[r].lease};
        g->map.own_ring[r] = (struct own_ring){.first = first, .capacity = capacity};
        first += capacity;
        if (control->ring[r].heap < lo) lo = control->ring[r].heap;
        if (control->ring[r].heap + heap_size > hi) hi = control->ring[r].heap + heap_size;
        g->edges.ring[r].head = g->edges.ring[r].tail = 1;
        g->edges.ring[r].mask = s->window[r] - 1;
        s->slot_next[r] = layout.first[r];
        s->slot_free_count[r] = 0;
    }
    s->joins = s->wide_next = 0;
    for (uint32_t i = 0; i < STREAM_WIDE; i++)
        s->wide[i].count = s->wide[i].first = s->wide[i].join = 0;
    s->heap_lo = lo;
    s->heap_span = hi - lo;
    templates_reset(g);
    g->state = GRAPH_OPEN;
}

npurt_status stream_finish(struct graph *g)
{
    if (g->latched) return g->latched;
    g->state = GRAPH_DONE;
    if (g->depth != 0)
        return graph_refuse(g, NPURT_ERROR_INVALID_ARGUMENT, WORD("the graph ends with "), NUMBER(g->depth),
                            WORD(" scope(s) still open"));
    return NPURT_OK;
}

struct stream_refusal stream_refusal_of(const struct graph *g)
{
    struct stream_refusal refusal = g->stream.refusal;
    if (!g->latched || refusal.code) return refusal;
    refusal.code = g->sync_start_refused                      ? STREAM_REQUIRE_SYNC_START_INVALID
                   : g->latched == NPURT_ERROR_INVALID_ARGUMENT ? STREAM_INVALID_ARGS
                   : g->latched == NPURT_ERROR_ORCHESTRATION  ? STREAM_EXPLICIT_ORCH_FATAL
                                                              : STREAM_LIMIT;
    return refusal;
}

/* ---- waiting ---- */

/* Gives back the oldest outputs of a ring that nobody holds. */
static void heap_reclaim(struct graph *g, uint32_t r)
{
    struct own_ring *ring = &g->map.own_ring[r];
    struct heap_ring *heap = &g->stream.heap[r];
    while (ring->count > 0) {
        uint32_t record = ring->first + ring->tail;
        const struct hold *hold = &g->stream.hold[record];
        if (hold->refs != 0) return;
        heap->live -= (uint64_t)hold->units * STREAM_HEAP_UNIT;
        tensor_map_release(&g->map, &g->map.own[record]);
        if (++ring->tail == ring->capacity) ring->tail = 0;
        ring->count--;
    }
}

/* Most tasks and edges that were in flight at a time: what is so now counts, since only retirement makes it less. */
static uint32_t tasks_high(const struct graph *g, uint32_t r)
{
    const uint32_t now = g->edges.ring[r].head - g->edges.ring[r].tail, before = g->stream.heap[r].tasks_high;
    return now > before ? now : before;
}

static uint32_t edges_high(const struct graph *g, uint32_t r)
{
    const struct heap_ring *ring = &g->stream.heap[r];
    const uint32_t now = ring->edge_head - ring->edge_tail;
    return now > ring->edges_high ? now : ring->edges_high;
}

void stream_report(const struct graph *g, struct stream_result *result)
{
    const struct stream *s = &g->stream;
    result->tasks = g->task_count;
    result->wait_ticks = s->wait_ticks;
    result->regions_high = s->regions_high;
    result->need = s->need;
    result->template_records = g->templates->records;
    result->template_replays = g->templates->replays;
    for (uint32_t r = 0; r < STREAM_RINGS; r++) {
        result->tasks_high[r] = tasks_high(g, r);
        result->edges_high[r] = edges_high(g, r);
        result->heap_high[r] = s->heap[r].high;
    }
}

/* Retires the oldest tasks of a ring that are done. */
static void retire(struct graph *g, uint32_t r)
{
    struct stream *s = &g->stream;
    s->heap[r].tasks_high = tasks_high(g, r);
    s->heap[r].edges_high = edges_high(g, r);
    while (g->edges.ring[r].tail != g->edges.ring[r].head) {
        uint32_t slot = g->edges.ring[r].slot_of[g->edges.ring[r].tail & g->edges.ring[r].mask];
        if (port_observe32(&s->words[slot].done) != s->words[slot].number) return;
        const uint32_t *held = s->slot_holds + (uint64_t)slot * STREAM_SLOT_HOLDS;
        struct hold *const hold = s->hold;
        for (uint32_t i = s->slot_hold_count[slot]; i-- > 0;)
            hold[held[i]].refs--;
        s->heap[r].edge_tail = s->slot_edges[slot];
        s->slot_free[r][s->slot_free_count[r]++] = slot;
        g->edges.ring[r].tail++;
    }
}

static bool in_flight(const struct graph *g)
{
    for (uint32_t r = 0; r < STREAM_RINGS; r++)
        if (g->edges.ring[r].head != g->edges.ring[r].tail) return true;
    return false;
}

/* Returns how many. */
static uint32_t retire_all(struct graph *g)
{
    uint32_t retired = 0;
    for (uint32_t r = 0; r < STREAM_RINGS; r++) {
        const uint32_t tail = g->edges.ring[r].tail;
        retire(g, r);
        retired += g->edges.ring[r].tail - tail;
    }
    return retired;
}

__attribute__((cold)) static npurt_status refuse_ended(struct graph *g)
{
    return graph_refuse(g, NPURT_ERROR_CANCELLED, WORD("task "), NUMBER(g->task_count),
                        WORD(": the run had ended before it was submitted"));
}

/* Nothing moved for the scheduler's limit. Without kernels to blame, what is in flight waits for conditions that
 * nothing in flight makes true. */
__attribute__((cold)) static npurt_status refuse_blocked(struct graph *g, enum stream_resource resource)
{
    static const char *const words[] = {[STREAM_NEEDS_SLOT] = "a slot",
                                        [STREAM_NEEDS_EDGE] = "an edge",
                                        [STREAM_NEEDS_HEAP] = "memory in the heap",
                                        [STREAM_NEEDS_REGION] = "a region"};
    const uint32_t r = g->stream.ring;
    g->stream.refusal.code = STREAM_FLOW_CONTROL_DEADLOCK;
    g->stream.refusal.ring = r;
    return graph_refuse(g, NPURT_ERROR_STALLED, WORD("task "), NUMBER(g->task_count), WORD(" waits for "),
                        WORD(words[resource]), WORD(" of ring "), NUMBER(r), WORD(", "),
                        NUMBER(g->edges.ring[r].head - g->edges.ring[r].tail), WORD(" of whose "),
                        NUMBER(g->stream.window[r]), WORD(" tasks are in flight"));
}

static struct stream_need need_of(const struct graph *g, enum stream_resource resource, uint64_t amount)
{
    const struct stream *s = &g->stream;
    const uint32_t head = g->edges.ring[s->ring].head, tail = g->edges.ring[s->ring].tail;
    struct stream_need need = {.resource = resource, .ring = s->ring};
    switch (resource) {
    case STREAM_NEEDS_SLOT:
        need.used = head - tail;
        need.total = s->window[s->ring];
        break;
    case STREAM_NEEDS_EDGE:
        need.used = s->heap[s->ring].edge_head - s->heap[s->ring].edge_tail;
        need.total = s->edge_max[s->ring];
        break;
    case STREAM_NEEDS_HEAP:
        need.amount = amount;
        need.used = s->heap[s->ring].live;
        need.total = s->heap[s->ring].size;
        break;
    case STREAM_NEEDS_ELEMENT:
        need.task = (uint32_t)amount;
        break;
    default:
        break;
    }
    if ((resource == STREAM_NEEDS_SLOT || resource == STREAM_NEEDS_EDGE) && head != tail)
        need.task = s->words[edges_slot(&g->edges, s->ring << STREAM_INDEX_BITS | tail)].number;
    return need;
}

npurt_status stream_wait(struct graph *g, enum stream_resource resource, uint64_t amount)
{
    const struct stream_need need = need_of(g, resource, amount);
    const uint32_t end = port_observe32(g->stream.host->end);
    if (end != 0) {
        g->stream.need = need;
        return end == RUN_STALLED + 1 && resource != STREAM_NEEDS_ELEMENT ? refuse_blocked(g, resource)
                                                                          : refuse_ended(g);
    }
    uint64_t began = port_clock();
    g->stream.host->wait(g->stream.host->context, &need);
    g->stream.wait_ticks += port_clock() - began;
    retire_all(g);
    return NPURT_OK;
}

bool stream_more_room(struct graph *g)
{
    if (retire_all(g) > 0) return true; /* also when nothing is in flight any more */
    return in_flight(g) && stream_wait(g, STREAM_NEEDS_REGION, 0) == NPURT_OK;
}

/* ---- tasks ---- */

/* The slot that became free last, else one that this run has not used: its `done` may be of an earlier one. */
static inline uint32_t slot_take(struct stream *s, uint32_t r)
{
    if (s->slot_free_count[r] > 0) return s->slot_free[r][--s->slot_free_count[r]];
    const uint32_t slot = s->slot_next[r]++;
    port_publish32(&s->words[slot].done, 0);
    return slot;
}

/* The slot that is taken after `n` others, unless tasks retire meanwhile; where it does not exist, any place will do. */
static inline uint32_t slot_ahead(const struct stream *s, uint32_t r, uint32_t n)
{
    const uint32_t freed = s->slot_free_count[r];
    return freed > n ? s->slot_free[r][freed - 1 - n] : s->slot_next[r] + (n - freed);
}

/* Fetches the payload of a task to come, as if it had the size of this one. A core had these lines last, or no cache has
 * them, and a compare-and-swap waits for every store before it. always_inline: gcc 12 takes a function that only
 * prefetches for one without effect, and leaves its calls out. */
static inline __attribute__((always_inline)) void fetch_ahead(const struct stream *s, uint32_t r, uint64_t size)
{
    if (size <= STREAM_FETCH_ABOVE || size > STREAM_PAYLOAD_NEAR) return;
    const uint32_t slot = slot_ahead(s, r, STREAM_FETCH_AHEAD - 1);
    const uint8_t *payload = s->payload + (uint64_t)stream_payload_at(s->slots, slot, size) * GRAPH_PAYLOAD_UNIT;
    for (uint64_t at = 0; at < size; at += PROTOCOL_LINE)
        __builtin_prefetch(payload + at, 1);
}

npurt_status stream_reserve(struct graph *g, uint64_t size, struct place *place)
{
    struct stream *s = &g->stream;
    const uint32_t r = s->ring, window = s->window[r];
    if (unlikely(port_observe32(s->host->end) != 0)) return refuse_ended(g);
    const uint32_t index = g->edges.ring[r].head;
    if (index % STREAM_RETIRE_EVERY == 0 || index - g->edges.ring[r].tail == window) retire(g, r);
    while (unlikely(index - g->edges.ring[r].tail == window))
        if (stream_wait(g, STREAM_NEEDS_SLOT, 0) != NPURT_OK) return g->latched;
    if (unlikely(index == STREAM_INDEX_MASK))
        return graph_refuse(g, NPURT_ERROR_LIMIT, WORD("task "), NUMBER(g->task_count), WORD(": more than "),
                            NUMBER(STREAM_INDEX_MASK - 1), WORD(" tasks in scopes of depth "), NUMBER(r));
    const uint32_t slot = slot_take(s, r);
    g->edges.ring[r].slot_of[index & g->edges.ring[r].mask] = slot;
    place->number = r << STREAM_INDEX_BITS | index;
    place->task = &s->tasks[slot];
    place->task->fanout_count = 0;
    place->slot = slot;
    place->payload_unit = stream_payload_at(s->slots, slot, size);
    place->payload = (npurt_tensor *)(s->payload + (uint64_t)place->payload_unit * GRAPH_PAYLOAD_UNIT);
    fetch_ahead(s, r, size);
    g->edges.mark[slot] = (struct edges_mark){place->number, STREAM_EDGE_NONE}; /* no task waits for itself */
    g->edges.consumer = place->number;
    g->edges.count = g->edges.record_count = 0;
    s->held = s->slot_holds + (uint64_t)slot * STREAM_SLOT_HOLDS;
    s->held_count = 0;
    g->untracked = &s->slot_untracked[slot];
    *g->untracked = (struct untracked){0};
    return NPURT_OK;
}

/* Waits while the pool is full of this ring's own edges, which come back as its tasks, and this one's producers, complete.
 * False when the run has ended. */
static bool wait_for_edge(struct graph *g, uint32_t r, const uint32_t *list)
{
    const struct heap_ring *ring = &g->stream.heap[r];
    while (ring->edge_head - ring->edge_tail == g->stream.edge_max[r]) {
        if (port_observe32(list) == STREAM_CLOSED) return true; /* it needs none */
        if (stream_wait(g, STREAM_NEEDS_EDGE, 0) != NPURT_OK) return false;
    }
    return true;
}

uint32_t stream_push_edges(struct graph *g, uint32_t r, uint32_t consumer, uint32_t *handed_out)
{
    struct stream *s = &g->stream;
    struct heap_ring *ring = &s->heap[r];
    struct edges_mark *const mark = g->edges.mark;
    struct stream_words *const words = s->words;
    const uint32_t count = g->edges.count, *const producers = g->edges.producers, max = s->edge_max[r];
    uint32_t completed = 0, handed = 0;
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t producer = producers[i];
        uint32_t *list = &words[producer].fanout, *head = &mark[producer].list;
        if (unlikely(ring->edge_head - ring->edge_tail == max)) {
            if (!wait_for_edge(g, r, list)) break;
            if (ring->edge_head - ring->edge_tail == max) { /* closed, and the pool as full as before */
                completed++;
                continue;
            }
        }
        const uint32_t at = s->edge_first[r] + ring->edge_at;
        uint32_t expected = *head;
        s->edges[at] = (struct stream_edge){.consumer = consumer, .next = stream_first_edge(expected)};
        while (unlikely(!port_cas32(list, &expected, at + 1 + (expected & STREAM_HANDED_OUT))) &&
               expected != STREAM_CLOSED) {
        } /* a second time when it has been handed out since the last edge: nothing else changes it */
        if (expected == STREAM_CLOSED) {
            completed++;
            continue;
        }
        *head = at + 1 + (expected & STREAM_HANDED_OUT);
        handed += expected >> 31;
        ring->edge_head++;
        ring->edge_at = ring->edge_at + 1 == max ? 0 : ring->edge_at + 1;
    }
    *handed_out = handed;
    return completed;
}

npurt_status stream_commit(struct graph *g, const struct place *place)
{
    struct stream *s = &g->stream;
    const uint32_t r = place->number >> STREAM_INDEX_BITS, slot = place->slot;
    struct heap_ring *ring = &s->heap[r];
    struct stream_words *words = &s->words[slot];
    if (unlikely(g->edges.count >= JOIN_PRODUCERS) && !g->opens) stream_join(g, r); /* gates follow edges from task to task */
    const uint32_t producers = g->edges.count;
    uint32_t fanin = producers;
#if defined(NPURT_PLANTED_LOST_TASK) /* as if the release of one were lost: tests/planted */
    fanin += g->task_count == NPURT_PLANTED_LOST_TASK;
#endif
    port_publish32(&words->fanout, STREAM_EDGE_NONE);
    port_publish32(&words->fanin, fanin);
    words->number = place->number;
    place->task->fanin = fanin;
    place->task->fanout_begin = g->task_count;
    const bool gated = unlikely(g->opens) && stream_gate_begin(g, place);
    s->host->admit(s->host->context, slot);
    uint32_t handed_out = 0;
    uint32_t completed = producers ? stream_push_edges(g, r, slot, &handed_out) : 0;
    place->task->fanout_count = s->run;
    s->slot_edges[slot] = ring->edge_head;
    s->slot_hold_count[slot] = (uint8_t)s->held_count;
    g->edges.ring[r].head++;
    if (g->map.region_live > s->regions_high) s->regions_high = g->map.region_live;
    g->task_count++;
    /* The pushed ones have counted down on their own; the last to do so, here or there, has a ready task. */
    if (producers == 0 || (completed > 0 && port_fetch_sub32(&words->fanin, completed) == completed))
        s->host->ready(s->host->context, slot);
    else if (unlikely(gated))
        stream_gate_end(g, place, completed + handed_out);
    return g->latched;
}

/* ---- heap ---- */

/* Where `size` bytes can begin, none of them wrapped; false when there is no such place now. */
static bool heap_place(const struct graph *g, uint32_t r, uint64_t size, uint64_t *at)
{
    const struct heap_ring *heap = &g->stream.heap[r];
    const struct own_ring *ring = &g->map.own_ring[r];
    if (ring->count == 0) {
        *at = 0;
        return size <= heap->size;
    }
    uint64_t tail = g->map.own[ring->first + ring->tail].addr - heap->base;
    *at = heap->head;
    if (heap->head <= tail) return size <= tail - heap->head;
    if (size <= heap->size - heap->head) return true;
    *at = 0;
    return size <= tail;
}

/* Nothing is in flight and there is no room: open scopes hold the heap. Names the one that holds most, and the size
 * with which this output fits: all that is held, once more what may be lost where the circle closes (less than the
 * largest output), and no less than before, so that whatever fitted still does. */
__attribute__((cold)) static npurt_status refuse_heap(struct graph *g, uint32_t r, uint32_t tensor, uint64_t bytes)
{
    struct stream *s = &g->stream;
    struct heap_ring *heap = &s->heap[r];
    const struct own_ring *ring = &g->map.own_ring[r];
    uint64_t of_scope[NPURT_MAX_SCOPE_DEPTH + 1] = {0}, need = heap->live + bytes;
    uint32_t outputs[NPURT_MAX_SCOPE_DEPTH + 1] = {0}, most = 0;
    for (uint32_t i = 0; i < ring->count; i++) {
        uint32_t at = ring->tail + i < ring->capacity ? ring->tail + i : ring->tail + i - ring->capacity;
        const struct hold *hold = &s->hold[ring->first + at];
        if (hold->scope == STREAM_SCOPE_NONE) continue;
        of_scope[hold->scope] += (uint64_t)hold->units * STREAM_HEAP_UNIT;
        outputs[hold->scope]++;
        if (of_scope[hold->scope] > of_scope[most]) most = hold->scope;
    }
    if (need < heap->size) need = heap->size;
    s->refusal.code = bytes > heap->size ? STREAM_HEAP_RING_DEADLOCK : STREAM_SCOPE_DEADLOCK;
    s->refusal.ring = r;
    s->refusal.capacity = need + (bytes > heap->largest ? bytes : heap->largest);
    if (bytes > heap->size)
        return graph_refuse(g, NPURT_ERROR_OUT_OF_DEVICE_MEMORY, WORD("task "), NUMBER(g->task_count),
                            part_word(tensor), part_number(tensor), WORD(": an output of "), NUMBER(bytes),
                            WORD(" bytes, in ring "), NUMBER(r), WORD(" whose heap has "), NUMBER(heap->size),
                            WORD("; a heap of "), NUMBER(s->refusal.capacity), WORD(" bytes gets past this point"));
    return graph_refuse(g, NPURT_ERROR_OUT_OF_DEVICE_MEMORY, WORD("task "), NUMBER(g->task_count), part_word(tensor),
                        part_number(tensor), WORD(": no room for "), NUMBER(bytes), WORD(" bytes in the heap of ring "),
                        NUMBER(r), WORD(" ("), NUMBER(heap->size),
                        WORD(" bytes) and no task in flight that could free any: the scope of depth "), NUMBER(most),
                        WORD(", opened after task "), NUMBER(s->scope[most].first_task), WORD(", holds "),
                        NUMBER(of_scope[most]), WORD(" bytes in "), NUMBER(outputs[most]), WORD(" outputs; a heap of "),
                        NUMBER(s->refusal.capacity), WORD(" bytes gets past this point"));
}

npurt_status stream_alloc(struct graph *g, uint32_t tensor, npurt_tensor *out)
{
    struct stream *s = &g->stream;
    const uint32_t r = s->ring;
    struct heap_ring *heap = &s->heap[r];
    struct own_ring *ring = &g->map.own_ring[r];
    const uint64_t bytes = (out->size + STREAM_HEAP_UNIT - 1) & ~(uint64_t)(STREAM_HEAP_UNIT - 1);
    uint64_t at;
    if (unlikely(bytes > heap->size)) return refuse_heap(g, r, tensor, bytes);
    if (!heap_place(g, r, bytes, &at)) {
        retire_all(g);
        heap_reclaim(g, r);
        while (!heap_place(g, r, bytes, &at)) {
            if (!in_flight(g)) return refuse_heap(g, r, tensor, bytes);
            if (stream_wait(g, STREAM_NEEDS_HEAP, bytes) != NPURT_OK) return g->latched;
            heap_reclaim(g, r);
        }
    }
    if (ring->count == 0) ring->tail = 0; /* as the heap begins at 0 again: what was used last is in the caches */
    uint32_t position = ring->tail + ring->count;
    if (position >= ring->capacity) position -= ring->capacity;
    const uint32_t record = ring->first + position;
    if (++heap->lease == 0) heap->lease = 1;
    if (bytes > heap->largest) heap->largest = bytes;
    heap->head = at + bytes;
    heap->live += bytes;
    if (heap->live > heap->high) heap->high = heap->live;
    ring->count++;
    out->addr = heap->base + at;
    out->hint = 1 + record;
    out->lease = heap->lease;
    g->map.own[record] = (struct buffer){.addr = out->addr, .size = out->size, .loose = MAP_NONE, .grids = MAP_NONE};
    s->hold[record] = (struct hold){.refs = 1,
                                    .lease = heap->lease,
                                    .units = (uint32_t)(bytes / STREAM_HEAP_UNIT),
                                    .scope = (uint8_t)g->depth,
                                    .era = s->key & STREAM_ERA};
    return NPURT_OK;
}

bool stream_has(const struct graph *g, uint64_t addr)
{
    for (uint32_t r = 0; r < STREAM_RINGS; r++)
        if (addr - g->stream.heap[r].base < g->stream.heap[r].size) return true;
    return false;
}

bool stream_meets(const struct graph *g, uint64_t lo, uint64_t hi)
{
    for (uint32_t r = 0; r < STREAM_RINGS; r++) {
        const struct heap_ring *heap = &g->stream.heap[r];
        if (lo < heap->base + heap->size && heap->base < hi) return true;
    }
    return false;
}

/* ---- scopes ---- */

static uint32_t ring_of_depth(uint32_t depth)
{
    return depth < STREAM_RINGS ? depth : STREAM_RINGS - 1;
}

void stream_scope_begin(struct graph *g)
{
    struct stream *s = &g->stream;
    s->ring = ring_of_depth(g->depth);
    s->scope[g->depth].first_task = g->task_count;
    s->scope[g->depth].first_lease = s->heap[s->ring].lease + 1;
}

/* What the scope has allocated, in its ring after its begin, is its own no more; scopes that were inside of it gave
 * theirs back already. */
void stream_scope_end(struct graph *g, uint32_t depth)
{
    struct stream *s = &g->stream;
    const struct own_ring *ring = &g->map.own_ring[s->ring];
    uint32_t count = s->heap[s->ring].lease + 1 - s->scope[depth].first_lease;
    if (count > ring->count) count = ring->count;
    for (uint32_t i = ring->count - count; i < ring->count; i++) {
        uint32_t at = ring->tail + i < ring->capacity ? ring->tail + i : ring->tail + i - ring->capacity;
        struct hold *hold = &s->hold[ring->first + at];
        if (hold->scope != depth) continue;
        hold->scope = STREAM_SCOPE_NONE;
        hold->refs--;
    }
    heap_reclaim(g, s->ring);
    s->ring = ring_of_depth(depth - 1);
}
