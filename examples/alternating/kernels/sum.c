/* out = x + y, tile by tile; AIV. Tensors: x, y, out, piles of equal height. */
#include "../../matmul/kernels/tiles.h"

NPURT_KERNEL void kernel_entry(NPURT_GM int64_t *args);
void kernel_entry(NPURT_GM int64_t *args)
{
    const struct tiles x = tiles_of(npurt_kernel_tensor(args, 0)), y = tiles_of(npurt_kernel_tensor(args, 1)),
                       out = tiles_of(npurt_kernel_tensor(args, 2));
    for (uint32_t tile = 0; tile < out.count; tile++) {
        for (uint32_t row = 0; row < out.rows; row++) {
            NPURT_GM const float *left = tiles_row(&x, tile, row), *right = tiles_row(&y, tile, row);
            NPURT_GM float *line = tiles_row(&out, tile, row);
            for (uint32_t column = 0; column < out.columns; column++)
                line[column] = left[column] + right[column];
        }
    }
}
