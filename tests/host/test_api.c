/* A program that was built with older headers: its structs end earlier. Behind them lies what must not be read, and
 * must not be written. */
#include <stddef.h>

#include "check.h"
#include "host/api.h"
#include "host/device.h"
#include "host/error.h"
#include "host/fake_driver.h"
#include "host/world.h"

/* Version 0 of this test: each struct lacks its last members. */
static const struct api older = {
    .version = 0,
    .device_options = offsetof(npurt_device_options, dump_folder),
    .device_info = offsetof(npurt_device_info, hbm_total),
    .ledger_totals = offsetof(npurt_ledger_totals, files),
    .callable_desc = offsetof(npurt_callable_desc, ring),
    .kernel_desc = offsetof(npurt_kernel_desc, duration_ns),
    .param = sizeof(npurt_param),
    .call_args = offsetof(npurt_call_args, ring),
    .call_tensor = offsetof(npurt_call_tensor, shape) + 2 * sizeof(uint32_t),
    .timing = offsetof(npurt_timing, image_size),
};

/* `count` structs of `ours` bytes as an older program has them, the first `theirs` of each, in an allocation of exactly
 * that size (the address sanitizer looks on), or before bytes of 0xee. */
static void *as_of_old(const void *ours, size_t size, size_t theirs, size_t count)
{
    const size_t guard = 512;
    char *block = malloc(count * theirs + guard);
    CHECK(block != NULL);
    memset(block, 0xee, count * theirs + guard);
    for (size_t i = 0; i < count; i++)
        memcpy(block + i * theirs, (const char *)ours + i * size, theirs);
    return block;
}

static bool is_untouched(const void *block, size_t from)
{
    for (size_t i = from; i < from + 64; i++)
        if (((const unsigned char *)block)[i] != 0xee) return false;
    return true;
}

TEST(an_older_program_is_read_as_far_as_it_goes_and_answered_as_far_as_it_asks)
{
    const npurt_device_options options = {.binaries = world_binaries};
    npurt_device *device;
    npurt_callable *callable;
    uint32_t x[8] = {1, 2, 3}, y[8] = {0};
    fake_reset();
    slot_forget();
    error_begin("test");
    CHECK_EQ(device_open_on(fake_driver(), false, 0, "fake:0", &options, &device), NPURT_OK);
    device_of(device)->api = &older;

    npurt_kernel_desc kernel[2] = {world_kernel(0, NPURT_CORE_AIV, "add_one"),
                                   world_kernel(5, NPURT_CORE_AIV, "add_slice")};
    const npurt_param param[2] = {{.access = NPURT_ACCESS_INPUT, .dtype = NPURT_U32, .ndims = 1},
                                  {.access = NPURT_ACCESS_OUTPUT_EXISTING, .dtype = NPURT_U32, .ndims = 1}};
    npurt_callable_desc desc = {.name = "old",
                                .orchestration.path = world_orchestration,
                                .kernels = as_of_old(kernel, sizeof kernel[0], older.kernel_desc, 2),
                                .kernel_count = 2,
                                .params = param,
                                .param_count = 2,
                                .scalar_count = 2};
    npurt_callable_desc *old_desc = as_of_old(&desc, sizeof desc, older.callable_desc, 1);
    CHECK_EQ(npurt_callable_load(device, old_desc, &callable), NPURT_OK);

    npurt_call_tensor tensor[2] = {{.host = x, .dtype = NPURT_U32, .ndims = 1, .shape = {8}},
                                   {.host = y, .dtype = NPURT_U32, .ndims = 1, .shape = {8}}};
    const uint64_t scalar[2] = {FIXTURE_CHAIN, 1};
    npurt_call_args args = {.tensors = as_of_old(tensor, sizeof tensor[0], older.call_tensor, 2),
                            .tensor_count = 2,
                            .scalars = scalar,
                            .scalar_count = 2};
    npurt_call_args *old_args = as_of_old(&args, sizeof args, older.call_args, 1);
    npurt_timing *timing = as_of_old(NULL, 0, 0, 0), *second = as_of_old(NULL, 0, 0, 0);
    npurt_run *run;
    CHECK_EQ(npurt_call(callable, old_args, timing), NPURT_OK);
    CHECK_EQ(timing->tasks, 1);
    CHECK(is_untouched(timing, older.timing));
    CHECK_EQ(npurt_launch(callable, old_args, &run), NPURT_OK);
    CHECK_EQ(npurt_wait(run, second), NPURT_OK);
    CHECK_EQ(second->tasks, 1);
    CHECK(is_untouched(second, older.timing));

    old_args->tensor_count = UINT32_MAX; /* nobody reads that many */
    CHECK_EQ(npurt_call(callable, old_args, NULL), NPURT_ERROR_INVALID_ARGUMENT);
    old_desc->kernel_count = UINT32_MAX;
    npurt_callable *none;
    CHECK_EQ(npurt_callable_load(device, old_desc, &none), NPURT_ERROR_LIMIT);

    npurt_device_info *info = as_of_old(NULL, 0, 0, 0);
    npurt_ledger_totals *totals = as_of_old(NULL, 0, 0, 0);
    CHECK_EQ(npurt_device_get_info(device, info), NPURT_OK);
    CHECK_STR(info->target, "fake:0");
    CHECK(is_untouched(info, older.device_info));
    CHECK_EQ(npurt_device_ledger(device, totals), NPURT_OK);
    CHECK(totals->memory_bytes > 0);
    CHECK(is_untouched(totals, older.ledger_totals));
    CHECK_EQ(npurt_callable_unload(callable), NPURT_OK);
    CHECK_EQ(npurt_device_close(device), NPURT_OK);
    free((void *)(uintptr_t)desc.kernels), free((void *)(uintptr_t)args.tensors);
    free(old_desc), free(old_args), free(timing), free(second), free(info), free(totals);
}

TEST(options_of_an_older_program_have_zeros_behind)
{
    const npurt_device_options options = {
        .aicpu_threads = 3, .leak_check = true, .ring[3].edges = 64, .dump_folder = "off", .dump_keep = 5};
    npurt_device_options *old = as_of_old(&options, sizeof options, older.device_options, 1);
    struct api_copy copy;
    const npurt_device_options *read = api_options(&older, old, &copy);
    CHECK_EQ(read->aicpu_threads, 3);
    CHECK(read->leak_check);
    CHECK_EQ(read->ring[3].edges, 64);
    CHECK(read->dump_folder == NULL);
    CHECK_EQ(read->dump_keep, 0);
    CHECK(api_options(&older, NULL, &copy) == NULL);
    free(old);
    CHECK(api_options(api_find(NPURT_API_VERSION), &options, &copy) == &options);
    CHECK(!api_find(NPURT_API_VERSION + 1) && !api_find(NPURT_API_OLDEST - 1));
}

TEST_MAIN
