/* Tasks of a replayed body are held back while it is built: no scheduler can see one of them before the first is published.
 *
 *     begin ─▶ part open ──commit: hold_back──▶ …16 tasks, and somebody waits for work; or the lists are full ─▶ publish
 *                 ▲                                                                     │
 *                 └──────── next part ◀── also before the engine waits for anything ◀───┘        end: publish
 *
 * So an edge between two tasks of a part is a plain store, where else it is a compare-and-swap on a line that whoever
 * completes the producer writes too; and a task that only waits for tasks of its own part costs nothing when the part is
 * published: whom it waits for leads to it. Published in the order of submission, every task depends on published ones only.
 */
#include "engine.h"

static void open_part(struct stream_body *body)
{
    if (++body->last == 0) body->last = 1;
    body->number = body->last;
    body->built = body->task_count = body->edge_count = 0;
}

void stream_body_begin(struct graph *g)
{
    open_part(&g->stream.body);
}

/* Pushes the edge, which has its place in the pool; false when the producer has completed. */
static bool push(struct graph *g, const struct outer_edge *edge)
{
    struct stream *s = &g->stream;
    if (!edges_live(&g->edges, edge->number)) return false;
    uint32_t *head = &g->edges.mark[edge->producer].list, expected = *head;
    s->edges[edge->at].next = expected;
    if (!port_cas32(&s->words[edge->producer].fanout, &expected, edge->at + 1)) return false;
    *head = edge->at + 1;
    return true;
}

void stream_publish(struct graph *g)
{
    struct stream *s = &g->stream;
    struct stream_body *body = &s->body;
    const struct outer_edge *edge = body->edge;
    for (uint32_t i = 0; i < body->task_count; i++) {
        const uint32_t slot = body->task[i].slot, edges = body->task[i].edges;
        uint32_t completed = 0;
        for (uint32_t k = 0; k < edges; k++)
            completed += !push(g, edge++);
        if (edges == 0 || (completed > 0 && port_fetch_sub32(&s->words[slot].fanin, completed) == completed))
            s->host->ready(s->host->context, slot);
    }
    open_part(body);
}

void stream_body_end(struct graph *g)
{
    stream_publish(g);
    g->stream.body.number = 0;
}

bool stream_hold_back(struct graph *g, uint32_t r, uint32_t slot)
{
    struct stream *s = &g->stream;
    struct stream_body *body = &s->body;
    struct heap_ring *ring = &s->heap[r];
    struct edges_mark *const mark = g->edges.mark;
    const uint32_t count = g->edges.count, *const producers = g->edges.producers, max = s->edge_max[r];
    if (unlikely(count > max - (ring->edge_head - ring->edge_tail) || count > STREAM_BODY_EDGES - body->edge_count)) {
        stream_publish(g);
        return false;
    }
    uint32_t outer = 0, place = ring->edge_at;
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t producer = producers[i], at = s->edge_first[r] + place;
        place = place + 1 == max ? 0 : place + 1;
        if (mark[producer].body == body->number) {
            s->edges[at] = (struct stream_edge){.consumer = slot, .next = mark[producer].list};
            mark[producer].list = at + 1;
            port_publish32(&s->words[producer].fanout, at + 1);
        } else {
            s->edges[at].consumer = slot;
            body->edge[body->edge_count++] = (struct outer_edge){.producer = producer, .number = s->words[producer].number, .at = at};
            outer++;
        }
    }
    ring->edge_head += count;
    ring->edge_at = place;
    mark[slot].body = body->number;
    if (outer > 0 || count == 0) body->task[body->task_count++] = (struct outer_task){.slot = slot, .edges = outer};
    body->built++;
    return true;
}

bool stream_part_is_due(const struct graph *g)
{
    const struct stream_body *body = &g->stream.body;
    return body->task_count == STREAM_BODY_TASKS ||
           (body->built % STREAM_BODY_LOOK == 0 && g->stream.host->wanted(g->stream.host->context));
}
