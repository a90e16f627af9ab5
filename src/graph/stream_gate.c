#include "engine.h"

bool stream_gate_begin(struct graph *g, const struct place *place)
{
    struct stream *s = &g->stream;
    struct image_task *t = place->task;
    struct task_gate *gate = &s->gates[place->slot];
    const uint32_t count = g->edges.count;
    bool gated = count > 0 && !(t->flags & (IMAGE_SYNC_START | IMAGE_PREDICATE));
    for (uint32_t i = 0; i < count && gated; i++) {
        const uint32_t producer = g->edges.producers[i];
        gated = (s->tasks[producer].flags & IMAGE_OPENS) || port_observe32(&s->words[producer].fanout) == STREAM_CLOSED;
    }
    if (gated) t->flags |= t->shape == SHAPE_DUMMY ? IMAGE_GATED | IMAGE_OPENS : IMAGE_GATED;
    gate->left = gated ? count + 1 : GATE_NEVER;
    gate->unsent = t->block_num;
    gate->bell = gate->staged = 0;
    port_publish64(&gate->word, gate_word(place->number, GATE_SHUT));
    return gated;
}

void stream_gate_end(struct graph *g, const struct place *place, uint32_t counted)
{
    struct stream *s = &g->stream;
    struct edges_mark *const mark = g->edges.mark;
    if (port_fetch_sub32(&s->gates[place->slot].left, counted + 1) != counted + 1) return;
    if (place->task->shape != SHAPE_DUMMY) {
        s->host->stage(s->host->context, place->slot, place->number);
        return;
    }
    uint32_t *list = &s->words[place->slot].fanout, expected = STREAM_EDGE_NONE; /* or CLOSED, when it has completed */
    if (port_cas32(list, &expected, STREAM_HANDED_OUT)) mark[place->slot].list = STREAM_HANDED_OUT;
}
