/* Which kernel a failed run is blamed on.
 *
 * The scheduler lists the dispatches that did not come to an end: the one at fault, and whatever merely outlived the
 * grace. After a fault the driver's words say which core it was; nothing else tells the guilty from the slow. */
#ifndef HOST_BLAME_H
#define HOST_BLAME_H

#include "dump.h"

/* The first listed dispatch that a core had started, else the first listed. NULL: the scheduler named none. */
const struct run_suspect *blame_first(const struct outcome *o);

/* The physical number of a core of the launch that has not said hello, by those of its cluster that have; NPURT_NO_CORE
 * when none has, or they can not be read. */
int32_t blame_silent(const npurt_run *run, uint32_t index);

/* Raises `status` (KERNEL_FAULT or KERNEL_TIMEOUT) with kernel, task and core; `what` completes "kernel x …". Of a core
 * that the driver names and the scheduler's list does not have, the flight recorder knows the block. A fault that can not
 * be told from slower kernels names them all, and leaves kernel, task and core open. Returns `status`. */
npurt_status blame_kernel(const struct dump *dump, const struct outcome *o, npurt_status status, const char *what);

#endif
