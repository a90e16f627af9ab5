/* The arguments of one call: checked against the callable, and bound to device memory. */
#ifndef HOST_ARGS_H
#define HOST_ARGS_H

#include "callable.h"

/* Checks everything about `args` before anything is copied. INVALID_ARGUMENT names the argument. */
npurt_status args_check(const npurt_callable *callable, const npurt_call_args *args);

/* Fills the bank's tensors: device tensors as they are, host tensors in its staging memory (staging.h). No copy yet. */
npurt_status args_bind(npurt_callable *callable, struct run_bank *bank, const npurt_call_args *args);

/* Copies host tensors in before a run (INPUT, INOUT) and out after it (INOUT, OUTPUT_EXISTING). */
npurt_status args_copy_in(npurt_callable *callable, const struct run_bank *bank);
npurt_status args_copy_out(npurt_callable *callable, const struct run_bank *bank);
bool args_has_outputs(const npurt_callable *callable, const struct run_bank *bank);

#endif
