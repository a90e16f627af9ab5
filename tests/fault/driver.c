/* What the driver refuses: memory, streams, copies, launches, the whole session. */
#include "fault.h"

/* ---- alloc-fails ------------------------------------------------------------------------------------------------- */

static void alloc_fails_bare(const char *machine)
{
    int32_t device = fault_card(machine, "alloc-fails:nth=2:times=2");
    void *first, *second;

    OK(rtMalloc(&first, 512, RT_MEMORY_HBM, 0));
    FAILS(rtMalloc(&second, 512, RT_MEMORY_HBM, 0), 207001, "512 bytes");
    FAILS(aclrtMalloc(&second, 512, ACL_MEM_MALLOC_HUGE_FIRST), 207001, "bytes");
    OK(rtMalloc(&second, 512, RT_MEMORY_HBM, 0));
    card_close(device);
}

/* Wherever a life meets it, it says what the memory was for, and the next life is right. */
static uint32_t lives(struct fault_world *world, uint32_t count, npurt_status expected, int32_t code, const char *part,
                      npurt_device_state state)
{
    uint32_t failed = 0;

    for (uint32_t life = 0; life < count; life++) {
        npurt_status status;
        world->device = NULL;
        world->callable = NULL;
        status = fault_open(world);
        if (status == NPURT_OK) status = world_load(world->device, &world->callable);
        for (int run = 0; run < 3 && status == NPURT_OK; run++) {
            status = fault_call(world, FAULT_TASKS);
            for (uint32_t i = 0; i < FAULT_ELEMENTS && status == NPURT_OK; i++)
                CHECK_EQ(world->y[i], world->x[i] + FAULT_TASKS);
        }
        if (status != NPURT_OK) {
            const npurt_error *e = npurt_error_last();
            failed++;
            if (status != expected || (code != e->driver_code && !strstr(e->fallout, "507901")))
                CHECK_FAIL("%s, life %u: %s: %s", world->target, life, npurt_status_name(status), e->message);
            CHECK_HAS(e->message, part);
        }
        if (!world->device) continue;
        if (npurt_device_get_state(world->device) != NPURT_DEVICE_HEALTHY) {
            CHECK_EQ(npurt_device_get_state(world->device), state);
            if (npurt_device_reset(world->device) != NPURT_OK) FAULT_OK(npurt_device_reset(world->device));
        }
        if (world->callable) (void)npurt_callable_unload(world->callable);
        status = npurt_device_close(world->device);
        if (status != NPURT_OK) {
            if (status != expected || code != npurt_error_last()->driver_code)
                CHECK_FAIL("%s, close: %s: %s", world->target, npurt_status_name(status), npurt_error_last()->message);
            failed++;
        }
    }
    return failed;
}

/* Every event of the series happens in some life, and none in the last one. */
static void alloc_fails_anywhere(const char *machine)
{
    struct fault_world world;
    char faults[64];

    fault_series(faults, "alloc-fails", 1, 11);
    fault_target(&world, machine, faults);
    CHECK(lives(&world, 12, NPURT_ERROR_OUT_OF_DEVICE_MEMORY, 207001, "no device memory for \"",
                NPURT_DEVICE_HEALTHY) >= 5);
    fault_next_open_works(&world, machine);
    unlink(faults + 1);
}

TEST(alloc_fails)
{
    FAULT_EACH_MACHINE(machine)
    {
        alloc_fails_bare(machine);
        alloc_fails_anywhere(machine);
    }
}

/* ---- stream-exhaustion ------------------------------------------------------------------------------------------- */

/* The default stream, made when the device is set, is the first. */
static void stream_exhaustion_bare(const char *machine)
{
    int32_t device = fault_card(machine, "stream-exhaustion:nth=3");
    void *first, *second;

    OK(rtStreamCreate(&first, 0));
    FAILS(rtStreamCreate(&second, 0), 207008, "streams");
    OK(rtStreamCreate(&second, 0));
    card_close(device);
}

TEST(stream_exhaustion)
{
    struct fault_world world;

    FAULT_EACH_MACHINE(machine)
    {
        stream_exhaustion_bare(machine);
        fault_target(&world, machine, "stream-exhaustion:nth=2");
        FAULT_FAILS(fault_open(&world), NPURT_ERROR_DRIVER, 207008, "creating the AICore stream");
        fault_next_open_works(&world, machine);
        fault_target(&world, machine, "stream-exhaustion:nth=3");
        FAULT_FAILS(fault_open(&world), NPURT_ERROR_DRIVER, 207008, "creating the AICPU stream");
        fault_next_open_works(&world, machine);
    }
}

/* ---- copy-fails -------------------------------------------------------------------------------------------------- */

static void copy_fails_bare(const char *machine)
{
    int32_t device = fault_card(machine, "copy-fails:nth=2");
    char bytes[16] = "";
    void *p;

    OK(rtMalloc(&p, sizeof bytes, RT_MEMORY_HBM, 0));
    OK(rtMemcpy(p, sizeof bytes, bytes, sizeof bytes, RT_MEMCPY_HOST_TO_DEVICE));
    FAILS(rtMemcpy(bytes, sizeof bytes, p, sizeof bytes, RT_MEMCPY_DEVICE_TO_HOST), 507899, "16 bytes");
    OK(rtMemcpy(bytes, sizeof bytes, p, sizeof bytes, RT_MEMCPY_DEVICE_TO_HOST));
    card_close(device);
}

static void copy_fails_anywhere(const char *machine)
{
    struct fault_world world;
    char faults[64];

    for (uint32_t step = 17; step <= 23; step += 6) {
        fault_series(faults, "copy-fails", 3, step);
        fault_target(&world, machine, faults);
        CHECK_EQ(lives(&world, 16, NPURT_ERROR_DRIVER, 507899, "", NPURT_DEVICE_POISONED), FAULT_SERIES);
        fault_next_open_works(&world, machine);
        unlink(faults + 1);
    }
}

TEST(copy_fails)
{
    FAULT_EACH_MACHINE(machine)
    {
        copy_fails_bare(machine);
        copy_fails_anywhere(machine);
    }
}

/* ---- launch-fails ------------------------------------------------------------------------------------------------ */

static void launch_fails_bare(const char *machine)
{
    int32_t device = fault_card(machine, "launch-fails:nth=2");
    void *program = launch_register(FIXTURE_AICORE), *words = launch_device_word(0), *stream;

    OK(rtStreamCreate(&stream, 0));
    OK(launch_core(program, 0, 1, (uintptr_t)words, stream, 0));
    FAILS(launch_core(program, 0, 1, (uintptr_t)words, stream, 0), 507899, "launch");
    OK(launch_core(program, 0, 1, (uintptr_t)words, stream, 0));
    OK(rtStreamSynchronizeWithTimeout(stream, 10000));
    CHECK_EQ(launch_word(words), 2);
    OK(rtDevBinaryUnRegister(program));
    card_close(device);
}

/* The dispatcher's launch is the first, then the init entry; the cores of a run, then its scheduler. */
TEST(launch_fails)
{
    struct fault_world world;

    FAULT_EACH_MACHINE(machine)
    {
        launch_fails_bare(machine);
        fault_target(&world, machine, "launch-fails:nth=1");
        FAULT_FAILS(fault_open(&world), NPURT_ERROR_DRIVER, 507899, "launching the dispatcher");
        fault_next_open_works(&world, machine);
        fault_target(&world, machine, "launch-fails:nth=2");
        FAULT_FAILS(fault_open(&world), NPURT_ERROR_DRIVER, 507899, "launching npurt_aicpu_init");
        fault_next_open_works(&world, machine);
        fault_begin(&world, machine, "launch-fails:nth=3");
        FAULT_FAILS(fault_call(&world, FAULT_TASKS), NPURT_ERROR_DRIVER, 507899, "launching the AICore program");
        fault_runs_on(&world, machine); /* nothing was running yet */
        fault_begin(&world, machine, "launch-fails:nth=4");
        FAULT_FAILS(fault_call(&world, FAULT_TASKS), NPURT_ERROR_DRIVER, 507899, "launching npurt_aicpu_exec");
        fault_reset_helps(&world, machine, NPURT_DEVICE_POISONED); /* cores without a scheduler */
    }
}

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
        CHECK(lives(&world, 16, NPURT_ERROR_LOST, 507901, "", NPURT_DEVICE_LOST) >= 4);
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
