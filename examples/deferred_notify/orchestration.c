/* A transfer that its task only starts: `out` is written by an engine, for which other tasks stand here, and its task
 * is complete when the engine's events are set. What reads `out` depends on that task as on any that writes it.
 * Tensors: events [rounds · (chunks + 1), 16] u32, x and y [chunks, n]. Scalar: rounds. */
#include <npurt/orchestration.h>

#include "layout.h"

enum { START = 0, COPY = 1, ADD_SCALAR = 2 };
enum { EVENTS, X, Y };

NPURT_API int orchestration_entry(npurt_orch *orch, const npurt_orch_args *args);

int orchestration_entry(npurt_orch *orch, const npurt_orch_args *args)
{
    const npurt_tensor *t = args->tensor;
    const uint32_t chunks = t[X].shape[0], rounds = (uint32_t)args->scalar[0];
    const npurt_tensor_spec like_x = {.dtype = NPURT_F32, .ndims = 2, .shape = {chunks, t[X].shape[1]}};
    npurt_tensor has = t[X];
    if (chunks > MAX_CHUNKS) {
        npurt_orch_fail(orch, 1, "more chunks than a kernel may wait for");
        return 1;
    }
    for (uint32_t round = 0; round < rounds; round++) {
        const uint64_t first = (uint64_t)round * (chunks + 1);
        npurt_tensor out; /* not an output of START: whoever is given one waits for the task that made it, COPY too */
        npurt_task task;
        if (npurt_orch_alloc(orch, &like_x, &out) != NPURT_OK) return 0;
        npurt_task_init_aiv(&task, START);
        npurt_task_deferred(&task);
        npurt_task_input(&task, &has);
        npurt_task_output_existing(&task, &out);
        npurt_task_no_dep(&task, &t[EVENTS]);
        npurt_task_scalar(&task, first);
        npurt_task_scalar(&task, chunks);
        npurt_orch_submit(orch, &task, NULL);

        npurt_task_init_aiv(&task, COPY);
        npurt_task_blocks(&task, chunks);
        npurt_task_input(&task, &has);
        npurt_task_no_dep(&task, &out);
        npurt_task_no_dep(&task, &t[EVENTS]);
        npurt_task_scalar(&task, first);
        npurt_orch_submit(orch, &task, NULL);

        npurt_task_init_aiv(&task, ADD_SCALAR);
        npurt_task_input(&task, &out);
        if (round + 1 == rounds)
            npurt_task_output_existing(&task, &t[Y]);
        else
            npurt_task_output_new(&task, &like_x, &has);
        npurt_task_scalar_f32(&task, 1);
        npurt_orch_submit(orch, &task, NULL);
    }
    return 0;
}
