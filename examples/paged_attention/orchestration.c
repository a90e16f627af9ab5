/* Attention over a paged cache of keys and values, one sequence after the other, block by block:
 *     QK (AIC) → softmax (AIV) → PV (AIC) → update (AIV)
 * Blocks are independent but for their updates, which form a chain per sequence through its running state. Which page a
 * block lies in is read by the kernels, on the device. */
#include <npurt/orchestration.h>

#include "layout.h"

NPURT_API int orchestration_entry(npurt_orch *orch, const npurt_orch_args *args);

static npurt_tensor rows_of(const npurt_tensor *t, uint32_t first, uint32_t count)
{
    return npurt_tensor_slice(t, 0, first, first + count, 1);
}

int orchestration_entry(npurt_orch *orch, const npurt_orch_args *args)
{
    const npurt_tensor *keys = &args->tensor[1], *values = &args->tensor[2], *table = &args->tensor[3];
    const uint32_t heads = (uint32_t)args->scalar[0], block = (uint32_t)args->scalar[1];
    const uint32_t batch = table->shape[0], dim = keys->shape[1];
    const bool same_length = args->scalar_count == 4;
    const npurt_tensor_spec scores_spec = {.dtype = NPURT_F32, .ndims = 2, .shape = {heads, block}};
    const npurt_tensor_spec weights_spec = {.dtype = NPURT_BF16, .ndims = 2, .shape = {heads, block}};
    const npurt_tensor_spec stats_spec = {.dtype = NPURT_F32, .ndims = 2, .shape = {2, heads}};
    const npurt_tensor_spec partial_spec = {.dtype = NPURT_F32, .ndims = 2, .shape = {heads, dim}};
    const npurt_tensor_spec state_spec = {.dtype = NPURT_F32, .ndims = 2, .shape = {heads, dim + 2}};

    if (!same_length && args->scalar_count != 3 + batch) {
        npurt_orch_fail(orch, 1, "one context length for all sequences, or one for each");
        return 1;
    }
    for (uint32_t s = 0; s < batch; s++) {
        const uint32_t length = (uint32_t)args->scalar[same_length ? 3 : 3 + s];
        const uint32_t blocks = (length + block - 1) / block;
        const npurt_tensor q = rows_of(&args->tensor[0], s * heads, heads),
                           out = rows_of(&args->tensor[4], s * heads, heads);
        const npurt_tensor pages = rows_of(table, s, 1);
        npurt_tensor state;
        for (uint32_t j = 0; j < blocks; j++) {
            const uint32_t rest = length - j * block, valid = rest < block ? rest : block;
            npurt_tensor scores, weights, stats, partial;
            npurt_task task;

            npurt_task_init_aic(&task, QK);
            npurt_task_input(&task, &q);
            npurt_task_input(&task, keys);
            npurt_task_input(&task, &pages);
            npurt_task_output(&task, &scores_spec, &scores);
            npurt_task_scalar(&task, j);
            npurt_submit(orch, &task, NULL);

            npurt_task_init_aiv(&task, SOFTMAX);
            npurt_task_input(&task, &scores);
            npurt_task_output(&task, &weights_spec, &weights);
            npurt_task_output(&task, &stats_spec, &stats);
            npurt_task_scalar(&task, valid);
            npurt_task_scalar(&task, args->scalar[2]);
            npurt_submit(orch, &task, NULL);

            npurt_task_init_aic(&task, PV);
            npurt_task_input(&task, &weights);
            npurt_task_input(&task, values);
            npurt_task_input(&task, &pages);
            npurt_task_output(&task, &partial_spec, &partial);
            npurt_task_scalar(&task, j);
            npurt_task_scalar(&task, valid);
            npurt_submit(orch, &task, NULL);

            npurt_task_init_aiv(&task, UPDATE);
            npurt_task_input(&task, &stats);
            npurt_task_input(&task, &partial);
            if (j == 0)
                npurt_task_output(&task, &state_spec, &state);
            else
                npurt_task_inout(&task, &state);
            if (j + 1 == blocks)
                npurt_task_output_existing(&task, &out);
            else
                npurt_task_no_dep(&task, &out);
            npurt_task_scalar(&task, (j == 0 ? UPDATE_FIRST : 0u) | (j + 1 == blocks ? UPDATE_LAST : 0u));
            if (npurt_submit(orch, &task, NULL) != NPURT_OK) return 0;
        }
    }
    return 0;
}
