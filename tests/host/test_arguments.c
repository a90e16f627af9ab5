/* Bad input to the public functions: a status, a message naming the input, the ledger as it was. */
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "host/code.h"
#include "host/device.h"
#include "host/error.h"
#include "host/fake_driver.h"
#include "host/staging.h"
#include "host/world.h"
#include "protocol/fingerprint.h"

static npurt_device *device;
static npurt_callable *callable;
static uint32_t x[64], y[64];
static npurt_ledger_totals before;

static void set_up(void)
{
    const npurt_device_options options = {.binaries = world_binaries};
    fake_reset();
    slot_forget();
    error_begin("test");
    CHECK_EQ(device_open_on(fake_driver(), false, 0, "fake:0", &options, &device), NPURT_OK);
    CHECK_EQ(world_load(device, &callable), NPURT_OK);
    CHECK_EQ(world_call(callable, x, y, 64, FIXTURE_CHAIN, 2, NULL), NPURT_OK);
    CHECK_EQ(npurt_device_ledger(device, &before), NPURT_OK);
}

static void tear_down(void)
{
    npurt_ledger_totals after;
    CHECK_EQ(npurt_device_ledger(device, &after), NPURT_OK);
    CHECK_EQ(after.memory_bytes, before.memory_bytes);
    CHECK_EQ(after.memory_blocks, before.memory_blocks);
    CHECK_EQ(npurt_device_get_state(device), NPURT_DEVICE_HEALTHY);
    CHECK_EQ(npurt_callable_unload(callable), NPURT_OK);
    CHECK_EQ(npurt_device_close(device), NPURT_OK);
    CHECK_EQ(fake.blocks, 0);
}

/* The good call, for each test to spoil. */
static npurt_call_tensor tensor[2];
static uint64_t scalar[2];
static npurt_call_args good(void)
{
    for (int i = 0; i < 2; i++)
        tensor[i] = (npurt_call_tensor){.host = i ? y : x, .dtype = NPURT_U32, .ndims = 1, .shape = {64}};
    scalar[0] = FIXTURE_CHAIN;
    scalar[1] = 1;
    return (npurt_call_args){.tensors = tensor, .tensor_count = 2, .scalars = scalar, .scalar_count = 2};
}

static void refused(const npurt_call_args *args, const char *text)
{
    CHECK_EQ(npurt_call(callable, args, NULL), NPURT_ERROR_INVALID_ARGUMENT);
    CHECK_HAS(npurt_error_last()->message, text);
    CHECK_STR(npurt_error_last()->call, "npurt_call");
}

TEST(calls_with_wrong_counts_are_refused)
{
    set_up();
    npurt_call_args args = good();
    args.tensor_count = 1;
    refused(&args, "1 tensor arguments, declared are 2");
    args = good();
    args.scalar_count = 3;
    refused(&args, "3 scalar arguments, declared are 2");
    args = good();
    args.tensors = NULL;
    refused(&args, "tensors is NULL");
    refused(NULL, "0 tensor arguments");
    CHECK_EQ(npurt_call(NULL, &args, NULL), NPURT_ERROR_INVALID_ARGUMENT);
    tear_down();
}

TEST(calls_with_wrong_tensors_are_refused_by_number)
{
    set_up();
    npurt_call_args args = good();
    tensor[1].dtype = NPURT_F32;
    refused(&args, "tensor argument 1: dtype f32, declared is u32");
    args = good();
    tensor[0].ndims = 2;
    tensor[0].shape[1] = 1;
    refused(&args, "tensor argument 0: shape 64 x 1, declared is any");
    args = good();
    tensor[1].shape[0] = 0;
    refused(&args, "tensor argument 1: shape 0 has no elements");
    args = good();
    tensor[1].ndims = 6;
    refused(&args, "tensor argument 1: 6 dimensions");
    args = good();
    tensor[0].host = NULL;
    refused(&args, "tensor argument 0: neither a host pointer nor a device address");
    tear_down();
}

TEST(host_and_device_addresses_are_not_taken_for_each_other)
{
    set_up();
    uint64_t address;
    CHECK_EQ(npurt_memory_alloc(device, 100, "small", &address), NPURT_OK);
    npurt_call_args args = good();
    tensor[1].host = NULL;
    tensor[1].device = (uint64_t)(uintptr_t)y;
    refused(&args, "tensor argument 1");
    args = good();
    tensor[0].host = (void *)(uintptr_t)address;
    refused(&args, "is a device address");
    args = good();
    tensor[1].host = NULL;
    tensor[1].device = address;
    refused(&args, "256 bytes at");
    CHECK_HAS(npurt_error_last()->message, "\"small\"");
    CHECK_EQ(npurt_memory_free(device, address), NPURT_OK);
    args = good();
    tensor[1].host = NULL;
    tensor[1].device = address;
    refused(&args, "freed");
    tear_down();
}

TEST(copies_stay_inside_one_allocation_and_on_their_side)
{
    set_up();
    uint64_t a, b;
    CHECK_EQ(npurt_memory_alloc(device, 100, "a", &a), NPURT_OK);
    CHECK_EQ(npurt_memory_alloc(device, 100, "b", &b), NPURT_OK);
    CHECK_EQ(npurt_memory_copy_in(device, a, x, 100), NPURT_OK);
    CHECK_EQ(npurt_memory_copy_in(device, a + 60, x, 41), NPURT_ERROR_INVALID_ARGUMENT);
    CHECK_EQ(npurt_memory_copy_out(device, y, a, 101), NPURT_ERROR_INVALID_ARGUMENT);
    CHECK_EQ(npurt_memory_set(device, b + 99, 7, 1), NPURT_OK);
    CHECK_EQ(npurt_memory_set(device, b + 100, 7, 1), NPURT_ERROR_INVALID_ARGUMENT);
    CHECK_EQ(npurt_memory_copy_in(device, (uint64_t)(uintptr_t)y, x, 4), NPURT_ERROR_INVALID_ARGUMENT);
    CHECK_EQ(npurt_memory_copy_in(device, a, (void *)(uintptr_t)b, 4), NPURT_ERROR_INVALID_ARGUMENT);
    CHECK_HAS(npurt_error_last()->message, "from: ");
    CHECK_EQ(npurt_memory_copy_out(device, (void *)(uintptr_t)a, b, 4), NPURT_ERROR_INVALID_ARGUMENT);
    CHECK_HAS(npurt_error_last()->message, "to: ");
    CHECK_EQ(npurt_memory_copy_in(device, a, x, 0), NPURT_ERROR_INVALID_ARGUMENT);
    CHECK_EQ(npurt_memory_copy_in(device, 0, x, 4), NPURT_ERROR_INVALID_ARGUMENT);
    CHECK_EQ(npurt_memory_copy_in(device, a, NULL, 4), NPURT_ERROR_INVALID_ARGUMENT);
    CHECK_EQ(npurt_memory_copy_in(device, a, x, SIZE_MAX), NPURT_ERROR_INVALID_ARGUMENT);
    CHECK_EQ(npurt_memory_alloc(device, 0, "nothing", &a), NPURT_ERROR_INVALID_ARGUMENT);
    CHECK_EQ(npurt_memory_free(device, b + 1), NPURT_ERROR_INVALID_ARGUMENT);
    CHECK_EQ(npurt_memory_free(device, device_of(device)->bank[0].block), NPURT_ERROR_INVALID_ARGUMENT); /* ours, not the caller's */
    CHECK_EQ(npurt_memory_free(device, b), NPURT_OK);
    CHECK_EQ(npurt_memory_free(device, b), NPURT_ERROR_INVALID_ARGUMENT);
    CHECK_EQ(a, 0);
    CHECK_EQ(npurt_device_close(device), NPURT_ERROR_LEAK);
    CHECK_EQ(fake.blocks, 0);
}

TEST(orchestrations_that_refuse_or_fail_are_told_apart)
{
    set_up();
    CHECK_EQ(world_call(callable, x, y, 64, FIXTURE_RETURNS, 17, NULL), NPURT_ERROR_ORCHESTRATION);
    CHECK_HAS(npurt_error_last()->message, "returned 17");
    CHECK_EQ(world_call(callable, x, y, 64, FIXTURE_FAILS, 0, NULL), NPURT_ERROR_ORCHESTRATION);
    CHECK_HAS(npurt_error_last()->message, "the fixture says so");
    CHECK_HAS(npurt_error_last()->message, "42");
    CHECK_EQ(world_call(callable, x, y, 64, FIXTURE_OUTSIDE, 0, NULL), NPURT_ERROR_GRAPH);
    CHECK_HAS(npurt_error_last()->message, "\"fixture\"");
    CHECK_EQ(world_call(callable, x, y, 64, FIXTURE_ONE_KERNEL, 77, NULL), NPURT_ERROR_GRAPH);
    CHECK_HAS(npurt_error_last()->message, "77");
    CHECK_EQ(world_call(callable, x, y, 64, FIXTURE_ONE_KERNEL, FIXTURE_ADD_SLICE_AIC, NULL), NPURT_ERROR_GRAPH);
    CHECK_EQ(world_call(callable, x, y, 64, FIXTURE_TOO_MANY, 0, NULL), NPURT_ERROR_LIMIT);
    CHECK_HAS(npurt_error_last()->message, "131072");
    CHECK_EQ(world_call(callable, x, y, 64, FIXTURE_EMPTY, 0, NULL), NPURT_OK);
    tear_down();
}

TEST(a_graph_that_exhausts_device_memory_names_the_task_and_the_call)
{
    set_up();
    CHECK_EQ(world_call(callable, x, y, 64, FIXTURE_EXHAUST, 0, NULL), NPURT_ERROR_OUT_OF_DEVICE_MEMORY);
    CHECK_EQ(npurt_error_last()->driver_code, 207001);
    CHECK_STR(npurt_error_last()->call, "rtMalloc");
    CHECK_HAS(npurt_error_last()->message, "task");
    CHECK_HAS(npurt_error_last()->message, "outputs of the graph");
    CHECK_EQ(world_call(callable, x, y, 64, FIXTURE_CHAIN, 5, NULL), NPURT_OK);
    tear_down();
}

static npurt_callable_desc description(npurt_kernel_desc *kernel)
{
    *kernel = (npurt_kernel_desc){.core = NPURT_CORE_AIV, .binary.path = world_kernels, .entry = "add_one"};
    return (npurt_callable_desc){
        .name = "bad", .orchestration.path = world_orchestration, .kernels = kernel, .kernel_count = 1};
}

static void load_fails(const npurt_callable_desc *desc, npurt_status status, const char *text)
{
    npurt_callable *out = (npurt_callable *)1;
    CHECK_EQ(npurt_callable_load(device, desc, &out), status);
    CHECK_HAS(npurt_error_last()->message, text);
    CHECK(out == NULL);
}

TEST(callables_with_bad_binaries_are_refused)
{
    static const char text[] = "this is no program";
    set_up();
    npurt_kernel_desc kernel;
    npurt_callable_desc desc = description(&kernel);
    kernel.binary.path = "/nonexistent/kernel.so";
    load_fails(&desc, NPURT_ERROR_MISSING_BINARY, "/nonexistent/kernel.so");
    desc = description(&kernel);
    kernel.binary = (npurt_binary){.data = text, .size = sizeof text};
    load_fails(&desc, NPURT_ERROR_BAD_BINARY, "is not an ELF file");
    desc = description(&kernel);
    kernel.entry = "subtract_one";
    load_fails(&desc, NPURT_ERROR_BAD_BINARY, "\"subtract_one\"");
    desc = description(&kernel);
    kernel.binary.path = NULL;
    load_fails(&desc, NPURT_ERROR_INVALID_ARGUMENT, "neither");
    desc = description(&kernel);
    kernel.id = NPURT_MAX_KERNELS;
    load_fails(&desc, NPURT_ERROR_LIMIT, "1024");
    desc = description(&kernel);
    kernel.core = (npurt_core)5;
    load_fails(&desc, NPURT_ERROR_INVALID_ARGUMENT, "neither AIC nor AIV");
    desc = description(&kernel);
    desc.entry = "no_such_entry";
    load_fails(&desc, NPURT_ERROR_BAD_BINARY, "\"no_such_entry\"");
    desc = description(&kernel);
    desc.orchestration = (npurt_binary){.data = text, .size = sizeof text};
    load_fails(&desc, NPURT_ERROR_BAD_BINARY, "orchestration of \"bad\"");
    desc = description(&kernel);
    desc.orchestration.path = "/nonexistent/orchestration.so";
    load_fails(&desc, NPURT_ERROR_MISSING_BINARY, "/nonexistent/orchestration.so");
    npurt_kernel_desc twice[2];
    desc = description(&twice[0]);
    twice[1] = twice[0];
    desc.kernels = twice;
    desc.kernel_count = 2;
    load_fails(&desc, NPURT_ERROR_INVALID_ARGUMENT, "two kernels have id 0");
    desc = description(&kernel);
    desc.runtime = (npurt_runtime)2;
    load_fails(&desc, NPURT_ERROR_UNSUPPORTED, "runtime 2");
    desc = description(&kernel);
    const npurt_param param = {.access = NPURT_ACCESS_OUTPUT_NEW, .dtype = NPURT_F32};
    desc.params = &param;
    desc.param_count = 1;
    load_fails(&desc, NPURT_ERROR_INVALID_ARGUMENT, "parameter 0");
    tear_down();
}

TEST(a_callable_beyond_a_limit_is_refused_with_the_limit)
{
    static const npurt_param params[NPURT_CALL_MAX_TENSORS + 1];
    static const char name[] = "a_name_of_64_bytes_that_goes_on_and_on_until_its_place_is_full_0";
    CHECK_EQ(strlen(name), 64);
    set_up();
    npurt_kernel_desc kernel;
    npurt_callable_desc desc = description(&kernel);
    desc.params = params;
    desc.param_count = NPURT_CALL_MAX_TENSORS + 1;
    load_fails(&desc, NPURT_ERROR_LIMIT, "declares 129 tensors and ");
    desc = description(&kernel);
    desc.scalar_count = NPURT_CALL_MAX_SCALARS + 1;
    load_fails(&desc, NPURT_ERROR_LIMIT, " and 129 scalars; at most 128 and 128 are possible");
    desc = description(&kernel);
    kernel.entry = name;
    load_fails(&desc, NPURT_ERROR_LIMIT, "the entry's name is longer than 63");
    desc = description(&kernel);
    desc.runtime = NPURT_TENSORMAP_AND_RINGBUFFER;
    desc.entry = name;
    load_fails(&desc, NPURT_ERROR_LIMIT, "the orchestration's entry's name is longer than 63");
    tear_down();
}

TEST(options_that_contradict_each_other_are_refused)
{
    static const npurt_device_options bad[] = {
        {.scheduler_timeout_ms = 50000},
        {.scheduler_timeout_ms = 1000, .op_timeout_ms = 900, .sync_timeout_ms = 5000},
        {.scheduler_timeout_ms = 100, .op_timeout_ms = 1000, .sync_timeout_ms = 1600},
        {.scheduler_timeout_ms = 100, .op_timeout_ms = 999},
        {.op_timeout_ms = 50000},
    };
    fake_reset();
    slot_forget();
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        npurt_device_options options = bad[i];
        options.binaries = world_binaries;
        error_begin("test");
        CHECK_EQ(device_open_on(fake_driver(), false, 0, "fake:0", &options, &device), NPURT_ERROR_INVALID_ARGUMENT);
        CHECK_HAS(npurt_error_last()->message, "timeouts");
    }
    npurt_device_options options = {.binaries = world_binaries, .aicpu_threads = 7};
    error_begin("test");
    CHECK_EQ(device_open_on(fake_driver(), false, 0, "fake:0", &options, &device), NPURT_ERROR_INVALID_ARGUMENT);
    CHECK_HAS(npurt_error_last()->message, "aicpu_threads is 7");
    CHECK_EQ(fake.retained, 0);
}

TEST(a_missing_device_program_is_named_with_the_folders_searched)
{
    const npurt_device_options options = {.binaries = "/nonexistent/programs"};
    fake_reset();
    slot_forget();
    error_begin("test");
    CHECK_EQ(device_open_on(fake_driver(), false, 0, "fake:0", &options, &device), NPURT_ERROR_MISSING_BINARY);
    CHECK_HAS(npurt_error_last()->message, "libnpurt_aicpu.so");
    CHECK_HAS(npurt_error_last()->message, "/nonexistent/programs");
    CHECK_HAS(npurt_error_last()->message, "/nonexistent/programs/emu");
    CHECK_EQ(fake.retained, 0);
}

static npurt_status refused_inside;
static int call_back(void)
{
    uint64_t address;
    refused_inside = npurt_memory_alloc(device, 1, "inside", &address);
    return 0;
}

TEST(an_orchestration_that_calls_back_gets_busy)
{
    set_up();
    npurt_kernel_desc kernel;
    npurt_callable_desc desc = description(&kernel);
    desc.entry = "calls_back";
    desc.scalar_count = 1;
    npurt_callable *c;
    CHECK_EQ(npurt_callable_load(device, &desc, &c), NPURT_OK);
    const uint64_t function = (uint64_t)(uintptr_t)call_back;
    const npurt_call_args args = {.scalars = &function, .scalar_count = 1};
    refused_inside = NPURT_OK;
    CHECK_EQ(npurt_call(c, &args, NULL), NPURT_OK);
    CHECK_EQ(refused_inside, NPURT_ERROR_BUSY);
    CHECK_EQ(npurt_callable_unload(c), NPURT_OK);
    tear_down();
}

static int fails_elsewhere(void)
{
    uint64_t address;
    refused_inside = npurt_memory_alloc(NULL, 1, "of no device", &address);
    return (int)scalar[1];
}

TEST(failures_of_calls_that_an_orchestration_makes_are_its_own)
{
    set_up();
    npurt_kernel_desc kernel;
    npurt_callable_desc desc = description(&kernel);
    desc.entry = "calls_back";
    desc.scalar_count = 1;
    npurt_callable *c;
    CHECK_EQ(npurt_callable_load(device, &desc, &c), NPURT_OK);
    const uint64_t function = (uint64_t)(uintptr_t)fails_elsewhere;
    const npurt_call_args args = {.scalars = &function, .scalar_count = 1};
    scalar[1] = 0;
    CHECK_EQ(npurt_call(c, &args, NULL), NPURT_OK);
    CHECK_EQ(refused_inside, NPURT_ERROR_INVALID_ARGUMENT);
    scalar[1] = 5;
    CHECK_EQ(npurt_call(c, &args, NULL), NPURT_ERROR_ORCHESTRATION);
    CHECK_EQ(npurt_error_last()->status, NPURT_ERROR_ORCHESTRATION);
    CHECK_HAS(npurt_error_last()->message, "orchestration of \"bad\" returned 5");
    CHECK_STR(npurt_error_last()->call, "npurt_call");
    CHECK_EQ(npurt_callable_unload(c), NPURT_OK);
    tear_down();
}

/* Twice the heap is refused by the driver, what is needed is there. */
TEST(a_heap_that_grows_by_less_than_it_wanted_leaves_no_failure)
{
    set_up();
    for (uint64_t mib = 6; mib <= 600; mib += 594) {
        CHECK_EQ(world_call(callable, x, y, 64, FIXTURE_GROWS_THEN_REFUSED, mib, NULL), NPURT_ERROR_GRAPH);
        CHECK_EQ(npurt_error_last()->status, NPURT_ERROR_GRAPH);
        CHECK_EQ(npurt_error_last()->driver_code, 0);
        CHECK_HAS(npurt_error_last()->message, "orchestration of \"fixture\": task 0, tensor 0: 9 dimensions");
    }
    CHECK_EQ(npurt_device_ledger(device, &before), NPURT_OK); /* the heap is kept */
    tear_down();
}

TEST(flags_that_there_are_not_are_refused)
{
    set_up();
    npurt_call_args args = good();
    args.flags = NPURT_CALL_LEAK_CHECK | 0x40;
    refused(&args, "flags are 0x42; there is no flag 0x40");
    npurt_device_options options = {.binaries = world_binaries};
    npurt_device *none;
    memset(&options.leak_check, 5, 1);
    error_begin("test");
    CHECK_EQ(device_open_on(fake_driver(), false, 0, "fake:0", &options, &none), NPURT_ERROR_INVALID_ARGUMENT);
    CHECK_HAS(npurt_error_last()->message, "leak_check is 5");
    tear_down();
}

TEST(handles_are_of_no_use_after_a_fork)
{
    set_up();
    pid_t child = fork();
    if (child == 0) {
        uint64_t address;
        npurt_device_info info;
        const uint32_t calls = fake.calls;
        bool right =
            npurt_memory_alloc(device, 1, "x", &address) == NPURT_ERROR_FORKED &&
            npurt_device_get_info(device, &info) == NPURT_ERROR_FORKED &&
            world_call(callable, x, y, 64, FIXTURE_CHAIN, 1, NULL) == NPURT_ERROR_FORKED &&
            npurt_callable_unload(callable) == NPURT_ERROR_FORKED && npurt_device_reset(device) == NPURT_ERROR_FORKED &&
            npurt_device_get_state(device) == NPURT_DEVICE_LOST && npurt_device_close(device) == NPURT_ERROR_FORKED &&
            strstr(npurt_error_last()->message, "fork") && fake.calls == calls;
        _exit(right ? 0 : 1);
    }
    int how;
    CHECK_EQ(waitpid(child, &how, 0), child);
    CHECK_EQ(how, 0);
    tear_down();
}

/* ---- code */

/* Two texts of equal size whose FNV-1a-64 hashes agree in 32 bits from `shift` on. */
static void alike(uint32_t shift, uint64_t *one, uint64_t *two)
{
    enum { SLOTS = 1 << 22 };
    uint64_t *seen = calloc(SLOTS, sizeof *seen); /* by the 32 bits, as far as they go */
    CHECK(seen != NULL);
    for (uint64_t i = 1;; i++) {
        const uint64_t text = i * UINT64_C(0x9e3779b97f4a7c15);
        CHECK(i < SLOTS);
        const uint32_t key = (uint32_t)(fingerprint_fnv1a(&text, sizeof text) >> shift);
        uint64_t *const slot = &seen[key % SLOTS];
        if (*slot && (uint32_t)(fingerprint_fnv1a(slot, sizeof *slot) >> shift) == key) {
            *one = *slot;
            *two = text;
            break;
        }
        *slot = text;
    }
    free(seen);
}

TEST(code_whose_hash_differs_in_half_of_its_bits_is_other_code)
{
    set_up();
    for (uint32_t shift = 0; shift <= 32; shift += 32) {
        uint64_t text[2];
        struct code_upload *code[3];
        alike(shift, &text[0], &text[1]);
        for (int i = 0; i < 3; i++)
            CHECK_EQ(code_take(device_of(device), "test", CODE_KERNEL_AIV, "entry", 0, &text[i % 2], sizeof text[0],
                               &code[i]),
                     NPURT_OK);
        CHECK(code[0]->address != code[1]->address);
        CHECK(code[0] == code[2]);
        for (int i = 0; i < 3; i++)
            CHECK_EQ(code_give(device_of(device), code[i]), NPURT_OK);
    }
    tear_down();
}

/* ---- host tensors that overlap */

static uint64_t staged(const npurt_call_args *args, const uint64_t *sizes, uint64_t *at)
{
    struct staging plan;
    memset(&plan, 0xee, sizeof plan);
    staging_plan(args, sizes, &plan);
    for (uint32_t i = 0; i < args->tensor_count; i++)
        if (args->tensors[i].host) at[i] = plan.at[i];
    return plan.size;
}

TEST(host_tensors_that_share_bytes_share_them_in_staging)
{
    enum { COUNT = 6 };
    _Alignas(512) static uint8_t memory[4096];
    npurt_call_tensor t[COUNT] = {
        {.host = memory + 1000, .dtype = NPURT_U8, .ndims = 1, .shape = {10}},
        {.host = memory + 2048, .dtype = NPURT_F32, .ndims = 1, .shape = {64}},
        {.device = 4096, .dtype = NPURT_U8, .ndims = 1, .shape = {10}},
        {.host = memory + 2048 + 128,
         .dtype = NPURT_F32,
         .ndims = 1,
         .shape = {64}}, /* the second half of the one above */
        {.host = memory + 2048 + 384, .dtype = NPURT_F32, .ndims = 1, .shape = {1}}, /* behind both: shares nothing */
        {.host = memory + 1001, .dtype = NPURT_F32, .ndims = 1, .shape = {1}},
    };
    const uint64_t sizes[COUNT] = {10, 256, 0, 256, 4, 4};
    npurt_call_args args = {.tensors = t, .tensor_count = COUNT};
    uint64_t at[COUNT] = {0};
    CHECK_EQ(staged(&args, sizes, at), 3 * 512 + (1000 % 512 + 10 > 512 ? 512 : 0));
    CHECK_EQ(at[0] % 512, 1000 % 512); /* a float lies a byte further: as it does on the host */
    CHECK_EQ(at[5], at[0] + 1);
    CHECK_EQ(at[1] % 512, 0);
    CHECK_EQ(at[3], at[1] + 128);
    CHECK_EQ(at[4] % 512, 0);
    CHECK(at[4] >= at[1] + 384 || at[4] + 4 <= at[1]);
    /* drawn ones: any two bytes of the host are one byte of the device if and only if they are one */
    uint64_t seed = 1;
    for (uint32_t round = 0; round < 2000; round++) {
        uint64_t size[COUNT], end = 0;
        for (uint32_t i = 0; i < COUNT; i++) {
            seed = seed * UINT64_C(6364136223846793005) + 1;
            const uint32_t from = (uint32_t)(seed >> 33) % 3000, n = 1 + (uint32_t)(seed >> 50) % 600;
            t[i] = (npurt_call_tensor){.host = memory + from, .dtype = NPURT_U8, .ndims = 1, .shape = {n}};
            size[i] = n;
        }
        const uint64_t whole = staged(&args, size, at);
        for (uint32_t i = 0; i < COUNT; i++) {
            if (at[i] + size[i] > end) end = at[i] + size[i];
            for (uint32_t k = 0; k < i; k++) {
                const uint8_t *a = t[i].host, *b = t[k].host;
                const bool share = a < b + size[k] && b < a + size[i],
                           on_card = at[i] < at[k] + size[k] && at[k] < at[i] + size[i];
                CHECK_EQ(share, on_card);
                if (share) CHECK_EQ((int64_t)(at[i] - at[k]), a - b);
            }
        }
        CHECK(whole % 512 == 0 && whole >= end && whole < end + 512);
    }
}

TEST_MAIN
