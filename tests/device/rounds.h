/* Rounds of small kernels on a seeded card, and what the modes with seeds have in common. One test program includes it
 * once. */
#ifndef NPURT_TESTS_DEVICE_ROUNDS_H
#define NPURT_TESTS_DEVICE_ROUNDS_H

#include "card.h"
#include "check.h"

static struct card card;

struct outcome {
    uint64_t hash, events, ns; /* the trace's, and virtual time */
};

/* A card whose cores run what a scheduler gives them. */
static void open_with_cores(const char *machine)
{
    card_open(&card, machine);
    card_install(&card, "fixture_aicpu.so", "fx.so");
    card_program(&card, 1, FIXTURES "/fixture_core.so", "fixture_mix_aic", "fixture_mix_aiv");
    card_bind(&card, 1, "fx.so", "fixture_schedule");
}

/* So many rounds on every core, each checked to have come; a kernel states `duration` ns. */
static struct outcome rounds_run(const char *machine, uint32_t clusters, uint32_t schedulers, uint32_t rounds,
                                 uint32_t duration)
{
    struct fixture_control control = {.rounds = rounds, .schedulers = schedulers}, after;
    struct outcome outcome;
    open_with_cores(machine);
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

/* One trace for all runs on this machine; returns the virtual time of one. */
static uint64_t rounds_repeat(const char *machine, uint32_t duration)
{
    struct outcome first = rounds_run(machine, 36, 6, 5, duration);
    CHECK(first.events > 1000);
    for (int i = 0; i < 3; i++) {
        struct outcome again = rounds_run(machine, 36, 6, 5, duration);
        CHECK_EQ(again.hash, first.hash);
        CHECK_EQ(again.events, first.events);
        CHECK_EQ(again.ns, first.ns);
    }
    return first.ns;
}

/* Cores that nobody tells to leave end by the driver's limit, which passes in virtual time. */
static void rounds_limit_passes(const char *machine)
{
    struct fixture_control control = {.rounds = 1, .schedulers = 1};
    uint64_t begin = card_now();
    open_with_cores(machine);
    uint64_t address = card_control(&card, &control, 1);
    card_core(&card, 0, 1, 1, true, &address, sizeof address); /* nobody will ever tell the cores to leave */
    CHECK_EQ(card_sync(&card, 0, 1000), -1);
    CHECK_EQ(card_sync(&card, 0, 2000000), 507014); /* 1091 s by default */
    CHECK(atomic_load(&card.shared->virtual_ns) >= UINT64_C(1091000000000));
    CHECK(card_now() - begin < 20000000000u);
    CHECK_EQ(card_close(&card), 0);
}

/* A scheduler beside an endless kernel gives up at a time of the clock, and the kernel is named. */
static void rounds_beside_endless(const char *machine)
{
    struct fixture_control control = {.rounds = 1, .schedulers = 1}, after;
    struct emu_command limit = {.kind = EMU_CMD_TIMEOUT, .stream = UINT32_MAX, .timeout_us = 5000000};
    open_with_cores(machine);
    control.image = card_kernel(&card, "kernel_endless", 0);
    control.until = 1000000000; /* of the virtual clock, in ns; it begins at 0 and goes on when everybody waits */
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

#endif
