/* Joins of an image (protocol/image.h): where tasks wait for the same set of producers, k × n edges become k + n. Who
 * completes a producer then counts down one join, and not every task that waits.
 *
 * Tasks wait for the same set when their parts of the edges' log are equal, word for word: look-ups of the same box find
 * its writers in the same order. Sets that are the same in another order keep their edges.
 */
#ifndef NPURT_GRAPH_JOIN_H
#define NPURT_GRAPH_JOIN_H

#include "edges.h"

enum {
    JOIN_PRODUCERS = 8, /* fewer cost no more without */
    JOIN_CONSUMERS = 3,
};

/* Joins that so many tasks can need at most: none of them waits for more than one. */
static inline uint64_t joins_most(uint64_t tasks)
{
    return tasks / JOIN_CONSUMERS;
}

/* Words of edges.scratch: a record per wide task, of which there are edges / JOIN_PRODUCERS at most, and a table of twice as many
 * entries, rounded up to a power of two. */
static inline uint64_t joins_scratch(uint64_t edges)
{
    return edges / JOIN_PRODUCERS * (4 + 4) + 64;
}

/* Puts joins behind the tasks, and edges to and from them into the log in place of those that they stand for. Returns how
 * many. Pre: the graph is whole, and not flattened. */
uint32_t joins_make(struct edges *edges, uint32_t task_count);

#endif
