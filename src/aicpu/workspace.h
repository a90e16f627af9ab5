/* The AICPU program's workspace: all mutable state of a run, in device memory the host provides.
 *
 *     offset 0       struct workspace_head   the first 4096 bytes, zeroed by the host before every run
 *     4096           struct workspace_board  one per shape, initialised by scheduler 0 when it has peers
 *     8192           struct orchestrator    of a run that streams, initialised by its thread
 *     32768          struct workspace_gating  of a run with gated tasks, initialised by scheduler 0 or the orchestrator
 *     65536          struct scheduler        one per AICPU thread, 64 KiB each, initialised by its thread
 *     65536·(1 + n)  struct task_state       one per task (protocol/recorder.h), initialised by the threads in ranges; of a
 *                                            run that streams in the engine's memory (protocol/stream.h), initialised by
 *                                            the orchestrator
 *
 * Words of the head are shared between AICPU threads and reached through port only. The last thread out cleans the head
 * from the caches, so that no line of it can be written back over the zeros of the next run.
 */
#ifndef NPURT_AICPU_WORKSPACE_H
#define NPURT_AICPU_WORKSPACE_H

#include "protocol/recorder.h"
#include "slot.h"

enum {
    WORKSPACE_HEAD_SIZE = 4096,
    WORKSPACE_ORCHESTRATOR = 8192,
    WORKSPACE_SCHEDULER = 65536, /* offset of the first, and size of each */
    BOARD_SLOTS = 15,            /* SPMD tasks of a shape that peers can see at a time */
};

/* In an inbox, a bit per shape: there is something on its shelf. Tasks are numbers below it. */
#define INBOX_CALL  0x20000000u
#define INBOX_CALLS (INBOX_CALL << SHAPE_AIC | INBOX_CALL << SHAPE_AIV | INBOX_CALL << SHAPE_MIX)

/* What a scheduler shares with its peers. */
struct workspace_peer {
    uint32_t inbox; /* 0 or task + 1: the first of a list given to this scheduler; anybody pushes, it takes all;
                     * and INBOX_CALL << shape */
    uint32_t reserved0[15];
    uint32_t agent;     /* writer: the scheduler; its port agent number */
    uint32_t completed; /* writer: the scheduler; tasks it has completed, for others to see that the run moves */
    uint32_t reserved1[14];
};
_Static_assert(sizeof(struct workspace_peer) == 2 * PROTOCOL_LINE, "workspace_peer");
_Static_assert(offsetof(struct workspace_peer, agent) == PROTOCOL_LINE, "inbox and agent have different writers");

/* SPMD tasks of one shape with blocks left, for every partition that has room. */
struct workspace_board {
    uint32_t count; /* slots in use */
    uint32_t reserved[15];
    struct slot slot[BOARD_SLOTS];
};
_Static_assert(sizeof(struct workspace_board) == 16 * PROTOCOL_LINE, "workspace_board");

struct workspace_head {
    /* Coming and going of the AICPU threads. */
    uint32_t arrived, departed;
    uint32_t initialised;  /* schedulers whose range of task states, inbox and cores are ready */
    uint32_t spmd_tasks;   /* tasks of more than one block, all ranges */
    uint32_t source_tasks; /* tasks without producers, all ranges; must equal the image's ready_count */
    uint32_t sync_tasks;   /* sync-start tasks of more than one block, all ranges */
    uint32_t gated_tasks;  /* of a run that streams: there may be some */
    uint32_t reserved0[9];
    /* How the run ended: 0 while it goes on, else enum run_code + 1. First writer wins and then writes the detail. */
    uint32_t end;
    uint32_t reserved1;
    int64_t end_detail;
    uint64_t start_ticks;
    uint32_t reserved2[10];
    /* Tasks completed and counted: schedulers add theirs when they go idle, whoever reaches the sum ends the run. */
    uint32_t completed;
    uint32_t reserved3[15];
    /* Per shape: bit n scheduler n has cores but no tasks (hungry), bit 16 + n scheduler n has tasks but no cores
     * (loaded). Both in one word, so that of a hungry and a loaded scheduler one always sees the other. */
    uint32_t balance[SHAPE_COUNT];
    uint32_t reserved4[12];
    /* Of a run that streams. Writer: the orchestrator. */
    uint32_t orchestrator_agent;
    uint32_t submitted; /* tasks, so that others see that the run moves */
    uint32_t building;  /* 1: the orchestration is loaded and has been called */
    uint32_t reserved5[13];
    uint32_t orchestrator_waits; /* 1: whoever completes something kicks it. Changed by exchange only */
    uint32_t reserved6[15];
    uint64_t shelf[SHAPE_DUMMY]; /* ready tasks for whoever has room, per shape (shelf.h) */
    uint32_t reserved9[10];
    struct slot sync; /* the sync-start task that gathers its cores */
    struct workspace_peer peer[PROTOCOL_MAX_AICPU_THREADS];
    /* Writer: a core whose kernel registered a condition although its task is not deferred: its condition_head.mark. */
    uint32_t stray;
    uint32_t reserved7[15];
    /* Conditions that have held of those once waited for, so that others see that the run moves. */
    uint32_t met;
    uint32_t reserved8[15];
};
_Static_assert(sizeof(struct workspace_head) <= WORKSPACE_HEAD_SIZE, "zeroed by the host");
_Static_assert(WORKSPACE_HEAD_SIZE + SHAPE_DUMMY * sizeof(struct workspace_board) <= WORKSPACE_ORCHESTRATOR, "boards");
_Static_assert(offsetof(struct workspace_head, end) == 1 * PROTOCOL_LINE, "lines of different use");
_Static_assert(offsetof(struct workspace_head, completed) == 2 * PROTOCOL_LINE, "lines of different use");
_Static_assert(offsetof(struct workspace_head, balance) == 3 * PROTOCOL_LINE, "lines of different use");
_Static_assert(offsetof(struct workspace_head, shelf) == 6 * PROTOCOL_LINE, "lines of different use");
_Static_assert(offsetof(struct workspace_head, sync) == 7 * PROTOCOL_LINE, "lines of different use");
_Static_assert(offsetof(struct workspace_head, peer) == 8 * PROTOCOL_LINE, "lines of different use");
_Static_assert(offsetof(struct workspace_head, stray) % PROTOCOL_LINE == 0, "lines of different use");
_Static_assert(PROTOCOL_MAX_AICPU_THREADS <= 16, "bits of workspace_head.balance");

#endif
