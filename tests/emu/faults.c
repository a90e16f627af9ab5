/* Device code that faults, under bare driver calls: the code at synchronize, what the text names, and a card that a
 * force reset makes as good as new. */
#include "bad.h"

/* What the text says of each kind. */
static const char *const said[BAD_KINDS] = {
    [BAD_NULL] = "bad address 0x8 ", [BAD_DIVIDE] = "arithmetic fault", [BAD_ILLEGAL] = "illegal instruction",
    [BAD_ABORT] = "abort()",         [BAD_OVERFLOW] = "stack overflow",
};

static void core_faults(const char *machine, const char *engine)
{
    int32_t device = bad_card(machine, engine, 0);
    void *program = launch_register(BAD_CORE), *p;

    printf("  %s, %s\n", machine, engine);
    for (uint64_t kind = 0; kind < BAD_KINDS; kind++)
        for (uint64_t on = 0; on <= BAD_ON_AIV; on += BAD_ON_AIV) {
            OK(launch_core(program, 0, 1, kind | on, NULL, 0));
            FAILS(rtStreamSynchronizeWithTimeout(NULL, 10000), 507015, said[kind]);
            CHECK_HAS(card_said, on ? "AIV" : "AIC ");
            OK(rtMalloc(&p, 512, RT_MEMORY_HBM, 0));
            OK(rtFree(p));
            bad_cores_count(program);
        }
    bad_reset_helps(device, program);
    OK(rtDevBinaryUnRegister(program));
    card_close(device);
}

static void entry_faults(const char *machine, const char *engine)
{
    int32_t device = bad_card(machine, engine, 0);
    void *program = launch_register(BAD_CORE), *p;

    printf("  %s, %s\n", machine, engine);
    for (uint64_t kind = 0; kind < BAD_KINDS; kind++) {
        OK(bad_cpu(device, "bad_entry", kind, true));
        FAILS(rtStreamSynchronizeWithTimeout(NULL, 10000), 507018, said[kind]);
        CHECK_HAS(card_said, "AICPU worker");
        FAILS(rtMalloc(&p, 512, RT_MEMORY_HBM, 0), 507899, "poisoned");
        bad_reset_helps(device, program);
        OK(aclrtResetDeviceForce(device)); /* a new latch for the next library */
        OK(aclrtSetDevice(device));
    }
    OK(rtDevBinaryUnRegister(program));
    card_close(device);
}

TEST(a_core_that_faults_in_any_way_is_507015_and_works_again)
{
    for (int m = 0; m < 3; m++)
        for (int e = 0; e < 2; e++)
            core_faults(bad_machines[m], bad_engines[e]);
}

TEST(an_aicpu_entry_that_faults_in_any_way_is_507018_and_a_force_reset_helps)
{
    for (int m = 0; m < 3; m++)
        for (int e = 0; e < 2; e++)
            entry_faults(bad_machines[m], bad_engines[e]);
}

TEST_MAIN
