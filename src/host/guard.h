/* Orchestrations that run on the host, under guard: one that does not return, or that faults, must not take the caller with
 * it (docs/decisions/0020-guarded-orchestrations.md).
 *
 * The orchestration runs on the caller's thread and stack; a call costs two atomic exchanges and a sigsetjmp, and no system
 * call. A thread of the process, the watch, looks every TICK_MS whether a call goes on, and ends when none has for seconds.
 *
 *     it takes long                  the watch says so in the log, with what was submitted last
 *     its limit has passed, or       whatever it calls of npurt is refused from then on (graph_stop)
 *     npurt_device_cancel
 *     it goes on all the same        the watch interrupts the thread: SIGURG, whose handler is there only meanwhile, jumps
 *                                    back to guard_run; where the thread is in the orchestration's own code, or after
 *                                    FORCE_MS anywhere
 *     it faults                      with catch_faults, the handler jumps back to guard_run in the same way
 *
 * What was jumped out of keeps its locks and its memory: its callable is not called again.
 *
 * Locking: one lock for all guards of the process. While the watch, or a cancel, acts on a call, `chased` makes the call take
 * that lock before it leaves: so it finds what it acts on. */
#ifndef HOST_GUARD_H
#define HOST_GUARD_H

#include <npurt/orchestration.h>
#include <pthread.h>
#include "../graph/graph.h"
#include "orchestration.h"

struct guard; /* of a device: one orchestration at a time */

enum guard_end {
    GUARD_RETURNED,    /* by itself */
    GUARD_STOPPED,     /* it returned after it had been told to end */
    GUARD_INTERRUPTED, /* it did not */
    GUARD_FAULTED,
};
enum guard_why { GUARD_NO_REASON, GUARD_TIMEOUT, GUARD_CANCEL };

struct guard_fault {
    int signal, code;
    uint64_t address, pc, sp;
    uint64_t caller;       /* in the orchestration's object, 0: pc is, or none was found */
    bool overflow;         /* the address is below the stack */
};

struct guard_call {
    const char *name; /* of the callable */
    orchestration_function entry;
    struct graph *graph;
    const npurt_orch_args *args;
    /* The answer. */
    int code;
    enum guard_end end;
    enum guard_why why;
    uint32_t ms; /* that it had when it was told to end */
    struct guard_fault fault;
};

/* `owner` names it for guard_cancel. NULL: no host memory. `catch_faults`: handlers of the fault signals are installed as
 * long as such a guard is there. */
struct guard *guard_create(const void *owner, uint32_t limit_ms, bool catch_faults);
void guard_destroy(struct guard *guard); /* NULL is legal */

void guard_run(struct guard *guard, struct guard_call *call);

/* From any thread: ends the orchestration that runs on the owner's guard, if there is any. */
void guard_cancel(const void *owner);

/* ---- guard_signal.c */

/* Handlers of the fault signals, counted. */
void guard_signals_take(void);
void guard_signals_give(void);
/* The calling thread can take a signal when its stack is full. */
void guard_thread_prepare(void);
/* The guard whose call the calling thread is in; NULL: none. */
void guard_thread_set(struct guard *guard);
/* Interrupts a thread that is in a call; guard_interrupt_end when it has come back. */
void guard_interrupt(pthread_t thread);
void guard_interrupt_end(void);

/* For the handlers. */
bool guard_may_jump(struct guard *guard, uint64_t pc);
bool guard_is_own(const struct guard *guard, uint64_t pc);
_Noreturn void guard_jump(struct guard *guard, enum guard_end end);
struct guard_fault *guard_fault_of(struct guard *guard);

#endif
