/* Runs of script graphs (fixtures/script.h), and what must come of them. */
#ifndef TESTS_SCENE_SCRIPT_RUN_H
#define TESTS_SCENE_SCRIPT_RUN_H

#include "scene.h"

#include "fixtures/script.h"

enum { SCRIPT_MAX_ITEMS = NPURT_CALL_MAX_SCALARS };

struct script {
    struct script_item item[SCRIPT_MAX_ITEMS];
    uint32_t count;
};

static inline void script_add(struct script *script, struct script_item item)
{
    if (item.repeat == 0) item.repeat = 1;
    CHECK(script->count < SCRIPT_MAX_ITEMS);
    script->item[script->count++] = item;
}

static inline npurt_callable *script_load(npurt_device *device)
{
    static const char *const entry[] = {"note_aic",   "note_aiv",   "meet_aic",  "meet_aiv",
                                        "linger_aic", "linger_aiv", "await_aic", "await_aiv"};
    enum { KERNELS = sizeof entry / sizeof entry[0] };
    npurt_kernel_desc kernel[KERNELS];
    const npurt_param param[2] = {{.access = NPURT_ACCESS_INOUT, .dtype = NPURT_U32, .ndims = 2},
                                  {.access = NPURT_ACCESS_INOUT, .dtype = NPURT_U32, .ndims = 2}};
    for (uint32_t k = 0; k < KERNELS; k++)
        kernel[k] = (npurt_kernel_desc){.id = k,
                                        .name = entry[k],
                                        .core = k % 2 ? NPURT_CORE_AIV : NPURT_CORE_AIC,
                                        .binary = {.path = SCENE_FIXTURES "/script_kernel.so"},
                                        .entry = entry[k]};
    npurt_callable_desc desc = {.name = "script",
                                .runtime = scene.runtime,
                                .orchestration = {.path = SCENE_FIXTURES "/script.so"},
                                .kernels = kernel,
                                .kernel_count = KERNELS,
                                .params = param,
                                .param_count = 2};
    npurt_callable *callable;
    desc.scalar_count = SCRIPT_MAX_ITEMS;
    SCENE_OK(npurt_callable_load(device, &desc, &callable));
    return callable;
}

/* A card with the scripts' callable, and how many clusters it has. */
static inline npurt_callable *script_open(const char *target, npurt_device **device, uint32_t *clusters)
{
    npurt_device_info info;
    *device = scene_open_target(target);
    SCENE_OK(npurt_device_get_info(*device, &info));
    *clusters = info.clusters;
    return script_load(*device);
}

static inline void script_close(npurt_device *device, npurt_callable *callable)
{
    SCENE_OK(npurt_callable_unload(callable));
    SCENE_OK(npurt_device_close(device));
}

/* The memory and the arguments of one run. */
struct script_run {
    const struct script *script;
    uint32_t tasks, rows;
    uint32_t *cells, *counters;
    npurt_call_tensor tensor[2];
    uint64_t scalar[SCRIPT_MAX_ITEMS];
    npurt_call_args args;
};

static inline void script_run_init(struct script_run *run, const struct script *script)
{
    memset(run, 0, sizeof *run);
    run->script = script;
    for (uint32_t i = 0; i < script->count; i++) {
        run->scalar[i] = script_pack(&script->item[i]);
        run->tasks += script->item[i].repeat;
        run->rows += 3 * script->item[i].repeat * script->item[i].blocks;
    }
    run->cells = calloc(run->rows, SCRIPT_LINE * sizeof run->cells[0]);
    run->counters = calloc(run->tasks, SCRIPT_LINE * sizeof run->counters[0]);
    CHECK(run->cells && run->counters);
    run->tensor[0] =
        (npurt_call_tensor){.host = run->cells, .dtype = NPURT_U32, .ndims = 2, .shape = {run->rows, SCRIPT_LINE}};
    run->tensor[1] =
        (npurt_call_tensor){.host = run->counters, .dtype = NPURT_U32, .ndims = 2, .shape = {run->tasks, SCRIPT_LINE}};
    run->args = (npurt_call_args){
        .tensors = run->tensor, .tensor_count = 2, .scalars = run->scalar, .scalar_count = SCRIPT_MAX_ITEMS};
}

static inline void script_run_fini(struct script_run *run)
{
    free(run->cells);
    free(run->counters);
}

/* Runs with SCRIPT_AWAIT. The counters are in device memory, which the host reads and writes while the run executes; the
 * run's outcome is not checked in them. */
static inline void script_run_init_awaited(struct script_run *run, const struct script *script, npurt_device *device)
{
    script_run_init(run, script);
    const size_t size = (size_t)run->tasks * SCRIPT_LINE * sizeof run->counters[0];
    SCENE_OK(npurt_memory_alloc(device, size, "counters", &run->tensor[1].device));
    SCENE_OK(npurt_memory_copy_in(device, run->tensor[1].device, run->counters, size));
    run->tensor[1].host = NULL;
}

static inline void script_run_fini_awaited(struct script_run *run, npurt_device *device)
{
    SCENE_OK(npurt_memory_free(device, run->tensor[1].device));
    script_run_fini(run);
}

/* A simulated device does not move while the host sleeps or looks. */
static inline bool script_is_simulated(void)
{
    return strstr(scene.target, "seed=") || strstr(scene.target, "explore") || strstr(scene.target, "timed");
}

/* Returns when a core has begun; on a simulated device at once. */
static inline void script_run_wait_begun(const struct script_run *run, npurt_device *device)
{
    uint32_t begun = 0;
    while (begun == 0 && !script_is_simulated()) {
        SCENE_OK(npurt_memory_copy_out(device, &begun, run->tensor[1].device + SCRIPT_TICKET * sizeof begun, sizeof begun));
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
}

/* Cancels a run of the script while its SCRIPT_AWAIT kernel keeps it from ending, and then lets the kernel go on. False: the
 * run ended all the same before a scheduler had looked for the cancellation, which it does once per millisecond that it
 * gets; the caller tries again with more of them. */
static inline bool script_run_cancel(struct script_run *run, npurt_callable *callable, npurt_device *device, uint32_t ms)
{
    if (script_is_simulated()) ms = 0;
    const struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};
    const uint32_t released = 1;
    npurt_run *running;
    SCENE_OK(npurt_launch(callable, &run->args, &running));
    script_run_wait_begun(run, device);
    nanosleep(&pause, NULL); /* the others gather, or are staged */
    CHECK_EQ(npurt_poll(running), NPURT_ERROR_BUSY);
    SCENE_OK(npurt_cancel(running));
    nanosleep(&pause, NULL);
    SCENE_OK(npurt_memory_copy_in(device, run->tensor[1].device + SCRIPT_RELEASED * sizeof released, &released,
                                  sizeof released));
    const npurt_status status = npurt_wait(running, NULL);
    if (status != NPURT_OK) CHECK_EQ(status, NPURT_ERROR_CANCELLED);
    if (npurt_device_get_state(device) != NPURT_DEVICE_HEALTHY)
        CHECK_FAIL("poisoned: %s; %s", npurt_error_last()->message, npurt_error_last()->hint);
    return status == NPURT_ERROR_CANCELLED;
}

/* Every core of every block ran once, no other did, and those that were to meet have met. */
static inline void script_run_check(const struct script_run *run)
{
    uint32_t row = 0, task = 0;
    for (uint32_t i = 0; i < run->script->count; i++) {
        const struct script_item *item = &run->script->item[i];
        uint32_t mask = item->mask == 4 ? 2 : item->mask; /* a lone vector kernel runs as AIV0's */
        for (uint32_t k = 0; k < item->repeat; k++, task++) {
            uint32_t come = item->kind == SCRIPT_MEET ? item->blocks * (uint32_t)__builtin_popcount(mask) : 0;
            if (run->counters[(uint64_t)task * SCRIPT_LINE] != come)
                CHECK_FAIL("task %u: %u cores came, not %u", task, run->counters[(uint64_t)task * SCRIPT_LINE], come);
            for (uint32_t b = 0; b < item->blocks; b++)
                for (uint32_t slot = 0; slot < 3; slot++, row++) {
                    uint32_t expected = mask >> slot & 1 ? SCRIPT_NOTE_UNIT + 1 + b : 0;
                    if (run->cells[(uint64_t)row * SCRIPT_LINE] != expected)
                        CHECK_FAIL("task %u, block %u of %u, slot %u on %s: the cell is 0x%x, not 0x%x", task, b,
                                   item->blocks, slot, scene.target, run->cells[(uint64_t)row * SCRIPT_LINE], expected);
                }
        }
    }
}

/* The latest ticket that a core of the item's tasks drew. */
static inline uint32_t script_run_last(const struct script_run *run, uint32_t which)
{
    uint64_t row = 0, last = 0;
    for (uint32_t i = 0; i < which; i++)
        row += 3 * run->script->item[i].repeat * run->script->item[i].blocks;
    for (uint64_t end = row + 3 * run->script->item[which].repeat * run->script->item[which].blocks; row < end; row++)
        if (run->cells[row * SCRIPT_LINE + SCRIPT_TICKET] > last) last = run->cells[row * SCRIPT_LINE + SCRIPT_TICKET];
    return (uint32_t)last;
}

/* The tickets of the item's first task: the earliest drawn, and how many had been drawn when its last core ended. */
struct script_span {
    uint32_t begun, ended;
};
static inline struct script_span script_run_span(const struct script_run *run, uint64_t row, uint32_t rows)
{
    struct script_span span = {UINT32_MAX, 0};
    for (uint64_t end = row + rows; row < end; row++) {
        const uint32_t *cell = run->cells + row * SCRIPT_LINE;
        if (cell[0] == 0) continue; /* no core of this slot */
        if (cell[SCRIPT_TICKET] < span.begun) span.begun = cell[SCRIPT_TICKET];
        if (cell[SCRIPT_ENDED] > span.ended) span.ended = cell[SCRIPT_ENDED];
    }
    return span;
}

/* No task began before those had ended that it had to wait for. */
static inline void script_run_check_order(const struct script_run *run)
{
    uint64_t row = 0;
    uint32_t written = 0, read = 0, task = 0; /* tickets drawn when the last writer, the last reader since had ended */
    for (uint32_t i = 0; i < run->script->count; i++) {
        const struct script_item *item = &run->script->item[i];
        for (uint32_t k = 0; k < item->repeat; k++, task++, row += 3 * item->blocks) {
            const struct script_span span = script_run_span(run, row, 3 * item->blocks);
            const uint32_t after = item->chained && read > written ? read : written;
            if (!item->chained && !item->reads) continue;
            if (span.begun < after)
                CHECK_FAIL("task %u on %s drew ticket %u, before what it waits for had ended, at %u", task, scene.target,
                           span.begun, after);
            if (item->reads && span.ended > read) read = span.ended;
            if (!item->reads) written = span.ended;
        }
    }
}

/* One run from nothing. */
static inline void script_call(npurt_callable *callable, const struct script *script)
{
    struct script_run run;
    npurt_timing timing;
    script_run_init(&run, script);
    SCENE_OK(npurt_call(callable, &run.args, &timing));
    CHECK_EQ(timing.tasks, run.tasks);
    script_run_check(&run);
    script_run_check_order(&run);
    script_run_fini(&run);
}

#endif
