/* Explore mode: the order is a function of the commands and the seed, every order can come, and the clock stands for
 * nothing but who is stuck. */
#include "rounds.h"

enum { SECOND = 1000000000 }; /* what kernels state, and what counts for nothing here */

static void repeats(const char *machine)
{
    CHECK(rounds_repeat(machine, SECOND) < 10000000); /* nobody waited for the clock */
}

TEST(the_same_seed_gives_the_same_trace)
{
    repeats("a5?mode=explore&seed=7");
}

TEST(the_same_seed_gives_the_same_trace_with_priorities)
{
    repeats("a5?explore=pct:3&seed=7");
}

static void differs(const char *how)
{
    uint64_t hash[20];
    char machine[48];
    for (uint32_t i = 0; i < 20; i++) {
        snprintf(machine, sizeof machine, "a2?%s&seed=%u", how, i);
        hash[i] = rounds_run(machine, 4, 2, 3, SECOND).hash;
        for (uint32_t j = 0; j < i; j++)
            CHECK(hash[j] != hash[i]);
    }
}

TEST(other_seeds_give_other_traces)
{
    differs("mode=explore");
    differs("explore=pct:3");
}

/* The seed itself is not in the hash: where nobody can be ordered differently, all seeds agree. */
TEST(what_has_one_order_has_one_hash)
{
    uint64_t first = 0;
    for (uint32_t seed = 1; seed <= 10; seed++) {
        struct fixture_args args = {.value = 5};
        char machine[48];
        snprintf(machine, sizeof machine, "a5?mode=explore&seed=%u", seed);
        card_open(&card, machine);
        card_install(&card, "fixture_aicpu.so", "fx.so");
        card_bind(&card, 1, "fx.so", "fixture_store");
        args.address = card_alloc(&card, 8);
        card_cpu(&card, 0, 1, 1, &args, sizeof args);
        CHECK_EQ(card_sync(&card, 0, 1000), 0);
        uint64_t hash = atomic_load(&card.shared->trace_hash);
        if (seed == 1) first = hash;
        CHECK_EQ(hash, first);
        CHECK_EQ(card_close(&card), 0);
    }
}

/* Six blocks store their own number, each by a launch on a stream of its own: whose store is the last is drawn. */
TEST(every_order_of_six_stores_ends_as_often_as_it_should)
{
    enum { SEEDS = 300, STREAMS = 6 };
    uint32_t last[STREAMS] = {0};
    for (uint32_t seed = 1; seed <= SEEDS; seed++) {
        struct fixture_args args = {0};
        uint64_t value;
        char machine[48];
        snprintf(machine, sizeof machine, "a5?mode=explore&seed=%u", seed);
        card_open(&card, machine);
        card_install(&card, "fixture_aicpu.so", "fx.so");
        card_bind(&card, 1, "fx.so", "fixture_store");
        args.address = card_alloc(&card, 8);
        for (uint32_t i = 0; i < STREAMS; i++) {
            args.value = i;
            card_cpu(&card, i, 1, 1, &args, sizeof args);
        }
        for (uint32_t i = 0; i < STREAMS; i++)
            CHECK_EQ(card_sync(&card, i, 1000), 0);
        card_read(&card, args.address, &value, sizeof value);
        CHECK(value < STREAMS);
        last[value]++;
        CHECK_EQ(card_close(&card), 0);
    }
    for (uint32_t i = 0; i < STREAMS; i++) {
        printf("  stream %u was last %u times of %u\n", i, last[i], (unsigned)SEEDS);
        CHECK(last[i] >= SEEDS / STREAMS / 3);
    }
}

TEST(a_time_limit_passes_when_everybody_waits)
{
    rounds_limit_passes("a5?mode=explore&seed=3");
}

/* The limit of the op is 5 ms, which is less than the run takes on the host. */
TEST(a_slow_host_makes_no_limit_pass)
{
    enum { BLOCKS = 6 };
    struct emu_command limit = {.kind = EMU_CMD_TIMEOUT, .stream = UINT32_MAX, .timeout_us = 5000};
    struct fixture_args args = {.count = BLOCKS};
    uint32_t zero = 0;
    card_open(&card, "a5?mode=explore&seed=3");
    card_install(&card, "fixture_aicpu.so", "fx.so");
    card_bind(&card, 1, "fx.so", "fixture_meet_slowly");
    args.address = card_alloc(&card, 8);
    card_write(&card, args.address, &zero, sizeof zero);
    card_push(&card, &limit);
    uint64_t begin = card_now();
    card_cpu(&card, 0, 1, BLOCKS, &args, sizeof args);
    CHECK_EQ(card_sync(&card, 0, 1000), 0);
    CHECK(card_now() - begin > 60000000);
    CHECK_EQ(card_close(&card), 0);
}

TEST(an_endless_kernel_does_not_stop_the_others)
{
    rounds_beside_endless("a5?mode=explore&seed=3");
}

TEST_MAIN
