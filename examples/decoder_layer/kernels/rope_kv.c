/* One head's new key, ready for attention, and value go to the cache; AIV. Tensors: k, v [batch, dim], norm's weight,
 * rope, table, the head's caches. Scalars: epsilon, block, each sequence's length. */
#include "rope.h"

NPURT_KERNEL void kernel_entry(NPURT_GM int64_t *args);
void kernel_entry(NPURT_GM int64_t *args)
{
    NPURT_GM const npurt_tensor *tk = npurt_kernel_tensor(args, 0), *tv = npurt_kernel_tensor(args, 1),
                                *tr = npurt_kernel_tensor(args, 3), *tt = npurt_kernel_tensor(args, 4);
    NPURT_GM const float *k = npurt_kernel_data(tk), *v = npurt_kernel_data(tv);
    NPURT_GM const float *weight = npurt_kernel_data(npurt_kernel_tensor(args, 2)), *rope = npurt_kernel_data(tr);
    NPURT_GM const uint32_t *table = npurt_kernel_data(tt);
    NPURT_GM uint16_t *keys = npurt_kernel_data(npurt_kernel_tensor(args, 5)),
                      *values = npurt_kernel_data(npurt_kernel_tensor(args, 6));
    float epsilon = npurt_kernel_f32(args, 0);
    uint32_t dim = tk->shape[1], block = npurt_kernel_u32(args, 1);
    for (uint32_t s = 0; s < tk->shape[0]; s++) {
        uint32_t at = npurt_kernel_u32(args, 2 + s) - 1;
        size_t row = (size_t)table[s * tt->strides[0] + at / block] * block + at % block;
        rope_head(k + (size_t)s * tk->strides[0], weight, rope + (size_t)s * tr->strides[0], dim, epsilon,
                  keys + row * dim);
        for (uint32_t d = 0; d < dim; d++)
            values[row * dim + d] = npurt_f32_to_bf16(v[(size_t)s * tv->strides[0] + d]);
    }
}
