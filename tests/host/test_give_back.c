/* Whatever driver call fails, everything that was taken is given back. */
#include "check.h"
#include "driver/driver.h"
#include "host/device.h"
#include "host/error.h"
#include "host/fake_driver.h"
#include "host/world.h"

static npurt_status open_fake(npurt_device **device)
{
    npurt_device_options options = {.binaries = world_binaries};
    for (int r = 0; r < NPURT_RINGS; r++)
        options.ring[r] = (npurt_ring_options){.task_window = 64, .edges = 64, .heap_bytes = 65536};
    error_begin("test");
    return device_open_on(fake_driver(), false, 0, "fake:0", &options, device);
}

static const npurt_runtime runtime[] = {NPURT_HOST_BUILD_GRAPH, NPURT_TENSORMAP_AND_RINGBUFFER};

static void check_nothing_is_out(const char *when)
{
    if (fake.blocks || fake.streams || fake.registrations || fake.binaries || fake.retained || fake.bytes)
        CHECK_FAIL("%s (call %u, %s fails): %u blocks, %u streams, %u registrations, %u binaries, %u device references "
                   "are still out",
                   when, fake.fail_at, fake.failed ? fake.failed : "nothing", fake.blocks, fake.streams,
                   fake.registrations, fake.binaries, fake.retained);
}

/* The record is that of the call: its status, and none of a failure that the call has made up for. */
static npurt_status told(npurt_status status)
{
    if (status == NPURT_OK && error_pending())
        CHECK_FAIL("call %u (%s fails): OK, and a record of %s: %s", fake.fail_at, fake.failed ? fake.failed : "nothing",
                   npurt_status_name(npurt_error_last()->status), npurt_error_last()->message);
    if (status != NPURT_OK && npurt_error_last()->status != status)
        CHECK_FAIL("call %u (%s fails): %s, and the record says %s: %s", fake.fail_at, fake.failed ? fake.failed : "nothing",
                   npurt_status_name(status), npurt_status_name(npurt_error_last()->status),
                   npurt_error_last()->message);
    return status;
}

/* A whole life of one runtime (world_runtime); returns the first status that is not OK. */
static npurt_status life(void)
{
    npurt_device *device = NULL;
    npurt_callable *callable = NULL;
    uint32_t x[64] = {0}, y[64];
    uint64_t address = 0;
    npurt_status status = told(open_fake(&device)), one;
    if (status != NPURT_OK) {
        check_nothing_is_out("after a failed open");
        return status;
    }
    status = told(npurt_memory_alloc(device, 1000, "buffer", &address));
    one = told(world_load(device, &callable));
    if (status == NPURT_OK) status = one;
    for (int i = 0; i < 2 && callable; i++) {
        fake.stream.tasks = 1;
        one = told(world_call(callable, x, y, 64, FIXTURE_CHAIN, 5, NULL));
        if (status == NPURT_OK) status = one;
    }
    one = callable ? told(npurt_callable_unload(callable)) : NPURT_OK;
    if (status == NPURT_OK) status = one;
    one = address ? told(npurt_memory_free(device, address)) : NPURT_OK;
    if (status == NPURT_OK) status = one;
    if (!npurt_device_get_state(device)) {
        const char *problem = ledger_validate(&device_of(device)->ledger);
        if (problem) CHECK_FAIL("ledger: %s", problem);
    }
    one = told(npurt_device_close(device));
    if (status == NPURT_OK) status = one;
    check_nothing_is_out("after close");
    return status;
}

TEST(a_whole_life_leaves_nothing_and_fails_nowhere)
{
    for (int r = 0; r < 2; r++) {
        world_runtime = runtime[r];
        fake_reset();
        slot_forget();
        CHECK_EQ(life(), NPURT_OK);
        CHECK_EQ(fake.installs, 1);
        CHECK_EQ(fake.registers, 1); /* two runs, one registration */
        CHECK_EQ(fake.streams_seen, r ? 2 : 0);
        CHECK_EQ(fake.unloads, r);
    }
    world_runtime = NPURT_HOST_BUILD_GRAPH;
}

static void fail_every_call(void)
{
    uint32_t failed = 0, smaller = 0;
    for (uint32_t k = 1;; k++) {
        fake_reset();
        slot_forget();
        fake.fail_at = k;
        npurt_status status = life();
        if (!fake.failed) break;
        failed++;
        /* Buffers are asked for with room to grow first, and then for what is needed. */
        if (status == NPURT_OK && strcmp(fake.failed, "rtMalloc") == 0)
            smaller++;
        else if (status == NPURT_OK)
            CHECK_FAIL("call %u (%s) failed and nobody said so", k, fake.failed);
    }
    printf("  %u driver calls failed, one at a time; %u were made up for by a smaller buffer\n", failed, smaller);
    CHECK(failed > 80 && smaller < 4);
}

TEST(every_failing_driver_call_is_reported_and_everything_is_given_back)
{
    for (int r = 0; r < 2; r++) {
        world_runtime = runtime[r];
        fail_every_call();
    }
    world_runtime = NPURT_HOST_BUILD_GRAPH;
}

TEST(out_of_memory_at_any_size_is_reported_and_everything_is_given_back)
{
    for (int r = 0; r < 2; r++) {
        uint32_t refused = 0;
        world_runtime = runtime[r];
        for (uint64_t memory = 0; memory < UINT64_C(12) << 20; memory += 70001) {
            fake_reset();
            slot_forget();
            fake.memory = memory;
            npurt_status status = life();
            if (status == NPURT_OK) continue;
            refused++;
            CHECK_EQ(status, NPURT_ERROR_OUT_OF_DEVICE_MEMORY);
        }
        CHECK(refused > 20);
    }
    world_runtime = NPURT_HOST_BUILD_GRAPH;
}

TEST(a_second_device_handle_installs_nothing_again)
{
    fake_reset();
    slot_forget();
    for (int i = 0; i < 3; i++) {
        npurt_device *device;
        CHECK_EQ(open_fake(&device), NPURT_OK);
        npurt_ledger_totals t;
        CHECK_EQ(npurt_device_ledger(device, &t), NPURT_OK);
        CHECK_EQ(t.files, 1);
        CHECK_EQ(t.functions, 3);
        CHECK_EQ(t.streams, 2);
        CHECK_EQ(t.binaries, 1);
        CHECK_EQ(t.registrations, 0); /* lazily, at the first call */
        CHECK_EQ(npurt_device_close(device), NPURT_OK);
        CHECK_EQ(fake.installs, 1);
    }
}

TEST(a_reset_forgets_what_was_there_and_opens_anew)
{
    fake_reset();
    slot_forget();
    npurt_device *device;
    npurt_callable *before, *after;
    uint64_t address;
    uint32_t x[8] = {0}, y[8];
    CHECK_EQ(open_fake(&device), NPURT_OK);
    CHECK_EQ(npurt_memory_alloc(device, 100, "old", &address), NPURT_OK);
    CHECK_EQ(world_load(device, &before), NPURT_OK);
    CHECK_EQ(world_call(before, x, y, 8, FIXTURE_CHAIN, 1, NULL), NPURT_OK);
    CHECK_EQ(npurt_device_reset(device), NPURT_OK);
    CHECK_EQ(fake.force_resets, 1);
    CHECK_EQ(npurt_device_get_state(device), NPURT_DEVICE_HEALTHY);
    CHECK_EQ(npurt_memory_free(device, address), NPURT_ERROR_INVALID_ARGUMENT);
    CHECK_EQ(world_call(before, x, y, 8, FIXTURE_CHAIN, 1, NULL), NPURT_ERROR_INVALID_ARGUMENT);
    CHECK_HAS(npurt_error_last()->message, "before a reset");
    CHECK_EQ(world_load(device, &after), NPURT_OK);
    CHECK_EQ(world_call(after, x, y, 8, FIXTURE_CHAIN, 1, NULL), NPURT_OK);
    CHECK_EQ(npurt_callable_unload(before), NPURT_OK);
    CHECK_EQ(npurt_callable_unload(after), NPURT_OK);
    CHECK_EQ(npurt_device_close(device), NPURT_OK);
    check_nothing_is_out("after close");
}

TEST(a_handle_hears_of_a_reset_through_another)
{
    fake_reset();
    slot_forget();
    npurt_device *one, *two;
    uint64_t address;
    CHECK_EQ(open_fake(&one), NPURT_OK);
    CHECK_EQ(open_fake(&two), NPURT_OK);
    CHECK_EQ(npurt_device_reset(one), NPURT_OK);
    CHECK_EQ(npurt_memory_alloc(two, 100, "x", &address), NPURT_ERROR_LOST);
    CHECK_HAS(npurt_error_last()->message, "another handle");
    CHECK_EQ(npurt_device_get_state(two), NPURT_DEVICE_LOST);
    CHECK_EQ(npurt_memory_alloc(one, 100, "x", &address), NPURT_OK);
    CHECK_EQ(npurt_memory_free(one, address), NPURT_OK);
    CHECK_EQ(npurt_device_close(two), NPURT_OK);
    CHECK_EQ(npurt_memory_alloc(one, 100, "x", &address), NPURT_OK); /* closing it took nothing away */
    CHECK_EQ(npurt_memory_free(one, address), NPURT_OK);
    CHECK_EQ(npurt_device_close(one), NPURT_OK);
    check_nothing_is_out("after close");
}

TEST(a_reset_that_fails_leaves_the_device_lost_and_can_be_tried_again)
{
    fake_reset();
    slot_forget();
    npurt_device *device;
    uint64_t address;
    CHECK_EQ(open_fake(&device), NPURT_OK);
    fake.memory = 0; /* nothing can be allocated: the device does not come up */
    CHECK_EQ(npurt_device_reset(device), NPURT_ERROR_LOST);
    CHECK_EQ(npurt_device_get_state(device), NPURT_DEVICE_LOST);
    CHECK_EQ(npurt_memory_alloc(device, 1, "x", &address), NPURT_ERROR_LOST);
    fake.memory = UINT64_C(1) << 30;
    CHECK_EQ(npurt_device_reset(device), NPURT_OK);
    CHECK_EQ(npurt_memory_alloc(device, 1, "x", &address), NPURT_OK);
    CHECK_EQ(npurt_memory_free(device, address), NPURT_OK);
    CHECK_EQ(npurt_device_close(device), NPURT_OK);
    check_nothing_is_out("after close");
}

TEST(close_names_what_the_caller_forgot)
{
    fake_reset();
    slot_forget();
    npurt_device *device;
    npurt_callable *callable;
    uint64_t address;
    CHECK_EQ(open_fake(&device), NPURT_OK);
    CHECK_EQ(npurt_memory_alloc(device, 1234, "weights", &address), NPURT_OK);
    CHECK_EQ(npurt_device_close(device), NPURT_ERROR_LEAK);
    CHECK_HAS(npurt_error_last()->message, "\"weights\" (1234 bytes at 0x");
    check_nothing_is_out("after close");
    CHECK_EQ(open_fake(&device), NPURT_OK);
    CHECK_EQ(world_load(device, &callable), NPURT_OK);
    CHECK_EQ(npurt_device_close(device), NPURT_ERROR_LEAK);
    CHECK_HAS(npurt_error_last()->message, "\"fixture\"");
    check_nothing_is_out("after close");
}

TEST(close_names_everything_of_each_kind)
{
    fake_reset();
    slot_forget();
    npurt_device *device;
    npurt_callable *callable;
    npurt_run *run;
    uint64_t address[20];
    char want[160];
    CHECK_EQ(open_fake(&device), NPURT_OK);
    CHECK_EQ(npurt_memory_alloc(device, 1234, "weights", &address[0]), NPURT_OK);
    CHECK_EQ(npurt_memory_alloc(device, 256, NULL, &address[1]), NPURT_OK);
    CHECK_EQ(world_load(device, &callable), NPURT_OK);
    for (int i = 0; i < 2; i++)
        CHECK_EQ(world_launch(callable, address[1], address[1], 64, FIXTURE_CHAIN, 1, 0, &run), NPURT_OK);
    CHECK_EQ(npurt_device_close(device), NPURT_ERROR_LEAK);
    snprintf(want, sizeof want,
             "closed with 2 allocations that were not freed: \"weights\" (1234 bytes at 0x%" PRIx64 "), \"unnamed\" (256 bytes "
             "at 0x%" PRIx64 "); ",
             address[0], address[1]);
    CHECK_HAS(npurt_error_last()->message, want);
    CHECK_HAS(npurt_error_last()->message,
              "; 1 callable that was not unloaded: \"fixture\"; 2 runs that were not waited for: of \"fixture\", of \"fixture\"");
    check_nothing_is_out("after close");

    CHECK_EQ(open_fake(&device), NPURT_OK); /* more than there is room for */
    for (int i = 0; i < 20; i++)
        CHECK_EQ(npurt_memory_alloc(device, 512, i ? "a buffer" : "the first of them", &address[i]), NPURT_OK);
    CHECK_EQ(world_load(device, &callable), NPURT_OK);
    CHECK_EQ(npurt_device_close(device), NPURT_ERROR_LEAK);
    CHECK_HAS(npurt_error_last()->message, "20 allocations that were not freed: \"the first of them\" (512 bytes at 0x");
    CHECK_HAS(npurt_error_last()->message, " and 17 more; 1 callable that was not unloaded: \"fixture\"");
    check_nothing_is_out("after close");
}

TEST(kernels_of_the_same_content_are_uploaded_once)
{
    fake_reset();
    slot_forget();
    npurt_device *device;
    npurt_callable *a, *b;
    CHECK_EQ(open_fake(&device), NPURT_OK);
    const uint32_t before = fake.blocks;
    CHECK_EQ(world_load(device, &a), NPURT_OK);
    CHECK_EQ(fake.blocks - before, FIXTURE_KERNELS + 1); /* and the table */
    CHECK_EQ(world_load(device, &b), NPURT_OK);
    CHECK_EQ(fake.blocks - before, FIXTURE_KERNELS + 2);
    CHECK_EQ(npurt_callable_unload(a), NPURT_OK);
    CHECK_EQ(fake.blocks - before, FIXTURE_KERNELS + 1);
    CHECK_EQ(npurt_callable_unload(b), NPURT_OK);
    CHECK_EQ(fake.blocks - before, 0);
    CHECK_EQ(npurt_device_close(device), NPURT_OK);
}

TEST(the_65th_callable_is_refused)
{
    fake_reset();
    slot_forget();
    npurt_device *device;
    npurt_callable *c[NPURT_MAX_CALLABLES], *more;
    CHECK_EQ(open_fake(&device), NPURT_OK);
    for (int i = 0; i < NPURT_MAX_CALLABLES; i++)
        CHECK_EQ(world_load(device, &c[i]), NPURT_OK);
    CHECK_EQ(world_load(device, &more), NPURT_ERROR_LIMIT);
    CHECK_HAS(npurt_error_last()->message, "65");
    CHECK_EQ(npurt_callable_unload(c[7]), NPURT_OK);
    CHECK_EQ(world_load(device, &c[7]), NPURT_OK);
    for (int i = 0; i < NPURT_MAX_CALLABLES; i++)
        CHECK_EQ(npurt_callable_unload(c[i]), NPURT_OK);
    CHECK_EQ(npurt_device_close(device), NPURT_OK);
    check_nothing_is_out("after close");
}

static void *in_thread(void *device)
{
    uint64_t address;
    if (npurt_memory_alloc(device, 64, "of a thread", &address) != NPURT_OK) return device;
    return npurt_memory_free(device, address) == NPURT_OK ? NULL : device;
}

TEST(each_thread_is_bound_once_and_let_go_at_close)
{
    fake_reset();
    slot_forget();
    npurt_device *device;
    CHECK_EQ(open_fake(&device), NPURT_OK);
    for (int i = 0; i < 8; i++) {
        pthread_t thread;
        void *failed;
        pthread_create(&thread, NULL, in_thread, device);
        pthread_join(thread, &failed);
        CHECK(failed == NULL);
    }
    CHECK_EQ(fake.set_devices, 9);
    CHECK_EQ(fake.retained, 9);
    CHECK_EQ(npurt_device_close(device), NPURT_OK);
    check_nothing_is_out("after close");
}

TEST(a_thread_that_was_set_to_another_device_is_bound_anew)
{
    fake_reset();
    slot_forget();
    npurt_device *device;
    uint64_t address;
    int32_t now = -1;
    CHECK_EQ(open_fake(&device), NPURT_OK);
    CHECK_EQ(fake_driver()->rtSetDevice(1), 0); /* the caller's own, to be undone by the caller */
    CHECK_EQ(npurt_memory_alloc(device, 64, "x", &address), NPURT_OK);
    CHECK_EQ(fake_driver()->aclrtGetDevice(&now), 0);
    CHECK_EQ(now, 0);
    CHECK_EQ(npurt_memory_free(device, address), NPURT_OK);
    CHECK_EQ(fake.set_devices, 3); /* open, the caller, the first call after */
    CHECK_EQ(fake_driver()->rtDeviceReset(1), 0);
    CHECK_EQ(npurt_device_close(device), NPURT_OK);
    check_nothing_is_out("after close");
}

TEST(memory_stays_listed_until_the_driver_has_freed_it)
{
    fake_reset();
    slot_forget();
    npurt_device *device;
    npurt_ledger_totals before, held, after;
    uint64_t address;
    CHECK_EQ(open_fake(&device), NPURT_OK);
    CHECK_EQ(npurt_device_ledger(device, &before), NPURT_OK);
    CHECK_EQ(npurt_memory_alloc(device, 1000, "weights", &address), NPURT_OK);
    fake.keep_blocks = 1;
    CHECK_EQ(npurt_memory_free(device, address), NPURT_ERROR_DRIVER);
    CHECK_EQ(npurt_device_ledger(device, &held), NPURT_OK);
    CHECK_EQ(held.memory_bytes - before.memory_bytes, 1000);
    fake.keep_blocks = 0;
    CHECK_EQ(npurt_memory_free(device, address), NPURT_OK);
    CHECK_EQ(npurt_device_ledger(device, &after), NPURT_OK);
    CHECK_EQ(after.memory_bytes, before.memory_bytes);
    CHECK_EQ(npurt_device_close(device), NPURT_OK);
    check_nothing_is_out("after close");
}

TEST_MAIN
