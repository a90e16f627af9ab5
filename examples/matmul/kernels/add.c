/* to = x (first) or to += x, tile by tile; AIV. The flag lets the first product of a tile fill it. Tensors: x, to
 * (tiles.h), piles of equal height. Scalar: first. */
#include "tiles.h"

NPURT_KERNEL void kernel_entry(NPURT_GM int64_t *args);
void kernel_entry(NPURT_GM int64_t *args)
{
    const struct tiles x = tiles_of(npurt_kernel_tensor(args, 0)), to = tiles_of(npurt_kernel_tensor(args, 1));
    bool first = npurt_kernel_u64(args, 0) != 0;
    for (uint32_t tile = 0; tile < to.count; tile++) {
        for (uint32_t row = 0; row < to.rows; row++) {
            NPURT_GM const float *from = tiles_row(&x, tile, row);
            NPURT_GM float *out = tiles_row(&to, tile, row);
            for (uint32_t column = 0; column < to.columns; column++)
                out[column] = first ? from[column] : out[column] + from[column];
        }
    }
}
