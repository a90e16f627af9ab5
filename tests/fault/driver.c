/* What the driver refuses: memory, streams, copies, launches. */
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

/* Every event of the series happens in some life, and none in the last one. */
static void alloc_fails_anywhere(const char *machine)
{
    struct fault_world world;
    char faults[64];

    fault_series(faults, "alloc-fails", 1, 11);
    fault_target(&world, machine, faults);
    CHECK(fault_lives(&world, 12, NPURT_ERROR_OUT_OF_DEVICE_MEMORY, 207001, "no device memory for \"",
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
        fault_target(&world, machine, "stream-exhaustion"); /* the default one, without which there is no device */
        FAULT_FAILS(fault_open(&world), NPURT_ERROR_DRIVER, 507033, "can not be opened: all 1984 streams");
        fault_next_open_works(&world, machine);
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
        CHECK_EQ(fault_lives(&world, 16, NPURT_ERROR_DRIVER, 507899, "", NPURT_DEVICE_POISONED), FAULT_SERIES);
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

TEST_MAIN
