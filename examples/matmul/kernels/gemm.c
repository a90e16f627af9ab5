/* out = x · y, tile by tile; AIC. Tensors: x, y, out (tiles.h), piles of equal height. */
#include "tiles.h"

NPURT_KERNEL void kernel_entry(NPURT_GM int64_t *args);
void kernel_entry(NPURT_GM int64_t *args)
{
    const struct tiles x = tiles_of(npurt_kernel_tensor(args, 0)), y = tiles_of(npurt_kernel_tensor(args, 1)),
                       out = tiles_of(npurt_kernel_tensor(args, 2));
    for (uint32_t tile = 0; tile < out.count; tile++) {
        for (uint32_t i = 0; i < out.rows; i++) {
            NPURT_GM const float *factor = tiles_row(&x, tile, i);
            NPURT_GM float *restrict line = tiles_row(&out, tile, i);
            for (uint32_t j = 0; j < out.columns; j++)
                line[j] = 0;
            for (uint32_t k = 0; k < x.columns; k++) {
                NPURT_GM const float *restrict other = tiles_row(&y, tile, k);
                for (uint32_t j = 0; j < out.columns; j++)
                    line[j] += factor[k] * other[j];
            }
        }
    }
}
