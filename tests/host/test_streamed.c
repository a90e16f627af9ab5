/* What the host does for a graph that is built on the device, with a driver that keeps account: ring sizes, the arena,
 * what travels, what is made of an orchestration's answer, and unloading. */
#include <stddef.h>

#include "check.h"
#include "host/arena.h"
#include "host/device.h"
#include "host/error.h"
#include "host/fake_driver.h"
#include "host/world.h"

enum { N = 64, HEAD = sizeof(struct stream_result) };
static npurt_device *device;
static npurt_callable *callable;
static uint32_t x[N], y[N];

/* Small rings, so that a test can tell each number. */
static const npurt_ring_options small[NPURT_RINGS] = {{.task_window = 64, .edges = 100, .heap_bytes = 65536},
                                                      {.task_window = 32, .edges = 101, .heap_bytes = 32768},
                                                      {.task_window = 16, .edges = 102, .heap_bytes = 16384},
                                                      {.task_window = 8, .edges = 103, .heap_bytes = 8192}};

static void open_with(const npurt_ring_options *ring, bool leak_check)
{
    npurt_device_options options = {.binaries = world_binaries, .leak_check = leak_check};
    if (ring) memcpy(options.ring, ring, sizeof options.ring);
    fake_reset();
    slot_forget();
    error_begin("test");
    world_runtime = NPURT_TENSORMAP_AND_RINGBUFFER;
    fake.stream = (struct stream_result){
        .tasks = 5, .orchestration_ticks = 7000, .loaded = 1, .template_records = 2, .template_replays = 3};
    CHECK_EQ(device_open_on(fake_driver(), false, 0, "fake:0", &options, &device), NPURT_OK);
    for (uint32_t i = 0; i < N; i++) {
        x[i] = 1000 + i;
        y[i] = 0xabcd;
    }
}

static void set_up(const npurt_ring_options *ring)
{
    open_with(ring, false);
    CHECK_EQ(world_load(device, &callable), NPURT_OK);
}

static void tear_down(void)
{
    CHECK_EQ(npurt_callable_unload(callable), NPURT_OK);
    CHECK_EQ(npurt_device_close(device), NPURT_OK);
    CHECK_EQ(fake.blocks, 0);
    CHECK_EQ(fake.bytes, 0);
    CHECK_EQ(fake.retained, 0);
}

static npurt_status launch(npurt_callable *c, const npurt_ring_options *ring, npurt_run **run, npurt_timing *timing)
{
    const npurt_call_tensor tensors[] = {{.host = x, .dtype = NPURT_U32, .ndims = 1, .shape = {N}},
                                         {.host = y, .dtype = NPURT_U32, .ndims = 1, .shape = {N}}};
    const uint64_t scalars[] = {FIXTURE_CHAIN, 0x123456789a};
    npurt_call_args args = {.tensors = tensors, .tensor_count = 2, .scalars = scalars, .scalar_count = 2};
    if (ring) memcpy(args.ring, ring, sizeof args.ring);
    return run ? npurt_launch(c, &args, run) : npurt_call(c, &args, timing);
}

static npurt_status call(const npurt_ring_options *ring)
{
    return launch(callable, ring, NULL, NULL);
}

static void check_rings(const npurt_ring_options *want)
{
    for (uint32_t r = 0; r < NPURT_RINGS; r++) {
        CHECK_EQ(fake.last_stream.ring[r].window, want[r].task_window);
        CHECK_EQ(fake.last_stream.ring[r].edges, want[r].edges);
        CHECK_EQ(fake.last_stream.ring[r].heap_size, want[r].heap_bytes);
    }
}

TEST(a_run_brings_its_arguments_its_orchestration_and_all_clusters)
{
    set_up(small);
    npurt_timing timing;
    CHECK_EQ(launch(callable, NULL, NULL, &timing), NPURT_OK);
    CHECK_EQ(fake.streams_seen, 1);
    const struct stream_control *s = &fake.last_stream;
    const npurt_tensor *tensor = (const void *)(uintptr_t)s->args;
    const uint64_t *scalar = (const void *)(tensor + s->tensor_count);
    const struct orchestration_image *image = (const void *)(uintptr_t)s->orchestration;
    CHECK_EQ(s->tensor_count, 2);
    CHECK_EQ(s->scalar_count, 2);
    CHECK_EQ(tensor[0].size, sizeof x);
    CHECK(memcmp((const void *)(uintptr_t)tensor[0].addr, x, sizeof x) == 0);
    CHECK(tensor[1].addr >= tensor[0].addr + sizeof x);
    CHECK_EQ(scalar[0], FIXTURE_CHAIN);
    CHECK_EQ(scalar[1], 0x123456789a);
    CHECK_EQ(image->magic, ORCHESTRATION_MAGIC);
    CHECK_EQ(image->code_size + ORCHESTRATION_CODE, s->orchestration_size);
    CHECK_STR(image->entry, "orchestration_entry");
    CHECK(memcmp((const char *)image + ORCHESTRATION_CODE, "\177ELF", 4) == 0);
    CHECK_EQ(s->cluster_count, 36); /* of the fake driver's a5 */
    CHECK_EQ(fake.last_blocks, 36);
    CHECK_EQ(fake.last_threads, 6);
    CHECK(s->callable != 0);
    CHECK_EQ(timing.tasks, 5);
    CHECK_EQ(timing.orchestration_ns, 7000); /* its counter has 1 GHz */
    CHECK_EQ(timing.orchestration_loads, 1);
    CHECK_EQ(timing.template_records, 2);
    CHECK_EQ(timing.template_replays, 3);
    CHECK_EQ(timing.image_size, 0);
    fake.stream.loaded = 0;
    CHECK_EQ(launch(callable, NULL, NULL, &timing), NPURT_OK);
    CHECK_EQ(timing.orchestration_loads, 0);
    tear_down();
}

TEST(outputs_are_copied_back_unless_there_was_no_task)
{
    set_up(small);
    fake.stream.tasks = 0;
    CHECK_EQ(call(NULL), NPURT_OK);
    for (uint32_t i = 0; i < N; i++)
        CHECK_EQ(y[i], 0xabcd);
    fake.stream.tasks = 1;
    CHECK_EQ(call(NULL), NPURT_OK);
    CHECK(y[0] != 0xabcd); /* staging memory, which nobody wrote */
    tear_down();
}

TEST(ring_sizes_come_from_the_call_the_callable_the_device_or_the_default)
{
    npurt_ring_options want[NPURT_RINGS];
    open_with(NULL, false);
    const npurt_callable_desc desc = {.name = "sized",
                                      .runtime = NPURT_TENSORMAP_AND_RINGBUFFER,
                                      .orchestration.path = world_orchestration,
                                      .ring = {[1] = {.task_window = 128}, [3] = {.edges = 77, .heap_bytes = 4096}}};
    CHECK_EQ(npurt_callable_load(device, &desc, &callable), NPURT_OK);
    CHECK_EQ(npurt_call(callable, NULL, NULL), NPURT_OK);
    for (int r = 0; r < NPURT_RINGS; r++) /* the fake device has 1 GiB: heaps of a 64th */
        want[r] = (npurt_ring_options){.task_window = 16384, .edges = 65536, .heap_bytes = 16 << 20};
    want[1].task_window = 128;
    want[3].edges = 77;
    want[3].heap_bytes = 4096;
    check_rings(want);
    CHECK_EQ(fake.last_stream.max_regions, 2 * (3 * 16384 + 128));
    const npurt_call_args args = {.ring = {[0] = {.heap_bytes = 1024}, [1] = {.task_window = 4, .edges = 4}}};
    CHECK_EQ(npurt_call(callable, &args, NULL), NPURT_OK);
    want[0].heap_bytes = 1024;
    want[1].task_window = 4;
    want[1].edges = 4;
    check_rings(want);
    tear_down();

    open_with(small, false);
    CHECK_EQ(npurt_callable_load(device, &desc, &callable), NPURT_OK);
    CHECK_EQ(npurt_call(callable, &args, NULL), NPURT_OK);
    memcpy(want, small, sizeof want);
    want[0].heap_bytes = 1024;
    want[1].task_window = 4;
    want[1].edges = 4;
    want[3].edges = 77;
    want[3].heap_bytes = 4096;
    check_rings(want);
    CHECK_EQ(fake.last_stream.max_regions, 4096); /* at least */
    tear_down();
}

TEST(heaps_are_256_mib_where_the_device_is_large)
{
    open_with(NULL, false);
    CHECK_EQ(npurt_device_close(device), NPURT_OK);
    fake.memory = UINT64_C(64) << 30;
    CHECK_EQ(
        device_open_on(fake_driver(), false, 0, "fake:0", &(npurt_device_options){.binaries = world_binaries}, &device),
        NPURT_OK);
    CHECK_EQ(world_load(device, &callable), NPURT_OK);
    CHECK_EQ(call(NULL), NPURT_OK);
    for (int r = 0; r < NPURT_RINGS; r++)
        CHECK_EQ(fake.last_stream.ring[r].heap_size, 256 << 20);
    tear_down();
}

TEST(ring_sizes_out_of_bounds_are_refused_at_every_place_by_ring_field_and_value)
{
    static const struct {
        npurt_ring_options bad;
        const char *part;
    } row[] = {{{.task_window = 3}, "task_window is 3;"},
               {{.task_window = 2}, "task_window is 2;"},
               {{.task_window = 100}, "task_window is 100;"},
               {{.task_window = 131072}, "task_window is 131072;"},
               {{.edges = 3}, "edges is 3;"},
               {{.edges = (1 << 24) + 1}, "edges is 16777217;"},
               {{.heap_bytes = 1}, "heap_bytes is 1;"},
               {{.heap_bytes = 1023}, "heap_bytes is 1023;"},
               {{.heap_bytes = 1025}, "heap_bytes is 1025;"},
               {{.heap_bytes = UINT64_C(1) << 60}, "heap_bytes is 1152921504606846976;"}};
    set_up(small);
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        const uint32_t r = i % NPURT_RINGS;
        char where[16];
        snprintf(where, sizeof where, "ring %u:", r);
        npurt_device *no_device = NULL;
        npurt_callable *none = NULL;
        npurt_device_options options = {.binaries = world_binaries};
        npurt_callable_desc desc = {
            .name = "bad", .runtime = NPURT_TENSORMAP_AND_RINGBUFFER, .orchestration.path = world_orchestration};
        npurt_ring_options ring[NPURT_RINGS] = {0};
        options.ring[r] = desc.ring[r] = ring[r] = row[i].bad;
        CHECK_EQ(call(ring), NPURT_ERROR_INVALID_ARGUMENT);
        CHECK_HAS(npurt_error_last()->message, "\"fixture\"");
        CHECK_HAS(npurt_error_last()->message, where);
        CHECK_HAS(npurt_error_last()->message, row[i].part);
        CHECK_EQ(npurt_callable_load(device, &desc, &none), NPURT_ERROR_INVALID_ARGUMENT);
        CHECK_HAS(npurt_error_last()->message, "\"bad\"");
        CHECK_HAS(npurt_error_last()->message, where);
        CHECK_HAS(npurt_error_last()->message, row[i].part);
        error_begin("test");
        CHECK_EQ(device_open_on(fake_driver(), false, 1, "fake:1", &options, &no_device), NPURT_ERROR_INVALID_ARGUMENT);
        CHECK_HAS(npurt_error_last()->message, "device options");
        CHECK_HAS(npurt_error_last()->message, where);
        CHECK_HAS(npurt_error_last()->message, row[i].part);
    }
    CHECK_EQ(fake.streams_seen, 0);
    CHECK_EQ(call(NULL), NPURT_OK);
    tear_down();
}

TEST(the_arena_is_taken_once_and_named_and_changes_with_the_sizes_alone)
{
    char report[8192];
    set_up(small);
    npurt_ring_options larger[NPURT_RINGS];
    memcpy(larger, small, sizeof larger);
    larger[2].heap_bytes = 1 << 20;
    const uint32_t before = fake.blocks;
    CHECK_EQ(call(NULL), NPURT_OK);
    const uint64_t key = fake.last_stream.engine_key, taken = fake.bytes;
    const uint32_t blocks = fake.blocks;
    CHECK_EQ(blocks, before + 6 + 1); /* engine, four heaps, unloads; and the staging of this call */
    CHECK_EQ(npurt_device_report(device, report, sizeof report, NULL), NPURT_OK);
    CHECK_HAS(report, "tasks, edges and tensor map");
    CHECK_HAS(report, "heap of ring 3");
    for (int i = 0; i < 5; i++)
        CHECK_EQ(call(NULL), NPURT_OK);
    CHECK_EQ(fake.last_stream.engine_key, key);
    CHECK_EQ(fake.bytes, taken);
    CHECK_EQ(fake.blocks, blocks);

    CHECK_EQ(call(larger), NPURT_OK);
    CHECK(fake.last_stream.engine_key != key);
    check_rings(larger);
    const uint64_t grown = fake.bytes, second = fake.last_stream.engine_key;
    CHECK(grown >= taken + (1 << 20) - 16384);
    CHECK_EQ(fake.blocks, blocks);
    CHECK_EQ(call(NULL), NPURT_OK); /* smaller again: another layout, in the memory that is there */
    check_rings(small);
    CHECK(fake.last_stream.engine_key != key && fake.last_stream.engine_key != second);
    CHECK_EQ(fake.bytes, grown);

    /* A key is never another handle's. */
    npurt_device *other;
    npurt_callable *its;
    const uint64_t last = fake.last_stream.engine_key;
    npurt_device_options options = {.binaries = world_binaries};
    memcpy(options.ring, small, sizeof small);
    error_begin("test");
    CHECK_EQ(device_open_on(fake_driver(), false, 1, "fake:1", &options, &other), NPURT_OK);
    CHECK_EQ(world_load(other, &its), NPURT_OK);
    CHECK_EQ(launch(its, NULL, NULL, NULL), NPURT_OK);
    CHECK(fake.last_stream.engine_key > last);
    CHECK_EQ(npurt_callable_unload(its), NPURT_OK);
    CHECK_EQ(npurt_device_close(other), NPURT_OK);
    tear_down();
}

TEST(a_run_that_is_bound_while_another_executes_changes_nothing_under_it)
{
    npurt_ring_options larger[NPURT_RINGS];
    npurt_run *first, *second;
    memcpy(larger, small, sizeof larger);
    larger[0].task_window = 4096;
    larger[1].heap_bytes = 1 << 20;
    set_up(small);
    CHECK_EQ(call(NULL), NPURT_OK); /* the first bank's memory is there */
    fake.core_sync = fake.cpu_sync = 507046;
    CHECK_EQ(launch(callable, NULL, &first, NULL), NPURT_OK);
    const struct stream_control of_first = fake.last_stream;
    CHECK_EQ(launch(callable, larger, &second, NULL), NPURT_OK);
    CHECK_EQ(fake.streams_seen, 2);
    CHECK_EQ(device_of(device)->arena.laid_out.engine_key, of_first.engine_key);
    CHECK_EQ(device_of(device)->arena.engine, of_first.engine);
    for (int r = 0; r < NPURT_RINGS; r++)
        CHECK_EQ(device_of(device)->arena.laid_out.ring[r].heap, of_first.ring[r].heap);
    fake.core_sync = fake.cpu_sync = 0;
    CHECK_EQ(npurt_wait(first, NULL), NPURT_OK); /* starts the second; the fake driver checks every address of it */
    CHECK_EQ(fake.streams_seen, 3);
    check_rings(larger);
    CHECK(fake.last_stream.engine_key != of_first.engine_key && fake.last_stream.engine_key != 0);
    CHECK_EQ(npurt_wait(second, NULL), NPURT_OK);
    tear_down();
}

TEST(rings_that_do_not_fit_are_named_and_smaller_ones_work_afterwards)
{
    npurt_ring_options huge[NPURT_RINGS];
    set_up(small);
    memcpy(huge, small, sizeof huge);
    huge[2].heap_bytes = UINT64_C(2) << 30;
    CHECK_EQ(call(huge), NPURT_ERROR_OUT_OF_DEVICE_MEMORY);
    CHECK_HAS(npurt_error_last()->message, "heap of ring 2");
    CHECK_HAS(npurt_error_last()->hint, "npurt_ring_options");
    CHECK_EQ(npurt_error_last()->driver_code, 207001);
    CHECK_EQ(fake.streams_seen, 0);
    CHECK_EQ(call(NULL), NPURT_OK);
    tear_down();
}

TEST(a_leak_check_knows_that_rings_are_kept)
{
    npurt_ring_options larger[NPURT_RINGS];
    open_with(small, true);
    CHECK_EQ(world_load(device, &callable), NPURT_OK);
    memcpy(larger, small, sizeof larger);
    CHECK_EQ(call(NULL), NPURT_OK);
    larger[0].heap_bytes = 1 << 20;
    CHECK_EQ(call(larger), NPURT_OK);
    tear_down();
}

/* ---- what the orchestration says */

TEST(every_code_has_its_status_and_name_and_leaves_the_device_healthy)
{
    static const struct {
        uint32_t code;
        npurt_status status;
        const char *part;
    } row[] = {
        {1, NPURT_ERROR_OUT_OF_DEVICE_MEMORY, "(SCOPE_DEADLOCK, code 1)"},
        {2, NPURT_ERROR_OUT_OF_DEVICE_MEMORY, "(HEAP_RING_DEADLOCK, code 2)"},
        {3, NPURT_ERROR_STALLED, "(FLOW_CONTROL_DEADLOCK, code 3)"},
        {4, NPURT_ERROR_LIMIT, "(DEP_POOL_OVERFLOW, code 4)"},
        {5, NPURT_ERROR_GRAPH, "(INVALID_ARGS, code 5)"},
        {6, NPURT_ERROR_LIMIT, "(DEPENDENCY_OVERFLOW, code 6)"},
        {7, NPURT_ERROR_GRAPH, "(REQUIRE_SYNC_START_INVALID, code 7)"},
        {8, NPURT_ERROR_STALLED, "(TENSOR_WAIT_TIMEOUT, code 8)"},
        {9, NPURT_ERROR_ORCHESTRATION, "failed with code 42: what was refused"},
        {10, NPURT_ERROR_LIMIT, "(SCOPE_TASKS_OVERFLOW, code 10)"},
        {100, NPURT_ERROR_STALLED, "(SCHEDULER_TIMEOUT, code 100)"},
        {101, NPURT_ERROR_GRAPH, "(ASYNC_COMPLETION_INVALID, code 101)"},
        {102, NPURT_ERROR_LIMIT, "(ASYNC_WAIT_OVERFLOW, code 102)"},
        {103, NPURT_ERROR_GRAPH, "(ASYNC_REGISTRATION_FAILED, code 103)"},
        {1001, NPURT_ERROR_BAD_BINARY, "(LOAD_FAILED, code 1001)"},
        {1002, NPURT_ERROR_LIMIT, "(LIMIT, code 1002)"},
        {1003, NPURT_ERROR_ORCHESTRATION, "returned 17"},
        {4711, NPURT_ERROR_AICPU_FAULT, "(unknown, code 4711)"},
    };
    set_up(small);
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        fake.run_code = RUN_ORCHESTRATION;
        fake.stream =
            (struct stream_result){.code = row[i].code, .user_code = 42, .returned = 17, .text = "what was refused"};
        CHECK_EQ(call(NULL), row[i].status);
        CHECK_EQ(npurt_error_last()->status, row[i].status);
        CHECK_HAS(npurt_error_last()->message, "\"fixture\"");
        CHECK_HAS(npurt_error_last()->message, row[i].part);
        if (row[i].code != 1003) CHECK_HAS(npurt_error_last()->message, "what was refused");
        CHECK(npurt_error_last()->hint[0] != 0);
        CHECK_EQ(npurt_device_get_state(device), NPURT_DEVICE_HEALTHY);
        for (uint32_t k = 0; k < N; k++)
            CHECK_EQ(y[k], 0xabcd);
        fake.run_code = RUN_OK;
        fake.stream = (struct stream_result){0};
        CHECK_EQ(call(NULL), NPURT_OK);
    }
    tear_down();
}

TEST(a_heap_that_is_too_small_says_which_size_would_do)
{
    set_up(small);
    fake.run_code = RUN_ORCHESTRATION;
    fake.stream = (struct stream_result){.code = STREAM_SCOPE_DEADLOCK,
                                         .ring = 2,
                                         .capacity = 6291456,
                                         .text = "task 7, tensor 1: 2097152 bytes do not fit"};
    CHECK_EQ(call(NULL), NPURT_ERROR_OUT_OF_DEVICE_MEMORY);
    CHECK_HAS(npurt_error_last()->message, "task 7, tensor 1: 2097152 bytes do not fit (SCOPE_DEADLOCK, code 1)");
    CHECK_HAS(npurt_error_last()->hint, "heap_bytes of ring 2: 6291456 gets past this point");
    tear_down();
}

/* A text that fills its field has no end of its own; a limit's status is the refused call's. */
TEST(texts_and_statuses_of_the_device_are_taken_with_care)
{
    set_up(small);
    fake.run_code = RUN_ORCHESTRATION;
    fake.stream = (struct stream_result){.code = STREAM_LIMIT, .status = NPURT_ERROR_UNSUPPORTED};
    memset(fake.stream.text, 'z', sizeof fake.stream.text);
    fake.stream.tasks_high[0] = 1;
    CHECK_EQ(call(NULL), NPURT_ERROR_UNSUPPORTED);
    CHECK_HAS(npurt_error_last()->message, "zzzz");
    fake.stream = (struct stream_result){.code = STREAM_LIMIT, .status = NPURT_ERROR_INVALID_ARGUMENT};
    CHECK_EQ(call(NULL), NPURT_ERROR_GRAPH);
    for (uint32_t status = NPURT_ERROR_KERNEL_FAULT; status <= 40; status++) {
        fake.stream.status = status == 40 ? UINT32_MAX : status;
        CHECK_EQ(call(NULL), status == NPURT_ERROR_UNSUPPORTED ? NPURT_ERROR_UNSUPPORTED : NPURT_ERROR_LIMIT);
        CHECK_EQ(npurt_device_get_state(device), NPURT_DEVICE_HEALTHY);
    }
    tear_down();
}

TEST(an_orchestration_that_ends_without_a_word_is_the_aicpu_programs_fault)
{
    static const uint32_t code[] = {RUN_OK, RUN_ORCHESTRATION};
    set_up(small);
    for (int i = 0; i < 2; i++) {
        fake.silent = 1;
        fake.run_code = code[i];
        CHECK_EQ(call(NULL), NPURT_ERROR_AICPU_FAULT);
        CHECK_HAS(npurt_error_last()->message, "left no word");
        CHECK_EQ(npurt_device_get_state(device), NPURT_DEVICE_HEALTHY);
    }
    fake.silent = fake.run_code = 0;
    CHECK_EQ(call(NULL), NPURT_OK);
    tear_down();
}

/* ---- loading and unloading */

TEST(callables_of_one_binary_share_its_upload_and_have_numbers_of_their_own)
{
    npurt_callable *other;
    set_up(small);
    CHECK_EQ(call(NULL), NPURT_OK);
    const struct stream_control first = fake.last_stream;
    const uint32_t blocks = fake.blocks;
    CHECK_EQ(world_load(device, &other), NPURT_OK);
    CHECK_EQ(fake.blocks, blocks + 1); /* its kernel table */
    CHECK_EQ(launch(other, NULL, NULL, NULL), NPURT_OK);
    CHECK_EQ(fake.last_stream.orchestration, first.orchestration);
    CHECK(fake.last_stream.callable != first.callable);
    CHECK_EQ(npurt_callable_unload(other), NPURT_OK);
    CHECK_EQ(call(NULL), NPURT_OK); /* the other's going took nothing from it */
    CHECK_EQ(fake.last_stream.callable, first.callable);
    tear_down();
}

TEST(the_device_is_told_to_unload_what_it_has_loaded_and_nothing_else)
{
    npurt_callable *idle;
    set_up(small);
    CHECK_EQ(world_load(device, &idle), NPURT_OK);
    CHECK_EQ(call(NULL), NPURT_OK);
    CHECK_EQ(npurt_callable_unload(idle), NPURT_OK);
    CHECK_EQ(fake.unloads, 0);
    const uint32_t number = fake.last_stream.callable;
    CHECK_EQ(npurt_callable_unload(callable), NPURT_OK);
    CHECK_EQ(fake.unloads, 1);
    CHECK_EQ(fake.last_unload, number);
    CHECK_EQ(world_load(device, &callable), NPURT_OK);
    CHECK_EQ(call(NULL), NPURT_OK);
    CHECK(fake.last_stream.callable != number);
    /* After a reset there is nothing to unload any more. */
    CHECK_EQ(npurt_device_reset(device), NPURT_OK);
    CHECK_EQ(npurt_callable_unload(callable), NPURT_OK);
    CHECK_EQ(fake.unloads, 1);
    CHECK_EQ(world_load(device, &callable), NPURT_OK);
    CHECK_EQ(call(NULL), NPURT_OK);
    tear_down();
    CHECK_EQ(fake.unloads, 2);
}

TEST(a_callable_is_unloaded_behind_the_run_of_another)
{
    npurt_callable *other;
    npurt_run *run;
    set_up(small);
    CHECK_EQ(world_load(device, &other), NPURT_OK);
    CHECK_EQ(launch(other, NULL, NULL, NULL), NPURT_OK);
    fake.core_sync = fake.cpu_sync = 507046;
    CHECK_EQ(launch(callable, NULL, &run, NULL), NPURT_OK);
    CHECK_EQ(npurt_callable_unload(other), NPURT_OK); /* waits for nobody */
    CHECK_EQ(fake.unloads, 1);
    fake.core_sync = fake.cpu_sync = 0;
    CHECK_EQ(npurt_wait(run, NULL), NPURT_OK);
    tear_down();
}

TEST(close_unloads_what_the_caller_forgot)
{
    set_up(small);
    CHECK_EQ(call(NULL), NPURT_OK);
    CHECK_EQ(npurt_device_close(device), NPURT_ERROR_LEAK);
    CHECK_EQ(fake.unloads, 1);
    CHECK_EQ(fake.blocks, 0);
}

TEST(orchestrations_that_are_none_for_the_device_are_refused_at_load)
{
    static char file[1 << 20];
    static char name[80];
    npurt_callable *none;
    set_up(small);
    FILE *from = fopen(world_orchestration, "re");
    CHECK(from != NULL);
    const size_t size = fread(file, 1, sizeof file, from);
    fclose(from);
    CHECK(size > 1000 && size < sizeof file);
    npurt_callable_desc desc = {.name = "bad",
                                .runtime = NPURT_TENSORMAP_AND_RINGBUFFER,
                                .orchestration = {.data = file, .size = size},
                                .entry = "no_such_entry"};
    CHECK_EQ(npurt_callable_load(device, &desc, &none), NPURT_ERROR_BAD_BINARY);
    CHECK_HAS(npurt_error_last()->message, "no function \"no_such_entry\"");
    memset(name, 'e', sizeof name - 1);
    desc.entry = name;
    CHECK_EQ(npurt_callable_load(device, &desc, &none), NPURT_ERROR_LIMIT);
    desc.entry = NULL;
    file[18] = (char)(file[18] ^ 0x55); /* e_machine */
    CHECK_EQ(npurt_callable_load(device, &desc, &none), NPURT_ERROR_BAD_BINARY);
    CHECK_HAS(npurt_error_last()->message, "for another machine");
    file[18] = (char)(file[18] ^ 0x55);
    desc.orchestration.size = 100;
    CHECK_EQ(npurt_callable_load(device, &desc, &none), NPURT_ERROR_BAD_BINARY);
    desc.orchestration = (npurt_binary){.path = "/nonexistent/orchestration.so"};
    CHECK_EQ(npurt_callable_load(device, &desc, &none), NPURT_ERROR_MISSING_BINARY);
    tear_down();
}

TEST_MAIN
