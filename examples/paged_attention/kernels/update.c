/* Joins one block's result to the sequence's running state, rescaling whichever has the smaller maximum; the last block
 * divides by the sum of weights and writes the output in bf16; AIV.
 * Tensors: stats, partial, state, out. Scalar: flags of layout.h. */
#include <npurt/kernel.h>

#include "../layout.h"
#include "exponential.h"

NPURT_KERNEL void kernel_entry(NPURT_GM int64_t *args);
void kernel_entry(NPURT_GM int64_t *args)
{
    NPURT_GM const npurt_tensor *tp = npurt_kernel_tensor(args, 1);
    NPURT_GM const float *stats = npurt_kernel_data(npurt_kernel_tensor(args, 0));
    NPURT_GM const float *partial = npurt_kernel_data(tp);
    NPURT_GM float *state = npurt_kernel_data(npurt_kernel_tensor(args, 2));
    NPURT_GM uint16_t *out = npurt_kernel_data(npurt_kernel_tensor(args, 3));
    uint32_t heads = tp->shape[0], dim = tp->shape[1];
    uint64_t flags = npurt_kernel_scalar(args, 4);

    for (uint32_t h = 0; h < heads; h++) {
        NPURT_GM const float *new_row = partial + (size_t)h * dim;
        NPURT_GM float *row = state + (size_t)h * (dim + 2);
        float new_maximum = stats[h], new_sum = stats[heads + h];
        if (flags & UPDATE_FIRST) {
            for (uint32_t d = 0; d < dim; d++)
                row[d] = new_row[d];
            row[dim] = new_maximum;
            row[dim + 1] = new_sum;
        } else {
            float maximum = row[dim] > new_maximum ? row[dim] : new_maximum;
            float keep = exp_negative(row[dim] - maximum), add = exp_negative(new_maximum - maximum);
            for (uint32_t d = 0; d < dim; d++)
                row[d] = row[d] * keep + new_row[d] * add;
            row[dim] = maximum;
            row[dim + 1] = row[dim + 1] * keep + new_sum * add;
        }
        if (flags & UPDATE_LAST)
            for (uint32_t d = 0; d < dim; d++)
                out[(size_t)h * dim + d] = npurt_f32_to_bf16(row[d] / row[dim + 1]);
    }
}
