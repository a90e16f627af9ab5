/* Timed mode as the host sees it: a run is a function of the calls and the seed alone. */
#include "launch.h"

struct add {
    void *word;
    uint32_t value, padding;
    void *until;
};

/* A run of one of everything, and its hash. */
static uint64_t run(const char *machine)
{
    int32_t device = card_open(machine);
    struct add args = {launch_device_word(0), 2, 0, NULL};
    void *counter = launch_device_word(0), *program = launch_register(FIXTURE_AICORE), *words, *stream, *event;
    uint64_t hash = 0, zero = 0, time_us = 0;
    unsigned char *image;
    size_t size;
    char so[64];
    rtFuncHandle function;
    rtBinHandle binary;

    image = launch_read_file(FIXTURE_AICPU, &size);
    OK(launch_kfc(device, image, size, counter, NULL));
    free(image);
    snprintf(so, sizeof so, "libpypto_server%d.so", device & 0xff);
    binary = launch_load(so, "fixture_add");
    function = launch_function(binary, "fixture_add");
    OK(rtStreamCreate(&stream, 0));
    OK(aclrtCreateEventExWithFlag(&event, ACL_EVENT_TIME_LINE));
    OK(rtMalloc(&words, 8, RT_MEMORY_HBM, 0));
    OK(rtMemcpy(words, 8, &zero, 8, RT_MEMCPY_HOST_TO_DEVICE));
    OK(launch_core(program, 0, 5, (uint64_t)(uintptr_t)words, NULL, RT_SCHEM_MODE_BATCH));
    OK(launch_cpu(function, 3, stream, &args, sizeof args));
    OK(aclrtRecordEvent(event, stream));
    while (rtStreamQuery(stream) == 507004) {
    } /* polling lets virtual time pass, too */
    OK(aclrtSynchronizeEvent(event));
    OK(aclrtEventGetTimestamp(event, &time_us));
    OK(aclrtSynchronizeDeviceWithTimeout(1000));
    CHECK_EQ(launch_word(words), 5);
    CHECK_EQ(launch_word(args.word), 6);
    CHECK(time_us > 0);
    OK(npuemu_trace_hash(device, &hash));
    OK(rtsBinaryUnload(binary));
    OK(rtDevBinaryUnRegister(program));
    card_close(device);
    return hash;
}

TEST(the_same_seed_gives_the_same_hash)
{
    uint64_t first = run("a5?hbm=64MiB&seed=1");

    CHECK(first != 0);
    for (int i = 0; i < 5; i++)
        CHECK_EQ(run("a5?hbm=64MiB&seed=1"), first);
    CHECK_EQ(run("a5?hbm=64MiB&seed=1&card=another"), first);
}

TEST(the_hash_stays_readable_after_the_reset)
{
    uint64_t during = run("a5?hbm=64MiB&seed=5"), after = 0;

    OK(npuemu_trace_hash(card_add("a5?hbm=64MiB&seed=5"), &after));
    CHECK_EQ(after, during);
}

TEST(a_virtual_timeout_costs_no_real_time)
{
    int32_t device = card_open("a5?hbm=64MiB&seed=9");
    void *event;

    OK(aclrtCreateEventExWithFlag(&event, ACL_EVENT_SYNC));
    OK(aclrtRecordEvent(event, NULL));
    OK(rtStreamSynchronizeWithTimeout(NULL, 2000000000));
    card_close(device);
}

TEST(more_commands_than_the_ring_holds_go_through)
{
    enum { RECORDS = 3000 };
    int32_t device = card_open("a5?hbm=64MiB&seed=3");
    uint64_t first = 0, last = 0;
    void *event;

    OK(aclrtCreateEventExWithFlag(&event, ACL_EVENT_TIME_LINE));
    OK(aclrtRecordEvent(event, NULL));
    OK(aclrtSynchronizeEvent(event));
    OK(aclrtEventGetTimestamp(event, &first));
    for (int i = 0; i < RECORDS; i++)
        OK(aclrtRecordEvent(event, NULL));
    OK(rtStreamSynchronize(NULL));
    OK(aclrtEventGetTimestamp(event, &last));
    CHECK(last > first); /* each call has taken its virtual time */
    card_close(device);
}

TEST_MAIN
