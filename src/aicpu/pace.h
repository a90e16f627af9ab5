/* How long kernels take, as far as a scheduler has seen: little, or not.
 *
 * What is staged behind a running kernel is its core's for good. Behind one that takes little, that is what keeps the core
 * busy; behind a long one it may wait while another core has nothing to do. A kernel is quick when its last block here
 * took less than QUICK_US from the sending of its number to the look that saw its end: a kernel of 2 µs, and two to three
 * times what a core stands still between two tasks when the second is sent only after the first. One that has not ended
 * yet is not quick.
 *
 * The clock costs a look, so it is looked at after a pass that saw a kernel running, or nothing happen, and every few
 * passes. Blocks that come and go between two looks have taken no time, which is right.
 */
#ifndef NPURT_AICPU_PACE_H
#define NPURT_AICPU_PACE_H

#include "scheduler.h"

enum { PACE_QUICK_US = 5, PACE_PASSES = 16, PACE_TICK_SHIFT = 4 };

static inline uint32_t pace_ticks(uint64_t clock)
{
    return (uint32_t)(clock >> PACE_TICK_SHIFT);
}

/* At the begin of a pass. */
static inline void pace_look(struct scheduler *s)
{
    if (!s->tick_stale && s->passes % PACE_PASSES != 0) return;
    s->tick = pace_ticks(port_clock());
    s->tick_stale = false;
}

/* Whether the kernel of the task's part on this core slot is known to be quick. */
static inline bool *pace_of(struct scheduler *s, unsigned slot, uint32_t task)
{
    const struct image_task *t = &s->tasks[task];
    unsigned task_slot = t->shape == SHAPE_MIX ? slot : (unsigned)__builtin_ctz(t->core_mask);
    return &s->quick_kernel[(uint16_t)t->kernel[task_slot] % PACE_KERNELS];
}

/* `count` blocks have ended, of which the first was this task's, since core->since; what comes next has begun. Pre: the
 * task may be read. */
static inline void pace_ended(struct scheduler *s, struct core_state *core, unsigned slot, uint32_t task, uint32_t count)
{
    bool quick = s->tick - core->since < s->quick_ticks * count;
    *pace_of(s, slot, task) = quick;
    s->slow[slot == 0 ? SHAPE_AIC : SHAPE_AIV] = !quick;
    core->since = s->tick;
}

#endif
