/* What goldens of several examples share. */
#ifndef NPURT_EXAMPLES_GOLDEN_H
#define NPURT_EXAMPLES_GOLDEN_H

#include "example.h"

/* line[j] += sum over k of a[k] · b[k][j], in double; b has `columns` columns. */
void golden_add_product(double *line, const float *a, uint32_t inner, const float *b, uint32_t columns);

/* What a sum of n products of numbers below 1 may err by in f32. Any order: at most n · 2^-24 · sum|a·b| (first order),
 * and sum|a·b| < n; but that bound is never near. Errors add up like a random walk of n steps of 2^-24 times partial
 * sums of about sqrt(n)/3: about n · 2^-24 / 3. We allow six times that, and a lost or doubled product is about 1/3 off,
 * four orders of magnitude more. */
static inline double golden_product_tolerance(uint32_t n)
{
    return 2.0 * n * 0x1p-24;
}

/* The memory of a new argument, INPUT or INOUT, with uniform numbers in [-1, 1) of `stream`; NULL when there is none. */
float *golden_add_random(struct example_problem *problem, npurt_access access, uint32_t ndims, const uint32_t *shape,
                         uint64_t stream);

/* What the notify examples do in each round, in double: x becomes x / 2 + 1. With |x| < 1 every value is below 2; in f32
 * halving is exact, adding 1 rounds to 2^-24 · 2 at most, and each round halves what came before: it errs by less than
 * golden_halved_tolerance. */
static inline double golden_halved(double x, uint64_t rounds)
{
    for (uint64_t i = 0; i < rounds; i++)
        x = x / 2 + 1;
    return x;
}
static inline double golden_halved_tolerance(void)
{
    return 2 * 0x1p-23;
}

/* bf16 numbers from signed bytes: n / 128 · scale, exact when that is a power of two; element i depends on seed, stream
 * and first + i alone. `first` is a multiple of 8. */
void golden_fill_bf16(uint16_t *to, uint64_t count, uint64_t seed, uint64_t stream, uint64_t first, float scale);

#endif
