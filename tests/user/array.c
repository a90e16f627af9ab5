/* Arrays in files, as npurt run reads, writes, makes and compares them. */
#include "array.h"
#include "array_file.h"

#include <math.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"

TEST(file_is_read_whole_or_refused)
{
    char path[] = "/tmp/npurt-array-XXXXXX", problem[256];
    const uint16_t out[3] = {1, 2, 3};
    const uint32_t shape[1] = {3};
    struct array_file file;
    uint16_t in[3] = {0};
    int fd = mkstemp(path);
    CHECK(fd >= 0);
    close(fd);
    CHECK(array_file_write(path, NPURT_U16, 1, shape, out, sizeof out, problem, sizeof problem));
    CHECK(array_file_open(path, &file, problem, sizeof problem));
    CHECK_EQ(file.bytes, 6);
    CHECK(!array_file_read(&file, in, 2, problem, sizeof problem));
    CHECK(array_file_read(&file, in, sizeof in, problem, sizeof problem));
    array_file_close(&file);
    unlink(path);
    CHECK(memcmp(in, out, sizeof in) == 0);
    CHECK(!array_file_open(path, &file, problem, sizeof problem));
    CHECK_HAS(problem, "No such file");
    CHECK(!array_file_open("/tmp", &file, problem, sizeof problem));
    CHECK_HAS(problem, "not a regular file");
    CHECK(!array_file_write("/nonexistent/y", NPURT_U16, 1, shape, out, 6, problem, sizeof problem));
    CHECK_HAS(problem, "/nonexistent/y");
    CHECK(!array_file_write("/dev/full", NPURT_U16, 1, shape, out, 6, problem, sizeof problem));
    CHECK_HAS(problem, "No space left");
}

/* Without a writer an open of a pipe that waits never returns. */
TEST(a_pipe_is_refused_at_once)
{
    char folder[] = "/tmp/npurt-array-XXXXXX", path[64], problem[256];
    struct array_file file;
    CHECK(mkdtemp(folder) != NULL);
    snprintf(path, sizeof path, "%s/pipe.npy", folder);
    CHECK_EQ(mkfifo(path, 0600), 0);
    const bool opened = array_file_open(path, &file, problem, sizeof problem);
    unlink(path);
    rmdir(folder);
    CHECK(!opened);
    CHECK_HAS(problem, "not a regular file");
}

/* Of `elements` in one row; the wrong ones. */
static uint64_t wrong_of(npurt_dtype dtype, const void *got, const void *wanted, uint32_t elements, double absolute,
                         double relative, double *largest)
{
    const npurt_call_tensor t = {.dtype = dtype, .ndims = 1, .shape = {elements}};
    struct comparison found;
    comparison_begin(&found, &t);
    array_compare(dtype, got, wanted, elements, (struct tolerance){absolute, relative}, &found);
    *largest = fmax(*largest, found.max_abs_error);
    return found.wrong;
}

TEST(compare_counts_what_is_outside_the_tolerance)
{
    const float got[] = {1, 2, 3, NAN, NAN, 0.0f}, wanted[] = {1, 2.25f, 4, NAN, 1, -0.0f};
    double largest = 0;
    CHECK_EQ(wrong_of(NPURT_F32, got, wanted, 4, 0.5, 0, &largest), 1);
    CHECK(largest == 1);
    CHECK_EQ(wrong_of(NPURT_F32, got, wanted, 4, 0, 0, &largest), 2);
    CHECK_EQ(wrong_of(NPURT_F32, got + 5, wanted + 5, 1, 0, 0, &largest), 0);
    CHECK_EQ(wrong_of(NPURT_F32, got, wanted, 6, 100, 0, &largest), 1); /* NaN against a number */
    CHECK(isinf(largest));
}

/* The bound is absolute + relative * |wanted|, not |got|; at the bound an element is right. */
TEST(relative_tolerance_is_of_what_is_wanted)
{
    const float small[] = {8}, large[] = {10};
    double largest = 0;
    CHECK_EQ(wrong_of(NPURT_F32, small, large, 1, 0, 0.203125, &largest), 0); /* 2 <= 2.03 */
    CHECK_EQ(wrong_of(NPURT_F32, large, small, 1, 0, 0.203125, &largest), 1); /* 2 > 1.6 */
    CHECK_EQ(wrong_of(NPURT_F32, large, small, 1, 0, 0.25, &largest), 0);
    CHECK_EQ(wrong_of(NPURT_F32, large, small, 1, 0.375, 0.203125, &largest), 0);
    const float minus[] = {-10}, minus_small[] = {-8};
    CHECK_EQ(wrong_of(NPURT_F32, minus_small, minus, 1, 0, 0.203125, &largest), 0);
}

TEST(infinities_are_right_only_when_equal)
{
    const float got[] = {INFINITY, INFINITY, 1, INFINITY, NAN}, wanted[] = {INFINITY, -INFINITY, INFINITY, 1, INFINITY};
    double largest = 0;
    for (uint32_t i = 0; i < 5; i++)
        CHECK_EQ(wrong_of(NPURT_F32, got + i, wanted + i, 1, 1e300, 1e300, &largest), i > 0);
}

TEST(what_is_wrong_is_placed)
{
    static int32_t got[2 * 16 * 20], wanted[2 * 16 * 20];
    const npurt_call_tensor t = {.dtype = NPURT_I32, .ndims = 3, .shape = {2, 16, 20}};
    struct comparison found;
    got[3 * 20 + 7] = 5;       /* row 3, column 7: of blocks of 4 x 3, row 0, column 2 */
    got[2 * 20 + 8] = -6;      /* the same block, and before it */
    wanted[31 * 20 + 19] = 12; /* the last one */
    comparison_begin(&found, &t);
    array_compare(NPURT_I32, got, wanted, 2 * 16 * 20, (struct tolerance){0, 0}, &found);
    CHECK_EQ(found.wrong, 3);
    CHECK_EQ(found.first, 2 * 20 + 8);
    CHECK_STR(found.got, "-6");
    CHECK_STR(found.wanted, "0");
    CHECK_EQ(found.block_rows, 4);
    CHECK_EQ(found.block_columns, 3);
    for (uint32_t i = 0; i < COMPARISON_BLOCKS; i++)
        for (uint32_t j = 0; j < COMPARISON_BLOCKS; j++)
            CHECK_EQ(found.in_block[i][j], i == 0 && j == 2 ? 2 : i == 7 && j == 6 ? 1 : 0);
    CHECK(found.max_abs_error == 12);
}

TEST(parts_of_a_comparison_are_brought_together)
{
    const npurt_call_tensor t = {.dtype = NPURT_F32, .ndims = 1, .shape = {8}};
    struct comparison all, later, sooner;
    comparison_begin(&all, &t);
    later = sooner = all;
    comparison_note(&later, 5, 1, 2, 0, 0);
    comparison_note(&sooner, 3, 1, 4, 0, 0);
    comparison_add(&all, &later);
    comparison_add(&all, &sooner);
    CHECK_EQ(all.wrong, 2);
    CHECK_EQ(all.first, 3);
    CHECK_STR(all.wanted, "4");
    CHECK(all.max_abs_error == 3);
    CHECK(all.in_block[0][3] == 1 && all.in_block[0][5] == 1);
}

/* 2^63 and its neighbour are one double. */
TEST(integers_of_64_bits_are_told_apart)
{
    const uint64_t c = UINT64_C(1) << 63, e = c + 1;
    const npurt_call_tensor t = {.dtype = NPURT_U64, .ndims = 1, .shape = {1}};
    struct comparison found;
    comparison_begin(&found, &t);
    array_compare(NPURT_U64, &c, &e, 1, (struct tolerance){0, 0}, &found);
    CHECK_STR(found.got, "9223372036854775808");
    CHECK_STR(found.wanted, "9223372036854775809");
    CHECK(found.max_abs_error == 1);
    const int64_t least = INT64_MIN, most = INT64_MAX;
    comparison_begin(&found, &t);
    array_compare(NPURT_I64, &least, &most, 1, (struct tolerance){0, 0}, &found);
    CHECK(found.max_abs_error == 0x1p64);
    CHECK_STR(found.got, "-9223372036854775808");
}

TEST(compare_reads_every_type)
{
    double largest = 0;
    /* f16: 1, the smallest subnormal, 65504, -infinity */
    const uint16_t half[] = {0x3c00, 0x0001, 0x7bff, 0xfc00}, zero[4] = {0};
    CHECK_EQ(wrong_of(NPURT_F16, half, zero, 1, 0.999, 0, &largest), 1);
    CHECK(largest == 1);
    largest = 0;
    wrong_of(NPURT_F16, half + 1, zero, 1, 0, 0, &largest);
    CHECK(largest == 0x1p-24);
    wrong_of(NPURT_F16, half + 2, zero, 1, 0, 0, &largest);
    CHECK(largest == 65504);
    wrong_of(NPURT_F16, half + 3, zero, 1, 0, 0, &largest);
    CHECK(isinf(largest));
    largest = 0;
    const int8_t a = -128, b = 127;
    wrong_of(NPURT_I8, &a, &b, 1, 0, 0, &largest);
    CHECK(largest == 255);
    /* one double, two integers */
    const uint64_t c = UINT64_C(1) << 60, e = c + 1;
    CHECK_EQ(wrong_of(NPURT_U64, &c, &e, 1, 0, 0, &largest), 1);
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
        CHECK_EQ(wrong_of((npurt_dtype)dtype, first, zero, 256, real ? 1 : 127, 0, &largest), 0);
        CHECK(largest > (real ? 0.9 : 100)); /* it uses its range */
    }
}

TEST_MAIN
