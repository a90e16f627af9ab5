/* A head's vector normalised and turned by its position: element i and i + dim/2 by one angle. */
#ifndef DECODER_LAYER_ROPE_H
#define DECODER_LAYER_ROPE_H

#include "norm.h"

enum { ROPE_MAX_DIM = 256 };

static inline void rope_head(NPURT_GM const float *x, NPURT_GM const float *weight, NPURT_GM const float *turn,
                             uint32_t dim, float epsilon, NPURT_GM uint16_t *out)
{
    float even[ROPE_MAX_DIM];
    uint32_t half = dim / 2;
    if (dim > ROPE_MAX_DIM) __builtin_trap();
    rms_norm(x, weight, dim, epsilon, even);
    for (uint32_t i = 0; i < half; i++) {
        out[i] = npurt_f32_to_bf16(even[i] * turn[i] - even[i + half] * turn[half + i]);
        out[i + half] = npurt_f32_to_bf16(even[i + half] * turn[i] + even[i] * turn[half + i]);
    }
}

#endif
