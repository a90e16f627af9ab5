/* Joins partial results to the sequences' running states; a sequence that ends in these blocks writes its output; AIV.
 * Tensors: statistics, partial, state, out. Scalar after the lengths: width. */
#include "attention.h"
#include "step.h"

NPURT_KERNEL void kernel_entry(NPURT_GM int64_t *args);
void kernel_entry(NPURT_GM int64_t *args)
{
    const struct step step = step_of(args);
    NPURT_GM const npurt_tensor *tp = npurt_kernel_tensor(args, 1);
    NPURT_GM const float *statistics = npurt_kernel_data(npurt_kernel_tensor(args, 0));
    NPURT_GM const float *partial = npurt_kernel_data(tp);
    NPURT_GM float *state = npurt_kernel_data(npurt_kernel_tensor(args, 2));
    NPURT_GM uint16_t *out = npurt_kernel_data(npurt_kernel_tensor(args, 3));
    uint32_t rows = tp->shape[0], dim = tp->shape[1];
    uint32_t width = npurt_kernel_u32(args, STEP_LENGTHS + rows / step.heads);

    for (uint32_t row = 0; row < rows; row++) {
        NPURT_GM float *own = state + (size_t)row * (dim + 2);
        uint32_t rest = step_rest(&step, row / step.heads);
        if (rest == 0) continue;
        attention_join(own, dim, step.first == 0, partial + (size_t)row * dim, statistics[2 * row],
                       statistics[2 * row + 1]);
        if (rest <= width) attention_finish(own, dim, out + (size_t)row * dim);
    }
}
