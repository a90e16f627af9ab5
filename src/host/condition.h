/* Conditions that kernels registered for their tasks' completion, in the words of error records. */
#ifndef HOST_CONDITION_H
#define HOST_CONDITION_H

#include "run.h"

/* The run waits for a condition, as far as its scheduler answered. */
bool condition_is_waited_for(const struct outcome *outcome);

/* Raises that a kernel's condition was refused. */
npurt_status condition_refused(const npurt_run *run, const struct outcome *outcome);

/* Adds to the STALLED raised which condition is waited for, and, when the orchestration waited behind it, for what. Pre:
 * condition_is_waited_for. */
void condition_tell(const npurt_run *run, const struct outcome *outcome);

#endif
