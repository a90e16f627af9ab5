/* Edges of a graph that runs while it is being built.
 *
 * The producers of the task being submitted are collected as slots; stream_commit then pushes an edge into the list of
 * each that has not completed. A task's number is ring << 30 | index: of one ring, higher is later, and below the
 * ring's tail all have completed and retired. Numbers of retired tasks may stay in the tensor map for a while; they are
 * told by the tail, never by the slot, which may be another task's already.
 */
#ifndef NPURT_GRAPH_STREAM_EDGES_H
#define NPURT_GRAPH_STREAM_EDGES_H

#include <stdbool.h>
#include <stddef.h>

#include "../protocol/stream.h"

/* Of a slot, for the engine alone. */
struct edges_mark {
    uint32_t consumer; /* the last that took the slot's task for a producer; its own number at first */
    uint32_t list;     /* stream_words.fanout as it is while it is not closed: nobody else pushes */
};

struct edges {
    struct edges_mark *mark; /* [slots] */
    uint32_t *producers; /* [slots] of the task being submitted: slots */
    uint32_t count;
    uint32_t consumer; /* number of the task being submitted */
    uint32_t *record;  /* its producers among the tasks of a template being recorded, completed ones too; NULL */
    uint32_t record_count;
    uint32_t record_first[STREAM_RINGS]; /* index of the first of those tasks */
    struct {
        uint32_t head, tail; /* indices: [tail, head) are in flight */
        uint32_t mask;
        uint32_t *slot_of; /* [mask + 1] slot of the task with this index, modulo */
    } ring[STREAM_RINGS];
};

enum { EDGES_RINGS = STREAM_RINGS };
static inline uint32_t edges_ring(uint32_t task)
{
    return task >> STREAM_INDEX_BITS;
}
static inline uint32_t edges_index(uint32_t task)
{
    return task & STREAM_INDEX_MASK;
}

/* From now on producers among the tasks to come are recorded. */
static inline void edges_record(struct edges *e, uint32_t *record, uint32_t next)
{
    (void)next;
    e->record = record;
    e->record_count = 0;
    for (uint32_t r = 0; r < STREAM_RINGS; r++)
        e->record_first[r] = e->ring[r].head;
}

static inline bool edges_recorded(const struct edges *e, uint32_t task)
{
    return e->record && edges_index(task) >= e->record_first[edges_ring(task)];
}

/* Once per producer, which marks of retired tasks do not tell. */
static inline void edges_note(struct edges *e, uint32_t producer)
{
    for (uint32_t i = 0; i < e->record_count; i++)
        if (e->record[i] == producer) return;
    if (producer != e->consumer) e->record[e->record_count++] = producer;
}

static inline uint32_t edges_slot(const struct edges *e, uint32_t task)
{
    const uint32_t r = edges_ring(task);
    return e->ring[r].slot_of[task & e->ring[r].mask];
}

static inline bool edges_live(const struct edges *e, uint32_t task)
{
    return edges_index(task) >= e->ring[edges_ring(task)].tail;
}

/* Between rings numbers tell nothing: then the answer is no. Everything is after 0, which is no task. */
static inline bool edges_after(uint32_t task, uint32_t other)
{
    return task > other && (other == 0 || (task ^ other) >> STREAM_INDEX_BITS == 0);
}

static inline void edges_add(struct edges *e, uint32_t producer)
{
    if (__builtin_expect(e->record != NULL, 0) && edges_recorded(e, producer)) edges_note(e, producer);
    if (!edges_live(e, producer)) return;
    const uint32_t slot = edges_slot(e, producer), consumer = e->consumer;
    struct edges_mark *const mark = &e->mark[slot];
    if (mark->consumer == consumer) return;
    mark->consumer = consumer;
    e->producers[e->count++] = slot;
}

#endif
