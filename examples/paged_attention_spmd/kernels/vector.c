/* A vector core's part, half of the heads: weights of each run, then its result into the running state, which never
 * leaves the core. */
#include "../../paged_attention/kernels/attention.h"
#include "pipe.h"

NPURT_KERNEL void kernel_entry(NPURT_GM int64_t *args);
void kernel_entry(NPURT_GM int64_t *args)
{
    const struct pipe p = pipe_of(args);
    const uint32_t half = (uint32_t)npurt_kernel_sub_block(args), rows = p.heads / 2, first = half * rows;
    const float scale = npurt_kernel_f32(args, PIPE_SCALE);
    NPURT_GM uint16_t *out = (NPURT_GM uint16_t *)npurt_kernel_data(npurt_kernel_tensor(args, PIPE_OUT)) +
                             ((size_t)p.sequence * p.heads + first) * p.dim;
    NPURT_GM uint16_t *weights = p.weights + (size_t)first * p.width;
    NPURT_GM const float *partial = p.partial + (size_t)first * p.dim;
    float state[ATTENTION_MAX_HEADS / 2 * (ATTENTION_MAX_DIM + 2)], maximum[ATTENTION_MAX_HEADS],
        sum[ATTENTION_MAX_HEADS];
    if (p.heads > ATTENTION_MAX_HEADS || p.dim > ATTENTION_MAX_DIM || p.heads % 2 != 0) __builtin_trap();

    for (uint32_t r = 0; r < p.runs; r++) {
        NPURT_GM const float *scores = pipe_scores(&p, r) + (size_t)first * p.width;
        pipe_pop(&p, FLAG_SCORES, scores, (size_t)rows * p.width * sizeof(float), r + 1);
        for (uint32_t row = 0; row < rows; row++)
            attention_weights(scores + (size_t)row * p.width, pipe_valid(&p, r), p.width, scale,
                              weights + (size_t)row * p.width, &maximum[row], &sum[row]);
        pipe_push(&p, FLAG_WEIGHTS + half, weights, (size_t)rows * p.width * sizeof(uint16_t), r + 1);

        pipe_pop(&p, FLAG_PARTIAL, partial, (size_t)rows * p.dim * sizeof(float), r + 1);
        for (uint32_t row = 0; row < rows; row++)
            attention_join(state + (size_t)row * (p.dim + 2), p.dim, r == 0, partial + (size_t)row * p.dim,
                           maximum[row], sum[row]);
    }
    for (uint32_t row = 0; row < rows; row++)
        attention_finish(state + (size_t)row * (p.dim + 2), p.dim, out + (size_t)row * p.dim);
}
