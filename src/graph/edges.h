/* Edges while a graph is being built, and their flattening.
 *
 * Submissions come in order, so an edge is logged as its producer alone: the producers of task i are the next
 * tasks[i].fanin entries of the log. edges_flatten turns that around: consumers grouped by producer, as the image has
 * them. Until then a task's fanout_begin is its mark: the last consumer that took an edge from it (itself at first, so
 * that no task waits for itself). Together with fanout_count that is one cache line touched per edge, duplicates
 * included.
 */
#ifndef NPURT_GRAPH_EDGES_H
#define NPURT_GRAPH_EDGES_H

#include <stdbool.h>
#include <stddef.h>
#include "../protocol/image.h"

#if NPURT_GRAPH_STREAM
#include "stream_edges.h"
#else

struct edges {
    struct image_task *tasks; /* borrowed: the engine's */
    uint32_t *producers;      /* the log, [max] */
    uint32_t *consumers;      /* the result, [max] */
    uint32_t count, max;
    uint32_t wide;     /* tasks with many producers (join.h) */
    uint32_t *scratch; /* of joins_make */
    uint32_t consumer; /* the task being submitted, */
    uint32_t before;   /* and the count when it began */
    uint32_t *record;  /* its producers among the tasks of a template being recorded; NULL */
    uint32_t record_count;
    uint32_t record_first[1]; /* the first of those tasks */
    bool full;         /* an edge found no room: the graph can not be finished */
};

enum { EDGES_RINGS = 1 };
static inline uint32_t edges_ring(uint32_t task)
{
    (void)task;
    return 0;
}
static inline uint32_t edges_index(uint32_t task)
{
    return task;
}

/* From now on producers from `next` on are recorded. */
static inline void edges_record(struct edges *e, uint32_t *record, uint32_t next)
{
    e->record = record;
    e->record_count = 0;
    e->record_first[0] = next;
}

static inline void edges_begin(struct edges *e, uint32_t consumer)
{
    e->tasks[consumer].fanout_begin = consumer; /* its own mark: no task waits for itself */
    e->tasks[consumer].fanout_count = 0;
    e->consumer = consumer;
    e->before = e->count;
    e->record_count = 0;
}

static inline void edges_add(struct edges *e, uint32_t producer)
{
    struct image_task *p = &e->tasks[producer];
    if (p->fanout_begin == e->consumer) return;
    p->fanout_begin = e->consumer;
    if (__builtin_expect(e->record != NULL, 0) && producer >= e->record_first[0])
        e->record[e->record_count++] = producer;
    if (e->count == e->max) {
        e->full = true;
        return;
    }
    p->fanout_count++;
    e->producers[e->count++] = producer;
}

/* Fills consumers (ascending within a producer) and every task's fanout_begin; lists the tasks without producers in
 * ready[] and returns their number. Of `task_count` tasks and joins: those are the last, as if they had been submitted
 * then. */
uint32_t edges_flatten(struct edges *e, uint32_t task_count, uint32_t *ready);

/* What the tensor map asks about tasks. All of a graph that is being built are still to come. */
static inline bool edges_live(const struct edges *e, uint32_t task)
{
    (void)e, (void)task;
    return true;
}
/* `task` was submitted after `other`, as far as numbers tell. */
static inline bool edges_after(uint32_t task, uint32_t other)
{
    return task > other;
}

#endif
#endif
