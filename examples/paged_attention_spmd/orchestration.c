/* Attention over a paged cache in one task of a block per sequence, whose cores hand over to each other (layout.h). */
#include <npurt/orchestration.h>

#include "layout.h"

NPURT_API int orchestration_entry(npurt_orch *orch, const npurt_orch_args *args);

int orchestration_entry(npurt_orch *orch, const npurt_orch_args *args)
{
    const npurt_tensor *q = &args->tensor[0], *table = &args->tensor[3], *out = &args->tensor[4];
    const uint32_t batch = table->shape[0], heads = (uint32_t)args->scalar[CALL_HEADS], dim = q->shape[q->ndims - 1];
    const uint32_t width = (uint32_t)(args->scalar[CALL_BLOCK] * args->scalar[CALL_RUN]);
    const uint32_t lengths = args->scalar_count - CALL_LENGTHS;
    const npurt_tensor_spec flags_spec = {.dtype = NPURT_U32, .ndims = 2, .shape = {batch * FLAG_COUNT, FLAG_LINE}};
    const npurt_tensor_spec scores_spec = {.dtype = NPURT_F32, .ndims = 2, .shape = {batch * 2 * heads, width}};
    const npurt_tensor_spec weights_spec = {.dtype = NPURT_BF16, .ndims = 2, .shape = {batch * heads, width}};
    const npurt_tensor_spec partial_spec = {.dtype = NPURT_F32, .ndims = 2, .shape = {batch * heads, dim}};
    npurt_tensor flags;
    npurt_task task;
    if (lengths != 1 && lengths != batch) {
        npurt_orch_fail(orch, 1, "one context length for all sequences, or one for each");
        return 1;
    }
    npurt_task_init_aiv(&task, CLEAR);
    npurt_task_output_new(&task, &flags_spec, &flags);
    npurt_orch_submit(orch, &task, NULL);

    npurt_task_init(&task, CUBE, VECTOR, VECTOR);
    npurt_task_blocks(&task, batch);
    npurt_task_input(&task, q);
    npurt_task_input(&task, &args->tensor[1]);
    npurt_task_input(&task, &args->tensor[2]);
    npurt_task_input(&task, table);
    npurt_task_inout(&task, &flags);
    npurt_task_output_new(&task, &scores_spec, NULL);
    npurt_task_output_new(&task, &weights_spec, NULL);
    npurt_task_output_new(&task, &partial_spec, NULL);
    npurt_task_output_existing(&task, out);
    npurt_task_scalar(&task, args->scalar[CALL_BLOCK]);
    npurt_task_scalar(&task, heads);
    npurt_task_scalar(&task, args->scalar[CALL_SCALE]);
    npurt_task_scalar(&task, lengths);
    for (uint32_t s = 0; s < lengths; s++)
        npurt_task_scalar(&task, args->scalar[CALL_LENGTHS + s]);
    npurt_orch_submit(orch, &task, NULL);
    return 0;
}
