/* The bookkeeping of device memory, against a map of bytes that knows nothing of trees. */
#include "check.h"
#include "emu/lib/heap.h"

enum { UNITS = 4096, BASE_UNIT = 0x1000 };
#define BASE ((uint64_t)BASE_UNIT * HEAP_UNIT)

static void valid(const struct heap *heap)
{
    const char *problem = heap_check(heap);

    if (problem) CHECK_FAIL("the heap's invariants do not hold: %s", problem);
}

static uint32_t next(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

/* The lowest run of free units, found by walking. */
static int64_t model_fit(const unsigned char *taken, uint32_t count, uint32_t alignment)
{
    for (uint32_t at = 0; at + count <= UNITS; at++) {
        uint32_t n = 0;
        if ((BASE_UNIT + at) % alignment) continue;
        while (n < count && !taken[at + n])
            n++;
        if (n == count) return at;
    }
    return -1;
}

TEST(takes_the_lowest_place_that_fits_as_a_walk_finds_it)
{
    static unsigned char taken[UNITS];
    static uint32_t length[UNITS];
    uint32_t random = 1, refused = 0;
    struct heap heap;

    memset(taken, 0, sizeof taken);
    memset(length, 0, sizeof length);
    CHECK(heap_init(&heap, BASE, (uint64_t)UNITS * HEAP_UNIT));
    for (int step = 0; step < 20000; step++) {
        const uint32_t at = next(&random) % UNITS;
        if (length[at]) {
            uint64_t size;
            CHECK(heap_give(&heap, BASE + (uint64_t)at * HEAP_UNIT, HEAP_CALLER, &size));
            CHECK_EQ(size, (uint64_t)length[at] * HEAP_UNIT);
            memset(taken + at, 0, length[at]);
            length[at] = 0;
        } else {
            const uint32_t count = 1 + next(&random) % 60, alignment = next(&random) % 4 ? 1 : 8;
            const uint64_t bytes = (uint64_t)count * HEAP_UNIT - next(&random) % HEAP_UNIT;
            const int64_t expect = model_fit(taken, count, alignment);
            const uint64_t got = heap_take(&heap, bytes, (uint64_t)alignment * HEAP_UNIT, HEAP_CALLER);
            if (expect < 0) {
                refused++;
                CHECK_EQ(got, 0);
            } else {
                CHECK_EQ(got, BASE + (uint64_t)expect * HEAP_UNIT);
                memset(taken + expect, 1, count);
                length[expect] = count;
            }
        }
        if (step % 64 == 0) valid(&heap);
    }
    CHECK(refused > 100); /* the walk has seen a full heap, too */
    valid(&heap);
    heap_fini(&heap);
}

TEST(charges_whole_units_and_gives_all_back)
{
    struct heap heap;
    uint64_t a, b, size;

    CHECK(heap_init(&heap, BASE, 64 * HEAP_UNIT));
    a = heap_take(&heap, 1, HEAP_UNIT, HEAP_CALLER);
    b = heap_take(&heap, HEAP_UNIT + 1, HEAP_UNIT, HEAP_CALLER);
    CHECK_EQ(heap.taken, 3 * HEAP_UNIT);
    CHECK_EQ(b - a, HEAP_UNIT);
    CHECK(heap_give(&heap, a, HEAP_CALLER, &size));
    CHECK(heap_give(&heap, b, HEAP_CALLER, &size));
    CHECK_EQ(heap.taken, 0);
    CHECK_EQ(heap_take(&heap, 64 * HEAP_UNIT, HEAP_UNIT, HEAP_CALLER), BASE);
    CHECK_EQ(heap_take(&heap, 1, HEAP_UNIT, HEAP_CALLER), 0);
    heap_fini(&heap);
}

TEST(refuses_what_is_no_block)
{
    struct heap heap;
    uint64_t a, size;

    CHECK(heap_init(&heap, BASE, 64 * HEAP_UNIT));
    a = heap_take(&heap, 4 * HEAP_UNIT, HEAP_UNIT, HEAP_CALLER);
    CHECK(!heap_give(&heap, a + HEAP_UNIT, HEAP_CALLER, &size));
    CHECK(!heap_give(&heap, a + 8 * HEAP_UNIT, HEAP_CALLER, &size));
    CHECK(!heap_give(&heap, BASE - HEAP_UNIT, HEAP_CALLER, &size));
    CHECK(heap_give(&heap, a, HEAP_CALLER, &size));
    CHECK(!heap_give(&heap, a, HEAP_CALLER, &size));
    CHECK_EQ(heap_take(&heap, 0, HEAP_UNIT, HEAP_CALLER), 0);
    CHECK_EQ(heap_take(&heap, UINT64_MAX, HEAP_UNIT, HEAP_CALLER), 0);
    heap_fini(&heap);
}

TEST(knows_which_block_holds_a_range)
{
    struct heap heap;
    uint64_t a, b, at, size;

    CHECK(heap_init(&heap, BASE, 64 * HEAP_UNIT));
    a = heap_take(&heap, 1000, HEAP_UNIT, HEAP_CALLER);
    b = heap_take(&heap, 512, HEAP_UNIT, HEAP_CALLER);
    CHECK(heap_holds(&heap, a, 1000, &at, &size));
    CHECK(heap_holds(&heap, a + 999, 1, &at, &size));
    CHECK(!heap_holds(&heap, a, 1001, &at, &size)); /* the end of what was asked for, not of the unit */
    CHECK_EQ(at, a);
    CHECK_EQ(size, 1000);
    CHECK(!heap_holds(&heap, a + 512, UINT64_MAX, &at, &size));
    CHECK(heap_holds(&heap, b, 512, &at, &size));
    CHECK(!heap_holds(&heap, b + 512, 1, &at, &size));
    CHECK_EQ(at, 0);
    heap_fini(&heap);
}

TEST(what_the_card_owns_is_out_of_a_callers_reach)
{
    struct heap heap;
    uint64_t a, at, size;

    CHECK(heap_init(&heap, BASE, 64 * HEAP_UNIT));
    a = heap_take(&heap, 1024, HEAP_UNIT, HEAP_CARD);
    CHECK_EQ(heap.taken, 1024);
    CHECK(!heap_holds(&heap, a, 8, &at, &size));
    CHECK(!heap_give(&heap, a, HEAP_CALLER, &size));
    CHECK(heap_give(&heap, a, HEAP_CARD, &size));
    CHECK_EQ(heap.taken, 0);
    heap_fini(&heap);
}

TEST(a_hundred_thousand_blocks_stay_cheap)
{
    enum { COUNT = 100000 };
    static uint64_t block[COUNT];
    struct timespec from, to;
    struct heap heap;
    uint64_t size;
    double ns;

    CHECK(heap_init(&heap, BASE, UINT64_C(1) << 36));
    clock_gettime(CLOCK_MONOTONIC, &from);
    for (int i = 0; i < COUNT; i++)
        block[i] = heap_take(&heap, 4096, HEAP_UNIT, HEAP_CALLER);
    for (int i = 0; i < COUNT; i += 2)
        CHECK(heap_give(&heap, block[i], HEAP_CALLER, &size));
    for (int i = 0; i < COUNT; i += 2)
        block[i] = heap_take(&heap, 8192, HEAP_UNIT, HEAP_CALLER);
    clock_gettime(CLOCK_MONOTONIC, &to);
    ns = (1e9 * (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec)) / (2 * COUNT);
    valid(&heap);
    if (ns > 20000) CHECK_FAIL("%.0f ns per operation: the search does not descend", ns);
    heap_fini(&heap);
}

TEST_MAIN
