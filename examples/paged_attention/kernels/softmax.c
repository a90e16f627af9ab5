/* Weights and their statistics, row by row; AIV. Tensors: scores, weights, statistics. */
#include "attention.h"
#include "step.h"

NPURT_KERNEL void kernel_entry(NPURT_GM int64_t *args);
void kernel_entry(NPURT_GM int64_t *args)
{
    const struct step step = step_of(args);
    NPURT_GM const npurt_tensor *ts = npurt_kernel_tensor(args, 0);
    NPURT_GM const float *scores = npurt_kernel_data(ts);
    NPURT_GM uint16_t *weights = npurt_kernel_data(npurt_kernel_tensor(args, 1));
    NPURT_GM float *statistics = npurt_kernel_data(npurt_kernel_tensor(args, 2));
    uint32_t width = ts->shape[1];

    for (uint32_t row = 0; row < ts->shape[0]; row++) {
        uint32_t valid = step_valid(&step, row / step.heads, width);
        if (valid > 0)
            attention_weights(scores + (size_t)row * width, valid, width, step_scale(&step),
                              weights + (size_t)row * width, &statistics[2 * row], &statistics[2 * row + 1]);
    }
}
