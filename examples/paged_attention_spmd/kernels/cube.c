/* The cube core's part: scores of each run, and its weighted values when the vector cores have made weights of them. */
#include "../../paged_attention/kernels/attention.h"
#include "pipe.h"

NPURT_KERNEL void kernel_entry(NPURT_GM int64_t *args);
void kernel_entry(NPURT_GM int64_t *args)
{
    const struct pipe p = pipe_of(args);
    NPURT_GM const uint16_t *q = npurt_kernel_data(npurt_kernel_tensor(args, PIPE_Q));
    NPURT_GM const uint16_t *keys = npurt_kernel_data(npurt_kernel_tensor(args, PIPE_KEYS));
    NPURT_GM const uint16_t *values = npurt_kernel_data(npurt_kernel_tensor(args, PIPE_VALUES));
    const size_t elements = (size_t)p.heads * p.width;
    for (uint32_t r = 0; r <= p.runs; r++) {
        if (r < p.runs) {
            attention_scores(q + (size_t)p.sequence * p.heads * p.dim, keys, pipe_pages(&p, r), p.block, p.heads, p.dim,
                             pipe_valid(&p, r), p.width, pipe_scores(&p, r));
            pipe_push(&p, FLAG_SCORES, pipe_scores(&p, r), elements * sizeof(float), r + 1);
        }
        if (r == 0) continue;
        pipe_pop(&p, FLAG_WEIGHTS, p.weights, elements / 2 * sizeof(uint16_t), r);
        pipe_pop(&p, FLAG_WEIGHTS + 1, p.weights + elements / 2, elements / 2 * sizeof(uint16_t), r);
        attention_partial(p.weights, values, pipe_pages(&p, r - 1), p.block, p.heads, p.dim, pipe_valid(&p, r - 1),
                          p.width, p.partial);
        pipe_push(&p, FLAG_PARTIAL, p.partial, (size_t)p.heads * p.dim * sizeof(float), r);
    }
}
