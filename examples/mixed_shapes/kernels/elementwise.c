/* out = x + y and out = x · y on tiles; AIV. All cores of a block get the arguments of all, so an entry says where its
 * three tensors begin. */
#include "../../matmul/kernels/tiles.h"

NPURT_KERNEL void add_at_0(NPURT_GM int64_t *args);
NPURT_KERNEL void add_at_3(NPURT_GM int64_t *args);
NPURT_KERNEL void multiply_at_3(NPURT_GM int64_t *args);
NPURT_KERNEL void multiply_at_6(NPURT_GM int64_t *args);

static void combine(NPURT_GM int64_t *args, uint32_t at, bool multiply)
{
    const struct tiles x = tiles_of(npurt_kernel_tensor(args, at)), y = tiles_of(npurt_kernel_tensor(args, at + 1)),
                       out = tiles_of(npurt_kernel_tensor(args, at + 2));
    for (uint32_t row = 0; row < out.rows; row++) {
        NPURT_GM const float *left = tiles_row(&x, 0, row), *right = tiles_row(&y, 0, row);
        NPURT_GM float *line = tiles_row(&out, 0, row);
        for (uint32_t column = 0; column < out.columns; column++)
            line[column] = multiply ? left[column] * right[column] : left[column] + right[column];
    }
}

void add_at_0(NPURT_GM int64_t *args)
{
    combine(args, 0, false);
}
void add_at_3(NPURT_GM int64_t *args)
{
    combine(args, 3, false);
}
void multiply_at_3(NPURT_GM int64_t *args)
{
    combine(args, 3, true);
}
void multiply_at_6(NPURT_GM int64_t *args)
{
    combine(args, 6, true);
}
