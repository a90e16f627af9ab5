/* What the device's memory says of a run: the flight recorder (protocol/recorder.h) and the states of its tasks.
 *
 * Reading it changes nothing on the device and needs no answer of it. What can not be read is left out, with the first
 * refusal; a device that is lost is not asked. */
#ifndef HOST_EVIDENCE_H
#define HOST_EVIDENCE_H

#include "device.h"

/* One dispatch as the recorder has it. */
struct evidence_dispatch {
    struct dispatch_record record;
    enum record_phase phase; /* IDLE: it has ended; SENT, RUNNING, STAGED or HELD; UNTOLD: on the core, no more is known */
};

/* One core of the launch. */
struct evidence_core {
    bool reported;    /* it said hello */
    bool adopted;     /* a scheduler took it: `last` is of this run */
    int32_t physical; /* -1: not reported */
    uint32_t type, cluster, slot;
    enum record_phase phase;
    struct evidence_dispatch last[RECORD_LAST]; /* oldest first */
    uint32_t count;
};

struct evidence {
    bool readable; /* the recorder was read */
    int32_t code;  /* the first refusal; 0: none */
    const char *call;
    struct scheduler_record scheduler[PROTOCOL_MAX_AICPU_THREADS];
    uint32_t scheduler_count;                /* of this run; 0: none has come so far */
    bool told[PROTOCOL_MAX_AICPU_THREADS];   /* it answered the last look, or told when the run ended */
    struct evidence_core *core;
    uint32_t core_count;
    struct task_state *state; /* NULL: not initialised, or not read */
    uint32_t now;             /* the latest stamp that a scheduler told; 0: none told */
    uint32_t stage;           /* enum stream_stage; of a graph that is built on the device */
    struct stream_need need;  /* of its orchestration's wait, when `stage` is that or the run's end cut it short */
};

/* Pre: the run has its bank; the thread is bound when `ask`. False without host memory. evidence_fini is due either way. */
bool evidence_gather(const npurt_run *run, bool ask, struct evidence *out);
void evidence_fini(struct evidence *evidence);

/* Milliseconds between a stamp and the latest; -1: not known. */
double evidence_age_ms(const struct evidence *evidence, const npurt_device *device, uint32_t stamp);

#endif
