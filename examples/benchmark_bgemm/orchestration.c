/* C += A·B by groups: group g adds `steps` products of piles of tiles to its pile of C, each a product on a cube core
 * and an addition on a vector core; the additions of a group form a chain. Tensors: A, B [groups·steps·pile, tile,
 * tile], C [groups·pile, tile, tile]. Scalars: steps, pile. */
#include <npurt/orchestration.h>

enum { GEMM = 0, ADD = 1 };
enum { A, B, C };

NPURT_API int orchestration_entry(npurt_orch *orch, const npurt_orch_args *args);

static npurt_tensor pile_of(const npurt_tensor *t, uint32_t index, uint32_t pile)
{
    return npurt_tensor_slice(t, 0, index * pile, (index + 1) * pile, 1);
}

int orchestration_entry(npurt_orch *orch, const npurt_orch_args *args)
{
    const uint32_t steps = (uint32_t)args->scalar[0], pile = (uint32_t)args->scalar[1];
    const uint32_t tile = args->tensor[C].shape[1], groups = args->tensor[C].shape[0] / pile;
    const npurt_tensor_spec product_spec = {.dtype = NPURT_F32, .ndims = 3, .shape = {pile, tile, tile}};
    for (uint32_t g = 0; g < groups; g++) {
        npurt_tensor to = pile_of(&args->tensor[C], g, pile);
        for (uint32_t k = 0; k < steps; k++) {
            npurt_tensor left = pile_of(&args->tensor[A], g * steps + k, pile),
                         right = pile_of(&args->tensor[B], g * steps + k, pile), product;
            npurt_task task;
            npurt_orch_scope_begin(orch, NPURT_SCOPE_AUTO);
            npurt_task_init_aic(&task, GEMM);
            npurt_task_input(&task, &left);
            npurt_task_input(&task, &right);
            npurt_task_output_new(&task, &product_spec, &product);
            npurt_orch_submit(orch, &task, NULL);

            npurt_task_init_aiv(&task, ADD);
            npurt_task_input(&task, &product);
            npurt_task_inout(&task, &to);
            npurt_task_scalar(&task, 0);
            npurt_orch_submit(orch, &task, NULL);
            if (npurt_orch_scope_end(orch) != NPURT_OK) return 0;
        }
    }
    return 0;
}
