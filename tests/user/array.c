/* Arrays in files, as npurt run reads, writes, makes and compares them. */
#include "array.h"

#include <math.h>
#include <unistd.h>

#include "check.h"

TEST(file_is_read_whole_or_refused)
{
    char path[] = "/tmp/npurt-array-XXXXXX", problem[256];
    const uint16_t out[3] = {1, 2, 3};
    uint16_t in[3] = {0};
    uint64_t bytes;
    int fd = mkstemp(path);
    CHECK(fd >= 0);
    close(fd);
    const bool written = array_write(path, out, sizeof out, problem, sizeof problem);
    const bool sized = array_file_size(path, &bytes, problem, sizeof problem);
    const bool longer = array_read(path, in, 2, problem, sizeof problem);
    const bool read = array_read(path, in, sizeof in, problem, sizeof problem);
    unlink(path);
    CHECK(written && sized && read && !longer);
    CHECK_EQ(bytes, 6);
    CHECK(memcmp(in, out, sizeof in) == 0);
    CHECK(!array_read(path, in, 6, problem, sizeof problem));
    CHECK_HAS(problem, "No such file");
    CHECK(!array_file_size("/tmp", &bytes, problem, sizeof problem));
    CHECK_HAS(problem, "not a regular file");
    CHECK(!array_write("/nonexistent/y", out, 6, problem, sizeof problem));
    CHECK_HAS(problem, "/nonexistent/y");
}

TEST(compare_counts_what_is_outside_the_tolerance)
{
    const float got[] = {1, 2, 3, NAN, NAN, 0.0f}, wanted[] = {1, 2.25f, 4, NAN, 1, -0.0f};
    double largest = 0;
    CHECK_EQ(array_compare(NPURT_F32, got, wanted, 4, 0.5, &largest), 1);
    CHECK(largest == 1);
    CHECK_EQ(array_compare(NPURT_F32, got, wanted, 4, 0, &largest), 2);
    CHECK_EQ(array_compare(NPURT_F32, got + 5, wanted + 5, 1, 0, &largest), 0);
    CHECK_EQ(array_compare(NPURT_F32, got, wanted, 6, 100, &largest), 1); /* NaN against a number */
    CHECK(isinf(largest));
}

TEST(compare_reads_every_type)
{
    double largest = 0;
    /* f16: 1, the smallest subnormal, 65504, -infinity */
    const uint16_t half[] = {0x3c00, 0x0001, 0x7bff, 0xfc00}, zero[4] = {0};
    CHECK_EQ(array_compare(NPURT_F16, half, zero, 1, 0.999, &largest), 1);
    CHECK(largest == 1);
    largest = 0;
    array_compare(NPURT_F16, half + 1, zero, 1, 0, &largest);
    CHECK(largest == 0x1p-24);
    array_compare(NPURT_F16, half + 2, zero, 1, 0, &largest);
    CHECK(largest == 65504);
    array_compare(NPURT_F16, half + 3, zero, 1, 0, &largest);
    CHECK(isinf(largest));
    largest = 0;
    const int8_t a = -128, b = 127;
    array_compare(NPURT_I8, &a, &b, 1, 0, &largest);
    CHECK(largest == 255);
    /* one double, two integers */
    const uint64_t c = UINT64_C(1) << 60, e = c + 1;
    CHECK_EQ(array_compare(NPURT_U64, &c, &e, 1, 0, &largest), 1);
}

TEST(random_is_the_same_again_and_in_range)
{
    for (uint32_t dtype = 0; dtype < NPURT_DTYPE_COUNT; dtype++) {
        uint64_t first[256] = {0}, again[256] = {0}, other[256] = {0}, zero[256] = {0};
        double largest = 0;
        array_random((npurt_dtype)dtype, first, 256, 3);
        array_random((npurt_dtype)dtype, again, 256, 3);
        array_random((npurt_dtype)dtype, other, 256, 4);
        CHECK(memcmp(first, again, sizeof first) == 0);
        CHECK(memcmp(first, other, sizeof first) != 0);
        const bool real = dtype == NPURT_F32 || dtype == NPURT_F16 || dtype == NPURT_BF16;
        CHECK_EQ(array_compare((npurt_dtype)dtype, first, zero, 256, real ? 1 : 127, &largest), 0);
        CHECK(largest > (real ? 0.9 : 100)); /* it uses its range */
    }
}

TEST_MAIN
