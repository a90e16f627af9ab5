/* Fault plans: failures that an emulated card shall have, by name. docs/reference/faults.md says what each stands for.
 *
 *     faults=EVENT[,EVENT…]     EVENT = NAME[:KEY=NUMBER…], such as alloc-fails:nth=3 or core-spins:task=204
 *     faults=random:count=3     so many events, drawn from the machine's seed
 *     faults=@FILE              the same words in a file, separated by commas or lines; # begins a comment
 *
 * An event has occasions: an allocation for alloc-fails, a kernel about to run for core-faults. It happens at occasion
 * `nth` (from 1; default 1) and at the `times` - 1 next ones (default 1; times=0: for good). Only occasions on `core`
 * and of `task` count where these are given. Occasions are counted for the life of the card's device id: a reset does
 * not start again, so what has happened is over.
 *
 * A plan is part of the machine. Events of the driver are counted by libnpuemu, those of the device by the device
 * process in its copy of the plan, which fault_plan_merge brings back when that process ends.
 */
#ifndef NPUEMU_FAULT_PLAN_H
#define NPUEMU_FAULT_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum fault_kind {
    /* the driver, in the host process */
    FAULT_ALLOC_FAILS,
    FAULT_STREAM_EXHAUSTION,
    FAULT_COPY_FAILS,
    FAULT_LAUNCH_FAILS,
    FAULT_SESSION_CLOSED,
    FAULT_DEVICE_STATUS,
    FAULT_SLOW_FIRST_LAUNCH,
    FAULT_DRAIN_LIES,
    FAULT_RESET_LIES,
    FAULT_TEARDOWN_WITH_RUNNING_CORES,
    FAULT_HOST_DIES,
    /* the device process */
    FAULT_LATCH_TAKEN,
    FAULT_INSTALL_TRUNCATED,
    FAULT_INSTALL_OVERWRITTEN,
    FAULT_AICPU_ENTRY_MISSING,
    FAULT_AICPU_FAULTS,
    FAULT_AICPU_OVERLAUNCH,
    FAULT_AICPU_PROCESS_DIES,
    FAULT_OP_TIMEOUT,
    FAULT_CORE_SILENT,
    FAULT_CORE_FAULTS,
    FAULT_CORE_SPINS,
    FAULT_COND_DELAYED,
    FAULT_KINDS
};
_Static_assert(FAULT_KINDS <= 32, "fault_plan.kinds");

enum { FAULT_MAX_EVENTS = 8 };
#define FAULT_ANY UINT32_MAX

struct fault_event {
    uint32_t kind;
    uint32_t nth, times;
    uint32_t core, task; /* FAULT_ANY: not asked */
    uint32_t value;      /* ms, us, bytes, workers or code, by kind */
    uint32_t seen;       /* occasions so far; atomic */
};

struct fault_plan {
    uint32_t kinds; /* bit per kind in the plan: a look at it is all that a card without faults pays */
    uint32_t count;
    struct fault_event event[FAULT_MAX_EVENTS];
    uint32_t random; /* events still to be drawn: faults=random */
};

/* Parses `length` characters of `text`. 0, or -1 with a sentence in `problem` that names the word that is wrong. */
int fault_plan_parse(const char *text, size_t length, struct fault_plan *plan, char *problem, size_t problem_size);

/* Draws what faults=random asks for. host-dies is never drawn. */
void fault_plan_draw(struct fault_plan *plan, uint64_t seed);

/* Writes the plan as the string that gives it, cut at `size`. */
void fault_plan_write(const struct fault_plan *plan, char *text, size_t size);

/* Takes over the occasions that another copy of the plan has seen. */
void fault_plan_merge(struct fault_plan *plan, const struct fault_plan *other);

const char *fault_name(enum fault_kind kind);

/* The event of a kind whatever its occasions; NULL: not in the plan. */
const struct fault_event *fault_find(const struct fault_plan *plan, enum fault_kind kind);

/* An occasion. The event that happens now, or NULL. Any thread. */
const struct fault_event *fault_occasion(struct fault_plan *plan, enum fault_kind kind, uint32_t core, uint32_t task);

static inline const struct fault_event *fault_due(struct fault_plan *plan, enum fault_kind kind)
{
    return __builtin_expect(!(plan->kinds >> kind & 1), 1) ? NULL : fault_occasion(plan, kind, FAULT_ANY, FAULT_ANY);
}

#endif
