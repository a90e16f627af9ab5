/* Runs in flight: a queue of two, the first executing, the second bound and waiting for it.
 *
 * Life of a run:
 *
 *            launch: a bank is free            the first has ended             its end was seen
 *      FREE ───────────────────────► BOUND ────────────────────► EXECUTING ────────────────────► ENDED
 *       ▲                             │ cancelled, reset, or the first poisoned the device        ▲ │
 *       │                             └───────────────────────────────────────────────────────────┘ │
 *       └──────────────────────────── npurt_wait, npurt_call ───────────────────────────────────────┘
 *
 * Who sees the end: whichever public call has to wait for the executing run takes the watch, gives the device's lock up,
 * and waits in the driver; others wait for `changed`. The one who holds the watch then retires the run: starts the next
 * first, copies outputs back, and wakes the others. npurt_poll and npurt_launch retire a run that has ended without
 * waiting. No thread of the library's own sees to runs.
 *
 * Why the second is not put on the streams behind the first: docs/decisions/0008-two-runs-in-flight.md.
 */
#ifndef HOST_FLIGHT_H
#define HOST_FLIGHT_H

#include <npurt/callable.h>
#include <pthread.h>
#include <stdatomic.h>
#include "growth.h"

struct run_bank;

enum flight_state { FLIGHT_FREE, FLIGHT_BOUND, FLIGHT_EXECUTING, FLIGHT_ENDED };

/* What a program has is its handle (handle.h), which ends with npurt_wait; the run is used again. */
struct npurt_run {
    struct handle_entry *entry; /* its handle; none is good for a run of npurt_call */
    npurt_run *next; /* of all handles of the device */
    npurt_device *device;
    enum flight_state state;
    const char *call;         /* the public call that launched it; for its error record */
    char name[64];            /* of the callable, which may be gone before the handle is */
    npurt_callable *callable; /* until it has ended */
    struct run_bank *bank;    /* until it has ended */
    uint64_t ticket;          /* while it executes: its turn among the handles of the device id */
    uint32_t number;          /* run_control.run_number */
    uint32_t clusters, threads, flags;
    bool shipped;            /* something is on the device to be started: false for an empty graph */
    bool copied_in;          /* host tensors are in the bank's staging memory */
    uint64_t engine_key;     /* tensormap_and_ringbuffer: of the stream_control that was shipped */
    uint32_t looks; /* run_command.look asked for */
    struct growth_mark mark; /* with NPURT_CALL_LEAK_CHECK or the device's leak_check */
    bool waited;    /* a thread is in npurt_wait for it */
    uint32_t cancels; /* handle_entry.cancels when it was launched: more now means that it is to end */
    bool cancelled; /* npurt_cancel while it was executing */
    uint64_t began_ns, started_ns; /* launched by the program; on the device */
    /* How it ended. */
    npurt_status status;
    npurt_error error;
    npurt_timing timing;
};

struct flight {
    npurt_run *executing, *queued; /* queued implies executing */
    bool watched;                  /* a thread is in the driver, without the device's lock, for `executing` */
    _Atomic bool leave;            /* it shall come back: the device is about to be reset */
    uint32_t run_number;           /* of the last bound run; never 0 */
    npurt_run *handles;            /* all that were ever made: as many as were held at once */
    pthread_cond_t changed;        /* a run has ended or started, or the watch is free */
};

/* npurt_device_cancel has come since it was launched. */
bool flight_is_cancelled(const npurt_run *run);

void flight_init(npurt_device *device);
void flight_fini(npurt_device *device);

/* Binds a run and starts it, or queues it behind the executing one; waits for a bank unless NPURT_CALL_NO_WAIT. *out is
 * set whenever a handle was taken, on a failure too. */
npurt_status flight_launch(npurt_callable *callable, const npurt_call_args *args, const char *call, npurt_run **out);
/* The handle of an ended run is free again. */
void flight_release(npurt_run *run);
/* Waits for the end of a run. A failure is this thread's (it can not be bound to the device), never the run's. */
npurt_status flight_wait(npurt_run *run);
/* Retires what has ended, and does not wait. Pre: the thread is bound. */
void flight_advance(npurt_device *device);
npurt_status flight_cancel(npurt_run *run, uint32_t grace_ms);

/* Waits until no run of the callable (NULL: of the device) is in flight. The lock is given up meanwhile. */
npurt_status flight_settle(npurt_device *device, const npurt_callable *callable);
/* Before a force reset: ends what is in flight with CANCELLED. */
void flight_end_all(npurt_device *device);
/* Their handles are not good any more: the device is being closed. */
void flight_end_handles(npurt_device *device);
/* BUSY when a run in flight has an argument in [address, address + size). */
npurt_status flight_check_unused(npurt_device *device, uint64_t address, uint64_t size);

#endif
