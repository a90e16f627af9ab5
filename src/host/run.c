#include "run.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>
#include "args.h"
#include "bootstrap.h"
#include "error.h"
#include "log.h"
#include "memory.h"
#include "registration.h"

enum { HEAP_FIRST = 64 << 20, HEAP_ALIGN = 1024 };

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * UINT64_C(1000000000) + (uint64_t)t.tv_nsec;
}

/* ---- the graph ---- */

static uint64_t aligned_heap(const npurt_device *device)
{
    return (device->run.heap + HEAP_ALIGN - 1) & ~(uint64_t)(HEAP_ALIGN - 1);
}

static void heap_of(const npurt_device *device, uint64_t *base, uint64_t *size)
{
    *base = aligned_heap(device);
    *size = device->run.heap ? device->run.heap_size - (*base - device->run.heap) : 0;
}

/* graph_heap_grow. What the graph has allocated so far is only numbers: nothing has to be copied. */
static npurt_status grow_heap(void *context, uint64_t size, uint64_t *base, uint64_t *capacity)
{
    npurt_device *device = context;
    npurt_status status =
        run_memory_grow(device, &device->run.heap, &device->run.heap_size, size + HEAP_ALIGN, "outputs of the graph");
    if (status == NPURT_OK) heap_of(device, base, capacity);
    return status;
}

/* A refused submission, said by the engine; what a driver call refused was raised before and keeps its code. */
static npurt_status graph_failed(npurt_callable *c, npurt_status status)
{
    struct graph *graph = c->device->graph;
    const int32_t code = graph_user_code(graph);
    if (error_pending()) {
        error_prepend("\"%s\": %s", c->name, graph_problem(graph));
        return status;
    }
    if (status == NPURT_ERROR_INVALID_ARGUMENT) status = NPURT_ERROR_GRAPH;
    if (code)
        return error_raise(status, "orchestration of \"%s\" failed with code %d: %s", c->name, code,
                           graph_problem(graph));
    return error_raise(status, "orchestration of \"%s\": %s", c->name, graph_problem(graph));
}

static npurt_status build(npurt_callable *c, const npurt_call_args *args, struct graph_image *image)
{
    npurt_device *device = c->device;
    npurt_status status = NPURT_OK;
    if (!device->graph && (status = graph_create(NULL, &device->graph)) != NPURT_OK)
        return error_raise(status, "no host memory for the graph engine");
    if (!device->run.heap) {
        uint64_t first = device->info.hbm_total / 16;
        if (first > HEAP_FIRST) first = HEAP_FIRST;
        status = run_memory_grow(device, &device->run.heap, &device->run.heap_size, first, "outputs of the graph");
        if (status != NPURT_OK) return status;
    }
    struct graph_begin_info info = {.grow = grow_heap,
                                    .grow_context = device,
                                    .kernel_core = c->kernel_core,
                                    .kernel_count = c->kernel_limit,
                                    .cluster_count = device->info.clusters};
    heap_of(device, &info.heap_base, &info.heap_size);
    status = graph_begin(device->graph, &info);
    if (status != NPURT_OK) return graph_failed(c, status);
    const npurt_orch_args orch_args = {.tensor_count = args->tensor_count,
                                       .scalar_count = args->scalar_count,
                                       .tensor = device->run.tensor,
                                       .scalar = args->scalars};
    const int code = c->orchestration.entry(graph_orch(device->graph), &orch_args);
    status = graph_finish(device->graph, image);
    if (status != NPURT_OK) return graph_failed(c, status);
    if (code != 0) return error_raise(NPURT_ERROR_ORCHESTRATION, "orchestration of \"%s\" returned %d", c->name, code);
    return NPURT_OK;
}

/* ---- shipping it ---- */

/* As many clusters as the graph could ever keep busy at once: every block on a core of its own, each MIX block on a
 * cluster of its own. Launching a core that can get no work would cost its handshake and its exit. */
static uint32_t clusters_needed(const npurt_device *device, const struct graph_image *image)
{
    const struct image_header *header = image->segment[0].data;
    const struct image_task *task = NULL;
    for (uint32_t s = 0; s < image->segment_count; s++) {
        const struct graph_segment *g = &image->segment[s];
        if (g->offset <= header->tasks_offset && header->tasks_offset < g->offset + g->size)
            task = (const struct image_task *)((const char *)g->data + (header->tasks_offset - g->offset));
    }
    uint64_t aic = 0, aiv = 0, mix = 0, need = 0;
    for (uint32_t i = 0; task && i < header->task_count && need < device->info.clusters; i++) {
        if (task[i].shape == SHAPE_MIX) mix += task[i].block_num;
        if (task[i].shape == SHAPE_AIC) aic += task[i].block_num;
        if (task[i].shape == SHAPE_AIV) aiv += task[i].block_num;
        need = mix + (aic > (aiv + 1) / 2 ? aic : (aiv + 1) / 2);
    }
    if (need > device->info.clusters) need = device->info.clusters;
    return need ? (uint32_t)need : 1;
}

static npurt_status ship(npurt_callable *c, const struct graph_image *image, uint32_t clusters, uint32_t threads)
{
    npurt_device *device = c->device;
    struct run_memory *run = &device->run;
    npurt_status status = run_memory_grow_block(device, image_workspace_size(image->task_count, threads));
    const bool small = image->size <= RUN_SMALL_IMAGE;
    if (status == NPURT_OK && !small)
        status = run_memory_grow(device, &run->image, &run->image_size, image->size, "graph image");
    if (status != NPURT_OK) return status;

    const uint64_t control_at = run->block + RUN_SMALL_IMAGE, room = (image->size + 63) & ~UINT64_C(63);
    if (++run->run_number == 0) run->run_number = 1;
    const struct run_control control = {
        .protocol_version = PROTOCOL_VERSION,
        .run_number = run->run_number,
        .aicpu_threads = threads,
        .block_dim = clusters,
        .reg_dmb = device->registers.dmb,
        .reg_cond = device->registers.cond,
        .reg_fast_path = device->registers.fast_path,
        .physical_cores = device->registers.physical_cores,
        .regs = run->regs,
        .hello = run->hello,
        .welcome = run->welcome,
        .payload = run->payload,
        .image = small ? control_at - room : run->image,
        .image_size = image->size,
        .kernels = c->kernel_table,
        .kernel_count = c->kernel_limit,
        .scheduler_timeout_ms = device->options.scheduler_timeout_ms,
        .workspace = control_at + RUN_HEAD,
        .workspace_size = run->workspace_size,
        .result = control_at + RUN_RESULT,
        .command = control_at + RUN_COMMAND,
    };
    char *head = run->upload + RUN_SMALL_IMAGE, *from = head;
    memcpy(head, &control, sizeof control);
    if (small) from -= room;
    for (uint32_t s = 0; s < image->segment_count; s++) {
        const struct graph_segment *g = &image->segment[s];
        if (!g->size) continue;
        if (small)
            memcpy(from + g->offset, g->data, g->size);
        else
            status = memory_write(device, run->image + g->offset, g->data, g->size, "the graph image");
        if (status != NPURT_OK) return status;
    }
    return memory_write(device, control_at - (uint64_t)(head - from), from,
                        (uint64_t)(head - from) + RUN_HEAD + RUN_WORKSPACE_ZERO, "the run's control block");
}

/* ---- one run ---- */

static npurt_status launch(npurt_device *device, uint32_t clusters, uint32_t threads)
{
    const uint64_t control = device->run.block + RUN_SMALL_IMAGE;
    npurt_status status = registration_ensure(device);
    /* The cores first: an AICPU task that already waits for them makes their first launch take a second on silicon. */
    if (status == NPURT_OK) status = registration_launch(device, clusters, control);
    if (status != NPURT_OK) return status;
    status = bootstrap_launch(device, device->exec, threads, control);
    if (status != NPURT_OK) { /* the cores are in their loop and nobody will ever tell them to leave it */
        device_set_state(device, NPURT_DEVICE_DRAINING);
        device_set_state(device, NPURT_DEVICE_POISONED);
    }
    return status;
}

static npurt_status run_once(npurt_callable *c, const npurt_call_args *args, npurt_timing *timing)
{
    npurt_device *device = c->device;
    npurt_status status = args_check(c, args);
    if (status == NPURT_OK) status = args_bind(c, args);
    if (status != NPURT_OK) return status;

    struct graph_image image = {0};
    const uint64_t start = now_ns();
    status = build(c, args, &image);
    const uint64_t built = now_ns();
    timing->orchestration_ns = built - start;
    timing->tasks = image.task_count;
    timing->image_bytes = image.size;
    if (status != NPURT_OK || image.task_count == 0) return status;

    const uint32_t clusters = clusters_needed(device, &image);
    const uint32_t threads = device->options.aicpu_threads ? device->options.aicpu_threads : device->info.aicpu_threads;
    status = args_copy_in(c, args);
    if (status == NPURT_OK) status = ship(c, &image, clusters, threads);
    const uint64_t shipped = now_ns();
    timing->copy_ns = shipped - built;
    if (status != NPURT_OK) return status;
    log_write(LOG_LEVEL_DEBUG, "run", "\"%s\" run %u: %u tasks, %" PRIu64 " bytes, %u clusters, %u AICPU threads",
              c->name, device->run.run_number, image.task_count, image.size, clusters, threads);

    struct run_result result;
    slot_run_begin(device->slot);
    status = launch(device, clusters, threads);
    if (status == NPURT_OK) status = wait_run(c, &result);
    slot_run_end(device->slot);
    if (status != NPURT_OK) return status;

    timing->device_wall_ns =
        (uint64_t)((double)(result.end_ticks - result.start_ticks) * 1e9 / (double)device->counter_hz);
    timing->register_loads = result.register_loads;
    log_write(LOG_LEVEL_DEBUG, "run",
              "\"%s\" run %u: cores adopted after %" PRIu64 " ticks, done after %" PRIu64 "; %" PRIu64
              " dispatches, %" PRIu64 " loads and %" PRIu64 " stores of registers",
              c->name, result.done, result.ready_ticks - result.start_ticks, result.end_ticks - result.start_ticks,
              result.dispatches, result.register_loads, result.register_stores);
    const uint64_t ended = now_ns();
    status = args_copy_out(c, args);
    timing->copy_ns += now_ns() - ended;
    return status;
}

npurt_status npurt_call(npurt_callable *callable, const npurt_call_args *args, npurt_timing *timing)
{
    static const npurt_call_args none;
    npurt_timing own = {0};
    error_begin("npurt_call");
    if (!callable) return error_raise(NPURT_ERROR_INVALID_ARGUMENT, "callable is NULL");
    npurt_device *device = callable->device;
    npurt_status status = device_enter(device, "npurt_call", DEVICE_NEED_WORK);
    if (status != NPURT_OK) return status;
    const uint64_t start = now_ns();
    if (callable->orphaned)
        status = error_raise(NPURT_ERROR_INVALID_ARGUMENT, "callable \"%s\" was loaded before a reset of the device",
                             callable->name);
    else
        status = run_once(callable, args ? args : &none, &own);
    own.host_wall_ns = now_ns() - start;
    if (timing) *timing = own;
    return device_leave(device, status);
}
