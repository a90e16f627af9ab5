/* One run of a callable: bind, build the graph, ship it, launch, wait, copy back. */
#ifndef HOST_RUN_H
#define HOST_RUN_H

#include "callable.h"

/* What every run needs on the device, and host memory for its picture. fini gives it back; forget leaves the device's
 * part to a reset. */
npurt_status run_memory_init(npurt_device *device);
npurt_status run_memory_fini(npurt_device *device);
void run_memory_forget(npurt_device *device);

/* Makes a buffer at least `need` bytes; its content is lost when it grows. */
npurt_status run_memory_grow(npurt_device *device, uint64_t *address, uint64_t *capacity, uint64_t need,
                             const char *purpose);
/* Makes the workspace large enough; moves the block. */
npurt_status run_memory_grow_block(npurt_device *device, uint64_t workspace);

/* Waits for both streams of the run that was launched. On success *result holds the AICPU program's answer. On failure
 * the record names the first cause, the device has drained, and its state says whether it can go on. */
npurt_status wait_run(npurt_callable *callable, struct run_result *result);

#endif
