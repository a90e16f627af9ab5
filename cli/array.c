#include "array.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <npurt/kernel.h>

#include "example.h"

static float f16_to_f32(uint16_t x)
{
    const int exponent = x >> 10 & 31, mantissa = x & 1023;
    const float sign = x >> 15 ? -1.0f : 1.0f;
    if (exponent == 31) return mantissa ? NAN : sign * INFINITY;
    if (exponent == 0) return sign * ldexpf((float)mantissa, -24);
    return sign * ldexpf((float)(1024 + mantissa), exponent - 25);
}

/* Exact for every multiple of 2^-10 in [-1, 1]: what array_random gives it. */
static uint16_t f32_to_f16(float x)
{
    int exponent;
    const float fraction = frexpf(fabsf(x), &exponent); /* [0.5, 1) */
    if (x == 0) return 0;
    return (uint16_t)((x < 0) << 15 | (exponent + 14) << 10 | ((int)(fraction * 2048) - 1024));
}

void array_random(npurt_dtype dtype, void *to, uint64_t elements, uint64_t stream)
{
    for (uint64_t i = 0; i < elements; i++) {
        const uint64_t bits = example_random(1, stream, i), small = bits >> 57;
        const float real = example_random_f32(1, stream, i);
        switch (dtype) {
        case NPURT_F32:
            ((float *)to)[i] = real;
            break;
        case NPURT_F16:
            ((uint16_t *)to)[i] = f32_to_f16(truncf(real * 1024) / 1024);
            break;
        case NPURT_BF16:
            ((uint16_t *)to)[i] = npurt_f32_to_bf16(real);
            break;
        case NPURT_I8:
        case NPURT_U8:
            ((uint8_t *)to)[i] = (uint8_t)small;
            break;
        case NPURT_I16:
        case NPURT_U16:
            ((uint16_t *)to)[i] = (uint16_t)small;
            break;
        case NPURT_I32:
        case NPURT_U32:
            ((uint32_t *)to)[i] = (uint32_t)small;
            break;
        case NPURT_I64:
        case NPURT_U64:
            ((uint64_t *)to)[i] = small;
            break;
        case NPURT_DTYPE_COUNT:
            break;
        }
    }
}

static double value_of(npurt_dtype dtype, const void *array, uint64_t i)
{
    switch (dtype) {
    case NPURT_F32:
        return (double)((const float *)array)[i];
    case NPURT_F16:
        return (double)f16_to_f32(((const uint16_t *)array)[i]);
    case NPURT_BF16:
        return (double)npurt_bf16_to_f32(((const uint16_t *)array)[i]);
    case NPURT_I8:
        return ((const int8_t *)array)[i];
    case NPURT_U8:
        return ((const uint8_t *)array)[i];
    case NPURT_I16:
        return ((const int16_t *)array)[i];
    case NPURT_U16:
        return ((const uint16_t *)array)[i];
    case NPURT_I32:
        return ((const int32_t *)array)[i];
    case NPURT_U32:
        return ((const uint32_t *)array)[i];
    case NPURT_I64:
        return (double)((const int64_t *)array)[i];
    case NPURT_U64:
        return (double)((const uint64_t *)array)[i];
    case NPURT_DTYPE_COUNT:
        break;
    }
    return (double)NAN;
}

bool array_is_real(npurt_dtype dtype)
{
    return dtype == NPURT_F32 || dtype == NPURT_F16 || dtype == NPURT_BF16;
}

/* Integers to the last digit. */
static void text_of(npurt_dtype dtype, const void *array, uint64_t i, char text[32])
{
    if (dtype == NPURT_I64)
        snprintf(text, 32, "%" PRId64, ((const int64_t *)array)[i]);
    else if (dtype == NPURT_U64)
        snprintf(text, 32, "%" PRIu64, ((const uint64_t *)array)[i]);
    else
        snprintf(text, 32, array_is_real(dtype) ? "%.9g" : "%.0f", value_of(dtype, array, i));
}

/* |got - wanted| of 64-bit integers: doubles lose their last digits. */
static double distance_of(npurt_dtype dtype, const void *got, const void *wanted, uint64_t i)
{
    uint64_t a, b;
    if (dtype != NPURT_I64 && dtype != NPURT_U64)
        return comparison_error(value_of(dtype, got, i), value_of(dtype, wanted, i));
    memcpy(&a, (const char *)got + 8 * i, 8);
    memcpy(&b, (const char *)wanted + 8 * i, 8);
    const bool less = dtype == NPURT_I64 ? (int64_t)a < (int64_t)b : a < b;
    return (double)(less ? b - a : a - b);
}

void array_compare(npurt_dtype dtype, const void *got, const void *wanted, uint64_t elements,
                   struct tolerance tolerance, struct comparison *found)
{
    const uint64_t width = npurt_dtype_size(dtype);
    char is[32], due[32];
    for (uint64_t i = 0; i < elements; i++) {
        if (memcmp((const char *)got + i * width, (const char *)wanted + i * width, width) == 0) continue;
        const double error = distance_of(dtype, got, wanted, i);
        if (error > found->max_abs_error) found->max_abs_error = error;
        if (error < (double)INFINITY &&
            error <= tolerance.absolute + tolerance.relative * fabs(value_of(dtype, wanted, i)))
            continue;
        text_of(dtype, got, i, is);
        text_of(dtype, wanted, i, due);
        comparison_wrong(found, i, 0, 0, is, due);
    }
}
