/* Products on cube cores and sums on vector cores, submitted in turn, none depending on another. Tensors: A, B, C and
 * X, Y, Z, piles of tiles. Scalars: tiles of a product task, tiles of a sum task. */
#include <npurt/orchestration.h>

enum { GEMM = 0, ADD = 1 };
enum { A, B, C, X, Y, Z };

NPURT_API int orchestration_entry(npurt_orch *orch, const npurt_orch_args *args);

/* out = x op y on tiles [first, first + count) of three piles. */
static npurt_status combine(npurt_orch *orch, npurt_task *task, const npurt_tensor *piles, uint32_t first,
                            uint32_t count)
{
    npurt_tensor part[3];
    for (uint32_t i = 0; i < 3; i++)
        part[i] = npurt_tensor_slice(&piles[i], 0, first, first + count, 1);
    npurt_task_input(task, &part[0]);
    npurt_task_input(task, &part[1]);
    npurt_task_output_existing(task, &part[2]);
    return npurt_orch_submit(orch, task, NULL);
}

int orchestration_entry(npurt_orch *orch, const npurt_orch_args *args)
{
    const uint32_t product_tiles = (uint32_t)args->scalar[0], sum_tiles = (uint32_t)args->scalar[1];
    const uint32_t products = args->tensor[C].shape[0] / product_tiles, sums = args->tensor[Z].shape[0] / sum_tiles;
    for (uint32_t i = 0; i < products || i < sums; i++) {
        npurt_task task;
        if (i < products) {
            npurt_task_init_aic(&task, GEMM);
            if (combine(orch, &task, &args->tensor[A], i * product_tiles, product_tiles) != NPURT_OK) return 0;
        }
        if (i < sums) {
            npurt_task_init_aiv(&task, ADD);
            if (combine(orch, &task, &args->tensor[X], i * sum_tiles, sum_tiles) != NPURT_OK) return 0;
        }
    }
    return 0;
}
