/* scores[h][i] = sum over d of q[h][d] · key[i][d] for one page of keys; AIC.
 * Tensors: q, keys, page table row, scores. Scalar: block number. */
#include <npurt/kernel.h>

enum { MAX_DIM = 256, LANES = 8 };

NPURT_KERNEL void kernel_entry(NPURT_GM int64_t *args);
void kernel_entry(NPURT_GM int64_t *args)
{
    NPURT_GM const npurt_tensor *tq = npurt_kernel_tensor(args, 0), *tk = npurt_kernel_tensor(args, 1),
                                *ts = npurt_kernel_tensor(args, 3);
    NPURT_GM const uint16_t *q = npurt_kernel_data(tq);
    NPURT_GM const uint32_t *pages = npurt_kernel_data(npurt_kernel_tensor(args, 2));
    NPURT_GM float *scores = npurt_kernel_data(ts);
    uint32_t heads = tq->shape[0], dim = tq->shape[1], block = ts->shape[1];
    uint32_t page = pages[npurt_kernel_scalar(args, 4)];
    NPURT_GM const uint16_t *keys = (NPURT_GM const uint16_t *)npurt_kernel_data(tk) + (size_t)page * block * dim;

    /* Local buffers, as on the chip: q once, one key at a time. Sums are kept in LANES parts so that they vectorise. */
    float local_q[32 * MAX_DIM], key[MAX_DIM];
    if (heads > 32 || dim > MAX_DIM || dim % LANES != 0) __builtin_trap();
    for (uint32_t i = 0; i < heads * dim; i++)
        local_q[i] = npurt_bf16_to_f32(q[i]);
    for (uint32_t i = 0; i < block; i++) {
        for (uint32_t d = 0; d < dim; d++)
            key[d] = npurt_bf16_to_f32(keys[(size_t)i * dim + d]);
        for (uint32_t h = 0; h < heads; h++) {
            const float *row = local_q + (size_t)h * dim;
            float part[LANES] = {0}, sum = 0;
            for (uint32_t d = 0; d < dim; d += LANES)
                for (uint32_t lane = 0; lane < LANES; lane++)
                    part[lane] += row[d + lane] * key[d + lane];
            for (uint32_t lane = 0; lane < LANES; lane++)
                sum += part[lane];
            scores[(size_t)h * block + i] = sum;
        }
    }
}
