/* What is said of an orchestration that ran on the host and did not end well by itself (guard.h). */
#ifndef HOST_GUARDED_H
#define HOST_GUARDED_H

#include "guard.h"
#include "run.h"

/* Raises it: STALLED (its limit has passed), CANCELLED or ORCHESTRATION (it faulted), with what was submitted last. Pre: the
 * call did not end as GUARD_RETURNED. Of one that was jumped out of the callable is broken from then on. */
npurt_status guarded_explain(npurt_run *run, const struct guard_call *call);

/* Refuses a callable that is broken. */
npurt_status guarded_check(const npurt_callable *callable);

#endif
