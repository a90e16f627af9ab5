/* Limits and misuse on the emulated card. */
#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "host/world.h"

static uint32_t x[64], y[64];

TEST(device_memory_exhausted_mid_graph_is_named_and_given_back)
{
    npurt_device *device;
    npurt_callable *callable;
    npurt_ledger_totals before, after;
    CHECK_EQ(npurt_device_open("emu:a5?hbm=1GiB", NULL, &device), NPURT_OK);
    CHECK_EQ(world_load(device, &callable), NPURT_OK);
    CHECK_EQ(npurt_device_ledger(device, &before), NPURT_OK);
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(world_call(callable, x, y, 64, FIXTURE_EXHAUST, 0, NULL), NPURT_ERROR_OUT_OF_DEVICE_MEMORY);
        CHECK_EQ(npurt_error_last()->driver_code, 207001);
        CHECK_HAS(npurt_error_last()->message, "outputs of the graph");
    }
    CHECK_EQ(npurt_device_ledger(device, &after), NPURT_OK);
    CHECK(after.memory_bytes <= before.memory_bytes + (64 << 20)); /* staging at most; no output buffer is left */
    CHECK_EQ(world_call(callable, x, y, 64, FIXTURE_CHAIN, 5, NULL), NPURT_OK);
    CHECK_EQ(y[0], x[0] + 5);
    CHECK_EQ(npurt_callable_unload(callable), NPURT_OK);
    CHECK_EQ(npurt_device_close(device), NPURT_OK);
}

TEST(an_allocation_that_does_not_fit_is_refused_with_its_name)
{
    npurt_device *device;
    uint64_t address;
    CHECK_EQ(npurt_device_open("emu:a5?hbm=1GiB", NULL, &device), NPURT_OK);
    CHECK_EQ(npurt_memory_alloc(device, UINT64_C(2) << 30, "too big", &address), NPURT_ERROR_OUT_OF_DEVICE_MEMORY);
    CHECK_HAS(npurt_error_last()->message, "\"too big\"");
    CHECK_EQ(npurt_error_last()->driver_code, 207001);
    CHECK_EQ(npurt_device_close(device), NPURT_OK);
}

TEST(a_run_survives_the_files_it_was_loaded_from)
{
    char folder[] = "/tmp/npurt-test-XXXXXX", orchestration[128], kernels[128], command[400];
    npurt_device *device;
    npurt_callable *callable;
    CHECK(mkdtemp(folder) != NULL);
    snprintf(orchestration, sizeof orchestration, "%s/orchestration.so", folder);
    snprintf(kernels, sizeof kernels, "%s/kernels.so", folder);
    snprintf(command, sizeof command, "cp %s %s && cp %s %s", world_orchestration, orchestration, world_kernels,
             kernels);
    CHECK_EQ(system(command), 0);
    const npurt_kernel_desc kernel = {.core = NPURT_CORE_AIV, .binary.path = kernels, .entry = "add_one"};
    const npurt_param params[] = {{.access = NPURT_ACCESS_INPUT, .dtype = NPURT_U32},
                                  {.access = NPURT_ACCESS_OUTPUT_EXISTING, .dtype = NPURT_U32}};
    const npurt_callable_desc desc = {.orchestration.path = orchestration,
                                      .kernels = &kernel,
                                      .kernel_count = 1,
                                      .params = params,
                                      .param_count = 2,
                                      .scalar_count = 2};
    CHECK_EQ(npurt_device_open("emu:a5", NULL, &device), NPURT_OK);
    CHECK_EQ(npurt_callable_load(device, &desc, &callable), NPURT_OK);
    unlink(orchestration);
    unlink(kernels);
    CHECK_EQ(rmdir(folder), 0);
    CHECK_EQ(world_call(callable, x, y, 64, FIXTURE_CHAIN, 4, NULL), NPURT_OK);
    CHECK_EQ(y[5], x[5] + 4);
    CHECK_EQ(npurt_callable_unload(callable), NPURT_OK);
    CHECK_EQ(npurt_device_close(device), NPURT_OK);
}

TEST(handles_are_of_no_use_after_a_fork_and_the_parent_goes_on)
{
    npurt_device *device;
    npurt_callable *callable;
    CHECK_EQ(npurt_device_open("emu:a5", NULL, &device), NPURT_OK);
    CHECK_EQ(world_load(device, &callable), NPURT_OK);
    pid_t child = fork();
    if (child == 0) {
        npurt_device *other;
        bool right = world_call(callable, x, y, 64, FIXTURE_CHAIN, 1, NULL) == NPURT_ERROR_FORKED &&
                     npurt_device_close(device) == NPURT_ERROR_FORKED &&
                     npurt_device_open("emu:a5", NULL, &other) == NPURT_ERROR_FORKED;
        _exit(right ? 0 : 1);
    }
    int how;
    CHECK_EQ(waitpid(child, &how, 0), child);
    CHECK_EQ(how, 0);
    CHECK_EQ(world_call(callable, x, y, 64, FIXTURE_CHAIN, 3, NULL), NPURT_OK);
    CHECK_EQ(y[0], x[0] + 3);
    CHECK_EQ(npurt_callable_unload(callable), NPURT_OK);
    CHECK_EQ(npurt_device_close(device), NPURT_OK);
}

static void *caller(void *callable)
{
    uint32_t in[64], out[64];
    for (uint32_t run = 0; run < 50; run++) {
        for (uint32_t i = 0; i < 64; i++)
            in[i] = run * 64 + i;
        if (world_call(callable, in, out, 64, FIXTURE_CHAIN, 1 + run % 5, NULL) != NPURT_OK) return "a call failed";
        for (uint32_t i = 0; i < 64; i++)
            if (out[i] != in[i] + 1 + run % 5) return "a result is wrong";
    }
    return NULL;
}

TEST(calls_from_many_threads_are_serialised)
{
    npurt_device *device;
    npurt_callable *callable;
    pthread_t thread[4];
    CHECK_EQ(npurt_device_open("emu:a5", NULL, &device), NPURT_OK);
    CHECK_EQ(world_load(device, &callable), NPURT_OK);
    for (int i = 0; i < 4; i++)
        pthread_create(&thread[i], NULL, caller, callable);
    for (int i = 0; i < 4; i++) {
        void *problem;
        pthread_join(thread[i], &problem);
        if (problem) CHECK_FAIL("%s", (const char *)problem);
    }
    CHECK_EQ(npurt_callable_unload(callable), NPURT_OK);
    CHECK_EQ(npurt_device_close(device), NPURT_OK);
}

static void *opener(void *unused)
{
    (void)unused;
    npurt_device *device;
    if (npurt_device_open("emu:a5", NULL, &device) != NPURT_OK) return "open failed";
    return npurt_device_close(device) == NPURT_OK ? NULL : "close failed";
}

TEST(concurrent_first_opens_share_one_installation)
{
    pthread_t thread[4];
    for (int i = 0; i < 4; i++)
        pthread_create(&thread[i], NULL, opener, NULL);
    for (int i = 0; i < 4; i++) {
        void *problem;
        pthread_join(thread[i], &problem);
        if (problem) CHECK_FAIL("%s", (const char *)problem);
    }
}

TEST(one_thread_can_drive_two_devices_in_turn)
{
    npurt_device *device[2];
    npurt_callable *callable[2];
    for (int i = 0; i < 2; i++) {
        CHECK_EQ(npurt_device_open(i ? "emu:a3:1" : "emu:a3:0", NULL, &device[i]), NPURT_OK);
        CHECK_EQ(world_load(device[i], &callable[i]), NPURT_OK);
    }
    for (uint32_t run = 0; run < 20; run++) {
        CHECK_EQ(world_call(callable[run % 2], x, y, 64, FIXTURE_CHAIN, 1 + run, NULL), NPURT_OK);
        CHECK_EQ(y[7], x[7] + 1 + run);
    }
    /* One is reset; the other does not notice. */
    CHECK_EQ(npurt_device_reset(device[0]), NPURT_OK);
    CHECK_EQ(world_call(callable[1], x, y, 64, FIXTURE_CHAIN, 3, NULL), NPURT_OK);
    for (int i = 0; i < 2; i++) {
        CHECK_EQ(npurt_callable_unload(callable[i]), NPURT_OK);
        CHECK_EQ(npurt_device_close(device[i]), NPURT_OK);
    }
}

TEST(two_handles_of_one_device_share_it)
{
    npurt_device *one, *two;
    npurt_callable *callable;
    CHECK_EQ(npurt_device_open("emu:a2", NULL, &one), NPURT_OK);
    CHECK_EQ(npurt_device_open("emu:a2", NULL, &two), NPURT_OK);
    CHECK_EQ(npurt_device_close(one), NPURT_OK);
    CHECK_EQ(world_load(two, &callable), NPURT_OK);
    CHECK_EQ(world_call(callable, x, y, 64, FIXTURE_CHAIN, 2, NULL), NPURT_OK);
    CHECK_EQ(npurt_callable_unload(callable), NPURT_OK);
    CHECK_EQ(npurt_device_close(two), NPURT_OK);
}

/* An entry of the emulated driver, as a caller that links the vendor's library has it. */
static void driver_call(const char *name, void *function)
{
    void *library = dlopen(HOST_EMULATED_DRIVER, RTLD_NOW | RTLD_NOLOAD), *symbol;
    if (!library) CHECK_FAIL("%s", dlerror());
    if (!(symbol = dlsym(library, name))) CHECK_FAIL("%s", dlerror());
    memcpy(function, &symbol, sizeof symbol);
    dlclose(library);
}

/* The thread is left bound to what was opened last. */
TEST(a_call_works_on_its_own_device_whatever_the_caller_has_set)
{
    npurt_device *a5, *a2;
    uint64_t before[2], after[2], address;
    CHECK_EQ(npurt_device_open("emu:a5", NULL, &a5), NPURT_OK);
    CHECK_EQ(npurt_device_open("emu:a2", NULL, &a2), NPURT_OK);
    int (*set)(int32_t), (*reset)(int32_t), (*ask)(int32_t *);
    driver_call("rtSetDevice", (void *)&set);
    driver_call("rtDeviceReset", (void *)&reset);
    driver_call("aclrtGetDevice", (void *)&ask);
    int32_t other = -1, now = -1;
    CHECK_EQ(ask(&other), 0);
    CHECK_EQ(npurt_device_hbm_in_use(a2, &before[1]), NPURT_OK);
    CHECK_EQ(npurt_device_hbm_in_use(a5, &before[0]), NPURT_OK);
    CHECK_EQ(set(other), 0);
    CHECK_EQ(npurt_memory_alloc(a5, 1 << 20, "on the a5", &address), NPURT_OK);
    CHECK_EQ(ask(&now), 0);
    CHECK(now != other);
    CHECK_EQ(npurt_device_hbm_in_use(a5, &after[0]), NPURT_OK);
    CHECK_EQ(npurt_device_hbm_in_use(a2, &after[1]), NPURT_OK);
    CHECK(after[0] - before[0] >= 1 << 20);
    CHECK_EQ(after[1], before[1]);
    CHECK_EQ(npurt_memory_free(a5, address), NPURT_OK);
    CHECK_EQ(npurt_device_close(a5), NPURT_OK);
    CHECK_EQ(npurt_device_close(a2), NPURT_OK);
    CHECK_EQ(reset(other), 0); /* the caller's own reference is the last */
    CHECK(reset(other) != 0);
    CHECK(reset(now) != 0);
}

TEST(a_missing_vendor_library_is_named)
{
    npurt_device *device;
    void *there = dlopen("libruntime.so", RTLD_LAZY);
    if (there) {
        dlclose(there);
        SKIP("libruntime.so is there");
    }
    CHECK_EQ(npurt_device_open("cann:0", NULL, &device), NPURT_ERROR_MISSING_LIBRARY);
    CHECK_HAS(npurt_error_last()->message, "libruntime.so");
    CHECK_HAS(npurt_error_last()->message, "cann:0");
    CHECK(device == NULL);
}

TEST_MAIN
