/* Joins of a graph that runs while it is being built (protocol/stream.h).
 *
 * The engine remembers the producers of the last few tasks that had many. When another task is found to wait for just those
 * of them that are still in flight, a join is made that waits for them too, and the task waits for the join; so do
 * all that follow. k × n edges become 2k + n.
 *
 * A join is made with what is at hand, or not at all: an index of its own that is free, edges of the task's ring. Nothing
 * waits for it, so that what is proved about rings (stream.h) holds with and without. It frees its index by itself: all that
 * it waits for was submitted before.
 */
#ifndef NPURT_GRAPH_STREAM_JOIN_H
#define NPURT_GRAPH_STREAM_JOIN_H

#include <stdint.h>

struct graph;

/* The task being submitted, in ring r, has JOIN_PRODUCERS producers or more, which are in edges.producers and marked: puts a join in
 * their place, or none when they have all completed, or leaves them. */
void stream_join(struct graph *graph, uint32_t r);

/* ---- stream.c */

/* Pushes the consumer's edges, from edges.producers; returns how many producers had completed before. *handed_out: how many
 * more had been handed out (aicpu/gate.c). */
uint32_t stream_push_edges(struct graph *graph, uint32_t r, uint32_t consumer, uint32_t *handed_out);

#endif
