/* What schedulers share about gated tasks (gate.c): queues of tasks that may be staged, and what rings at each core.
 *
 * A queue holds tasks of one shape, first in first out, for whoever has cores. It never waits and may be full: a task that
 * finds no room is sent when it is ready, as any other. A cell carries the turn at which it may be filled, or that plus 1
 * when it is.
 */
#ifndef NPURT_AICPU_GATING_H
#define NPURT_AICPU_GATING_H

#include "port/port.h"
#include "protocol/gate.h"
#include "workspace.h"

enum { GATE_QUEUE = 64, WORKSPACE_GATING = 32768 };

struct gate_cell {
    uint64_t task; /* number << 32 | task, as the tables know it */
    uint32_t turn;
    uint32_t reserved;
};

struct gate_queue {
    uint32_t put; /* turns */
    uint32_t reserved0[15];
    uint32_t taken;
    uint32_t reserved1[15];
    struct gate_cell cell[GATE_QUEUE];
};

/* At a core whose newest block waits behind a gate. Writer: the scheduler that owns the core, before the task is STAGED;
 * `rung`: also whoever opens the gate. */
struct gate_bell {
    uint64_t registers; /* base of the core's window */
    uint32_t number;    /* what the doorbell has to hold */
    uint32_t next;      /* 1 + the next core of the same task, 0 none */
    uint32_t rung;
    uint32_t owner;     /* index of the scheduler */
    uint32_t link;      /* writer: whoever rings it; 1 + the core whose bell rang before, 0 none */
    uint32_t reserved;
};

/* Of a scheduler: 1 + the core whose bell rang last, 0 none; a list, which it takes as a whole. */
struct gate_rung {
    uint32_t first;
    uint32_t reserved[15];
};

struct workspace_gating {
    uint32_t waiting; /* in all queues */
    uint32_t reserved[15];
    struct gate_queue queue[SHAPE_DUMMY];
    struct gate_rung rung[PROTOCOL_MAX_AICPU_THREADS];
    struct gate_bell bell[PROTOCOL_MAX_CORES]; /* cluster of the run × 3 + slot */
};
_Static_assert(WORKSPACE_GATING % PROTOCOL_LINE == 0, "whole lines");
_Static_assert(WORKSPACE_GATING + sizeof(struct workspace_gating) <= WORKSPACE_SCHEDULER, "its part of the workspace");

static inline struct workspace_gating *workspace_gating(const struct run_control *control)
{
    return (struct workspace_gating *)(uintptr_t)(control->workspace + WORKSPACE_GATING);
}

/* Before anybody else can come. */
static inline void gating_init(struct workspace_gating *gating)
{
    for (int i = 0; i < PROTOCOL_MAX_AICPU_THREADS; i++)
        gating->rung[i].first = 0;
    gating->waiting = 0;
    for (int shape = 0; shape < SHAPE_DUMMY; shape++) {
        struct gate_queue *queue = &gating->queue[shape];
        queue->put = queue->taken = 0;
        for (uint32_t i = 0; i < GATE_QUEUE; i++)
            queue->cell[i].turn = i;
    }
}

/* False when there is no room. */
static inline bool gate_queue_put(struct gate_queue *queue, uint64_t task)
{
    uint32_t at = port_observe32(&queue->put);
    struct gate_cell *cell;
    for (;;) {
        cell = &queue->cell[at % GATE_QUEUE];
        const int32_t ahead = (int32_t)(port_observe32(&cell->turn) - at);
        if (ahead < 0) return false;
        if (ahead > 0)
            at = port_observe32(&queue->put);
        else if (port_cas32(&queue->put, &at, at + 1))
            break;
    }
    port_publish64(&cell->task, task);
    port_publish32(&cell->turn, at + 1);
    return true;
}

/* False when there is none. */
static inline bool gate_queue_take(struct gate_queue *queue, uint64_t *task)
{
    uint32_t at = port_observe32(&queue->taken);
    struct gate_cell *cell;
    for (;;) {
        cell = &queue->cell[at % GATE_QUEUE];
        const int32_t ahead = (int32_t)(port_observe32(&cell->turn) - (at + 1));
        if (ahead < 0) return false;
        if (ahead > 0)
            at = port_observe32(&queue->taken);
        else if (port_cas32(&queue->taken, &at, at + 1))
            break;
    }
    *task = port_observe64(&cell->task);
    port_publish32(&cell->turn, at + GATE_QUEUE);
    return true;
}

static inline bool gating_put(struct workspace_gating *gating, enum image_shape shape, uint32_t number, uint32_t task)
{
    if (!gate_queue_put(&gating->queue[shape], (uint64_t)number << 32 | task)) return false;
    port_fetch_add32(&gating->waiting, 1);
    return true;
}

static inline bool gating_take(struct workspace_gating *gating, enum image_shape shape, uint64_t *task)
{
    if (!gate_queue_take(&gating->queue[shape], task)) return false;
    port_fetch_sub32(&gating->waiting, 1); /* it may have been counted later than it was put, and passes below 0 then */
    return true;
}

/* Calls the schedulers that have idle cores for the shape. */
static inline void gating_call(struct workspace_head *head, enum image_shape shape)
{
    for (uint32_t hungry = port_observe32(&head->balance[shape]) & 0xffffu; hungry; hungry &= hungry - 1)
        port_kick(port_observe32(&head->peer[__builtin_ctz(hungry)].agent));
}

#endif
