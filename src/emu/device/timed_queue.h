/* The parts of timed mode that know nothing of agents' lives: the order of times, the wakes to come,
 * latencies, and which lines an AICPU worker holds. Device thread only. */
#ifndef NPUEMU_TIMED_QUEUE_H
#define NPUEMU_TIMED_QUEUE_H

#include "engine.h"

/* Ready agents by (time, tie). */
struct agent *timed_heap_first(void);
struct agent *timed_heap_pop(void);
void timed_heap_push(struct agent *agent);
/* `agent` is in the heap and its time has become lower. */
void timed_heap_moved(struct agent *agent);

/* Kicks that `agent` has not waited for yet, by the time from which on they count. */
void timed_wakes_add(struct agent *agent, uint64_t at);
void timed_wakes_clear(struct agent *agent);
/* Takes out what the agent has seen by looking (up to look_start); true and the earliest of the rest, taken too. */
bool timed_wakes_take(struct agent *agent, uint64_t *at);

/* Between the bounds, the mean a quarter of the way: most are short, few are long, as measured for COND. */
uint64_t timed_random_latency(uint64_t least, uint64_t most);

/* Whether the worker still holds the line of `p` since it last touched it; from now on it does, and with `write` it alone.
 * Only device memory is followed: other addresses differ from run to run, and never count as held. */
bool timed_line_cached(const struct agent *self, const void *p, bool write);

#endif
