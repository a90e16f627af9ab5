/* out = x · w: x f32 or bf16, w bf16, out f32, rows contiguous; AIC. Tensors: x, w, out. */
#include <npurt/kernel.h>

enum { MAX_COLUMNS = 512 };

NPURT_KERNEL void kernel_entry(NPURT_GM int64_t *args);
void kernel_entry(NPURT_GM int64_t *args)
{
    NPURT_GM const npurt_tensor *tx = npurt_kernel_tensor(args, 0), *tw = npurt_kernel_tensor(args, 1),
                                *to = npurt_kernel_tensor(args, 2);
    NPURT_GM const void *x = npurt_kernel_data(tx);
    NPURT_GM const uint16_t *w = npurt_kernel_data(tw);
    NPURT_GM float *out = npurt_kernel_data(to);
    uint32_t inner = tx->shape[1], columns = to->shape[1];
    if (columns > MAX_COLUMNS) __builtin_trap();

    for (uint32_t row = 0; row < to->shape[0]; row++) {
        float sum[MAX_COLUMNS];
        for (uint32_t j = 0; j < columns; j++)
            sum[j] = 0;
        for (uint32_t k = 0; k < inner; k++) {
            size_t at = (size_t)row * tx->strides[0] + k;
            float factor = tx->dtype == NPURT_F32 ? ((NPURT_GM const float *)x)[at]
                                                  : npurt_bf16_to_f32(((NPURT_GM const uint16_t *)x)[at]);
            NPURT_GM const uint16_t *line = w + (size_t)k * tw->strides[0];
            for (uint32_t j = 0; j < columns; j++)
                sum[j] += factor * npurt_bf16_to_f32(line[j]);
        }
        for (uint32_t j = 0; j < columns; j++)
            out[(size_t)row * to->strides[0] + j] = sum[j];
    }
}
