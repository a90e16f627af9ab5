/* The flight recorder: what the AICPU program keeps about a run that goes on, for a host that wants to know why it does
 * not end. Always on.
 *
 * On the way of a task it costs two stores of half a cache line to a line of its core's: one when a block is sent, one
 * when it has ended. Nothing else is kept up to date; what a scheduler knows besides (phases, counts) it writes down
 * when it is told to: by run_command.look, and when the run has failed. `told` says whether it has.
 *
 * Times are stamps: the device's counter >> RECORD_STAMP_SHIFT, plus 1, so that 0 is never one. On the hot path the
 * stamp of the scheduler's last look at the clock is used. It wraps after more than an hour; ages are differences.
 *
 * Layout at run_control.records: struct scheduler_record[PROTOCOL_MAX_AICPU_THREADS], then
 * struct core_record[3*block_dim], in the order of the hellos.
 */
#ifndef NPURT_RECORDER_H
#define NPURT_RECORDER_H

#include "image.h"
#include "protocol.h"

enum { RECORD_LAST = 8, RECORD_STAMP_SHIFT = 10 };

static inline uint32_t record_stamp(uint64_t ticks)
{
    return (uint32_t)(ticks >> RECORD_STAMP_SHIFT) + 1;
}

/* One block sent to a core. */
struct dispatch_record {
    uint32_t task;   /* number of the submission */
    uint16_t block;
    uint16_t number; /* low bits of the dispatch number; its place is number % RECORD_LAST */
    uint32_t sent;   /* stamp; 0: nothing was ever sent under this place */
    uint32_t ended;  /* stamp; 0: not that the scheduler has seen */
};
PROTOCOL_ASSERT(sizeof(struct dispatch_record) == 16, "dispatch_record");

/* What a core does, as its scheduler knows. */
enum record_phase {
    RECORD_UNTOLD = 0,
    RECORD_IDLE = 1,
    RECORD_SENT = 2,    /* the newest block is not acknowledged */
    RECORD_RUNNING = 3, /* the newest block is */
    RECORD_STAGED = 4,  /* the newest but one is, and the newest waits behind it */
    RECORD_ABSENT = 5,  /* it never reported, was refused, or has left its loop */
    RECORD_HELD = 6,    /* its next block waits for all others of its task, to start with them */
    RECORD_GATED = 7,   /* its next block waits behind a gate for producers of its task */
};

/* Writer: the AICPU thread that owns the core. `last` is cleared when it adopts the core. */
struct core_record {
    struct dispatch_record last[RECORD_LAST];
    uint32_t told; /* run_control.run_number when the rest was written */
    uint32_t phase;
    uint32_t reserved[14];
};
PROTOCOL_ASSERT(sizeof(struct core_record) == 192, "core_record");

enum record_stage {
    RECORD_ADOPTING = 1,   /* waits for its cores, or for its peers */
    RECORD_SCHEDULING = 2,
    RECORD_DRAINING = 3,   /* sends its cores home */
};

/* Writer: the AICPU thread. */
struct scheduler_record {
    uint32_t run_number; /* the run that the rest is of */
    uint32_t stage;      /* enum record_stage; with run_number kept up to date */
    uint32_t look;       /* run_command.look that it has answered */
    uint32_t told;       /* run_number when what follows was written */
    uint32_t now, moved; /* stamps: of the writing, and of the last thing that was seen to move */
    uint32_t completed;  /* tasks */
    uint32_t busy;       /* cores */
    uint32_t ready[SHAPE_COUNT]; /* tasks that wait for a core */
    uint32_t schedulers;         /* how many there are in this run */
    uint32_t cluster_first, cluster_count;
    uint32_t initialised;        /* run_number once all task states are in the workspace; kept up to date */
    struct run_condition condition; /* the first submission's of those that wait here */
};
PROTOCOL_ASSERT(sizeof(struct scheduler_record) == 2 * PROTOCOL_LINE, "scheduler_record");

/* Offset of core n's record, and the size of all, in bytes. */
static inline uint64_t record_core_offset(uint32_t core)
{
    return PROTOCOL_MAX_AICPU_THREADS * sizeof(struct scheduler_record) + core * (uint64_t)sizeof(struct core_record);
}

/* One task of the run, in the AICPU program's workspace (aicpu/workspace.h). Writer: its initialising thread before the
 * barrier; then as said at each field. */
struct task_state {
    uint32_t fanin_left;    /* producers that have not completed; whoever completes one counts down */
    uint32_t conditions;    /* subtasks that have ended and wait for conditions; whoever owns their cores counts */
    uint32_t subtasks_left; /* blocks × cores that have not finished; whoever finishes one counts down */
    uint32_t link;          /* the next task of the list that holds this one; writer: the list's owner. TASK_DONE:
                             * writer: whoever completed it */
};
PROTOCOL_ASSERT(sizeof(struct task_state) == IMAGE_TASK_STATE, "task_state");

#define TASK_NONE 0xffffffffu /* end of a list; task numbers are below NPURT_GRAPH_MAX_TASKS */
#define TASK_DONE 0xfffffffeu /* in task_state.link of a completed task: it is in no list any more */

/* Offset of the task states in the workspace. */
static inline uint64_t record_states_offset(uint32_t aicpu_threads)
{
    return image_workspace_size(0, false, aicpu_threads);
}

#endif
