/* One run of a callable: bind (graph built and shipped), start, wait, and what is made of a failure. The order of runs
 * is flight.c's. */
#ifndef HOST_RUN_H
#define HOST_RUN_H

#include "callable.h"

/* What a run's streams and scheduler said. */
struct outcome {
    rtError_t core, cpu; /* what the streams ended with; ACL_ERROR_RT_STREAM_SYNC_TIMEOUT: not ended */
    bool answered;       /* result is this run's */
    rtError_t read;      /* how the last try to read it ended */
    bool returned;       /* an orchestration on the device has */
    bool overran;        /* it had not when its time was up (orchestration_timeout_ms) */
    bool cancelled;      /* npurt_device_cancel has come, and the scheduler was told */
    bool left;           /* the wait was given up: flight.leave */
    char said[1024];     /* the driver's words for the first failure of a stream: the next call has others */
    struct run_result result;
    bool told; /* stream is the orchestration's last word; of a graph that is built on the device */
    struct stream_result stream; /* else its stage alone, as far as that could be read */
};

uint64_t run_now_ns(void);

/* Checks the arguments, builds the graph, copies arguments and image into the run's bank. */
npurt_status run_bind(npurt_run *run, const npurt_call_args *args);
/* What the device is told of every run, the image left out; gives the run its number. Pre: clusters and threads are
 * chosen. */
struct run_control run_control_of(npurt_run *run);
/* Launches cores and scheduler. */
npurt_status run_start(npurt_run *run);

/* Waits for the streams without the device's lock; touches nothing of the device that changes during a run. */
void run_watch(npurt_run *run, struct outcome *outcome);
/* The run went well: everybody answered, and nobody complains. */
bool run_is_good(const npurt_run *run, const struct outcome *outcome);
/* True when the streams say that a run_watch would return at once or has a failure to look at. */
bool run_is_over(npurt_run *run);
/* After run_watch, with the lock. On a failure the record names the first cause, the device has drained, and its state
 * says whether it can go on. */
npurt_status run_settle(npurt_run *run, struct outcome *outcome);
/* Tells the scheduler to end the run, and to wait so long for kernels that still run. */
npurt_status run_abort(npurt_run *run, uint32_t grace_ms);

#endif
