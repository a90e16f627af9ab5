/* What a caller gets wrong that once ended or held up the process: refused, and the device goes on. */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "host/world.h"

static npurt_device *device;
static uint32_t x[96], y[96];

static void set_up(void)
{
    CHECK_EQ(npurt_device_open("emu:a5?clusters=1&hbm=1GiB", NULL, &device), NPURT_OK);
}

/* The fixtures' orchestration with one kernel, number 0; `kernel` is filled for the test to spoil. */
static npurt_callable_desc description(npurt_kernel_desc *kernel, const char *entry)
{
    static const npurt_param params[] = {{.access = NPURT_ACCESS_INPUT, .dtype = NPURT_U32, .ndims = 1},
                                         {.access = NPURT_ACCESS_INOUT, .dtype = NPURT_U32, .ndims = 1}};
    *kernel = (npurt_kernel_desc){.core = NPURT_CORE_AIV, .binary.path = world_kernels, .entry = entry};
    return (npurt_callable_desc){.name = "hostile",
                                 .orchestration.path = world_orchestration,
                                 .kernels = kernel,
                                 .kernel_count = 1,
                                 .params = params,
                                 .param_count = 2,
                                 .scalar_count = 2};
}

/* Runs the entry once; y is 0 where it wrote nothing, else x + 1. */
static void run_entry(const char *entry)
{
    npurt_kernel_desc kernel;
    npurt_callable *callable;
    const npurt_callable_desc desc = description(&kernel, entry);
    for (uint32_t i = 0; i < 96; i++) {
        x[i] = i + 1000;
        y[i] = 0;
    }
    CHECK_EQ(npurt_callable_load(device, &desc, &callable), NPURT_OK);
    if (world_call(callable, x, y, 96, FIXTURE_ONE_KERNEL, 0, NULL) != NPURT_OK)
        CHECK_FAIL("%s: %s", entry, npurt_error_last()->message);
    CHECK_EQ(npurt_callable_unload(callable), NPURT_OK);
}

/* Their images are the same library and come to lie at the same address. */
TEST(two_entries_of_one_library_loaded_one_after_the_other_run_their_own_code)
{
    set_up();
    for (int round = 0; round < 3; round++) {
        run_entry("add_one"); /* all of y */
        for (uint32_t i = 0; i < 96; i++)
            CHECK_EQ(y[i], i + 1001);
        run_entry("add_slice"); /* of one block on a lone vector core: the second third */
        for (uint32_t i = 0; i < 96; i++)
            CHECK_EQ(y[i], i >= 32 && i < 64 ? i + 1001 : 0);
    }
    CHECK_EQ(npurt_device_close(device), NPURT_OK);
}

TEST(a_path_that_is_no_file_is_refused_at_once)
{
    char folder[] = "/tmp/npurt-test-XXXXXX", fifo[64];
    CHECK(mkdtemp(folder) != NULL);
    snprintf(fifo, sizeof fifo, "%s/pipe", folder);
    CHECK_EQ(mkfifo(fifo, 0600), 0);
    const char *const path[] = {fifo, "/dev/zero", "/dev/null", folder};
    set_up();
    for (size_t i = 0; i < sizeof path / sizeof path[0]; i++)
        for (int orchestration = 0; orchestration < 2; orchestration++) {
            npurt_kernel_desc kernel;
            npurt_callable *callable;
            npurt_callable_desc desc = description(&kernel, "add_one");
            *(orchestration ? &desc.orchestration.path : &kernel.binary.path) = path[i];
            alarm(10); /* a pipe without a writer would never be opened */
            CHECK_EQ(npurt_callable_load(device, &desc, &callable), NPURT_ERROR_IO);
            alarm(0);
            CHECK_HAS(npurt_error_last()->message, path[i]);
            CHECK_HAS(npurt_error_last()->message, "not a regular file but a ");
        }
    unlink(fifo);
    rmdir(folder);
    CHECK_EQ(npurt_device_close(device), NPURT_OK);
}

/* 2 x 2^63 bytes are 0 modulo 2^64, 4 x (2^62 - 2^35) nearly are: no sum of them may pass for a small one. */
TEST(host_tensors_larger_than_any_device_are_refused_by_number)
{
    static const npurt_param params[4] = {{NPURT_ACCESS_INPUT, NPURT_U64, 2, {0}},
                                          {NPURT_ACCESS_INPUT, NPURT_U64, 2, {0}},
                                          {NPURT_ACCESS_INPUT, NPURT_U64, 2, {0}},
                                          {NPURT_ACCESS_INPUT, NPURT_U64, 2, {0}}};
    static const uint32_t shape[][2] = {{1u << 29, 1u << 31}, {1u << 28, (1u << 31) - 16}, {1u << 24, 1u << 29}};
    static const char *const named[] = {"tensor argument 0", "tensor argument 0", "tensor argument 1"};
    npurt_kernel_desc kernel;
    npurt_callable *callable;
    npurt_callable_desc desc = description(&kernel, "add_one");
    const uint64_t scalars[] = {FIXTURE_EMPTY, 0};
    set_up();
    desc.params = params;
    desc.param_count = 4;
    CHECK_EQ(npurt_callable_load(device, &desc, &callable), NPURT_OK);
    for (size_t i = 0; i < sizeof shape / sizeof shape[0]; i++) {
        npurt_call_tensor tensors[4];
        for (int t = 0; t < 4; t++)
            tensors[t] = (npurt_call_tensor){
                .host = x, .dtype = NPURT_U64, .ndims = 2, .shape = {shape[i][0], shape[i][1]}};
        const npurt_call_args args = {.tensors = tensors, .tensor_count = 4, .scalars = scalars, .scalar_count = 2};
        CHECK_EQ(npurt_call(callable, &args, NULL), NPURT_ERROR_OUT_OF_DEVICE_MEMORY);
        CHECK_HAS(npurt_error_last()->message, named[i]);
        CHECK_HAS(npurt_error_last()->message, "fit into no device");
    }
    CHECK_EQ(npurt_callable_unload(callable), NPURT_OK);
    run_entry("add_one");
    CHECK_EQ(y[95], x[95] + 1);
    CHECK_EQ(npurt_device_close(device), NPURT_OK);
}

TEST_MAIN
