/* Fibers: a stack of its own for each agent, and the switch between them.
 *
 * A switch costs about 5 ns (Boost.Context's jump, declared here in C). Stacks are slices of one reservation, with a guard
 * below each; pages are touched only when used. A fiber stays with its agent and runs one `main` after the other.
 */
#ifndef NPUEMU_FIBER_H
#define NPUEMU_FIBER_H

#include "engine.h"

struct fiber {
    char *bottom; /* lowest usable byte of the stack; the guard lies below */
    size_t size;
    void *tsan;
    void *asan;   /* its fake stack while switched away */
};

/* Gives the agent a fiber when it has none and makes it ready to be switched to. Ends the process when no stack is left. */
void fiber_prepare(struct agent *agent);
/* The fiber of an agent that will not be resumed: forgotten, its stack never used again. */
void fiber_abandon(struct agent *agent);

/* Leaves what runs on the calling carrier for `to` (NULL: the carrier's loop); returns when somebody switches back. */
void fiber_switch(struct agent *to);
/* The same from a place that will never be continued. */
_Noreturn void fiber_leave(void);

/* Where the calling thread's own stack lies, once per carrier before its first switch. */
void fiber_carrier_init(struct carrier *carrier);

/* True when `address` is in a guard, that is, when a stack overflowed. */
bool fiber_guards(uint64_t address);

/* Called in the agent's context when `main` has returned; set by the engine. Must switch away. */
extern void (*fiber_ended)(struct agent *agent);

#endif
