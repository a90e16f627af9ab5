/* Where the fault plan reaches into the device process. Each function is one hook: it does nothing, for the price of one
 * load and one branch, unless the plan has an event for it. */
#ifndef NPUEMU_PLAN_H
#define NPUEMU_PLAN_H

#include "device.h"
#include "launch.h"

static inline const struct fault_event *plan_due(enum fault_kind kind)
{
    return fault_due(&device_shared->machine.faults, kind);
}

/* The agent waits for ever: what a hung core looks like from outside. Its launch can still run out of time. */
_Noreturn void plan_hang(struct agent *self);

/* A launch of a known kind begins, at `start` of the engine's time. */
void plan_launch(struct launch *launch, uint64_t start);

/* A core of a launch has been started: core-silent, and the one that an op-timeout needs. */
void plan_core(struct agent *self);

/* A kernel is about to run on a core; `args` is what it will be given. */
void plan_kernel(struct agent *self, const int64_t *args);

/* ns that this COND write of the core is late. */
uint64_t plan_cond_ns(uint32_t core);

/* A block of an AICPU launch is about to enter `entry`. */
void plan_entry(struct agent *self, uintptr_t entry);

/* AICPU workers that serve blocks, at most `workers`. */
uint32_t plan_workers(uint32_t workers);

/* A file was renamed to `path`, a real path within the card's file system. */
void plan_installed(const char *path);

/* Somebody else's dispatcher has taken the latch of this process. */
bool plan_latch_taken(void);

#endif
