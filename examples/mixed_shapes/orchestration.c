/* All five shapes of a task on a cluster, in every iteration, none depending on another. Tensors: A, B, D, E, G, H of
 * iterations · tile rows, then the nine outputs in the order in which the tasks write them: products A·B, sums D+E,
 * products by element G∘H. Scalar: tile. */
#include <npurt/orchestration.h>

enum { GEMM = 0, ADD_AT_0 = 1, ADD_AT_3 = 2, MULTIPLY_AT_3 = 3, MULTIPLY_AT_6 = 4 };
enum { A, B, D, E, G, H, OUT };

NPURT_API int orchestration_entry(npurt_orch *orch, const npurt_orch_args *args);

/* Adds x, y and the next output, rows of this iteration; the tiles must live until the submission. */
static void add_operation(npurt_task *task, const npurt_tensor *tile, uint32_t x, uint32_t out)
{
    npurt_task_input(task, &tile[x]);
    npurt_task_input(task, &tile[x + 1]);
    npurt_task_output_existing(task, &tile[out]);
}

int orchestration_entry(npurt_orch *orch, const npurt_orch_args *args)
{
    const uint32_t tile_rows = (uint32_t)args->scalar[0], iterations = args->tensor[A].shape[0] / tile_rows;
    for (uint32_t i = 0; i < iterations; i++) {
        npurt_tensor tile[OUT + 9];
        npurt_task task;
        for (uint32_t t = 0; t < OUT + 9; t++)
            tile[t] = npurt_tensor_slice(&args->tensor[t], 0, i * tile_rows, (i + 1) * tile_rows, 1);

        npurt_task_init(&task, GEMM, ADD_AT_3, MULTIPLY_AT_6);
        add_operation(&task, tile, A, OUT + 0);
        add_operation(&task, tile, D, OUT + 1);
        add_operation(&task, tile, G, OUT + 2);
        npurt_orch_submit(orch, &task, NULL);

        npurt_task_init_aic(&task, GEMM);
        add_operation(&task, tile, A, OUT + 3);
        npurt_orch_submit(orch, &task, NULL);

        npurt_task_init_aiv(&task, ADD_AT_0);
        add_operation(&task, tile, D, OUT + 4);
        npurt_orch_submit(orch, &task, NULL);

        npurt_task_init(&task, -1, ADD_AT_0, MULTIPLY_AT_3);
        add_operation(&task, tile, D, OUT + 5);
        add_operation(&task, tile, G, OUT + 6);
        npurt_orch_submit(orch, &task, NULL);

        npurt_task_init(&task, GEMM, ADD_AT_3, -1);
        add_operation(&task, tile, A, OUT + 7);
        add_operation(&task, tile, D, OUT + 8);
        npurt_orch_submit(orch, &task, NULL);
    }
    return 0;
}
