/* Orchestrations on the device that take long, or for ever. */
#include "check.h"
#include "host/world.h"

#include <stdlib.h>

enum { N = 64, SCHEDULER_MS = 200, OP_MS = 2000, SYNC_MS = 3500 };

static uint32_t x[N], y[N];
static npurt_device *device;
static npurt_callable *callable;

/* `loading_ms`: what the orchestration takes to load, in whichever process does. */
static void open_device(const char *target, uint32_t threads, const char *loading_ms)
{
    const npurt_device_options options = {.scheduler_timeout_ms = SCHEDULER_MS,
                                          .op_timeout_ms = OP_MS,
                                          .sync_timeout_ms = SYNC_MS,
                                          .aicpu_threads = threads};
    world_runtime = NPURT_TENSORMAP_AND_RINGBUFFER;
    setenv("FIXTURE_LOADING_MS", loading_ms, 1);
    if (npurt_device_open(target, &options, &device) != NPURT_OK) CHECK_FAIL("%s", npurt_error_last()->message);
    CHECK_EQ(world_load(device, &callable), NPURT_OK);
}

static void close_device(void)
{
    CHECK_EQ(npurt_callable_unload(callable), NPURT_OK);
    CHECK_EQ(npurt_device_close(device), NPURT_OK);
}

static void loads_slowly(const char *target, uint32_t threads)
{
    npurt_timing timing;
    printf("  %s, %u threads\n", target, threads);
    open_device(target, threads, "700");
    if (world_call(callable, x, y, N, FIXTURE_CHAIN, 2, &timing) != NPURT_OK)
        CHECK_FAIL("%s", npurt_error_last()->message);
    CHECK_EQ(y[N - 1], 2);
    CHECK_EQ(timing.orchestration_loads, 1);
    CHECK(timing.host_wall_ns > 3 * SCHEDULER_MS * UINT64_C(1000000));
    close_device();
}

TEST(the_schedulers_limit_begins_when_the_orchestration_has_been_loaded)
{
    loads_slowly("emu:a2", 0);
    loads_slowly("emu:a5", 1);
    loads_slowly("emu:a5?engine=thread&clusters=2", 0);
}

/* Named, the device is poisoned, and after a reset as before. */
static void never_ends(const char *target, uint32_t threads, const char *loading_ms, const char *words)
{
    npurt_callable *again;
    printf("  %s, %u threads\n", target, threads);
    open_device(target, threads, loading_ms);
    CHECK_EQ(world_call(callable, x, y, N, FIXTURE_ENDLESS, 3, NULL), NPURT_ERROR_STALLED);
    const npurt_error e = *npurt_error_last();
    printf("  %s\n  fallout: %s\n", e.message, e.fallout);
    CHECK_HAS(e.message, "orchestration of \"fixture\"");
    CHECK_HAS(e.message, words);
    CHECK_HAS(e.hint, "the orchestration loops");
    CHECK_EQ(npurt_device_get_state(device), NPURT_DEVICE_POISONED);
    setenv("FIXTURE_LOADING_MS", "0", 1);
    if (npurt_device_reset(device) != NPURT_OK) CHECK_FAIL("%s", npurt_error_last()->message);
    CHECK_EQ(world_load(device, &again), NPURT_OK);
    if (world_call(again, x, y, N, FIXTURE_CHAIN, 2, NULL) != NPURT_OK) CHECK_FAIL("%s", npurt_error_last()->message);
    CHECK_EQ(npurt_callable_unload(again), NPURT_OK);
    close_device();
}

TEST(an_orchestration_that_never_returns_is_named_with_what_it_has_submitted)
{
    never_ends("emu:a2", 0, "0", "ms; it has submitted 3 tasks");
    never_ends("emu:a5", 1, "0", "ms; it has submitted 3 tasks");
}

TEST(one_that_is_never_loaded_is_named_too)
{
    never_ends("emu:a5?engine=thread&clusters=2", 0, "-1", "the device was still loading it after ");
}

TEST_MAIN
