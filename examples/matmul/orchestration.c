/* C = A·B in square tiles: for each tile of C and each step of the inner dimension, a product on a cube core and its
 * addition to C's tile on a vector core. All tiles are views of the caller's A, B and C. A product lives no longer than
 * the scope around its addition. */
#include <npurt/orchestration.h>

enum { GEMM = 0, ADD = 1 };

NPURT_API int orchestration_entry(npurt_orch *orch, const npurt_orch_args *args);

static npurt_tensor tile_of(const npurt_tensor *matrix, uint32_t tile, uint32_t row, uint32_t column)
{
    const uint32_t shape[2] = {tile, tile}, offset[2] = {row * tile, column * tile};
    return npurt_tensor_view(matrix, shape, offset);
}

int orchestration_entry(npurt_orch *orch, const npurt_orch_args *args)
{
    const npurt_tensor *a = &args->tensor[0], *b = &args->tensor[1], *c = &args->tensor[2];
    const uint32_t tile = (uint32_t)args->scalar[0];
    const npurt_tensor_spec product_spec = {.dtype = NPURT_F32, .ndims = 2, .shape = {tile, tile}};

    for (uint32_t row = 0; row < c->shape[0] / tile; row++) {
        for (uint32_t column = 0; column < c->shape[1] / tile; column++) {
            npurt_tensor to = tile_of(c, tile, row, column);
            for (uint32_t k = 0; k < a->shape[1] / tile; k++) {
                npurt_tensor left = tile_of(a, tile, row, k), right = tile_of(b, tile, k, column), product;
                npurt_task task;
                npurt_orch_scope_begin(orch, NPURT_SCOPE_AUTO);
                npurt_task_init_aic(&task, GEMM);
                npurt_task_input(&task, &left);
                npurt_task_input(&task, &right);
                npurt_task_output_new(&task, &product_spec, &product);
                npurt_orch_submit(orch, &task, NULL);

                npurt_task_init_aiv(&task, ADD);
                npurt_task_input(&task, &product);
                if (k == 0)
                    npurt_task_output_existing(&task, &to);
                else
                    npurt_task_inout(&task, &to);
                npurt_task_scalar(&task, k == 0);
                npurt_orch_submit(orch, &task, NULL);
                npurt_orch_scope_end(orch);
            }
        }
    }
    return 0;
}
