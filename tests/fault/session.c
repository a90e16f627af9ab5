/* A device that fails as a whole, and a launch that fails for another reason than it says. */
#include "fault.h"

/* ---- session-closed ---------------------------------------------------------------------------------------------- */

static void session_closed_bare(const char *machine)
{
    int32_t device = fault_card(machine, "session-closed:nth=2");
    char bytes[8] = "";
    void *p, *stream;

    OK(rtMalloc(&p, 512, RT_MEMORY_HBM, 0));
    FAILS(rtMalloc(&stream, 512, RT_MEMORY_HBM, 0), 507901, "device process");
    FAILS(rtStreamCreate(&stream, 0), 507901, "device process");
    FAILS(rtMemcpy(p, 8, bytes, 8, RT_MEMCPY_HOST_TO_DEVICE), 507901, "device process");
    FAILS(rtStreamSynchronizeWithTimeout(NULL, 100), 507901, "device process");
    FAILS(aclrtSynchronizeDeviceWithTimeout(100), 507901, "device process");
    OK(aclrtResetDeviceForce(device));
    OK(aclrtSetDevice(device));
    fault_card_works();
    card_close(device);
}

static void session_closed_anywhere(const char *machine)
{
    struct fault_world world;
    char faults[64];

    for (uint32_t step = 61; step <= 83; step += 22) {
        fault_series(faults, "session-closed", 2, step);
        fault_target(&world, machine, faults);
        CHECK(fault_lives(&world, 16, NPURT_ERROR_LOST, 507901, "", NPURT_DEVICE_LOST) >= 4);
        fault_next_open_works(&world, machine);
        unlink(faults + 1);
    }
}

TEST(session_closed)
{
    FAULT_EACH_MACHINE(machine)
    {
        session_closed_bare(machine);
        session_closed_anywhere(machine);
    }
}

/* ---- device-status ----------------------------------------------------------------------------------------------- */

static void device_status_bare(const char *machine, int32_t status, const char *faults)
{
    int32_t device = fault_card(machine, faults);
    void *p;

    OK(rtMalloc(&p, 512, RT_MEMORY_HBM, 0));
    FAILS(rtMalloc(&p, 512, RT_MEMORY_HBM, 0), status, "status");
    FAILS(rtStreamSynchronizeWithTimeout(NULL, 100), status, "status");
    OK(aclrtResetDeviceForce(device));
    OK(aclrtSetDevice(device));
    fault_card_works();
    card_close(device);
}

/* Heartbeat lost, a memory error, a link error, tasks being aborted: somewhere in the runs of a healthy device. */
TEST(device_status)
{
    static const int32_t codes[] = {507010, 507054, 507056, 107022};
    struct fault_world world;
    char faults[64], digits[16];

    for (size_t i = 0; i < 4; i++) {
        const char *machine = fault_machines[i % 3];
        npurt_status status = NPURT_OK;
        snprintf(faults, sizeof faults, "device-status:nth=2:code=%d", codes[i]);
        device_status_bare(machine, codes[i], faults);
        snprintf(faults, sizeof faults, "device-status:nth=60:code=%d", codes[i]);
        fault_begin(&world, machine, faults);
        for (int run = 0; run < 20 && status == NPURT_OK; run++)
            status = fault_call(&world, FAULT_TASKS);
        CHECK_EQ(status, NPURT_ERROR_LOST);
        snprintf(digits, sizeof digits, "%d", codes[i]);
        CHECK(npurt_error_last()->driver_code == codes[i] || strstr(npurt_error_last()->fallout, digits));
        fault_reset_helps(&world, machine, NPURT_DEVICE_LOST);
    }
}

/* ---- slow-first-launch ------------------------------------------------------------------------------------------- */

/* An op-execute timeout of 1 s is 4.295 s in the driver's unit. */
static void slow_first_launch_bare(const char *machine)
{
    int32_t device = fault_card(machine, "slow-first-launch:ms=4400");
    void *program = launch_register(FIXTURE_AICORE), *words = launch_device_word(0);
    uint64_t actual, free_bytes = card_free_bytes();

    OK(aclrtSetOpExecuteTimeOutV2(1000000, &actual));
    CHECK(actual < 4400000);
    FAILS(launch_core(program, 0, 1, (uintptr_t)words, NULL, 0), 207001, "module");
    CHECK_EQ(card_free_bytes(), free_bytes); /* 90 MiB: "memory allocation" is not what failed */
    OK(launch_core(program, 0, 1, (uintptr_t)words, NULL, 0));
    OK(rtStreamSynchronizeWithTimeout(NULL, 10000));
    OK(rtDevBinaryUnRegister(program));
    OK(aclrtSetOpExecuteTimeOutV2(0, &actual));
    card_close(device);
}

static void slow_first_launch_npurt(const char *machine)
{
    const npurt_device_options hasty = {.scheduler_timeout_ms = 300, .op_timeout_ms = 1000, .sync_timeout_ms = 30000};
    struct fault_world world;

    fault_target(&world, machine, "slow-first-launch:ms=4400");
    FAULT_OK(npurt_device_open(world.target, &hasty, &world.device));
    FAULT_OK(world_load(world.device, &world.callable));
    FAULT_FAILS(fault_call(&world, FAULT_TASKS), NPURT_ERROR_DRIVER, 207001, "op-execute timeout of 1000 ms");
    CHECK_HAS(npurt_error_last()->hint, "memory is not short");
    fault_runs_on(&world, machine);
    fault_begin(&world, machine, "slow-first-launch:ms=200"); /* the cure: a timeout that waits for it */
    fault_runs_on(&world, machine);
}

TEST(slow_first_launch)
{
    FAULT_EACH_MACHINE(machine)
    {
        slow_first_launch_bare(machine);
        slow_first_launch_npurt(machine);
    }
}

TEST_MAIN
