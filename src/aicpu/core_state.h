/* One AICore as its scheduler sees it.
 *
 *           ┌─ hold ─▶ HELD ─ start ─┐
 *           │                        ▼
 *           │    send               acknowledged              send
 *      IDLE ───────────────▶ SENT ────────────────▶ RUNNING ───────────────▶ STAGED
 *        ▲                     │ finished              │ finished              │  │
 *        │◀────────────────────┘                       │                       │  │ second acknowledged:
 *        │◀────────────────────────────────────────────┘                       │  │ the first has ended
 *        │◀────────────────────────────────────────────────────────────────────┘  ├──▶ RUNNING
 *                                         second finished: both have ended     │
 *                                                                              └──▶ SENT, when the first finished is seen
 *
 * A core is HELD when its next task's payload is filled and the number waits for a start together (sync.c).
 *
 * DATA_MAIN_BASE is one register: a number stored before the core has taken the last one is the last one lost. So a
 * second task may be sent in RUNNING only. COND holds the newest of ACK and FIN: a core that goes from one task to the
 * next may show ACK of the second without its FIN of the first having been seen. Values that do not belong to what was
 * sent (IDLE, an earlier number) change nothing.
 */
#ifndef NPURT_AICPU_CORE_STATE_H
#define NPURT_AICPU_CORE_STATE_H

#include <stdbool.h>

#include "protocol/recorder.h"

enum core_phase {
    CORE_ABSENT = 0, /* has not said hello, or has left */
    CORE_REFUSED,    /* its hello was wrong; never used */
    CORE_IDLE,
    CORE_SENT,
    CORE_RUNNING,
    CORE_STAGED,
    CORE_HELD,
};

/* A dispatched block. */
struct core_work {
    uint32_t number; /* dispatch number */
    uint32_t task;
    uint32_t block;
};

struct core_state {
    uint64_t registers;               /* base of its register window */
    struct dispatch_payload *payload; /* [2], chosen by number & 1 */
    struct core_record *record;       /* its part of the flight recorder */
    struct core_work work[2];         /* [0] sent first, [1] staged behind it */
    uint32_t next_number;
    uint32_t physical;
    uint8_t phase; /* enum core_phase */
    bool shut;     /* the newest block waits behind a gate, and its bell has not been seen to have rung (gate.c) */
    bool followed; /* scheduler.follow says what may be sent behind the newest block */
    uint8_t reserved;
    uint32_t since; /* scheduler.tick when work[0] was sent, or came up behind another */
};
_Static_assert(sizeof(struct core_state) == PROTOCOL_LINE, "core_state: polling touches one line per core");

/* The number after `number`. Numbers alternate between odd and even over the wrap too: they choose the payload. */
static inline uint32_t core_number_after(uint32_t number)
{
    _Static_assert(DISPATCH_NUMBER_FIRST % 2 == 1 && DISPATCH_NUMBER_LIMIT % 2 == 0, "parity over the wrap");
    return number + 1 < DISPATCH_NUMBER_LIMIT ? number + 1 : DISPATCH_NUMBER_FIRST + 1;
}

/* Takes note of a block about to be sent; returns the number to send it under. Pre: phase IDLE or RUNNING. */
static inline uint32_t core_send(struct core_state *core, uint32_t task, uint32_t block)
{
    uint32_t number = core->next_number;
    core->work[core->phase == CORE_RUNNING] = (struct core_work){number, task, block};
    core->next_number = core_number_after(number);
    core->phase = core->phase == CORE_RUNNING ? CORE_STAGED : CORE_SENT;
    return number;
}

/* Applies a value of COND. Returns how many blocks ended, 0 to 2, and puts them in ended[], oldest first. */
static inline uint32_t core_observe(struct core_state *core, uint32_t cond, struct core_work ended[2])
{
    uint32_t number = cond & COND_NUMBER_MASK;
    bool finished = (cond & COND_FIN) != 0;
    switch ((enum core_phase)core->phase) {
    case CORE_SENT:
    case CORE_RUNNING:
        if (number != core->work[0].number) return 0;
        if (!finished) {
            core->phase = CORE_RUNNING;
            return 0;
        }
        ended[0] = core->work[0];
        core->phase = CORE_IDLE;
        return 1;
    case CORE_STAGED:
        ended[0] = core->work[0];
        ended[1] = core->work[1];
        if (finished && number == core->work[0].number) {
            core->work[0] = core->work[1];
            core->phase = CORE_SENT; /* not taken yet, or behind a gate */
            return 1;
        }
        if (number != core->work[1].number) return 0;
        if (!finished) {
            core->work[0] = core->work[1];
            core->phase = CORE_RUNNING;
            return 1;
        }
        core->phase = CORE_IDLE;
        return 2;
    case CORE_ABSENT:
    case CORE_REFUSED:
    case CORE_IDLE:
    case CORE_HELD:
        break;
    }
    return 0;
}

#endif
