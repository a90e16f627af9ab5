/* Agents that are asleep beside work (explore mode).
 *
 * When the device stands still, the agents that wait are woken one after the other, with nothing changed. An agent that has
 * really nothing to do goes back to its wait: port_wait may return at any time. An agent that then does something, itself or
 * through others that it kicks, had work to do and was not kicked for it. That is a lost wake-up of device code: on silicon,
 * where a wait is a pause, it costs nothing, but a wait that is bounded by the clock hides it everywhere else. The agent
 * that does something faults, and its launch fails with a reason that names the agent that was asleep.
 *
 *     stands still ──▶ asleep_ask: the next agent that waits is roused ──▶ parks again ──▶ stands still …
 *                             │                                  └─ moves ──▶ asleep_moved: the launch fails
 *                             └─ all have been asked since something moved: false, the clock may jump
 *
 * An agent is asked once until something moves. So a device that stands still for long, because a kernel does not end or a
 * task can not become ready, is asked before the clock jumps for the first time; what the clock brings is nobody's fault.
 */
#ifndef NPUEMU_ASLEEP_H
#define NPUEMU_ASLEEP_H

#include "engine.h"

/* Returns the next agent to rouse, marked; NULL when all have been asked. `cores`: AICores too. */
struct agent *asleep_ask(bool cores);
/* `self` kicks `other`, which waits: what that does then comes of what roused `self`. */
void asleep_kick(const struct agent *self, struct agent *other);
/* `self` waits again. */
static inline void asleep_parks(struct agent *self)
{
    self->roused = NULL;
}
/* Something has moved by what `self` did; `self` is NULL for the device thread. `what` and `number` say it. Does not return
 * when `self` was roused. In the agent's context. */
void asleep_moved(struct agent *self, const char *what, uint64_t number);

#endif
