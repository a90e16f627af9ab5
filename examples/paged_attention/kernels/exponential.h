#ifndef PAGED_ATTENTION_EXPONENTIAL_H
#define PAGED_ATTENTION_EXPONENTIAL_H

#include <stdint.h>

/* exp(x) for x <= 0, relative error below 3e-7; flushes to 0 below -87. 2^n by exponent bits, the rest (within ±ln2/2)
 * by a polynomial of Taylor's first seven terms, whose remainder is below (ln2/2)^7 / 7! = 1.2e-7. */
static inline float exp_negative(float x)
{
    union {
        uint32_t u;
        float f;
    } power;
    float n = x * 1.44269504f - 0.5f;
    int32_t whole = (int32_t)n; /* toward zero: nearest of x/ln2, as n is negative */
    float r = (x - (float)whole * 0.693359375f) + (float)whole * 2.12194440e-4f;
    float y = 1.0f / 720;
    y = y * r + 1.0f / 120;
    y = y * r + 1.0f / 24;
    y = y * r + 1.0f / 6;
    y = y * r + 0.5f;
    y = y * r + 1.0f;
    y = y * r + 1.0f;
    power.u = (uint32_t)(whole + 127) << 23;
    return x < -87.0f ? 0.0f : y * power.f;
}

#endif
