/* Weighted values of each sequence's tokens in the task's blocks; AIC. Tensors: weights, values, page table rows,
 * partial. */
#include "attention.h"
#include "step.h"

NPURT_KERNEL void kernel_entry(NPURT_GM int64_t *args);
void kernel_entry(NPURT_GM int64_t *args)
{
    const struct step step = step_of(args);
    NPURT_GM const npurt_tensor *tw = npurt_kernel_tensor(args, 0), *tp = npurt_kernel_tensor(args, 2),
                                *to = npurt_kernel_tensor(args, 3);
    NPURT_GM const uint16_t *weights = npurt_kernel_data(tw), *values = npurt_kernel_data(npurt_kernel_tensor(args, 1));
    NPURT_GM const uint32_t *pages = npurt_kernel_data(tp);
    NPURT_GM float *partial = npurt_kernel_data(to);
    uint32_t dim = to->shape[1], width = tw->shape[1];

    for (uint32_t s = 0; s < tp->shape[0]; s++)
        attention_partial(weights + (size_t)s * step.heads * width, values,
                          pages + (size_t)s * tp->strides[0] + step.first, step.block, step.heads, dim,
                          step_valid(&step, s, width), width, partial + (size_t)s * step.heads * dim);
}
