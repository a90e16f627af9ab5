/* Binding a run to its bank: arguments, graph, image. */
#include <inttypes.h>
#include <string.h>
#include <time.h>
#include "args.h"
#include "bootstrap.h"
#include "contents.h"
#include "dump.h"
#include "error.h"
#include "guarded.h"
#include "log.h"
#include "memory.h"
#include "registration.h"
#include "run.h"
#include "streamed.h"
#include "upload.h"

enum { HEAP_FIRST = 64 << 20, HEAP_ALIGN = 1024 };

uint64_t run_now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * UINT64_C(1000000000) + (uint64_t)t.tv_nsec;
}

/* ---- the graph ---- */

static void heap_of(const struct run_bank *bank, uint64_t *base, uint64_t *size)
{
    *base = (bank->heap + HEAP_ALIGN - 1) & ~(uint64_t)(HEAP_ALIGN - 1);
    *size = bank->heap ? bank->heap_size - (*base - bank->heap) : 0;
}

/* What fails under the engine is kept with the run: the engine may try something smaller, and it is the engine that says
 * whether the graph has failed. The thread's own record is that of the calls that the orchestration makes. */
static npurt_status keep_failure(npurt_run *run, npurt_status status, const struct error_state *own)
{
    run->status = status;
    if (status != NPURT_OK) run->error = *npurt_error_last();
    error_restore(own);
    return status;
}

static npurt_status reach_element(void *context, uint64_t address, uint64_t *bits, uint32_t size,
                                  bool write)
{
    npurt_run *run = context;
    struct error_state own;
    error_save(&own);
    error_begin(run->call);
    return keep_failure(run, contents_element(run, address, bits, size, write), &own);
}

/* graph_heap_grow. What the graph has allocated so far is only numbers: nothing has to be copied. The first output that
 * a bank ever sees takes a heap for many. */
static npurt_status grow_heap(void *context, uint64_t size, uint64_t *base, uint64_t *capacity)
{
    npurt_run *run = context;
    npurt_device *device = run->device;
    struct error_state own;
    error_save(&own);
    error_begin(run->call);
    struct run_bank *bank = run->bank;
    uint64_t first = device->info.hbm_total / 16;
    if (first > HEAP_FIRST) first = HEAP_FIRST;
    npurt_status status =
        bank_grow(device, bank, &bank->heap, &bank->heap_size, size + HEAP_ALIGN, first, "outputs of the graph");
    if (status == NPURT_OK) heap_of(bank, base, capacity);
    return keep_failure(run, status, &own);
}

/* A refused submission, said by the engine; what a driver call refused keeps its code. */
static npurt_status graph_failed(const npurt_run *run, npurt_status status)
{
    const npurt_callable *c = run->callable;
    struct graph *graph = run->device->graph;
    const int32_t code = graph_user_code(graph);
    if (run->status != NPURT_OK) {
        error_adopt(&run->error);
        error_prepend("\"%s\": %s", c->name, graph_problem(graph));
        return status;
    }
    if (status == NPURT_ERROR_INVALID_ARGUMENT) status = NPURT_ERROR_GRAPH;
    if (code)
        return error_raise(status, "orchestration of \"%s\" failed with code %d: %s", c->name, code,
                           graph_problem(graph));
    return error_raise(status, "orchestration of \"%s\": %s", c->name, graph_problem(graph));
}

static npurt_status build(npurt_run *run, const npurt_call_args *args, struct graph_image *image)
{
    npurt_callable *c = run->callable;
    npurt_device *device = run->device;
    npurt_status status = guarded_check(c);
    if (status != NPURT_OK) return status;
    if (flight_is_cancelled(run))
        return error_raise(NPURT_ERROR_CANCELLED, "a run of \"%s\" was cancelled before it started", c->name);
    if (!device->graph && (status = graph_create(NULL, &device->graph)) != NPURT_OK)
        return error_raise(status, "no host memory for the graph engine");
    struct graph_begin_info info = {.grow = grow_heap,
                                    .grow_context = run,
                                    .element = reach_element,
                                    .element_context = run,
                                    .kernel_core = c->kernel_core,
                                    .kernel_count = c->kernel_limit,
                                    .cluster_count = device->info.clusters};
    heap_of(run->bank, &info.heap_base, &info.heap_size);
    run->bank->graph_number = ++device->graph_number;
    status = graph_begin(device->graph, &info);
    if (status != NPURT_OK) return graph_failed(run, status);
    const npurt_orch_args orch_args = {.tensor_count = args->tensor_count,
                                       .scalar_count = args->scalar_count,
                                       .tensor = run->bank->tensor,
                                       .scalar = args->scalars};
    struct guard_call call = {
        .name = c->name, .entry = c->orchestration.entry, .graph = device->graph, .args = &orch_args};
    guard_run(device->guard, &call);
    const int code = call.code;
    error_begin(run->call); /* calls of the orchestration, on other devices, may have failed: they are its own */
    if (call.end != GUARD_RETURNED) {
        status = guarded_explain(run, &call);
        graph_destroy(device->graph); /* it may have been left in the middle */
        device->graph = NULL;
        (void)device_bind_thread(device);
        return status;
    }
    status = graph_finish(device->graph, image);
    if (status != NPURT_OK) return graph_failed(run, status);
    status = device_bind_thread(device); /* the orchestration may have called another device */
    if (status != NPURT_OK) return status;
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

static npurt_status ship(npurt_run *run, const struct graph_image *image)
{
    npurt_device *device = run->device;
    struct run_bank *bank = run->bank;
    const uint64_t workspace =
        image_workspace_size(image->task_count + image->join_count, image->gated_count > 0, run->threads);
    npurt_status status = bank_grow_block(device, bank, workspace);
    const bool small = image->size <= RUN_SMALL_IMAGE;
    if (status == NPURT_OK && !small)
        status = bank_grow(device, bank, &bank->image, &bank->image_size, image->size, 0, "graph image");
    if (status != NPURT_OK) return status;

    struct run_control control = run_control_of(run);
    control.image = small ? bank_control(bank) - ((image->size + 63) & ~UINT64_C(63)) : bank->image;
    control.image_size = image->size;
    return upload_run(device, bank, image, &control, &run->timing.image_bytes);
}

struct run_control run_control_of(npurt_run *run)
{
    const npurt_callable *c = run->callable;
    npurt_device *device = run->device;
    const uint64_t control_at = bank_control(run->bank);
    if (++device->flight.run_number == 0) device->flight.run_number = 1;
    run->number = device->flight.run_number;
    return (struct run_control){
        .protocol_version = PROTOCOL_VERSION,
        .run_number = run->number,
        .aicpu_threads = run->threads,
        .block_dim = run->clusters,
        .reg_dmb = device->registers.dmb,
        .reg_cond = device->registers.cond,
        .reg_fast_path = device->registers.fast_path,
        .physical_cores = device->registers.physical_cores,
        .regs = device->lines.regs,
        .hello = device->lines.hello,
        .welcome = device->lines.welcome,
        .payload = device->lines.payload,
        .kernels = c->kernel_table,
        .kernel_count = c->kernel_limit,
        .scheduler_timeout_ms = device->options.scheduler_timeout_ms,
        .workspace = control_at + RUN_HEAD,
        .workspace_size = run->bank->workspace_size,
        .result = control_at + RUN_RESULT,
        .command = control_at + RUN_COMMAND,
        .records = device->lines.records,
    };
}

npurt_status run_bind(npurt_run *run, const npurt_call_args *args)
{
    npurt_callable *c = run->callable;
    npurt_device *device = run->device;
    npurt_timing *timing = &run->timing;
    npurt_status status = args_check(c, args);
    if (status == NPURT_OK) status = args_bind(c, run->bank, args);
    if (status != NPURT_OK) return status;
    run->bank->graph = (struct graph_image){0};
    run->threads = device->options.aicpu_threads ? device->options.aicpu_threads : device->info.aicpu_threads;
    if (c->runtime == NPURT_TENSORMAP_AND_RINGBUFFER) return streamed_bind(run, args);

    struct graph_image image = {0};
    const uint64_t start = run_now_ns();
    status = build(run, args, &image);
    const uint64_t built = run_now_ns();
    timing->orchestration_ns = built - start;
    timing->tasks = image.task_count;
    timing->image_size = image.size;
    timing->template_records = image.template_records;
    timing->template_replays = image.template_replays;
    if (status != NPURT_OK || image.task_count == 0) return status;

    run->clusters = clusters_needed(device, &image);
    run->bank->graph = image;
    status = contents_copy_in(run);
    if (status == NPURT_OK) status = contents_fill(run, &image);
    if (status == NPURT_OK) status = ship(run, &image);
    timing->copy_ns = run_now_ns() - built;
    if (status != NPURT_OK) return status;
    run->shipped = true;
    log_write(LOG_LEVEL_DEBUG, "run",
              "\"%s\" run %u: %u tasks, %" PRIu64 " bytes of %" PRIu64 " sent, %u clusters, %u AICPU threads", c->name,
              run->number, image.task_count, timing->image_bytes, image.size, run->clusters, run->threads);
    return NPURT_OK;
}

npurt_status run_start(npurt_run *run)
{
    npurt_device *device = run->device;
    const uint64_t control = bank_control(run->bank);
    const bool streamed = run->callable->runtime == NPURT_TENSORMAP_AND_RINGBUFFER;
    npurt_status status = streamed ? streamed_settle(run) : NPURT_OK;
    if (status == NPURT_OK) status = registration_ensure(device);
    /* The cores first: an AICPU task that already waits for them makes their first launch take a second on silicon. */
    if (status == NPURT_OK) status = registration_launch(device, run->clusters, control);
    if (status != NPURT_OK) {
        dump_not_started(run, status == NPURT_ERROR_LOST ? NPURT_DEVICE_LOST : NPURT_DEVICE_HEALTHY);
        return status;
    }
    status = bootstrap_launch(device, device->exec, run->threads, control);
    if (status != NPURT_OK) { /* the cores are in their loop and nobody will ever tell them to leave it */
        error_hint_add("reset the device");
        dump_not_started(run, NPURT_DEVICE_POISONED);
        device_set_state(device, NPURT_DEVICE_DRAINING);
        device_set_state(device, NPURT_DEVICE_POISONED);
    }
    if (streamed) run->callable->known_on_device = true;
    return status;
}
