/* partial[h][d] = sum over i < valid of weights[h][i] · value[i][d] for one page of values; AIC.
 * Tensors: weights, values, page table row, partial. Scalars: block number, valid. */
#include <npurt/kernel.h>

enum { MAX_DIM = 256, MAX_HEADS = 32 };

NPURT_KERNEL void kernel_entry(NPURT_GM int64_t *args);
void kernel_entry(NPURT_GM int64_t *args)
{
    NPURT_GM const npurt_tensor *tw = npurt_kernel_tensor(args, 0), *tp = npurt_kernel_tensor(args, 3);
    NPURT_GM const uint16_t *weights = npurt_kernel_data(tw);
    NPURT_GM const uint32_t *pages = npurt_kernel_data(npurt_kernel_tensor(args, 2));
    NPURT_GM float *partial = npurt_kernel_data(tp);
    uint32_t heads = tw->shape[0], block = tw->shape[1], dim = tp->shape[1];
    uint32_t page = pages[npurt_kernel_scalar(args, 4)], valid = (uint32_t)npurt_kernel_scalar(args, 5);
    NPURT_GM const uint16_t *values =
        (NPURT_GM const uint16_t *)npurt_kernel_data(npurt_kernel_tensor(args, 1)) + (size_t)page * block * dim;

    float sum[MAX_HEADS * MAX_DIM], value[MAX_DIM];
    if (heads > MAX_HEADS || dim > MAX_DIM) __builtin_trap();
    for (uint32_t i = 0; i < heads * dim; i++)
        sum[i] = 0;
    for (uint32_t i = 0; i < valid; i++) {
        for (uint32_t d = 0; d < dim; d++)
            value[d] = npurt_bf16_to_f32(values[(size_t)i * dim + d]);
        for (uint32_t h = 0; h < heads; h++) {
            float weight = npurt_bf16_to_f32(weights[(size_t)h * block + i]);
            float *row = sum + (size_t)h * dim;
            for (uint32_t d = 0; d < dim; d++)
                row[d] += weight * value[d];
        }
    }
    for (uint32_t i = 0; i < heads * dim; i++)
        partial[i] = sum[i];
}
