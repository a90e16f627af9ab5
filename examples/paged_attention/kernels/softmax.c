/* Per head over one block: maximum of the scaled scores, weights exp(score - maximum) in bf16, and their sum; AIV.
 * Columns from `valid` on are padding: weight 0. The sum is of the rounded weights, so that rounding does not bias it.
 * Tensors: scores, weights, stats. Scalars: valid, scale. */
#include <npurt/kernel.h>

#include "exponential.h"

enum { MAX_BLOCK = 256 };

NPURT_KERNEL void kernel_entry(NPURT_GM int64_t *args);
void kernel_entry(NPURT_GM int64_t *args)
{
    NPURT_GM const npurt_tensor *ts = npurt_kernel_tensor(args, 0);
    NPURT_GM const float *scores = npurt_kernel_data(ts);
    NPURT_GM uint16_t *weights = npurt_kernel_data(npurt_kernel_tensor(args, 1));
    NPURT_GM float *stats = npurt_kernel_data(npurt_kernel_tensor(args, 2));
    uint32_t heads = ts->shape[0], block = ts->shape[1], valid = (uint32_t)npurt_kernel_scalar(args, 3);
    float scale = npurt_kernel_scalar_f32(args, 4);
    if (block > MAX_BLOCK || valid == 0 || valid > block) __builtin_trap();

    for (uint32_t h = 0; h < heads; h++) {
        NPURT_GM const float *row = scores + (size_t)h * block;
        NPURT_GM uint16_t *out = weights + (size_t)h * block;
        float scaled[MAX_BLOCK], maximum = row[0] * scale, sum = 0;
        for (uint32_t i = 0; i < valid; i++) {
            scaled[i] = row[i] * scale;
            if (scaled[i] > maximum) maximum = scaled[i];
        }
        for (uint32_t i = 0; i < valid; i++) {
            union {
                float f;
                uint32_t u;
            } weight = {.f = exp_negative(scaled[i] - maximum)};
            out[i] = (uint16_t)((weight.u + 0x7fffu + ((weight.u >> 16) & 1u)) >> 16); /* never NaN: no test for it */
        }
        for (uint32_t i = 0; i < valid; i++)
            sum += npurt_bf16_to_f32(out[i]);
        for (uint32_t i = valid; i < block; i++)
            out[i] = 0;
        stats[h] = maximum;
        stats[heads + h] = sum;
    }
}
