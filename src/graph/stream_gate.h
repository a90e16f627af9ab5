/* Tasks of a graph that runs while it is being built which may be staged before their producers have ended
 * (protocol/gate.h): what the engine knows of that when a task is submitted. Called only in a graph of which a task lets its
 * consumers be. */
#ifndef NPURT_GRAPH_STREAM_GATE_H
#define NPURT_GRAPH_STREAM_GATE_H

#include <stdbool.h>
#include <stdint.h>

struct graph;
struct place;

/* Before the task's edges are pushed: whether it may be staged. Each of its producers must let it, or have ended already. A
 * dummy lets its own consumers be staged when it may be itself. */
bool stream_gate_begin(struct graph *graph, const struct place *place);

/* After they have been pushed, when the task may be staged and is not ready: `counted` of its producers need not be waited
 * for. */
void stream_gate_end(struct graph *graph, const struct place *place, uint32_t counted);

#endif
