/* What a submission needs of the place where tasks are kept: an image (store_image) or rings (stream.c). For submit.c and
 * scope.c; included by engine.h. */
#ifndef NPURT_GRAPH_STORE_H
#define NPURT_GRAPH_STORE_H

#if NPURT_GRAPH_STREAM

/* Room for one task more, with a payload of `size` bytes; waits for it. */
npurt_status stream_reserve(struct graph *graph, uint64_t size, struct place *place);
/* The task is whole: its edges go to its producers, and it to the schedulers. */
npurt_status stream_commit(struct graph *graph, const struct place *place);
/* Memory for out->size bytes: fills addr, hint and lease. `tensor` is named in a refusal. */
npurt_status stream_alloc(struct graph *graph, uint32_t tensor, npurt_tensor *out);
/* The address lies in the heap of a ring. */
bool stream_has(const struct graph *graph, uint64_t addr);
/* Some byte of [lo, hi) lies in the heap of a ring. */
bool stream_meets(const struct graph *graph, uint64_t lo, uint64_t hi);
/* Lets something end, since there is none of `resource` in the innermost scope's ring; `amount`: bytes of a heap, or the number
 * of the task that an element waits for. CANCELLED, latched, when the run has ended; STALLED when it ended because nothing moved
 * any more, and then the sentence says what this task waits for, unless it is an element. */
npurt_status stream_wait(struct graph *graph, enum stream_resource resource, uint64_t amount);
/* The same for a table that has no room: something has retired since, or may have. False when nothing is in flight that could
 * make any, or the run has ended. */
bool stream_more_room(struct graph *graph);
/* Fills a fresh buffer with one element's bits. */
void stream_fill(const npurt_tensor *t, uint64_t bits);
void stream_scope_begin(struct graph *graph);
void stream_scope_end(struct graph *graph, uint32_t depth);

static inline npurt_status store_reserve(struct graph *g, uint64_t size, struct place *place)
{
    return stream_reserve(g, size, place);
}
/* The task's payload is one that others have too. It lies in the engine's memory, behind the slots' payloads. */
enum { STORE_SHARES_PAYLOADS = 1 };
static inline void store_share(const struct graph *g, const struct place *place, const uint8_t *payload)
{
    place->task->payload = (uint32_t)((uint64_t)(payload - g->stream.payload) / GRAPH_PAYLOAD_UNIT);
}
static inline npurt_status store_commit(struct graph *g, const struct place *place)
{
    return stream_commit(g, place);
}
static inline npurt_status store_alloc(struct graph *g, uint32_t tensor, npurt_tensor *out)
{
    return stream_alloc(g, tensor, out);
}
static inline void store_fill(struct graph *g, const npurt_tensor *t, uint64_t bits)
{
    (void)g;
    stream_fill(t, bits);
}
static inline bool store_has(const struct graph *g, uint64_t addr)
{
    return addr - g->stream.heap_lo < g->stream.heap_span && stream_has(g, addr);
}
static inline bool store_meets(const struct graph *g, uint64_t lo, uint64_t hi)
{
    return stream_meets(g, lo, hi);
}
/* The buffer is the one that the descriptor was made for, and its scope is open: when that has ended, tasks in flight may
 * hold the memory for a while yet, but whether they still do must not decide about a submission. */
static inline bool store_leased(const struct graph *g, const struct buffer *buffer, const npurt_tensor *t)
{
    const struct hold *hold = &g->stream.hold[buffer - g->map.own];
    return hold->scope != STREAM_SCOPE_NONE && hold->era == (g->stream.key & STREAM_ERA) &&
           (t->lease == 0 || hold->lease == t->lease);
}
/* The task being submitted uses the buffer until it retires. */
static inline void store_hold(struct graph *g, const struct buffer *buffer)
{
    struct stream *s = &g->stream;
    const uint32_t record = (uint32_t)(buffer - g->map.own);
    s->hold[record].refs++;
    s->held[s->held_count++] = record;
}
/* From now on its scope does not hold the buffer: only tasks do. */
static inline void store_keep(struct graph *g, const struct buffer *buffer)
{
    struct hold *hold = &g->stream.hold[buffer - g->map.own];
    hold->scope = STREAM_SCOPE_NONE;
    hold->refs--;
}
static inline npurt_task_id store_id(uint32_t number)
{
    return (npurt_task_id)(number >> STREAM_INDEX_BITS) << 32 | (number & STREAM_INDEX_MASK);
}
/* The number of a task that was submitted; false when the id is none. */
static inline bool store_number(const struct graph *g, npurt_task_id id, uint32_t *number)
{
    uint64_t r = id >> 32, index = id & UINT32_MAX;
    if (r >= STREAM_RINGS || index == 0 || index >= g->edges.ring[r].head) return false;
    *number = (uint32_t)(r << STREAM_INDEX_BITS | index);
    return true;
}
static inline bool store_more_room(struct graph *g)
{
    return stream_more_room(g);
}
static inline void store_scope_begin(struct graph *g)
{
    stream_scope_begin(g);
}
static inline void store_scope_end(struct graph *g, uint32_t depth)
{
    stream_scope_end(g, depth);
}

#else

static inline npurt_tensor *graph_task_tensors(const struct graph *graph, uint32_t task)
{
    return (npurt_tensor *)(graph->payload + (uint64_t)graph->tasks[task].payload * GRAPH_PAYLOAD_UNIT);
}

static inline npurt_status store_reserve(struct graph *g, uint64_t size, struct place *place)
{
    (void)size; /* an image has them one after the other */
    uint32_t number = g->task_count;
    if (unlikely(number == g->max_tasks))
        return graph_refuse(g, NPURT_ERROR_LIMIT, WORD("task "), NUMBER(number), WORD(": a graph has at most "),
                            NUMBER(g->max_tasks), WORD(" tasks"));
    place->number = number;
    place->payload_unit = (uint32_t)(g->payload_used / GRAPH_PAYLOAD_UNIT);
    place->task = &g->tasks[number];
    place->payload = (npurt_tensor *)(g->payload + g->payload_used);
    edges_begin(&g->edges, number);
    g->untracked = &g->task_untracked[number];
    *g->untracked = (struct untracked){0};
    return NPURT_OK;
}
/* An image has every task's own, in their order. */
enum { STORE_SHARES_PAYLOADS = 0 };
static inline void store_share(const struct graph *g, const struct place *place, const uint8_t *payload)
{
    (void)g, (void)place, (void)payload;
}
static inline npurt_status store_commit(struct graph *g, const struct place *place)
{
    struct image_task *t = place->task;
    if (unlikely(g->edges.full))
        return graph_refuse(g, NPURT_ERROR_LIMIT, WORD("task "), NUMBER(g->task_count),
                            WORD(": the graph has more than "), NUMBER(g->edges.max), WORD(" edges"));
    t->fanin = g->edges.count - g->edges.before;
    g->edges.wide += t->fanin >= JOIN_PRODUCERS;
    g->payload_used += (image_payload_size(t) + GRAPH_PAYLOAD_UNIT - 1) & ~(uint64_t)(GRAPH_PAYLOAD_UNIT - 1);
    g->task_count++;
    return NPURT_OK;
}
static inline npurt_status store_alloc(struct graph *g, uint32_t tensor, npurt_tensor *out)
{
    npurt_status status = heap_alloc(&g->heap, out->size, &out->addr);
    if (unlikely(status))
        return graph_refuse(g, status, WORD("task "), NUMBER(g->task_count), part_word(tensor), part_number(tensor),
                            WORD(": "), NUMBER(out->size),
                            WORD(" bytes do not fit into the heap of outputs, of which "), NUMBER(g->heap.used),
                            WORD(" bytes are in use"));
    out->hint = tensor_map_own(&g->map, out->addr, out->size);
    return NPURT_OK;
}
/* There are as many as buffers at most. */
static inline void store_fill(struct graph *g, const npurt_tensor *t, uint64_t bits)
{
    g->fills[g->fill_count++] = (struct graph_fill){
        .addr = t->addr, .size = t->size, .bits = bits, .element = npurt_dtype_size((npurt_dtype)t->dtype)};
}
static inline bool store_has(const struct graph *g, uint64_t addr)
{
    return heap_has(&g->heap, addr);
}
/* Some byte of [lo, hi) lies in the heap. */
static inline bool store_meets(const struct graph *g, uint64_t lo, uint64_t hi)
{
    return heap_meets(&g->heap, lo, hi);
}
static inline bool store_leased(const struct graph *g, const struct buffer *buffer, const npurt_tensor *t)
{
    (void)g, (void)buffer, (void)t; /* an image keeps every buffer */
    return true;
}
static inline void store_hold(struct graph *g, const struct buffer *buffer)
{
    (void)g, (void)buffer;
}
static inline void store_keep(struct graph *g, const struct buffer *buffer)
{
    (void)g, (void)buffer;
}
static inline npurt_task_id store_id(uint32_t number)
{
    return number;
}
static inline bool store_number(const struct graph *g, npurt_task_id id, uint32_t *number)
{
    *number = (uint32_t)id;
    return id < g->task_count;
}
static inline bool store_more_room(struct graph *g)
{
    (void)g;
    return false;
}
static inline void store_scope_begin(struct graph *g)
{
    (void)g;
}
static inline void store_scope_end(struct graph *g, uint32_t depth)
{
    (void)g, (void)depth;
}

#endif
#endif
