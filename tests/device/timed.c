/* Timed mode: a run is a function of the commands and the seed. */
#include "card.h"
#include "check.h"

static struct card card;

struct outcome {
    uint64_t hash, events, ns;
};

static struct outcome run(const char *machine, uint32_t clusters, uint32_t schedulers, uint32_t rounds,
                          uint32_t duration)
{
    struct fixture_control control = {.rounds = rounds, .schedulers = schedulers}, after;
    struct outcome outcome;
    card_open(&card, machine);
    card_install(&card, "fixture_aicpu.so", "fx.so");
    card_program(&card, 1, FIXTURES "/fixture_core.so", "fixture_mix_aic", "fixture_mix_aiv");
    card_bind(&card, 1, "fx.so", "fixture_schedule");
    control.image = card_kernel(&card, "kernel_count", duration);
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

TEST(the_same_seed_gives_the_same_trace)
{
    struct outcome first = run("a5?seed=7", 36, 6, 5, 3000);
    CHECK(first.events > 1000);
    for (int i = 0; i < 3; i++) {
        struct outcome again = run("a5?seed=7", 36, 6, 5, 3000);
        CHECK_EQ(again.hash, first.hash);
        CHECK_EQ(again.events, first.events);
        CHECK_EQ(again.ns, first.ns);
    }
}

TEST(other_seeds_give_other_traces)
{
    uint64_t hash[20];
    char machine[32];
    for (uint32_t i = 0; i < 20; i++) {
        snprintf(machine, sizeof machine, "a2?seed=%u", i);
        hash[i] = run(machine, 4, 2, 3, 0).hash;
        for (uint32_t j = 0; j < i; j++)
            CHECK(hash[j] != hash[i]);
    }
}

/* One core, one task after the other: each takes its duration, the set-up, a store's and a COND's way, and little else.
 */
TEST(charges_what_the_machine_says)
{
    enum { ROUNDS = 1000, DURATION = 5000 };
    struct outcome run0 = run("a5?seed=1&clusters=1", 1, 1, 0, DURATION),
                   all = run("a5?seed=1&clusters=1", 1, 1, ROUNDS, DURATION);
    const uint64_t least = DURATION + 349 + 140 + 180, likely_most = DURATION + 349 + 140 + 2020 + 600;
    uint64_t per_round = (all.ns - run0.ns) / ROUNDS;
    printf("  %" PRIu64 " ns per task of %d ns\n", per_round, DURATION);
    CHECK(per_round >= least);
    CHECK(per_round <= likely_most);
}

TEST(a_time_limit_is_virtual)
{
    struct fixture_control control = {.rounds = 1, .schedulers = 1};
    uint64_t begin = card_now();
    card_open(&card, "a5?seed=3");
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

TEST(an_endless_kernel_does_not_stop_time)
{
    struct fixture_control control = {.rounds = 1, .schedulers = 1}, after;
    struct emu_command limit = {.kind = EMU_CMD_TIMEOUT, .stream = UINT32_MAX, .timeout_us = 5000000};
    card_open(&card, "a5?seed=3");
    card_install(&card, "fixture_aicpu.so", "fx.so");
    card_program(&card, 1, FIXTURES "/fixture_core.so", "fixture_mix_aic", "fixture_mix_aiv");
    card_bind(&card, 1, "fx.so", "fixture_schedule");
    control.image = card_kernel(&card, "kernel_endless", 0);
    control.until = 1000000000; /* virtual: the counter is in ns and begins at 0 */
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
