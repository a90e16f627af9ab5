#include <pthread.h>

#include "check.h"
#include "driver/driver.h"
#include "host/error.h"

TEST(a_thread_without_failures_has_an_empty_record)
{
    const npurt_error *e = npurt_error_last();
    CHECK_EQ(e->status, NPURT_OK);
    CHECK_EQ(e->task, NPURT_NO_TASK);
    CHECK_EQ(e->core, NPURT_NO_CORE);
    CHECK_STR(e->message, "");
}

TEST(the_first_cause_is_kept_and_later_codes_are_fallout)
{
    error_begin("npurt_call");
    CHECK_EQ(error_driver(207001, "rtMalloc", "first %d", 1), NPURT_ERROR_OUT_OF_DEVICE_MEMORY);
    CHECK_EQ(error_driver(507899, "rtFree", "second"), NPURT_ERROR_DRIVER);
    CHECK_EQ(error_raise(NPURT_ERROR_LIMIT, "third"), NPURT_ERROR_LIMIT);
    error_fallout(507046, "rtStreamSynchronizeWithTimeout");
    const npurt_error *e = npurt_error_last();
    CHECK_EQ(e->status, NPURT_ERROR_OUT_OF_DEVICE_MEMORY);
    CHECK_EQ(e->driver_code, 207001);
    CHECK_STR(e->driver_name, "ACL_ERROR_RT_MEMORY_ALLOCATION");
    CHECK_STR(e->call, "rtMalloc");
    CHECK_HAS(e->message, "first 1: rtMalloc answered 207001 ACL_ERROR_RT_MEMORY_ALLOCATION");
    CHECK_STR(e->fallout, "507899 ACL_ERROR_RT_DRV_INTERNAL_ERROR (rtFree), 507046 ACL_ERROR_RT_STREAM_SYNC_TIMEOUT "
                          "(rtStreamSynchronizeWithTimeout)");
}

TEST(a_new_call_that_fails_replaces_the_record_and_one_that_works_does_not)
{
    error_begin("npurt_device_open");
    error_raise(NPURT_ERROR_NO_TARGET, "old");
    error_begin("npurt_call");
    CHECK_STR(npurt_error_last()->message, "old");
    error_raise(NPURT_ERROR_GRAPH, "new");
    error_prepend("in %s", "call 2");
    CHECK_STR(npurt_error_last()->message, "in call 2: new");
    CHECK_STR(npurt_error_last()->call, "npurt_call");
    CHECK_EQ(npurt_error_last()->driver_code, 0);
}

TEST(texts_longer_than_their_field_are_cut)
{
    char text[2000];
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    error_begin("npurt_call");
    error_raise(NPURT_ERROR_GRAPH, "%s", text);
    error_prepend("%s", "x");
    error_hint("%s", text);
    error_place(1, 2, text, 3);
    for (int i = 0; i < 20; i++)
        error_fallout(507046, "aRatherLongNameOfAnEntryPoint");
    const npurt_error *e = npurt_error_last();
    CHECK_EQ(strlen(e->message), sizeof e->message - 1);
    CHECK_EQ(strlen(e->hint), sizeof e->hint - 1);
    error_hint_add("reset the device");
    CHECK_EQ(strlen(e->hint), sizeof e->hint - 1);
    CHECK_HAS(e->hint, "aaa; reset the device");
    CHECK_EQ(strlen(e->kernel_name), sizeof e->kernel_name - 1);
    CHECK_EQ(strlen(e->fallout), sizeof e->fallout - 1);
}

static void *other_thread(void *unused)
{
    (void)unused;
    error_begin("npurt_call");
    error_raise(NPURT_ERROR_BUSY, "elsewhere");
    return NULL;
}

TEST(records_are_of_their_thread)
{
    error_begin("npurt_call");
    error_raise(NPURT_ERROR_GRAPH, "here");
    pthread_t thread;
    pthread_create(&thread, NULL, other_thread, NULL);
    pthread_join(thread, NULL);
    CHECK_STR(npurt_error_last()->message, "here");
}

TEST(every_status_has_its_name)
{
    CHECK_STR(npurt_status_name(NPURT_OK), "NPURT_OK");
    CHECK_STR(npurt_status_name(NPURT_ERROR_KERNEL_FAULT), "NPURT_ERROR_KERNEL_FAULT");
    CHECK_STR(npurt_status_name(NPURT_ERROR_FORKED), "NPURT_ERROR_FORKED");
    CHECK_STR(npurt_status_name(NPURT_ERROR_IO), "NPURT_ERROR_IO");
    CHECK_STR(npurt_status_name(NPURT_ERROR_CANCELLED), "NPURT_ERROR_CANCELLED");
    CHECK_STR(npurt_status_name((npurt_status)24), "NPURT_ERROR_UNKNOWN");
    CHECK_STR(npurt_status_name((npurt_status)-1), "NPURT_ERROR_UNKNOWN");
}

TEST_MAIN
