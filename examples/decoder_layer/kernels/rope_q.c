/* The queries of some heads, ready for attention; AIV. Tensors: q [batch, heads·dim], norm's weight [1, dim], rope, out
 * bf16 like q. Scalar: epsilon. */
#include "rope.h"

NPURT_KERNEL void kernel_entry(NPURT_GM int64_t *args);
void kernel_entry(NPURT_GM int64_t *args)
{
    NPURT_GM const npurt_tensor *tq = npurt_kernel_tensor(args, 0), *tn = npurt_kernel_tensor(args, 1),
                                *tr = npurt_kernel_tensor(args, 2), *to = npurt_kernel_tensor(args, 3);
    NPURT_GM const float *q = npurt_kernel_data(tq), *weight = npurt_kernel_data(tn), *rope = npurt_kernel_data(tr);
    NPURT_GM uint16_t *out = npurt_kernel_data(to);
    uint32_t dim = tn->shape[1];
    for (uint32_t row = 0; row < tq->shape[0]; row++)
        for (uint32_t at = 0; at < tq->shape[1]; at += dim)
            rope_head(q + (size_t)row * tq->strides[0] + at, weight, rope + (size_t)row * tr->strides[0], dim,
                      npurt_kernel_f32(args, 0), out + (size_t)row * to->strides[0] + at);
}
