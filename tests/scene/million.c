/* Long and wide graphs through rings: right, bounded in time, and in device memory that does not grow with them. */
#include "scene.h"

#include "fixtures/stream.h"

#include <ctype.h>
#include <dirent.h>
#include <unistd.h>

enum { ELEMENTS = STREAM_SLICE * STREAM_SLICES, MILLION = 1000000 };

static npurt_device *device;
static npurt_callable *callable;
static uint32_t out[ELEMENTS];

static void begin(void)
{
    const npurt_kernel_desc kernel[] = {
        {.id = 0, .core = NPURT_CORE_AIV, .binary = {.path = SCENE_FIXTURES "/stream_kernel.so"}, .entry = "add_one"},
        {.id = 1, .core = NPURT_CORE_AIV, .binary = {.path = SCENE_FIXTURES "/stream_kernel.so"}, .entry = "write_one"},
        {.id = 2, .core = NPURT_CORE_AIV, .binary = {.path = SCENE_FIXTURES "/stream_kernel.so"}, .entry = "add_other"},
        {.id = 3,
         .core = NPURT_CORE_AIV,
         .binary = {.path = SCENE_FIXTURES "/stream_kernel.so"},
         .entry = "add_one_late"}};
    const npurt_param param = {.access = NPURT_ACCESS_INOUT, .dtype = NPURT_U32, .ndims = 1};
    const npurt_callable_desc desc = {.name = "stream",
                                      .runtime = NPURT_TENSORMAP_AND_RINGBUFFER,
                                      .orchestration = {.path = SCENE_FIXTURES "/stream.so"},
                                      .kernels = kernel,
                                      .kernel_count = 4,
                                      .params = &param,
                                      .param_count = 1,
                                      .scalar_count = 2};
    device = scene_open_target(scene.target);
    SCENE_OK(npurt_callable_load(device, &desc, &callable));
}

static void end(void)
{
    SCENE_OK(npurt_callable_unload(callable));
    SCENE_OK(npurt_device_close(device));
}

/* Resident bytes of the device process, which is this one's child; 0 when there is none. */
static uint64_t device_process_bytes(void)
{
    DIR *dir = opendir("/proc");
    struct dirent *entry;
    uint64_t kib = 0;
    while (dir && kib == 0 && (entry = readdir(dir))) {
        char path[300], line[256];
        long parent = 0;
        FILE *file;
        snprintf(path, sizeof path, "/proc/%s/status", entry->d_name);
        if (!isdigit((unsigned char)entry->d_name[0]) || !(file = fopen(path, "r"))) continue;
        while (fgets(line, sizeof line, file)) {
            if (strncmp(line, "PPid:", 5) == 0) parent = strtol(line + 5, NULL, 10);
            if (parent == (long)getpid() && strncmp(line, "VmRSS:", 6) == 0) kib = strtoull(line + 6, NULL, 10);
        }
        fclose(file);
    }
    if (dir) closedir(dir);
    return kib * 1024;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* What element e holds after it all. */
static uint32_t due(enum stream_kind kind, uint32_t tasks, uint32_t e)
{
    const uint32_t slice = e / STREAM_SLICE;
    switch (kind) {
    case STREAM_CHAIN:
        return slice == 0 ? tasks : 0;
    case STREAM_WIDE:
        return e < tasks - 1 || slice == STREAM_SLICES - 1;
    case STREAM_FAN_IN:
        return slice < STREAM_FAN ? 2 * (tasks / (STREAM_FAN + 1)) : 0;
    case STREAM_INNER:
        return slice == 0 ? tasks / 2 : 0;
    default:
        return tasks / STREAM_SLICES + (slice < tasks % STREAM_SLICES);
    }
}

/* Seconds, all of its elements right. ring NULL: the defaults. */
static double run(enum stream_kind kind, uint32_t tasks, const npurt_ring_options *ring)
{
    const npurt_call_tensor tensor = {.host = out, .dtype = NPURT_U32, .ndims = 1, .shape = {ELEMENTS}};
    const uint64_t scalar[] = {kind, tasks};
    npurt_call_args args = {.tensors = &tensor, .tensor_count = 1, .scalars = scalar, .scalar_count = 2};
    npurt_timing timing;
    for (uint32_t r = 0; ring && r < NPURT_RINGS; r++)
        args.ring[r] = *ring;
    memset(out, 0, sizeof out);
    const double began = now();
    SCENE_OK(npurt_call(callable, &args, &timing));
    const double took = now() - began;
    CHECK_EQ(timing.tasks, tasks);
    for (uint32_t e = 0; e < ELEMENTS; e++)
        if (out[e] != due(kind, tasks, e)) CHECK_FAIL("element %u is %u, not %u", e, out[e], due(kind, tasks, e));
    return took;
}

/* Small rings: what grew with the tasks would show. */
static const npurt_ring_options small = {.task_window = 256, .edges = 1024, .heap_bytes = 65536};

static void constant_memory(enum stream_kind kind)
{
    uint64_t hbm[2], bytes[2];
    begin();
    run(kind, 20000, &small);
    SCENE_OK(npurt_device_hbm_in_use(device, &hbm[0]));
    bytes[0] = device_process_bytes();
    const double took = run(kind, MILLION, &small);
    SCENE_OK(npurt_device_hbm_in_use(device, &hbm[1]));
    bytes[1] = device_process_bytes();
    printf("  %.2f s; device process %.1f MiB after 20,000 tasks, %.1f after 1,000,000 more\n", took,
           (double)bytes[0] / 1048576, (double)bytes[1] / 1048576);
    CHECK_EQ(hbm[1], hbm[0]);
    if (strncmp(scene.target, "emu", 3) == 0) {
        CHECK(bytes[0] > 0);
        CHECK(bytes[1] < bytes[0] + (2 << 20)); /* 2 bytes a task would be too many */
    }
    CHECK(took < 60);
    end();
}

TEST(a_million_tasks_stream_through_constant_memory)
{
    constant_memory(STREAM_ROUND);
}

TEST(a_chain_of_a_million_tasks_streams_through_constant_memory)
{
    constant_memory(STREAM_CHAIN);
}

TEST(half_a_million_inner_buffers_stream_through_constant_memory)
{
    constant_memory(STREAM_INNER);
}

/* All of them wait for one task, which takes longer than their submission. */
TEST(twenty_thousand_tasks_become_ready_at_once)
{
    const npurt_ring_options wide = {.task_window = 32768, .edges = 32768, .heap_bytes = 65536};
    begin();
    for (uint32_t times = 0; times < 2; times++) {
        const double took = run(STREAM_WIDE, 20001, &wide);
        CHECK(took > STREAM_WAIT_MS * 1e-3);
        CHECK(took < 30);
    }
    end();
}

TEST(ten_thousand_tasks_of_three_arguments_in_one_scope)
{
    begin();
    CHECK(run(STREAM_THREE, 10000, NULL) < 30);
    CHECK(run(STREAM_THREE, 10000, &small) < 30);
    end();
}

TEST(one_task_waits_for_128_with_a_pool_of_four_edges)
{
    const npurt_ring_options few = {.task_window = 256, .edges = 4, .heap_bytes = 4096};
    begin();
    CHECK(run(STREAM_FAN_IN, 100 * (STREAM_FAN + 1), &few) < 30);
    end();
}

int main(int argc, char **argv)
{
    return scene_main(argc, argv);
}
