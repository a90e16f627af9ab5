/* Root-mean-square normalisation. */
#ifndef DECODER_LAYER_NORM_H
#define DECODER_LAYER_NORM_H

#include <npurt/kernel.h>

/* 1 / sqrt(x) for normal x > 0: Newton's steps from an estimate by exponent that is off by 4 % at most; each squares
 * the error, times 3/2. */
static inline float inverse_root(float x)
{
    union {
        float f;
        uint32_t u;
    } y = {.f = x};
    y.u = 0x5f3759dfu - (y.u >> 1);
    for (int step = 0; step < 4; step++)
        y.f *= 1.5f - 0.5f * x * y.f * y.f;
    return y.f;
}

/* out[i] = x[i] / rms(x) · weight[i]. In parts, so that the sum vectorises; n is a multiple of 8. */
static inline void rms_norm(NPURT_GM const float *x, NPURT_GM const float *weight, uint32_t n, float epsilon, float *out)
{
    float part[8] = {0}, sum = 0;
    for (uint32_t i = 0; i < n; i += 8)
        for (uint32_t lane = 0; lane < 8; lane++)
            part[lane] += x[i + lane] * x[i + lane];
    for (uint32_t lane = 0; lane < 8; lane++)
        sum += part[lane];
    float factor = inverse_root(sum / (float)n + epsilon);
    for (uint32_t i = 0; i < n; i++)
        out[i] = x[i] * factor * weight[i];
}

#endif
