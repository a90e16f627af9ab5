/* The invariants of the rings, one function per structure. Each returns NULL or what is wrong. */
#include "engine.h"

static uint32_t slot_at(const struct graph *g, uint32_t ring, uint32_t index)
{
    return edges_slot(&g->edges, ring << STREAM_INDEX_BITS | index);
}

/* The number belongs to a task that has not retired. */
static bool in_ring(const struct graph *g, uint32_t number)
{
    const uint32_t index = number & STREAM_INDEX_MASK, r = number >> STREAM_INDEX_BITS;
    return index >= g->edges.ring[r].tail && index < g->edges.ring[r].head;
}

static uint32_t ring_of_slot(const struct graph *g, uint32_t slot)
{
    uint32_t r = 0;
    for (uint32_t end = g->stream.window[0]; slot >= end && r < STREAM_RINGS - 1; end += g->stream.window[r])
        r++;
    return r;
}

static const char *validate_slots(const struct graph *g, uint32_t r)
{
    const struct stream *s = &g->stream;
    const struct heap_ring *ring = &s->heap[r];
    const uint32_t tail = g->edges.ring[r].tail, head = g->edges.ring[r].head, used = ring->edge_head - ring->edge_tail;
    uint32_t before = 0;
    if (tail == 0 || head < tail || head - tail > s->window[r]) return "more tasks in flight than a ring has slots";
    if (used > s->edge_max[r]) return "more edges in use than a ring has";
    for (uint32_t index = tail; index < head; index++) {
        const uint32_t slot = slot_at(g, r, index), after = s->slot_edges[slot] - ring->edge_tail;
        const struct stream_words *words = &s->words[slot];
        if (words->number != (r << STREAM_INDEX_BITS | index)) return "a slot has another number than its task";
        const uint32_t done = port_observe32(&words->done);
        if (done == words->number && port_observe32(&words->fanin) != 0) return "a task is done before its producers";
        if (done == words->number && port_observe32(&words->fanout) != STREAM_CLOSED)
            return "a completed task's list of edges is open";
        if (after < before || after > used) return "a task's edges do not follow those of the task before";
        before = after;
    }
    if (before != used) return "edges that no task in flight has taken";
    uint32_t taken = s->slot_next[r];
    for (uint32_t lower = 0; lower < r; lower++)
        taken -= s->window[lower];
    /* one may be of a task that is being submitted */
    const uint32_t known = s->slot_free_count[r] + (head - tail);
    return known == taken || known + 1 == taken ? NULL : "slots that are neither free nor in flight";
}

/* A join whose producers have not all completed. */
static bool join_waits(const struct graph *g, uint32_t index)
{
    const struct stream_words *words = &g->stream.words[g->stream.slots + index];
    const uint32_t made = g->stream.joins < STREAM_JOINS ? g->stream.joins : STREAM_JOINS;
    return index < made && port_observe32(&words->done) != words->number;
}

/* Edges to the consumer in the list of a slot or join; *wrong when it leads elsewhere than it may. */
static uint32_t edges_in(const struct graph *g, uint32_t node, uint32_t consumer, const char **wrong)
{
    const struct stream *s = &g->stream;
    const uint32_t from = node < s->slots ? ring_of_slot(g, node) : STREAM_RINGS;
    uint32_t here = 0, steps = 0;
    for (uint32_t e = stream_first_edge(port_observe32(&s->words[node].fanout)); e != STREAM_EDGE_NONE;
         e = s->edges[e - 1].next) {
        const uint32_t to = s->edges[e - 1].consumer;
        here += to == consumer;
        if (++steps > (1u << 24)) *wrong = "a list of edges has no end";
        if (to >= s->slots) {
            if (node >= s->slots) *wrong = "a join leads to a join";
            if (!join_waits(g, to - s->slots)) *wrong = "an edge leads to a join that waits for nothing";
        } else {
            const uint32_t of = ring_of_slot(g, to);
            if (e - 1 < s->edge_first[of] || e - 1 >= s->edge_first[of] + s->edge_max[of])
                *wrong = "an edge is not of its consumer's ring";
            if (!in_ring(g, s->words[to].number)) *wrong = "an edge leads to a task that has retired";
            if (of == from && !edges_after(s->words[to].number, s->words[node].number)) *wrong = "an edge leads backwards";
        }
        if (*wrong) return 0;
    }
    if (here > 1) *wrong = "two edges between the same tasks";
    return here;
}

/* Edges from tasks in flight and from joins to the consumer. */
static uint32_t edges_to(const struct graph *g, uint32_t consumer, const char **wrong)
{
    uint32_t found = 0;
    for (uint32_t r = 0; r < STREAM_RINGS; r++)
        for (uint32_t index = g->edges.ring[r].tail; index < g->edges.ring[r].head && !*wrong; index++)
            found += edges_in(g, slot_at(g, r, index), consumer, wrong);
    for (uint32_t j = 0; j < STREAM_JOINS && !*wrong; j++)
        if (join_waits(g, j)) found += edges_in(g, g->stream.slots + j, consumer, wrong);
    return found;
}

static const char *validate_joins(const struct graph *g)
{
    const char *wrong = NULL;
    for (uint32_t j = 0; j < STREAM_JOINS && !wrong; j++) {
        if (!join_waits(g, j)) continue;
        const uint32_t edges = edges_to(g, g->stream.slots + j, &wrong);
        if (!wrong && port_observe32(&g->stream.words[g->stream.slots + j].fanin) != edges)
            return "a join's fan-in is not the number of edges to it";
    }
    return wrong;
}

static const char *validate_fanin(const struct graph *g, uint32_t r)
{
    const char *wrong = NULL;
    for (uint32_t index = g->edges.ring[r].tail; index < g->edges.ring[r].head && !wrong; index++) {
        const uint32_t slot = slot_at(g, r, index), edges = edges_to(g, slot, &wrong);
        const struct stream_words *words = &g->stream.words[slot];
        if (wrong || edges == 0) continue; /* the fan-in of one that never waited was not written */
        if (port_observe32(&words->done) == words->number) return "a completed task waits for another";
        if (port_observe32(&words->fanin) != edges) return "a task's fan-in is not the number of edges to it";
    }
    return wrong;
}

/* How many arguments of tasks in flight lie in the record's buffer. */
static uint32_t users_of(const struct graph *g, uint32_t record)
{
    const struct stream *s = &g->stream;
    uint32_t users = 0;
    for (uint32_t r = 0; r < STREAM_RINGS; r++)
        for (uint32_t index = g->edges.ring[r].tail; index < g->edges.ring[r].head; index++) {
            const uint32_t slot = slot_at(g, r, index);
            for (uint32_t i = 0; i < s->slot_hold_count[slot]; i++)
                users += s->slot_holds[(uint64_t)slot * STREAM_SLOT_HOLDS + i] == record;
        }
    return users;
}

static const char *validate_heap(const struct graph *g, uint32_t r)
{
    const struct own_ring *ring = &g->map.own_ring[r];
    const struct heap_ring *heap = &g->stream.heap[r];
    uint64_t live = 0, end = 0, begin = 0;
    uint32_t wraps = 0, lease = 0;
    for (uint32_t i = 0; i < ring->count; i++) {
        const uint32_t record = ring->first + (ring->tail + i) % ring->capacity;
        const struct hold *hold = &g->stream.hold[record];
        const struct buffer *b = &g->map.own[record];
        const uint64_t at = b->addr - heap->base, size = (uint64_t)hold->units * STREAM_HEAP_UNIT;
        if (b->size == 0 || b->size > size || size - b->size >= STREAM_HEAP_UNIT) return "an output of a wrong size";
        if (at % STREAM_HEAP_UNIT || at > heap->size || size > heap->size - at) return "an output outside of its heap";
        if (i == 0)
            begin = at;
        else if (at != end && (at != 0 || ++wraps > 1))
            return "an output does not follow the one before";
        if (wraps && at + size > begin) return "two outputs share memory";
        if (i > 0 && hold->lease != lease + 1 + (lease == UINT32_MAX)) return "leases do not ascend";
        if (hold->scope != STREAM_SCOPE_NONE && hold->scope > g->depth) return "a scope that has ended holds an output";
        if (hold->era != (g->stream.key & STREAM_ERA)) return "an output of another engine";
        if (hold->refs != (hold->scope != STREAM_SCOPE_NONE) + users_of(g, record))
            return "an output is not held by just its scope and users";
        lease = hold->lease;
        end = at + size;
        live += size;
    }
    if (live != heap->live) return "a wrong count of bytes in use";
    if (ring->count > 0 && (end != heap->head || lease != heap->lease)) return "the newest output is not the newest";
    return NULL;
}

/* Whatever a task in flight uses is still allocated. */
static const char *validate_holds(const struct graph *g)
{
    const struct stream *s = &g->stream;
    for (uint32_t r = 0; r < STREAM_RINGS; r++)
        for (uint32_t index = g->edges.ring[r].tail; index < g->edges.ring[r].head; index++) {
            const uint32_t slot = slot_at(g, r, index);
            for (uint32_t i = 0; i < s->slot_hold_count[slot]; i++) {
                const uint32_t record = s->slot_holds[(uint64_t)slot * STREAM_SLOT_HOLDS + i];
                bool live = false;
                for (uint32_t h = 0; h < STREAM_RINGS; h++) {
                    const struct own_ring *ring = &g->map.own_ring[h];
                    if (record - ring->first >= ring->capacity) continue;
                    live = (record - ring->first + ring->capacity - ring->tail) % ring->capacity < ring->count;
                }
                if (!live) return "a task in flight uses an output that was given back";
            }
        }
    return NULL;
}

const char *stream_validate(const struct graph *g)
{
    const char *wrong = NULL;
    if (g->latched || g->state == GRAPH_IDLE) return NULL; /* nothing to rely on after a refusal */
    for (uint32_t r = 0; r < STREAM_RINGS; r++)
        if ((wrong = validate_slots(g, r)) || (wrong = validate_heap(g, r)) || (wrong = validate_fanin(g, r)))
            return wrong;
    if ((wrong = validate_joins(g)) || (wrong = validate_holds(g))) return wrong;
    return validate_map(g);
}
