/* Gates: a task of which every producer has been sent to cores may be sent too, while they still run. Its number then carries
 * DMB_GATED, and its core starts it when the doorbell holds the number, which whoever completes the last producer stores.
 * How that is done without stranding anyone: aicpu/gate.c.
 */
#ifndef NPURT_GATE_H
#define NPURT_GATE_H

#include "image.h"
#include "protocol.h"

/* Of a task that is gated, or that lets consumers be. `word` is the task's number << 32 | enum gate_phase and changes by
 * compare-and-swap; so who comes with the number of a task that has gone finds another. */
struct task_gate {
    uint64_t word;
    uint32_t left;   /* of a gated task: producers of which not all blocks have been sent; who sends the last counts down */
    uint32_t unsent; /* of one that opens: its blocks that have not been sent; who sends one counts down */
    uint32_t bell;   /* 1 + the first core that waits at this gate, 0 none; writer: who stages, before STAGED */
    uint32_t staged; /* blocks sent before the gate was opened: the first ones; likewise */
    uint32_t reserved[2];
};
PROTOCOL_ASSERT(sizeof(struct task_gate) == IMAGE_TASK_GATE, "task_gate");

/* A task that can not be gated never has so few left. */
#define GATE_NEVER 0x80000000u

enum gate_phase {
    GATE_SHUT = 0,    /* nothing of the task has been sent */
    GATE_STAGING = 1, /* somebody sends blocks of it; should the gate open meanwhile, that somebody goes on with it */
    GATE_STAGED = 2,  /* blocks wait behind it */
    GATE_OPEN = 3,    /* the producers have completed */
};

static inline uint64_t gate_word(uint32_t number, enum gate_phase phase)
{
    return (uint64_t)number << 32 | phase;
}

#endif
