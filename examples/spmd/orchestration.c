/* Tasks of many blocks, one after the other: each has the whole tensor as INOUT, so they form a chain. A sync-start
 * task of more blocks than the device has places for is an ordinary one there. */
#include <npurt/orchestration.h>

#include "layout.h"

enum { CUBE = 0, VECTOR = 1 };

NPURT_API int orchestration_entry(npurt_orch *orch, const npurt_orch_args *args);

int orchestration_entry(npurt_orch *orch, const npurt_orch_args *args)
{
    uint64_t line = 0, before = 0;
    for (uint32_t i = 0; i < args->scalar_count; i++) {
        const uint64_t code = args->scalar[i];
        const uint32_t blocks = (uint32_t)(code >> SPMD_BLOCKS_SHIFT), cores = code & SPMD_MIX ? 3 : 1;
        npurt_task task;
        if (code & SPMD_MIX)
            npurt_task_init(&task, CUBE, VECTOR, VECTOR);
        else
            npurt_task_init_aiv(&task, VECTOR);
        npurt_task_blocks(&task, blocks);
        if (code & SPMD_SYNC && blocks <= npurt_orch_cluster_count(orch) * (code & SPMD_MIX ? 1 : 2))
            npurt_task_sync_start(&task);
        npurt_task_inout(&task, &args->tensor[0]);
        npurt_task_scalar(&task, line);
        npurt_task_scalar(&task, cores);
        npurt_task_scalar(&task, before);
        if (npurt_orch_submit(orch, &task, NULL) != NPURT_OK) return 0;
        before = line;
        line += (uint64_t)blocks * cores;
    }
    return 0;
}
