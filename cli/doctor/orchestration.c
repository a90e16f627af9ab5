#include <npurt/orchestration.h>
#include "probe.h"

NPURT_API int orchestration_entry(npurt_orch *orch, const npurt_orch_args *args);

static void submit(npurt_orch *orch, npurt_task *task, const npurt_tensor *words, const npurt_tensor *rows,
                   uint32_t blocks, uint64_t nonce, uint64_t slots)
{
    npurt_task_input(task, words);
    npurt_task_output_existing(task, rows);
    npurt_task_scalar(task, nonce);
    npurt_task_scalar(task, slots);
    npurt_task_blocks(task, blocks);
    (void)npurt_orch_submit(orch, task, NULL);
}

int orchestration_entry(npurt_orch *orch, const npurt_orch_args *args)
{
    const npurt_tensor *words = &args->tensor[0], *rows = &args->tensor[1];
    const uint32_t count = (uint32_t)args->scalar[1];
    const uint64_t nonce = args->scalar[2];
    npurt_task task;

    switch (args->scalar[0]) {
    case PROBE_AIC_BLOCKS:
        npurt_task_init_aic(&task, PROBE_KERNEL_AIC);
        submit(orch, &task, words, rows, count, nonce, 1);
        return 0;
    case PROBE_AIV_BLOCKS:
        npurt_task_init_aiv(&task, PROBE_KERNEL_AIV);
        submit(orch, &task, words, rows, count, nonce, 1);
        return 0;
    case PROBE_MIX_BLOCKS:
        npurt_task_init(&task, PROBE_KERNEL_AIC, PROBE_KERNEL_AIV, PROBE_KERNEL_AIV);
        submit(orch, &task, words, rows, count, nonce, 3);
        return 0;
    case PROBE_TASKS:
        for (uint32_t i = 0; i < count; i++) {
            const npurt_tensor row = npurt_tensor_slice(rows, 0, i, i + 1, 1);
            npurt_task_init_aiv(&task, PROBE_KERNEL_AIV);
            submit(orch, &task, words, &row, 1, nonce, 1);
        }
        return 0;
    default:
        return 1;
    }
}
