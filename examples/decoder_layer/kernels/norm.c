/* Each row normalised; AIV. Tensors: x, weight, out, f32. Scalar: epsilon. */
#include "norm.h"

NPURT_KERNEL void kernel_entry(NPURT_GM int64_t *args);
void kernel_entry(NPURT_GM int64_t *args)
{
    NPURT_GM const npurt_tensor *tx = npurt_kernel_tensor(args, 0), *to = npurt_kernel_tensor(args, 2);
    NPURT_GM const float *weight = npurt_kernel_data(npurt_kernel_tensor(args, 1));
    for (uint32_t row = 0; row < tx->shape[0]; row++)
        rms_norm((NPURT_GM const float *)npurt_kernel_data(tx) + (size_t)row * tx->strides[0], weight, tx->shape[1],
                 npurt_kernel_f32(args, 0),
                 (NPURT_GM float *)npurt_kernel_data(to) + (size_t)row * to->strides[0]);
}
