/* The predicate of a task: one element of a tensor, compared with a value when the task's producers have completed.
 * False: the task completes without running. Written by whoever builds the graph, behind the task's scalars (image.h).
 */
#ifndef NPURT_PREDICATE_H
#define NPURT_PREDICATE_H

#include <npurt/orchestration.h>

#include <string.h>

struct image_predicate {
    uint64_t address; /* of the element */
    uint64_t bits;    /* to compare it with: an element's, in the lowest bytes */
    uint8_t dtype;    /* npurt_dtype */
    uint8_t compare;  /* npurt_compare */
    uint16_t reserved;
    uint32_t mark; /* predicate_mark: whoever follows an address of an image wants to know that it was meant as one */
};
_Static_assert(sizeof(struct image_predicate) == 24, "image_predicate");

static inline uint32_t predicate_mark(const struct image_predicate *p)
{
    uint64_t x = p->address * UINT64_C(0x9e3779b97f4a7c15) ^ p->bits ^ (uint64_t)p->dtype << 8 ^ p->compare;
    x *= UINT64_C(0xbf58476d1ce4e5b9);
    return (uint32_t)(x >> 32) ^ 0x50524544u;
}

static inline double predicate_f16(uint16_t x)
{
    uint32_t exponent = x >> 10 & 31, fraction = x & 0x3ff;
    double sign = x & 0x8000 ? -1 : 1;
    if (exponent == 31) return fraction ? (double)__builtin_nanf("") : sign * (double)__builtin_inff();
    if (exponent == 0) return sign * fraction * 0x1p-24;
    return sign * (double)(0x400 + fraction) *
           (exponent >= 25 ? (double)(1u << (exponent - 25)) : 1.0 / (double)(1u << (25 - exponent)));
}

static inline double predicate_float(npurt_dtype dtype, uint64_t bits)
{
    uint32_t u = dtype == NPURT_BF16 ? (uint32_t)bits << 16 : (uint32_t)bits;
    float f;
    if (dtype == NPURT_F16) return predicate_f16((uint16_t)bits);
    memcpy(&f, &u, sizeof f);
    return (double)f;
}

static inline int64_t predicate_signed(uint32_t size, uint64_t bits)
{
    uint32_t unused = 64 - 8 * size;
    return (int64_t)(bits << unused) >> unused;
}

/* less, equal: of the element to the value. Both false: unordered, a NaN. */
static inline bool predicate_answer(npurt_compare compare, bool less, bool equal, bool greater)
{
    switch (compare) {
    case NPURT_EQUAL:
        return equal;
    case NPURT_NOT_EQUAL:
        return !equal;
    case NPURT_LESS:
        return less;
    case NPURT_LESS_EQUAL:
        return less || equal;
    case NPURT_GREATER:
        return greater;
    case NPURT_GREATER_EQUAL:
        return greater || equal;
    }
    return true;
}

/* Compares two elements' bits; what lies above the element's size counts for nothing. */
static inline bool predicate_compare(npurt_dtype dtype, npurt_compare compare, uint64_t a, uint64_t b)
{
    uint32_t size = npurt_dtype_size(dtype);
    if (dtype == NPURT_F32 || dtype == NPURT_F16 || dtype == NPURT_BF16) {
        double x = predicate_float(dtype, a), y = predicate_float(dtype, b);
        return predicate_answer(compare, x<y, x == y, x> y);
    }
    if (dtype == NPURT_I64 || dtype == NPURT_I32 || dtype == NPURT_I16 || dtype == NPURT_I8) {
        int64_t x = predicate_signed(size, a), y = predicate_signed(size, b);
        return predicate_answer(compare, x<y, x == y, x> y);
    }
    uint64_t mask = UINT64_MAX >> (64 - 8 * size), x = a & mask, y = b & mask;
    return predicate_answer(compare, x<y, x == y, x> y);
}

#endif
