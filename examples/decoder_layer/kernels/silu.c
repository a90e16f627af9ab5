/* out = gate / (1 + exp(-gate)) · up; AIV. Tensors: gate, up, out, f32. */
#include "../../matmul/kernels/tiles.h"
#include "../../paged_attention/kernels/exponential.h"

NPURT_KERNEL void kernel_entry(NPURT_GM int64_t *args);
void kernel_entry(NPURT_GM int64_t *args)
{
    const struct tiles gate = tiles_of(npurt_kernel_tensor(args, 0)), up = tiles_of(npurt_kernel_tensor(args, 1)),
                       out = tiles_of(npurt_kernel_tensor(args, 2));
    for (uint32_t row = 0; row < out.rows; row++) {
        NPURT_GM const float *g = tiles_row(&gate, 0, row), *u = tiles_row(&up, 0, row);
        NPURT_GM float *line = tiles_row(&out, 0, row);
        for (uint32_t j = 0; j < out.columns; j++) {
            float e = exp_negative(g[j] < 0 ? g[j] : -g[j]); /* never overflows */
            line[j] = g[j] * (g[j] < 0 ? e : 1.0f) / (1.0f + e) * u[j];
        }
    }
}
