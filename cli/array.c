#include "array.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <npurt/kernel.h>

#include "example.h"
#include "files/regular.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "files are read as they are");

bool array_file_size(const char *path, uint64_t *bytes, char *problem, size_t size)
{
    int fd;
    if (regular_open(path, &fd, bytes, problem, size) != REGULAR_OK) return false;
    close(fd);
    return true;
}

bool array_read(const char *path, void *to, uint64_t bytes, char *problem, size_t size)
{
    return regular_fill(path, to, bytes, problem, size) == REGULAR_OK;
}

/* A pipe is written to as long as a process reads it; one without a reader would hold the command up. */
bool array_write(const char *path, const void *from, uint64_t bytes, char *problem, size_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0666);
    const bool no_reader = fd < 0 && errno == ENXIO;
    FILE *file = fd >= 0 && fcntl(fd, F_SETFL, 0) == 0 ? fdopen(fd, "we") : NULL;
    bool written = file && fwrite(from, 1, bytes, file) == bytes;
    if (file ? fclose(file) != 0 : fd >= 0 && close(fd) != 0) written = false; /* a full disk may show only now */
    if (!written) snprintf(problem, size, "%s: %s", path, no_reader ? "a pipe that no process reads" : strerror(errno));
    return written;
}

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

int64_t array_compare(npurt_dtype dtype, const void *got, const void *wanted, uint64_t elements, double tolerance,
                      double *max_abs_error)
{
    const uint64_t width = npurt_dtype_size(dtype);
    const bool real = dtype == NPURT_F32 || dtype == NPURT_F16 || dtype == NPURT_BF16;
    int64_t mismatches = 0;
    for (uint64_t i = 0; i < elements; i++) {
        if (memcmp((const char *)got + i * width, (const char *)wanted + i * width, width) == 0) continue;
        double error = fabs(value_of(dtype, got, i) - value_of(dtype, wanted, i));
        if (!real && error == 0) error = 1; /* 64-bit integers that are one double */
        example_note_error(error, tolerance, &mismatches, max_abs_error);
    }
    return mismatches;
}
