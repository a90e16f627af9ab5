/* Device code that never ends, under bare driver calls and the shortest op-execute timeout that a card in real time
 * has, one unit of 4.3 s. All cards wait at once: they are twelve processes. */
#include "bad.h"

enum { CARDS = 12, UNIT_US = 4294967 };

static struct {
    const char *machine, *engine;
    bool core;
    int32_t device;
} card[CARDS];

TEST(endless_code_is_ended_by_the_op_timeout_and_a_force_reset_helps)
{
    void *program = launch_register(BAD_CORE), *p;
    struct timespec from, to;
    uint64_t actual = 0;

    for (int i = 0; i < CARDS; i++) {
        card[i].machine = bad_machines[i / 4];
        card[i].engine = bad_engines[i / 2 % 2];
        card[i].core = i % 2;
        card[i].device = bad_card(card[i].machine, card[i].engine, i);
    }
    OK(aclrtSetOpExecuteTimeOutV2(1, &actual));
    CHECK_EQ(actual, UNIT_US);
    clock_gettime(CLOCK_MONOTONIC, &from);
    for (int i = 0; i < CARDS; i++) {
        OK(aclrtSetDevice(card[i].device));
        if (card[i].core)
            OK(launch_core(program, 0, 1, BAD_ENDLESS, NULL, 0));
        else
            OK(bad_cpu(card[i].device, "bad_entry", BAD_ENDLESS, true));
    }
    for (int i = 0; i < CARDS; i++) {
        printf("  %s, %s, %s\n", card[i].machine, card[i].engine, card[i].core ? "AICore" : "AICPU");
        OK(aclrtSetDevice(card[i].device));
        FAILS(rtStreamSynchronizeWithTimeout(NULL, 30000), card[i].core ? 507014 : 507017, "timeout");
        clock_gettime(CLOCK_MONOTONIC, &to);
        CHECK(1e6 * (double)(to.tv_sec - from.tv_sec) + 1e-3 * (double)(to.tv_nsec - from.tv_nsec) >= UNIT_US);
        FAILS(rtMalloc(&p, 512, RT_MEMORY_HBM, 0), 507899, "poisoned");
    }
    for (int i = 0; i < CARDS; i++)
        bad_reset_helps(card[i].device, program);
    OK(aclrtSetOpExecuteTimeOutV2(0, &actual));
    OK(rtDevBinaryUnRegister(program));
    for (int i = 0; i < CARDS; i++)
        OK(aclrtResetDeviceForce(card[i].device));
}

TEST_MAIN
