/* out = x + scalar, element by element; two-dimensional f32. */
#include <npurt/kernel.h>

NPURT_KERNEL void kernel_entry(NPURT_GM int64_t *args);
void kernel_entry(NPURT_GM int64_t *args)
{
    NPURT_GM const npurt_tensor *tx = npurt_kernel_tensor(args, 0), *to = npurt_kernel_tensor(args, 1);
    float scalar = npurt_kernel_f32(args, 0);
    for (uint32_t row = 0; row < to->shape[0]; row++) {
        NPURT_GM const float *x = (NPURT_GM const float *)npurt_kernel_data(tx) + (size_t)row * tx->strides[0];
        NPURT_GM float *out = (NPURT_GM float *)npurt_kernel_data(to) + (size_t)row * to->strides[0];
        for (uint32_t column = 0; column < to->shape[1]; column++)
            out[column] = x[column] + scalar;
    }
}
