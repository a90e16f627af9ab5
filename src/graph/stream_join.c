#include "engine.h"

/* Those of the set that are in flight are the producers of the task being submitted, all of them and no others. Passes over
 * those at its begin that have retired once: mostly that is the order in which they do. */
static bool is_same(const struct edges *e, struct wide *wide)
{
    uint32_t same = 0;
    while (wide->first < wide->count && !edges_live(e, wide->number[wide->first]))
        wide->first++;
    if (wide->count - wide->first < e->count) return false;
    for (uint32_t i = wide->first; i < wide->count; i++) {
        if (!edges_live(e, wide->number[i])) continue;
        if (e->mark[edges_slot(e, wide->number[i])].consumer != e->consumer) return false;
        same++;
    }
    return same == e->count;
}

static void remember(struct graph *g)
{
    struct stream *s = &g->stream;
    struct wide *wide = &s->wide[s->wide_next];
    if (g->edges.count > STREAM_WIDE_PRODUCERS) return;
    s->wide_next = (s->wide_next + 1) % STREAM_WIDE;
    wide->count = g->edges.count;
    wide->first = wide->join = 0;
    for (uint32_t i = 0; i < wide->count; i++)
        wide->number[i] = s->words[g->edges.producers[i]].number;
}

/* The words of the join that will be made next, which are its predecessor's until that has been released; NULL: not yet. No set
 * that is remembered names it any more: others have been remembered since. */
static struct stream_words *next_join(struct stream *s, uint32_t *index)
{
    _Static_assert(STREAM_JOINS >= 2 * STREAM_WIDE, "each set makes one join while it is remembered");
    *index = s->joins % STREAM_JOINS;
    struct stream_words *words = &s->words[s->slots + *index];
    if (s->joins >= STREAM_JOINS && port_observe32(&words->done) != words->number) return NULL;
    return words;
}

/* Makes a join of the producers; false: there is none to be had. */
static bool make(struct graph *g, uint32_t r, struct wide *wide)
{
    struct stream *s = &g->stream;
    const struct heap_ring *ring = &s->heap[r];
    const uint32_t count = g->edges.count;
    uint32_t index;
    if (s->edge_max[r] - (ring->edge_head - ring->edge_tail) < count + 1) return false;
    struct stream_words *words = next_join(s, &index);
    if (!words) return false;
    words->number = ++s->joins;
    port_publish32(&words->done, 0);
    port_publish32(&words->fanout, STREAM_EDGE_NONE);
    port_publish32(&words->fanin, count);
    g->edges.mark[s->slots + index].list = STREAM_EDGE_NONE;
    uint32_t handed_out;
    const uint32_t completed = stream_push_edges(g, r, s->slots + index, &handed_out);
    wide->join = index + 1;
    if (completed == 0 || port_fetch_sub32(&words->fanin, completed) != completed) return true;
    port_exchange32(&words->fanout, STREAM_CLOSED);
    port_publish32(&words->done, words->number);
    return true;
}

void stream_join(struct graph *g, uint32_t r)
{
    struct stream *s = &g->stream;
    for (uint32_t i = 0; i < STREAM_WIDE; i++) {
        struct wide *wide = &s->wide[i];
        if (!is_same(&g->edges, wide)) continue;
        if (wide->join == 0 && !make(g, r, wide)) return;
        g->edges.producers[0] = s->slots + wide->join - 1;
        g->edges.count = 1;
        return;
    }
    remember(g);
}
