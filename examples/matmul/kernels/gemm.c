/* out = x · y for f32 tiles whose rows are contiguous. */
#include <npurt/kernel.h>

NPURT_KERNEL void kernel_entry(NPURT_GM int64_t *args);
void kernel_entry(NPURT_GM int64_t *args)
{
    NPURT_GM const npurt_tensor *tx = npurt_kernel_tensor(args, 0), *ty = npurt_kernel_tensor(args, 1),
                                *to = npurt_kernel_tensor(args, 2);
    NPURT_GM const float *x = npurt_kernel_data(tx), *y = npurt_kernel_data(ty);
    NPURT_GM float *out = npurt_kernel_data(to);
    uint32_t rows = to->shape[0], columns = to->shape[1], inner = tx->shape[1];
    for (uint32_t i = 0; i < rows; i++) {
        NPURT_GM float *restrict line = out + (size_t)i * to->strides[0];
        for (uint32_t j = 0; j < columns; j++)
            line[j] = 0;
        for (uint32_t k = 0; k < inner; k++) {
            float factor = x[(size_t)i * tx->strides[0] + k];
            NPURT_GM const float *restrict other = y + (size_t)k * ty->strides[0];
            for (uint32_t j = 0; j < columns; j++)
                line[j] += factor * other[j];
        }
    }
}
