/* Streams, events, waits and errors of tasks. */
#include "launch.h"

#include <pthread.h>

struct hold {
    void *word;
    uint32_t value, padding;
    void *until;
};

static rtFuncHandle function_of(int32_t device, const char *symbol)
{
    char so[64];

    snprintf(so, sizeof so, "libpypto_server%d.so", device & 0xff);
    return launch_function(launch_load(so, symbol), symbol);
}

/* A card with the fixture library installed, and a function of it. */
static rtFuncHandle ready(int32_t device, const char *symbol)
{
    size_t size;
    unsigned char *image = launch_read_file(FIXTURE_AICPU, &size);
    void *counter = launch_device_word(0);

    OK(launch_kfc(device, image, size, counter, NULL));
    free(image);
    OK(rtFree(counter));
    return function_of(device, symbol);
}

TEST(a_stream_costs_memory_and_gives_it_back)
{
    int32_t device = card_open("a5?hbm=64MiB&card=streams");
    const uint64_t before = card_free_bytes();
    void *stream;

    OK(rtStreamCreate(&stream, 0));
    CHECK_EQ(before - card_free_bytes(), 2048 * (64 + 32));
    OK(rtStreamDestroy(stream));
    CHECK_EQ(card_free_bytes(), before);
    FAILS(rtStreamDestroy(stream), 107017, "was destroyed");
    card_close(device);
}

TEST(a_stream_that_memory_can_not_pay_is_507899)
{
    int32_t device = card_open("a5?hbm=1MiB&card=poor");
    void *p, *stream;

    OK(rtMalloc(&p, card_free_bytes() - 4096, RT_MEMORY_HBM, 0));
    FAILS(rtStreamCreate(&stream, 0), 507899, "queues");
    OK(rtFree(p));
    OK(rtStreamCreate(&stream, 0));
    card_close(device);
}

TEST(there_are_1984_streams)
{
    int32_t device = card_open("a5?hbm=1GiB&card=many");
    static void *stream[1984];
    void *one_more;
    int n = 0;

    while (n < 1984 && rtStreamCreate(&stream[n], 0) == 0)
        n++;
    CHECK_EQ(n, 1983); /* and the default stream */
    FAILS(rtStreamCreate(&one_more, 0), 207008, "1984");
    OK(rtStreamDestroy(stream[700]));
    OK(rtStreamCreate(&one_more, 0));
    CHECK(one_more != stream[700]); /* the slot is the same, the handle is not */
    FAILS(rtStreamSynchronize(stream[700]), 107017, "was destroyed");
    card_close(device);
}

TEST(bad_streams_are_told_apart)
{
    int32_t first = card_open("a3:0?hbm=64MiB&card=foreign"), second = card_add("a3:1?hbm=64MiB&card=foreign");
    int mine, status;
    void *stream;

    OK(rtStreamCreate(&stream, 0));
    OK(aclrtSetDevice(second));
    OK(rtStreamSynchronize(stream)); /* whatever device this thread has set */
    OK(rtStreamQuery(stream));
    FAILS(aclrtSetStreamFailureMode(stream, 1), 107003, "not of device");
    FAILS(rtStreamDestroy(stream), 107003, "not of device");
    FAILS(rtStreamSynchronize(&mine), 107017, "not a stream");
    FAILS(rtStreamDestroy(NULL), 107000, "NULL");
    FAILS(rtStreamCreate(NULL, 0), 107000, "NULL");
    FAILS(aclrtCreateStream(NULL), 100000, "NULL");
    FAILS(aclrtStreamQuery(NULL, NULL), 100000, "NULL");
    OK(aclrtStreamQuery(NULL, &status));
    CHECK_EQ(status, 0);
    card_close(second);
    OK(aclrtSetDevice(first));
    OK(aclrtResetDevice(first));
    card_close(first);
}

TEST(bad_timeouts_are_107000)
{
    int32_t device = card_open("a5?hbm=64MiB&card=timeouts");

    FAILS(rtStreamSynchronizeWithTimeout(NULL, 0), 107000, "0 ms");
    FAILS(rtStreamSynchronizeWithTimeout(NULL, -2), 107000, "-2 ms");
    FAILS(aclrtSynchronizeDeviceWithTimeout(0), 107000, "0 ms");
    OK(rtStreamSynchronizeWithTimeout(NULL, -1));
    OK(aclrtSynchronizeDeviceWithTimeout(5));
    card_close(device);
}

TEST(a_wait_that_expires_harms_nothing)
{
    int32_t device = card_open("a5?hbm=64MiB&card=expire");
    struct hold args = {launch_device_word(0), 1, 0, launch_device_word(0)};
    rtFuncHandle hold = ready(device, "fixture_hold");
    uint32_t go = 1;
    void *stream;
    int status;

    OK(rtStreamCreate(&stream, 0));
    OK(launch_cpu(hold, 1, stream, &args, sizeof args));
    FAILS(rtStreamQuery(stream), 507004, "not drained");
    OK(aclrtStreamQuery(stream, &status));
    CHECK_EQ(status, 1);
    FAILS(rtStreamSynchronizeWithTimeout(stream, 20), 507046, "20 ms");
    FAILS(aclrtSynchronizeDeviceWithTimeout(20), 507046, "ms");
    OK(rtMemcpy(args.until, 4, &go, 4, RT_MEMCPY_HOST_TO_DEVICE));
    OK(rtStreamSynchronizeWithTimeout(stream, 10000));
    OK(rtStreamQuery(stream));
    CHECK_EQ(launch_word(args.word), 1);
    card_close(device);
}

TEST(a_failed_task_is_reported_once)
{
    int32_t device = card_open("a5?hbm=64MiB&card=once");
    rtFuncHandle refuse = ready(device, "fixture_refuse");
    uint64_t none = 0;
    void *stream;

    OK(rtStreamCreate(&stream, 0));
    OK(launch_cpu(refuse, 1, stream, &none, sizeof none));
    while (rtStreamQuery(stream) == 507004) {
    }
    OK(rtStreamQuery(stream)); /* a query never tells */
    FAILS(rtStreamSynchronize(stream), 507018, "fixture_refuse");
    OK(rtStreamSynchronize(stream));
    OK(launch_cpu(refuse, 1, stream, &none, sizeof none));
    FAILS(aclrtSynchronizeDeviceWithTimeout(10000), 507018, "7");
    OK(aclrtSynchronizeDeviceWithTimeout(10000));
    card_close(device);
}

/* What is queued behind a task that fails: runs in the default mode, never in stop mode. The failing task comes behind
 * one that holds the stream, so all three are there before it fails. */
static uint32_t queued_behind_a_failure(int32_t device, uint64_t mode)
{
    struct hold args = {launch_device_word(0), 1, 0, launch_device_word(0)};
    rtFuncHandle hold = ready(device, "fixture_hold"), add = function_of(device, "fixture_add");
    rtFuncHandle refuse = function_of(device, "fixture_refuse");
    const uint32_t go = 1;
    uint64_t none = 0;
    void *stream, *other, *event;

    OK(rtStreamCreate(&stream, 0));
    OK(rtStreamCreate(&other, 0));
    OK(aclrtCreateEventExWithFlag(&event, ACL_EVENT_SYNC));
    OK(aclrtSetStreamFailureMode(stream, mode));
    OK(launch_cpu(hold, 1, stream, &args, sizeof args));
    OK(launch_cpu(refuse, 1, stream, &none, sizeof none));
    OK(launch_cpu(add, 1, stream, &args, sizeof args));
    OK(aclrtRecordEvent(event, stream)); /* whatever the mode: nothing waits for it for ever */
    OK(aclrtStreamWaitEvent(other, event));
    OK(rtMemcpy(args.until, sizeof go, &go, sizeof go, RT_MEMCPY_HOST_TO_DEVICE));
    FAILS(rtStreamSynchronizeWithTimeout(stream, 10000), 507018, "fixture_refuse");
    CHECK_EQ(rtStreamSynchronizeWithTimeout(other, 10000), mode ? 507018 : 0);
    CHECK_EQ(rtStreamSynchronizeWithTimeout(stream, 10000), mode ? 507018 : 0);
    OK(rtStreamDestroy(stream));
    OK(rtStreamDestroy(other));
    return launch_word(args.word);
}

TEST(in_stop_mode_nothing_queued_behind_a_failure_runs)
{
    static const char *const machine[] = {"a2?hbm=64MiB&card=behind", "a5?hbm=64MiB&engine=thread&card=behind-t"};

    for (int i = 0; i < 2; i++)
        for (uint64_t mode = 0; mode < 2; mode++) {
            int32_t device = card_open(machine[i]);
            CHECK_EQ(queued_behind_a_failure(device, mode), mode ? 1 : 2);
            OK(aclrtResetDeviceForce(device));
        }
}

TEST(in_stop_mode_the_first_error_stays)
{
    int32_t device = card_open("a5?hbm=64MiB&card=stop");
    rtFuncHandle refuse = ready(device, "fixture_refuse");
    uint64_t none = 0;
    void *stream;

    OK(rtStreamCreate(&stream, 0));
    OK(aclrtSetStreamFailureMode(stream, 1));
    FAILS(aclrtSetStreamFailureMode(stream, 0), 207000, "undone");
    OK(launch_cpu(refuse, 1, stream, &none, sizeof none));
    FAILS(rtStreamSynchronize(stream), 507018, "fixture_refuse");
    FAILS(rtStreamSynchronize(stream), 507018, "fixture_refuse");
    FAILS(rtStreamSynchronize(NULL), 507018, "fixture_refuse"); /* the whole context */
    FAILS(rtStreamQuery(NULL), 507018, "fixture_refuse");
    FAILS(aclrtSynchronizeDeviceWithTimeout(10000), 507018, "fixture_refuse");
    FAILS(aclrtSetStreamFailureMode(stream, 1), 207000, "undone");
    FAILS(launch_cpu(refuse, 1, NULL, &none, sizeof none), 507018, "fixture_refuse");
    OK(rtStreamDestroy(stream));
    card_close(device);
}

TEST(events_tell_the_devices_time)
{
    int32_t device = card_open("a5?hbm=64MiB&card=events");
    struct hold args = {launch_device_word(0), 1, 0, launch_device_word(0)};
    rtFuncHandle hold = ready(device, "fixture_hold");
    uint64_t first = 0, second = 0;
    void *a, *b, *plain;
    uint32_t go = 1;

    OK(aclrtCreateEventExWithFlag(&a, ACL_EVENT_TIME_LINE));
    OK(aclrtCreateEventExWithFlag(&b, ACL_EVENT_TIME_LINE));
    OK(aclrtCreateEventExWithFlag(&plain, ACL_EVENT_SYNC));
    FAILS(aclrtCreateEventExWithFlag(&b, 0x80), 107000, "0x80");
    FAILS(aclrtEventGetTimestamp(a, &first), 507000, "never recorded");
    OK(aclrtRecordEvent(a, NULL));
    OK(launch_cpu(hold, 1, NULL, &args, sizeof args));
    OK(aclrtRecordEvent(b, NULL));
    OK(aclrtSynchronizeEvent(a));
    OK(aclrtEventGetTimestamp(a, &first));
    FAILS(aclrtEventGetTimestamp(b, &second), 107006, "not reached");
    usleep(2000);
    OK(rtMemcpy(args.until, 4, &go, 4, RT_MEMCPY_HOST_TO_DEVICE));
    OK(aclrtSynchronizeEvent(b));
    OK(aclrtEventGetTimestamp(b, &second));
    CHECK(second - first >= 2000);
    CHECK(second - first < 10000000);
    OK(aclrtRecordEvent(plain, NULL));
    FAILS(aclrtEventGetTimestamp(plain, &first), 107006, "TIME_LINE");
    OK(aclrtDestroyEvent(a));
    FAILS(aclrtRecordEvent(a, NULL), 107017, "destroyed");
    card_close(device);
}

TEST(a_stream_waits_for_another_streams_event)
{
    int32_t device = card_open("a5?hbm=64MiB&card=order");
    struct hold args = {launch_device_word(0), 1, 0, launch_device_word(0)};
    rtFuncHandle hold = ready(device, "fixture_hold");
    void *first, *second, *event, *untimed;
    uint32_t go = 1;

    OK(rtStreamCreate(&first, 0));
    OK(rtStreamCreate(&second, 0));
    OK(aclrtCreateEventExWithFlag(&event, ACL_EVENT_SYNC | ACL_EVENT_TIME_LINE));
    OK(aclrtCreateEventExWithFlag(&untimed, ACL_EVENT_TIME_LINE));
    FAILS(aclrtStreamWaitEvent(second, untimed), 207000, "ACL_EVENT_SYNC");
    OK(launch_cpu(hold, 1, first, &args, sizeof args));
    OK(aclrtRecordEvent(event, first));
    OK(aclrtStreamWaitEvent(second, event));
    FAILS(rtStreamSynchronizeWithTimeout(second, 30), 507046, "30 ms");
    OK(rtMemcpy(args.until, 4, &go, 4, RT_MEMCPY_HOST_TO_DEVICE));
    OK(rtStreamSynchronizeWithTimeout(second, 10000));
    card_close(device);
}

struct waiter {
    int32_t device, code;
    void *stream;
};

static void *wait_in_thread(void *argument)
{
    struct waiter *waiter = argument;

    aclrtSetDevice(waiter->device);
    waiter->code = rtStreamSynchronize(waiter->stream);
    return NULL;
}

TEST(a_force_reset_releases_who_waits)
{
    int32_t device = card_open("a5?hbm=64MiB&card=release");
    struct hold args = {launch_device_word(0), 1, 0, launch_device_word(0)};
    rtFuncHandle hold = ready(device, "fixture_hold");
    struct waiter waiter = {.device = device};
    pthread_t thread;

    OK(launch_cpu(hold, 1, NULL, &args, sizeof args));
    CHECK_EQ(pthread_create(&thread, NULL, wait_in_thread, &waiter), 0);
    usleep(30000);
    OK(aclrtResetDeviceForce(device));
    pthread_join(thread, NULL);
    CHECK(waiter.code == 107002 || waiter.code == 507901);
    OK(aclrtSetDevice(device));
    OK(rtStreamSynchronize(NULL));
    card_close(device);
}

TEST(commands_beyond_the_ring_wait_for_room)
{
    enum { LAUNCHES = 5000 };
    int32_t device = card_open("a5?hbm=64MiB&card=full");
    struct hold args = {launch_device_word(0), 1, 0, launch_device_word(1)};
    rtFuncHandle add = ready(device, "fixture_add");

    for (int i = 0; i < LAUNCHES; i++)
        OK(launch_cpu(add, 1, NULL, &args, sizeof args));
    OK(rtStreamSynchronizeWithTimeout(NULL, 30000));
    CHECK_EQ(launch_word(args.word), LAUNCHES);
    card_close(device);
}

struct crowd {
    int32_t device;
    rtFuncHandle add;
    struct hold args;
    int failures;
};

static void *launch_in_thread(void *argument)
{
    struct crowd *crowd = argument;
    void *stream;

    crowd->failures += aclrtSetDevice(crowd->device) != 0;
    crowd->failures += rtStreamCreate(&stream, 0) != 0;
    for (int i = 0; i < 500; i++) {
        void *p;
        crowd->failures += launch_cpu(crowd->add, 2, stream, &crowd->args, sizeof crowd->args) != 0;
        crowd->failures += rtMalloc(&p, 700, RT_MEMORY_HBM, 0) != 0;
        crowd->failures += rtMemcpy(p, 64, &crowd->args, sizeof crowd->args, RT_MEMCPY_HOST_TO_DEVICE) != 0;
        if (i % 50 == 0) crowd->failures += rtStreamSynchronizeWithTimeout(stream, 30000) != 0;
        crowd->failures += rtFree(p) != 0;
    }
    crowd->failures += rtStreamDestroy(stream) != 0;
    crowd->failures += aclrtResetDevice(crowd->device) != 0;
    return NULL;
}

TEST(threads_share_a_device)
{
    int32_t device = card_open("a5?hbm=64MiB&card=crowd");
    struct hold args = {launch_device_word(0), 1, 0, launch_device_word(1)};
    struct crowd crowd[4];
    rtFuncHandle add = ready(device, "fixture_add");
    uint64_t before = card_free_bytes();
    pthread_t thread[4];

    for (int i = 0; i < 4; i++) {
        crowd[i] = (struct crowd){device, add, args, 0};
        CHECK_EQ(pthread_create(&thread[i], NULL, launch_in_thread, &crowd[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(thread[i], NULL);
        CHECK_EQ(crowd[i].failures, 0);
    }
    CHECK_EQ(launch_word(args.word), 4 * 500 * 2);
    CHECK_EQ(card_free_bytes(), before);
    card_close(device);
}

TEST_MAIN
