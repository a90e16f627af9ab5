/* Explore mode: the order is a function of the commands and the seed, every order can come, and the clock stands for
 * nothing but who is stuck. */
#include "card.h"
#include "check.h"

static struct card card;

struct outcome {
    uint64_t hash, events, ns;
};

static struct outcome run(const char *machine, uint32_t clusters, uint32_t schedulers, uint32_t rounds)
{
    struct fixture_control control = {.rounds = rounds, .schedulers = schedulers}, after;
    struct outcome outcome;
    card_open(&card, machine);
    card_install(&card, "fixture_aicpu.so", "fx.so");
    card_program(&card, 1, FIXTURES "/fixture_core.so", "fixture_mix_aic", "fixture_mix_aiv");
    card_bind(&card, 1, "fx.so", "fixture_schedule");
    control.image = card_kernel(&card, "kernel_count", 1000000000); /* a second, which counts for nothing here */
    uint64_t address = card_control(&card, &control, clusters), begin = card.host_ns;
    struct fixture_args args = {.address = address};
    card_core(&card, 0, 1, clusters, true, &address, sizeof address);
    card_cpu(&card, 1, 1, schedulers, &args, sizeof args);
    CHECK_EQ(card_sync(&card, 1, 10000), 0);
    CHECK_EQ(card_sync(&card, 0, 10000), 0);
    card_read(&card, address, &after, sizeof after);
    for (uint32_t i = 0; i < 3 * clusters; i++)
        CHECK_EQ(after.payload[i].value, rounds);
    outcome.hash = atomic_load(&card.shared->trace_hash);
    outcome.events = atomic_load(&card.shared->trace_events);
    outcome.ns = atomic_load(&card.shared->virtual_ns) - begin;
    CHECK_EQ(card_close(&card), 0);
    return outcome;
}

static void repeats(const char *machine)
{
    struct outcome first = run(machine, 36, 6, 5);
    CHECK(first.events > 1000);
    CHECK(first.ns < 10000000); /* kernels of a second each, and nobody waited for the clock */
    for (int i = 0; i < 3; i++) {
        struct outcome again = run(machine, 36, 6, 5);
        CHECK_EQ(again.hash, first.hash);
        CHECK_EQ(again.events, first.events);
        CHECK_EQ(again.ns, first.ns);
    }
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
        hash[i] = run(machine, 4, 2, 3).hash;
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
    struct fixture_control control = {.rounds = 1, .schedulers = 1};
    uint64_t begin = card_now();
    card_open(&card, "a5?mode=explore&seed=3");
    card_install(&card, "fixture_aicpu.so", "fx.so");
    card_program(&card, 1, FIXTURES "/fixture_core.so", "fixture_mix_aic", "fixture_mix_aiv");
    uint64_t address = card_control(&card, &control, 1);
    card_core(&card, 0, 1, 1, true, &address, sizeof address); /* nobody will ever tell the cores to leave */
    CHECK_EQ(card_sync(&card, 0, 1000), -1);
    CHECK_EQ(card_sync(&card, 0, 2000000), 507014); /* 1091 s by default */
    CHECK(atomic_load(&card.shared->virtual_ns) >= UINT64_C(1091000000000));
    CHECK(card_now() - begin < 20000000000u);
    CHECK_EQ(card_close(&card), 0);
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
    struct fixture_control control = {.rounds = 1, .schedulers = 1}, after;
    struct emu_command limit = {.kind = EMU_CMD_TIMEOUT, .stream = UINT32_MAX, .timeout_us = 5000000};
    card_open(&card, "a5?mode=explore&seed=3");
    card_install(&card, "fixture_aicpu.so", "fx.so");
    card_program(&card, 1, FIXTURES "/fixture_core.so", "fixture_mix_aic", "fixture_mix_aiv");
    card_bind(&card, 1, "fx.so", "fixture_schedule");
    control.image = card_kernel(&card, "kernel_endless", 0);
    control.until = 1000000000; /* of the clock, which goes on when everybody waits */
    uint64_t address = card_control(&card, &control, 1);
    struct fixture_args args = {.address = address};
    card_push(&card, &limit);
    card_core(&card, 0, 1, 1, true, &address, sizeof address);
    card_cpu(&card, 1, 1, 1, &args, sizeof args);
    CHECK_EQ(card_sync(&card, 1, 60000), 0);
    card_read(&card, address, &after, sizeof after);
    CHECK_EQ(after.gave_up, 1);
    CHECK_EQ(card_sync(&card, 0, 60000), 507014);
    CHECK_HAS(card_problem(&card), "kernel_endless");
    CHECK_EQ(card_close(&card), 0);
}

TEST_MAIN
