/* The arithmetic of attention, for one sequence or one row of it. */
#ifndef PAGED_ATTENTION_ATTENTION_H
#define PAGED_ATTENTION_ATTENTION_H

#include <npurt/kernel.h>

#include "exponential.h"

enum { ATTENTION_MAX_DIM = 256, ATTENTION_MAX_HEADS = 32, ATTENTION_LANES = 8 };

/* scores[h][i] = sum over d of q[h][d] · key[i][d] for `valid` tokens, token i in page pages[i / block]. A row of scores
 * is `width` wide. Local buffers, as on the chip: q once, one key at a time. Sums are kept in parts so that they
 * vectorise. */
static inline void attention_scores(NPURT_GM const uint16_t *q, NPURT_GM const uint16_t *keys,
                                    NPURT_GM const uint32_t *pages, uint32_t block, uint32_t heads, uint32_t dim,
                                    uint32_t valid, uint32_t width, NPURT_GM float *scores)
{
    float local_q[ATTENTION_MAX_HEADS * ATTENTION_MAX_DIM], key[ATTENTION_MAX_DIM];
    if (heads > ATTENTION_MAX_HEADS || dim > ATTENTION_MAX_DIM || dim % ATTENTION_LANES != 0) __builtin_trap();
    for (uint32_t i = 0; i < heads * dim; i++)
        local_q[i] = npurt_bf16_to_f32(q[i]);
    for (uint32_t i = 0; i < valid; i++) {
        NPURT_GM const uint16_t *from = keys + ((size_t)pages[i / block] * block + i % block) * dim;
        for (uint32_t d = 0; d < dim; d++)
            key[d] = npurt_bf16_to_f32(from[d]);
        for (uint32_t h = 0; h < heads; h++) {
            const float *row = local_q + (size_t)h * dim;
            float part[ATTENTION_LANES] = {0}, sum = 0;
            for (uint32_t d = 0; d < dim; d += ATTENTION_LANES)
                for (uint32_t lane = 0; lane < ATTENTION_LANES; lane++)
                    part[lane] += row[d + lane] * key[d + lane];
            for (uint32_t lane = 0; lane < ATTENTION_LANES; lane++)
                sum += part[lane];
            scores[(size_t)h * width + i] = sum;
        }
    }
}

/* One row: maximum of the scaled scores, weights exp(score - maximum) in bf16, and their sum. Columns from `valid` on are
 * padding: weight 0. The sum is of the rounded weights, so that rounding does not bias it. */
static inline void attention_weights(NPURT_GM const float *scores, uint32_t valid, uint32_t width, float scale,
                                     NPURT_GM uint16_t *weights, NPURT_GM float *maximum, NPURT_GM float *sum)
{
    float most = scores[0] * scale, all = 0;
    for (uint32_t i = 0; i < valid; i++)
        if (scores[i] * scale > most) most = scores[i] * scale;
    for (uint32_t i = 0; i < valid; i++) {
        union {
            float f;
            uint32_t u;
        } weight = {.f = exp_negative(scores[i] * scale - most)};
        weights[i] = (uint16_t)((weight.u + 0x7fffu + ((weight.u >> 16) & 1u)) >> 16); /* never NaN: no test for it */
    }
    for (uint32_t i = 0; i < valid; i++)
        all += npurt_bf16_to_f32(weights[i]);
    for (uint32_t i = valid; i < width; i++)
        weights[i] = 0;
    *maximum = most;
    *sum = all;
}

/* partial[h][d] = sum over `valid` tokens of weights[h][i] · value[i][d]. */
static inline void attention_partial(NPURT_GM const uint16_t *weights, NPURT_GM const uint16_t *values,
                                     NPURT_GM const uint32_t *pages, uint32_t block, uint32_t heads, uint32_t dim,
                                     uint32_t valid, uint32_t width, NPURT_GM float *partial)
{
    float sum[ATTENTION_MAX_HEADS * ATTENTION_MAX_DIM], value[ATTENTION_MAX_DIM];
    if (heads > ATTENTION_MAX_HEADS || dim > ATTENTION_MAX_DIM) __builtin_trap();
    for (uint32_t i = 0; i < heads * dim; i++)
        sum[i] = 0;
    for (uint32_t i = 0; i < valid; i++) {
        NPURT_GM const uint16_t *from = values + ((size_t)pages[i / block] * block + i % block) * dim;
        for (uint32_t d = 0; d < dim; d++)
            value[d] = npurt_bf16_to_f32(from[d]);
        for (uint32_t h = 0; h < heads; h++) {
            float weight = npurt_bf16_to_f32(weights[(size_t)h * width + i]);
            float *row = sum + (size_t)h * dim;
            for (uint32_t d = 0; d < dim; d++)
                row[d] += weight * value[d];
        }
    }
    for (uint32_t i = 0; i < heads * dim; i++)
        partial[i] = sum[i];
}

/* Joins one row's partial result to its running state (dim + 2 numbers), rescaling whichever has the smaller maximum. */
static inline void attention_join(NPURT_GM float *state, uint32_t dim, bool first, NPURT_GM const float *partial,
                                  float maximum, float sum)
{
    if (first) {
        for (uint32_t d = 0; d < dim; d++)
            state[d] = partial[d];
        state[dim] = maximum;
        state[dim + 1] = sum;
        return;
    }
    float most = state[dim] > maximum ? state[dim] : maximum;
    float keep = exp_negative(state[dim] - most), add = exp_negative(maximum - most);
    for (uint32_t d = 0; d < dim; d++)
        state[d] = state[d] * keep + partial[d] * add;
    state[dim] = most;
    state[dim + 1] = state[dim + 1] * keep + sum * add;
}

/* The row's output: divided by its sum of weights. */
static inline void attention_finish(NPURT_GM const float *state, uint32_t dim, NPURT_GM uint16_t *out)
{
    for (uint32_t d = 0; d < dim; d++)
        out[d] = npurt_f32_to_bf16(state[d] / state[dim + 1]);
}

#endif
