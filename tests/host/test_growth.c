/* What a run leaves behind is named; what grows is noted with its owner and first run. */
#include "check.h"
#include "host/device.h"
#include "host/error.h"
#include "host/fake_driver.h"
#include "host/world.h"

static npurt_device *device;

static void set_up(void)
{
    const npurt_device_options options = {.binaries = world_binaries};
    fake_reset();
    slot_forget();
    error_begin("test");
    CHECK_EQ(device_open_on(fake_driver(), false, 0, "fake:0", &options, &device), NPURT_OK);
}

static void hold(enum ledger_kind kind, uint64_t handle)
{
    CHECK(ledger_reserve(&device_of(device)->ledger, kind));
    ledger_add(&device_of(device)->ledger, kind, handle, 0, "somebody", "left over");
}

TEST(what_a_run_leaves_in_the_ledger_is_named)
{
    struct growth_mark mark;
    set_up();
    growth_mark(device_of(device), &mark);
    error_begin("test");
    CHECK_EQ(growth_check(device_of(device), &mark, "fixture"), NPURT_OK);
    hold(LEDGER_EVENT, 77);
    CHECK_EQ(growth_check(device_of(device), &mark, "fixture"), NPURT_ERROR_LEAK);
    CHECK_HAS(npurt_error_last()->message, "a run of \"fixture\" left behind: event of somebody: left over");
    CHECK(ledger_remove(&device_of(device)->ledger, LEDGER_EVENT, 77));
    CHECK_EQ(npurt_device_close(device), NPURT_OK);
}

TEST(device_memory_that_the_ledger_does_not_know_of_is_noticed_to_the_byte)
{
    struct growth_mark mark;
    set_up();
    growth_mark(device_of(device), &mark);
    fake.bytes += 512;
    error_begin("test");
    CHECK_EQ(growth_check(device_of(device), &mark, "fixture"), NPURT_ERROR_LEAK);
    CHECK_HAS(npurt_error_last()->message, "the ledger knows of nothing");
    fake.bytes -= 512;
    CHECK_EQ(npurt_device_close(device), NPURT_OK);
}

TEST(what_grows_is_reported_with_its_owner_and_first_run)
{
    char text[4096];
    set_up();
    for (uint64_t run = 1; run <= 40; run++) {
        if (run >= 3 && run % 2) hold(LEDGER_EVENT, run);
        growth_look(device_of(device));
    }
    CHECK_EQ(npurt_device_report(device, text, sizeof text, NULL), NPURT_OK);
    /* Held first after run 3, more after 5, 7, … 39. */
    CHECK_HAS(text, "grown        event of somebody: in 18 of 40 runs since run 5, to 19 (0 bytes)");
    for (uint64_t run = 3; run <= 40; run += 2)
        CHECK(ledger_remove(&device_of(device)->ledger, LEDGER_EVENT, run));
    CHECK_EQ(npurt_device_close(device), NPURT_OK);
}

TEST_MAIN
