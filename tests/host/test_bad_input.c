/* Bad input on the emulated card, row by row of docs/reference/bad-input.md: the status, a message that names the
 * input, and afterwards a ledger as before, a call that works, and a close that finds nothing left. */
#include <dlfcn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "host/world.h"

static npurt_device *device;
static npurt_callable *callable;
static uint32_t x[64], y[64];
static npurt_ledger_totals before;
static npurt_call_tensor tensor[2];
static uint64_t scalar[2];

/* The call as it should be, for each test to spoil. */
static npurt_call_args good(void)
{
    for (int i = 0; i < 2; i++)
        tensor[i] = (npurt_call_tensor){.host = i ? y : x, .dtype = NPURT_U32, .ndims = 1, .shape = {64}};
    scalar[0] = FIXTURE_CHAIN;
    scalar[1] = 1;
    return (npurt_call_args){.tensors = tensor, .tensor_count = 2, .scalars = scalar, .scalar_count = 2};
}

static void set_up(void)
{
    const npurt_call_args args = good();
    CHECK_EQ(npurt_device_open("emu:a5?hbm=1GiB", NULL, &device), NPURT_OK);
    CHECK_EQ(world_load(device, &callable), NPURT_OK);
    CHECK_EQ(npurt_call(callable, &args, NULL), NPURT_OK);
    CHECK_EQ(npurt_device_ledger(device, &before), NPURT_OK);
}

static void tear_down(void)
{
    const npurt_call_args args = good();
    npurt_ledger_totals after;
    CHECK_EQ(npurt_device_ledger(device, &after), NPURT_OK);
    CHECK_EQ(after.memory_bytes, before.memory_bytes);
    CHECK_EQ(after.memory_blocks, before.memory_blocks);
    CHECK_EQ(npurt_call(callable, &args, NULL), NPURT_OK);
    CHECK_EQ(y[63], x[63] + 1);
    CHECK_EQ(npurt_callable_unload(callable), NPURT_OK);
    CHECK_EQ(npurt_device_close(device), NPURT_OK); /* LEAK when anything is left */
}

/* A callable whose graph is built on the device, and the end of it: what its rings took stays with the device. */
static npurt_callable *load_streamed(void)
{
    npurt_callable *streamed = NULL;
    world_runtime = NPURT_TENSORMAP_AND_RINGBUFFER;
    CHECK_EQ(world_load(device, &streamed), NPURT_OK);
    world_runtime = NPURT_HOST_BUILD_GRAPH;
    CHECK_EQ(world_call(streamed, x, y, 64, FIXTURE_CHAIN, 1, NULL), NPURT_OK);
    return streamed;
}
static void unload_streamed(npurt_callable *streamed)
{
    CHECK_EQ(npurt_callable_unload(streamed), NPURT_OK);
    CHECK_EQ(npurt_device_ledger(device, &before), NPURT_OK);
}

#define REFUSED(call, expected, part)                                                                                  \
    do {                                                                                                               \
        CHECK_EQ(call, expected);                                                                                      \
        CHECK_EQ(npurt_error_last()->status, expected);                                                                \
        CHECK_HAS(npurt_error_last()->message, part);                                                                  \
    } while (0)
#define CALL_REFUSED(args, part) REFUSED(npurt_call(callable, &(args), NULL), NPURT_ERROR_INVALID_ARGUMENT, part)

TEST(unknown_target)
{
    static const char *const bad[][2] = {{"gpu:0", "\"gpu:0\""},   {"emu:a7", "a7"},
                                         {"emu:a3:2", "a3:2"},     {"emu:a5?colour=red", "colour"},
                                         {"cann:x", "\"cann:x\""}, {"", "\"\""}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        npurt_device *none = (npurt_device *)1;
        REFUSED(npurt_device_open(bad[i][0], NULL, &none), NPURT_ERROR_NO_TARGET, bad[i][1]);
        CHECK(none == NULL);
    }
}

TEST(missing_binary)
{
    const npurt_device_options options = {.binaries = "/nonexistent/programs"};
    npurt_kernel_desc kernel = {.core = NPURT_CORE_AIV, .binary.path = "/nonexistent/kernel.so", .entry = "add_one"};
    npurt_callable_desc desc = {
        .name = "bad", .orchestration.path = world_orchestration, .kernels = &kernel, .kernel_count = 1};
    npurt_callable *none;
    npurt_device *no_device;
    REFUSED(npurt_device_open("emu:a5", &options, &no_device), NPURT_ERROR_MISSING_BINARY, "/nonexistent/programs");
    set_up();
    REFUSED(npurt_callable_load(device, &desc, &none), NPURT_ERROR_MISSING_BINARY, "/nonexistent/kernel.so");
    kernel.binary.path = world_kernels;
    desc.orchestration.path = "/nonexistent/orchestration.so";
    REFUSED(npurt_callable_load(device, &desc, &none), NPURT_ERROR_MISSING_BINARY, "/nonexistent/orchestration.so");
    tear_down();
}

/* A pipe without a writer would be waited for, with the device locked. The kernels' own paths are in test_hostile.c. */
TEST(bundle_that_is_no_file)
{
    static const char *const what[] = {"a pipe", "a folder", "a device"};
    char folder[] = "/tmp/npurt-test-XXXXXX", path[64], said[128];
    npurt_callable *none = NULL;
    CHECK(mkdtemp(folder) != NULL);
    snprintf(path, sizeof path, "%s/bundle.json", folder);
    set_up();
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(i == 0 ? mkfifo(path, 0600) : i == 1 ? mkdir(path, 0700) : symlink("/dev/zero", path), 0);
        snprintf(said, sizeof said, "bundle %s: not a regular file but %s", path, what[i]);
        alarm(10);
        CHECK_EQ(npurt_callable_load_bundle(device, folder, &none), NPURT_ERROR_IO);
        alarm(0);
        CHECK_STR(npurt_error_last()->message, said);
        CHECK_EQ(remove(path), 0);
    }
    CHECK(none == NULL);
    CHECK_EQ(rmdir(folder), 0);
    tear_down();
}

TEST(missing_cann_library)
{
    npurt_device *none;
    void *there = dlopen("libruntime.so", RTLD_LAZY);
    if (there) {
        dlclose(there);
        SKIP("libruntime.so is there");
    }
    REFUSED(npurt_device_open("cann:0", NULL, &none), NPURT_ERROR_MISSING_LIBRARY, "libruntime.so");
}

TEST(not_an_elf_and_no_entry)
{
    static const char text[] = "this is no program";
    npurt_kernel_desc kernel = {
        .core = NPURT_CORE_AIV, .binary = {.data = text, .size = sizeof text}, .entry = "add_one"};
    npurt_callable_desc desc = {
        .name = "bad", .orchestration.path = world_orchestration, .kernels = &kernel, .kernel_count = 1};
    npurt_callable *none;
    set_up();
    REFUSED(npurt_callable_load(device, &desc, &none), NPURT_ERROR_BAD_BINARY, "is not an ELF file");
    CHECK_HAS(npurt_error_last()->message, "kernel 0");
    kernel.binary = (npurt_binary){.path = world_kernels};
    desc.entry = "no_such_entry";
    REFUSED(npurt_callable_load(device, &desc, &none), NPURT_ERROR_BAD_BINARY, "\"no_such_entry\"");
    tear_down();
}

TEST(another_api_version)
{
    static const npurt_runtime runtimes[] = {NPURT_HOST_BUILD_GRAPH, NPURT_TENSORMAP_AND_RINGBUFFER};
    npurt_device *none = (npurt_device *)1;
    npurt_callable *no_callable;
    REFUSED(npurt_device_open_api(7, "emu:a5", NULL, &none), NPURT_ERROR_BAD_BINARY,
            "host_test_bad_input was built with API version 7 of npurt's headers");
    CHECK(none == NULL);
    CHECK_HAS(npurt_error_last()->message, "libnpurt.so");
    CHECK_HAS(npurt_error_last()->message, "serves versions 1 to 2");
    set_up();
    for (int i = 0; i < 2; i++) {
        world_runtime = runtimes[i];
        REFUSED(world_load_from(device, world_version_7, &no_callable), NPURT_ERROR_BAD_BINARY, world_version_7);
        CHECK_HAS(npurt_error_last()->message,
                  "was built with API version 7 of npurt's headers; this library serves versions 1 to 2");
        REFUSED(world_load_from(device, world_kernels, &no_callable), NPURT_ERROR_BAD_BINARY, world_kernels);
        CHECK_HAS(npurt_error_last()->message, "has no API version");
    }
    world_runtime = NPURT_HOST_BUILD_GRAPH;
    tear_down();
}

TEST(wrong_count_dtype_or_shape)
{
    npurt_call_args args;
    set_up();
    args = good(), args.tensor_count = 1;
    CALL_REFUSED(args, "1 tensor arguments, declared are 2");
    args = good(), args.scalar_count = 3;
    CALL_REFUSED(args, "3 scalar arguments, declared are 2");
    args = good(), tensor[1].dtype = NPURT_F32;
    CALL_REFUSED(args, "tensor argument 1: dtype f32, declared is u32");
    args = good(), tensor[0].ndims = 2, tensor[0].shape[1] = 1;
    CALL_REFUSED(args, "tensor argument 0: shape 64 x 1");
    tear_down();
}

TEST(null_and_zero_size)
{
    npurt_call_args args;
    npurt_callable *none;
    npurt_device *no_device;
    npurt_ledger_totals totals;
    set_up();
    args = good(), tensor[0].host = NULL;
    CALL_REFUSED(args, "tensor argument 0: neither a host pointer nor a device address");
    args = good(), tensor[1].shape[0] = 0;
    CALL_REFUSED(args, "tensor argument 1: shape 0 has no elements");
    args = good(), args.tensors = NULL;
    CALL_REFUSED(args, "tensors is NULL");
    args = good();
    REFUSED(npurt_call(NULL, &args, NULL), NPURT_ERROR_INVALID_ARGUMENT, "callable is NULL");
    REFUSED(npurt_callable_load(NULL, NULL, &none), NPURT_ERROR_INVALID_ARGUMENT, "NULL");
    REFUSED(npurt_callable_load(device, NULL, &none), NPURT_ERROR_INVALID_ARGUMENT, "NULL");
    REFUSED(npurt_device_ledger(NULL, &totals), NPURT_ERROR_INVALID_ARGUMENT, "device is NULL");
    REFUSED(npurt_device_open(NULL, NULL, &no_device), NPURT_ERROR_INVALID_ARGUMENT, "NULL");
    tear_down();
}

TEST(outside_its_buffer_or_on_the_wrong_side)
{
    npurt_call_args args;
    uint64_t address;
    set_up();
    CHECK_EQ(npurt_memory_alloc(device, 100, "small", &address), NPURT_OK);
    args = good(), tensor[1].host = NULL, tensor[1].device = address;
    CALL_REFUSED(args, "\"small\"");
    CHECK_HAS(npurt_error_last()->message, "tensor argument 1");
    args = good(), tensor[1].host = NULL, tensor[1].device = (uint64_t)(uintptr_t)y;
    CALL_REFUSED(args, "tensor argument 1");
    args = good(), tensor[0].host = (void *)(uintptr_t)address;
    CALL_REFUSED(args, "is a device address");
    REFUSED(npurt_memory_copy_in(device, (uint64_t)(uintptr_t)y, x, 4), NPURT_ERROR_INVALID_ARGUMENT, "to: ");
    REFUSED(npurt_memory_copy_in(device, address, (void *)(uintptr_t)address, 4), NPURT_ERROR_INVALID_ARGUMENT,
            "from: ");
    REFUSED(npurt_memory_copy_in(device, address, x, 101), NPURT_ERROR_INVALID_ARGUMENT, "\"small\"");
    CHECK_EQ(npurt_memory_free(device, address), NPURT_OK);
    REFUSED(world_call(callable, x, y, 64, FIXTURE_OUTSIDE, 0, NULL), NPURT_ERROR_GRAPH, "\"fixture\"");
    tear_down();
}

/* Every function that takes an address, with one of another device: on the device side and on the host's. */
static void refuses_address_of(uint64_t other, const char *owner)
{
    uint64_t own;
    uint32_t word = 1;
    npurt_call_args args;
    CHECK_EQ(npurt_memory_alloc(device, 256, "own", &own), NPURT_OK);
    void *const as_host = (void *)(uintptr_t)other;
    REFUSED(npurt_memory_copy_in(device, own, as_host, 4), NPURT_ERROR_INVALID_ARGUMENT, "from: ");
    CHECK_HAS(npurt_error_last()->message, owner);
    CHECK_HAS(npurt_error_last()->message, "a host pointer is due");
    REFUSED(npurt_memory_copy_out(device, as_host, own, 4), NPURT_ERROR_INVALID_ARGUMENT, "to: ");
    CHECK_HAS(npurt_error_last()->message, owner);
    REFUSED(npurt_memory_copy_in(device, other, &word, 4), NPURT_ERROR_INVALID_ARGUMENT, "to: ");
    CHECK_HAS(npurt_error_last()->message, owner);
    REFUSED(npurt_memory_copy_out(device, &word, other, 4), NPURT_ERROR_INVALID_ARGUMENT, "from: ");
    CHECK_HAS(npurt_error_last()->message, owner);
    REFUSED(npurt_memory_set(device, other, 1, 4), NPURT_ERROR_INVALID_ARGUMENT, owner);
    REFUSED(npurt_memory_free(device, other), NPURT_ERROR_INVALID_ARGUMENT, owner);
    args = good();
    tensor[0].host = NULL;
    tensor[0].device = other;
    CALL_REFUSED(args, "tensor argument 0: ");
    CHECK_HAS(npurt_error_last()->message, owner);
    args = good();
    tensor[1].host = as_host;
    CALL_REFUSED(args, "tensor argument 1: ");
    CHECK_HAS(npurt_error_last()->message, owner);
    CHECK_EQ(npurt_memory_free(device, own), NPURT_OK);
}

TEST(an_address_of_another_device)
{
    static const char *const others[] = {"emu:a3:0?hbm=1GiB", "emu:a3:1?hbm=1GiB", "emu:a2?hbm=1GiB", "emu:a5?hbm=1GiB"};
    set_up();
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        npurt_device *other;
        uint64_t there;
        uint32_t pattern[64], seen[64];
        char owner[160];
        memset(pattern, 0x5a, sizeof pattern);
        CHECK_EQ(npurt_device_open(others[i], NULL, &other), NPURT_OK);
        CHECK_EQ(npurt_memory_alloc(other, sizeof pattern, "theirs", &there), NPURT_OK);
        CHECK_EQ(npurt_memory_copy_in(other, there, pattern, sizeof pattern), NPURT_OK);
        snprintf(owner, sizeof owner, "it belongs to %s%s (\"theirs\")", i == 3 ? "another handle of " : "", others[i]);
        refuses_address_of(there, owner);
        refuses_address_of(there + 64, owner);
        CHECK_EQ(npurt_memory_copy_out(other, seen, there, sizeof seen), NPURT_OK);
        CHECK(memcmp(seen, pattern, sizeof seen) == 0);
        CHECK_EQ(npurt_memory_free(other, there), NPURT_OK);
        CHECK_EQ(npurt_device_close(other), NPURT_OK);
        CHECK_EQ(npurt_memory_copy_in(device, there, pattern, 4), NPURT_ERROR_INVALID_ARGUMENT);
    }
    tear_down();
}

TEST(one_task_too_many)
{
    set_up();
    REFUSED(world_call(callable, x, y, 64, FIXTURE_TOO_MANY, 0, NULL), NPURT_ERROR_LIMIT, "131072");
    tear_down();
}

TEST(device_memory_exhausted_in_a_graph)
{
    set_up();
    REFUSED(world_call(callable, x, y, 64, FIXTURE_EXHAUST, 0, NULL), NPURT_ERROR_OUT_OF_DEVICE_MEMORY, "task");
    CHECK_HAS(npurt_error_last()->message, "outputs of the graph");
    CHECK_EQ(npurt_error_last()->driver_code, 207001);
    tear_down();
}

TEST(ring_sizes_out_of_bounds)
{
    npurt_device_options options = {.ring[2].task_window = 6};
    npurt_callable_desc desc = {.name = "bad",
                                .runtime = NPURT_TENSORMAP_AND_RINGBUFFER,
                                .orchestration.path = world_orchestration,
                                .ring[3].heap_bytes = 1000};
    npurt_callable *none;
    npurt_device *no_device;
    REFUSED(npurt_device_open("emu:a5", &options, &no_device), NPURT_ERROR_INVALID_ARGUMENT,
            "device options, ring 2: task_window is 6;");
    set_up();
    REFUSED(npurt_callable_load(device, &desc, &none), NPURT_ERROR_INVALID_ARGUMENT,
            "callable \"bad\", ring 3: heap_bytes is 1000;");
    npurt_callable *streamed = load_streamed();
    npurt_call_args args = good();
    args.ring[1].edges = 2;
    REFUSED(npurt_call(streamed, &args, NULL), NPURT_ERROR_INVALID_ARGUMENT,
            "call of \"fixture\", ring 1: edges is 2;");
    args = good();
    args.ring[1].heap_bytes = UINT64_C(1) << 30;
    REFUSED(npurt_call(streamed, &args, NULL), NPURT_ERROR_OUT_OF_DEVICE_MEMORY, "heap of ring 1");
    CHECK_EQ(npurt_error_last()->driver_code, 207001);
    unload_streamed(streamed);
    tear_down();
}

/* The fields of a task that was not initialised: error, then four flags, in the 8 bytes of a scalar. */
TEST(what_a_tasks_fields_say_is_not_believed)
{
    static const uint64_t bytes[] = {1, 15, 16, 23, UINT32_MAX, UINT64_C(0x0000ff0000000000), UINT64_C(0x0200000000000000)};
    set_up();
    npurt_callable *streamed = load_streamed();
    for (size_t i = 0; i < sizeof bytes / sizeof bytes[0]; i++) {
        REFUSED(world_call(callable, x, y, 64, FIXTURE_TASK_FIELDS, bytes[i], NULL), NPURT_ERROR_GRAPH, "task 0: ");
        REFUSED(world_call(streamed, x, y, 64, FIXTURE_TASK_FIELDS, bytes[i], NULL), NPURT_ERROR_GRAPH, "task 0: ");
        CHECK_EQ(npurt_device_get_state(device), NPURT_DEVICE_HEALTHY);
    }
    unload_streamed(streamed);
    tear_down();
}

TEST(refused_on_the_device)
{
    set_up();
    npurt_callable *streamed = load_streamed();
    REFUSED(world_call(streamed, x, y, 64, FIXTURE_OUTSIDE, 0, NULL), NPURT_ERROR_GRAPH, "task 0");
    CHECK_HAS(npurt_error_last()->message, "(INVALID_ARGS, code 5)");
    REFUSED(world_call(streamed, x, y, 64, FIXTURE_EXHAUST, 0, NULL), NPURT_ERROR_OUT_OF_DEVICE_MEMORY, "task 0");
    CHECK_HAS(npurt_error_last()->message, "(HEAP_RING_DEADLOCK, code 2)");
    CHECK_HAS(npurt_error_last()->hint, "heap_bytes of ring 0: ");
    REFUSED(world_call(streamed, x, y, 64, FIXTURE_FAILS, 0, NULL), NPURT_ERROR_ORCHESTRATION,
            "failed with code 42: the fixture says so");
    REFUSED(world_call(streamed, x, y, 64, FIXTURE_RETURNS, 7, NULL), NPURT_ERROR_ORCHESTRATION, "returned 7");
    CHECK_EQ(npurt_device_get_state(device), NPURT_DEVICE_HEALTHY);
    CHECK_EQ(world_call(streamed, x, y, 64, FIXTURE_CHAIN, 3, NULL), NPURT_OK);
    CHECK_EQ(y[5], x[5] + 3);
    unload_streamed(streamed);
    tear_down();
}

TEST(handle_after_a_fork)
{
    int how;
    set_up();
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        const bool right = world_call(callable, x, y, 64, FIXTURE_CHAIN, 1, NULL) == NPURT_ERROR_FORKED &&
                           strstr(npurt_error_last()->message, "fork") &&
                           npurt_device_close(device) == NPURT_ERROR_FORKED &&
                           strstr(npurt_error_last()->message, "fork");
        _exit(right ? 0 : 1);
    }
    CHECK_EQ(waitpid(child, &how, 0), child);
    CHECK_EQ(how, 0);
    tear_down();
}

TEST_MAIN
