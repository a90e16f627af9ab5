/* What a failing run leaves: record, state of the device, what the host did. */
#include <unistd.h>

#include "check.h"
#include "host/device.h"
#include "host/error.h"
#include "host/fake_driver.h"
#include "host/world.h"

static npurt_device *device;
static npurt_callable *callable;
static uint32_t x[64], y[64];

static void set_up(void)
{
    const npurt_device_options options = {
        .binaries = world_binaries, .scheduler_timeout_ms = 100, .op_timeout_ms = 1000, .sync_timeout_ms = 2000};
    fake_reset();
    slot_forget();
    error_begin("test");
    CHECK_EQ(device_open_on(fake_driver(), false, 0, "fake:0", &options, &device), NPURT_OK);
    CHECK_EQ(world_load(device, &callable), NPURT_OK);
    for (uint32_t i = 0; i < 64; i++)
        y[i] = 0xabcd;
}

static npurt_status call(void)
{
    return world_call(callable, x, y, 64, FIXTURE_CHAIN, 5, NULL);
}

static void tear_down(void)
{
    (void)npurt_callable_unload(callable);
    CHECK_EQ(npurt_device_close(device), NPURT_OK);
    CHECK_EQ(fake.blocks, 0);
    CHECK_EQ(fake.retained, 0);
}

/* No host tensor was written, work is refused with the first cause, a reset brings the device back. */
static void check_poisoned(const char *cause)
{
    CHECK_HAS(npurt_error_last()->hint, "reset the device");
    for (uint32_t i = 0; i < 64; i++)
        CHECK_EQ(y[i], 0xabcd);
    CHECK_EQ(npurt_device_get_state(device), NPURT_DEVICE_POISONED);
    CHECK_EQ(call(), NPURT_ERROR_POISONED);
    CHECK_HAS(npurt_error_last()->message, cause);
    fake.core_sync = fake.cpu_sync = 0;
    fake.run_code = RUN_OK;
    fake.suspects = 0;
    CHECK_EQ(npurt_device_reset(device), NPURT_OK);
    CHECK_EQ(fake.force_resets, 1);
    CHECK_EQ(npurt_callable_unload(callable), NPURT_OK);
    CHECK_EQ(world_load(device, &callable), NPURT_OK);
    CHECK_EQ(call(), NPURT_OK);
    tear_down();
}

TEST(a_fault_names_kernel_core_and_task_and_the_drivers_code_after_them)
{
    set_up();
    fake.core_sync = 507015;
    fake.run_code = RUN_ABORTED;
    fake.suspects = 1;
    CHECK_EQ(call(), NPURT_ERROR_KERNEL_FAULT);
    const npurt_error *e = npurt_error_last();
    CHECK_EQ(e->status, NPURT_ERROR_KERNEL_FAULT);
    CHECK_STR(e->kernel_name, "add_one");
    CHECK_EQ(e->core, 7);
    CHECK_EQ(e->task, 3);
    CHECK_EQ(e->kernel, 0);
    CHECK_EQ(e->driver_code, 507015);
    CHECK_STR(e->driver_name, "ACL_ERROR_RT_AICORE_EXCEPTION");
    CHECK_HAS(e->message, "kernel \"add_one\" (id 0) faulted on core 7");
    CHECK_HAS(e->fallout, "507015 ACL_ERROR_RT_AICORE_EXCEPTION");
    check_poisoned("add_one");
}

/* What a fault is put down to when `suspects` dispatches did not end and the driver says `said`. */
static const npurt_error *fault(uint32_t suspects, const char *said)
{
    set_up();
    fake.core_sync = 507015;
    fake.run_code = RUN_ABORTED;
    fake.suspects = suspects;
    fake.said = said;
    CHECK_EQ(call(), NPURT_ERROR_KERNEL_FAULT);
    fake.core_sync = 0;
    (void)npurt_callable_unload(callable);
    CHECK_EQ(npurt_device_close(device), NPURT_OK);
    return npurt_error_last();
}

TEST(a_fault_is_the_kernels_whose_core_the_driver_names)
{
    const char *const words[] = {
        "AIV core 9 (block 0): in kernel \"x\": no memory at 0x0",
        "there is an aivec error exception, core id is 9, error code = 0x7",
        "aicore error, error code = 11, coreId: 0x9",
        "cores (25) of 1 chip; CORE_ID=[9]",
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        const npurt_error *e = fault(3, words[i]);
        CHECK_HAS(e->message, "kernel \"fault\" (id 1) faulted on core 9 (AIV), task 4 block 0");
        CHECK_HAS(e->message, "2 other dispatches did not end either");
        CHECK_STR(e->kernel_name, "fault");
        CHECK_EQ(e->core, 9);
        CHECK_EQ(e->task, 4);
    }
}

TEST(a_fault_that_nobody_places_names_all_that_it_can_be)
{
    const char *const words[] = {NULL, "an inner error", "aicore error, error code = 9", "core id is 8"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        const npurt_error *e = fault(2, words[i]);
        CHECK_HAS(e->message,
                  "a kernel of \"fixture\" faulted, one of: kernel \"add_one\" (id 0) on core 7 (AIV), task 3 "
                  "block 0; kernel \"fault\" (id 1) on core 9 (AIV), task 4 block 0");
        CHECK_STR(e->kernel_name, "");
        CHECK_EQ(e->kernel, NPURT_NO_KERNEL);
        CHECK_EQ(e->core, NPURT_NO_CORE);
        CHECK_EQ(e->task, NPURT_NO_TASK);
    }
    CHECK_HAS(fault(40, "")->message, " more");
}

TEST(a_fault_on_a_core_beyond_the_list_names_the_core_alone)
{
    const npurt_error *e = fault(20, "AIV core 43 (block 18)");
    CHECK_HAS(e->message, "a kernel of \"fixture\" faulted on core 43; it is not among the 16");
    CHECK_EQ(e->core, 43);
    CHECK_EQ(e->kernel, NPURT_NO_KERNEL);
    CHECK_EQ(fault(20, "AIV core 37 (block 15)")->task, 18);
}

TEST(an_endless_kernel_is_named_by_the_scheduler_and_the_driver_follows)
{
    set_up();
    fake.core_sync = 507046;
    fake.run_code = RUN_KERNEL_STUCK;
    fake.suspects = 1;
    CHECK_EQ(call(), NPURT_ERROR_KERNEL_TIMEOUT);
    CHECK_HAS(npurt_error_last()->message, "kernel \"add_one\" (id 0) made no progress for 100 ms on core 7");
    CHECK_HAS(npurt_error_last()->fallout, "507046");
    check_poisoned("no progress");
}

TEST(a_scheduler_that_faults_is_told_from_the_cores)
{
    set_up();
    fake.core_sync = 507046;
    fake.cpu_sync = 507018;
    fake.ignore_exec = 1;
    CHECK_EQ(call(), NPURT_ERROR_AICPU_FAULT);
    CHECK_EQ(npurt_error_last()->driver_code, 507018);
    fake.ignore_exec = 0;
    check_poisoned("AICPU program failed");
}

TEST(a_run_that_never_ends_is_aborted_after_the_sync_timeout)
{
    set_up();
    fake.core_sync = fake.cpu_sync = 507046;
    fake.ignore_exec = 1;
    CHECK_EQ(call(), NPURT_ERROR_STALLED);
    CHECK_EQ(fake.aborts, 1);
    CHECK_HAS(npurt_error_last()->message, "2000 ms");
    fake.ignore_exec = 0;
    check_poisoned("did not end");
}

TEST(a_stalled_graph_leaves_a_healthy_device_when_everything_came_to_rest)
{
    set_up();
    fake.run_code = RUN_STALLED;
    CHECK_EQ(call(), NPURT_ERROR_STALLED);
    CHECK_EQ(npurt_device_get_state(device), NPURT_DEVICE_HEALTHY);
    CHECK_EQ(y[0], 0xabcd);
    fake.run_code = RUN_OK;
    CHECK_EQ(call(), NPURT_OK);
    tear_down();
}

TEST(whatever_the_scheduler_answers_a_poisoned_device_is_to_be_reset_and_a_healthy_one_is_not)
{
    for (uint32_t code = RUN_BAD_PROTOCOL; code <= RUN_BAD_PREDICATE; code++)
        for (int at_rest = 0; at_rest < 2; at_rest++) {
            set_up();
            fake.run_code = code;
            fake.suspects = code == RUN_KERNEL_STUCK;
            fake.core_sync = at_rest ? 0 : 507046;
            CHECK(call() != NPURT_OK);
            const char *due = strstr(npurt_error_last()->hint, "reset the device");
            if ((due == NULL) != (at_rest != 0)) CHECK_FAIL("code %u, at rest %d: %s", code, at_rest, npurt_error_last()->hint);
            CHECK_EQ(npurt_device_get_state(device), at_rest ? NPURT_DEVICE_HEALTHY : NPURT_DEVICE_POISONED);
            fake.core_sync = 0;
            (void)npurt_callable_unload(callable);
            CHECK_EQ(npurt_device_close(device), NPURT_OK);
        }
}

TEST(a_device_process_that_goes_away_is_lost)
{
    set_up();
    fake.core_sync = fake.cpu_sync = 507901;
    fake.ignore_exec = 1;
    CHECK_EQ(call(), NPURT_ERROR_LOST);
    CHECK_EQ(npurt_device_get_state(device), NPURT_DEVICE_LOST);
    CHECK_EQ(call(), NPURT_ERROR_LOST);
    CHECK_HAS(npurt_error_last()->message, "went away");
    fake.core_sync = fake.cpu_sync = 0;
    fake.ignore_exec = 0;
    CHECK_EQ(npurt_device_reset(device), NPURT_OK);
    CHECK_EQ(npurt_device_get_state(device), NPURT_DEVICE_HEALTHY);
    tear_down();
}

TEST(closing_a_poisoned_device_resets_it_instead_of_freeing_handles)
{
    set_up();
    fake.core_sync = 507015;
    CHECK_EQ(call(), NPURT_ERROR_KERNEL_FAULT);
    CHECK_EQ(npurt_callable_unload(callable), NPURT_OK);
    CHECK_EQ(npurt_device_close(device), NPURT_OK);
    CHECK_EQ(fake.force_resets, 1);
    CHECK_EQ(fake.retained, 0);
}

TEST(device_programs_of_another_protocol_are_refused_at_open)
{
    const npurt_device_options options = {.binaries = world_binaries};
    fake_reset();
    slot_forget();
    fake.protocol = PROTOCOL_VERSION + 1;
    error_begin("test");
    CHECK_EQ(device_open_on(fake_driver(), false, 0, "fake:0", &options, &device), NPURT_ERROR_BAD_BINARY);
    CHECK_HAS(npurt_error_last()->message, "protocol version 6");
    CHECK_EQ(fake.retained, 0);
}

TEST(small_graphs_launch_few_clusters)
{
    set_up();
    CHECK_EQ(world_call(callable, x, y, 64, FIXTURE_CHAIN, 1, NULL), NPURT_OK);
    CHECK_EQ(fake.last_blocks, 1);
    CHECK_EQ(world_call(callable, x, y, 64, FIXTURE_CHAIN, 5, NULL), NPURT_OK);
    CHECK_EQ(fake.last_blocks, 3); /* five AIV tasks, two AIV cores in a cluster */
    CHECK_EQ(world_call(callable, x, y, 64, FIXTURE_MIX, 0, NULL), NPURT_OK);
    CHECK_EQ(fake.last_blocks, 4); /* four MIX blocks, a cluster each */
    CHECK_EQ(world_call(callable, x, y, 64, FIXTURE_CHAIN, 500, NULL), NPURT_OK);
    CHECK_EQ(fake.last_blocks, 36);
    tear_down();
}

TEST_MAIN
