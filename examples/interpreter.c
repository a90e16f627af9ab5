#include "interpreter.h"

#include <dlfcn.h>
#include <limits.h>
#include <npurt/kernel.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct interpreter {
    npurt_orch orch; /* first: what the orchestration holds */
    const struct interpreter_kernels *kernels;
    uint32_t tasks;
    npurt_status status; /* latched */
    char message[256];
    struct interpreter_waits waits; /* of all tasks */
    void **buffer;                  /* allocated outputs */
    uint32_t buffer_count, buffer_capacity;
};

static npurt_status refuse(struct interpreter *in, npurt_status status, const char *format, ...)
{
    if (in->status == NPURT_OK) {
        va_list list;
        va_start(list, format);
        vsnprintf(in->message, sizeof in->message, format, list);
        va_end(list);
        in->status = status;
    }
    return in->status;
}

static npurt_status allocate(npurt_orch *orch, const npurt_tensor_spec *spec, npurt_tensor *out)
{
    struct interpreter *in = (struct interpreter *)orch;
    npurt_tensor t;
    if (in->status != NPURT_OK) return in->status;
    npurt_tensor_init(&t, 0, spec->dtype, spec->ndims, spec->shape);
    if (in->buffer_count == in->buffer_capacity) {
        uint32_t capacity = in->buffer_capacity ? in->buffer_capacity * 2 : 64;
        void **buffer = realloc(in->buffer, capacity * sizeof buffer[0]);
        if (!buffer) return refuse(in, NPURT_ERROR_OUT_OF_HOST_MEMORY, "no host memory");
        in->buffer = buffer;
        in->buffer_capacity = capacity;
    }
    void *memory = aligned_alloc(1024, (t.size + 1023) & ~UINT64_C(1023));
    if (!memory)
        return refuse(in, NPURT_ERROR_OUT_OF_HOST_MEMORY, "no host memory for an output of %llu bytes",
                      (unsigned long long)t.size);
    memset(memory, 0xa5, t.size);
    const uint32_t element = npurt_dtype_size(spec->dtype);
    for (uint64_t at = 0; spec->has_initial && at < t.size; at += element)
        memcpy((char *)memory + at, &spec->initial, element);
    in->buffer[in->buffer_count++] = memory;
    t.addr = (uint64_t)(uintptr_t)memory;
    t.owner = in->tasks;
    *out = t;
    return NPURT_OK;
}

/* One core's run of one block. */
struct core_run {
    interpreter_kernel function;
    npurt_kernel_local local;
    npurt_kernel_global global;
    int64_t args[NPURT_KERNEL_ARGS];
    npurt_kernel_async async;
    npurt_kernel_condition condition[NPURT_KERNEL_MAX_CONDITIONS];
    pthread_t thread;
    bool started;
};

static void *core_run_main(void *context)
{
    struct core_run *core = context;
    core->function(core->args);
    return NULL;
}

static void core_run_prepare(struct core_run *core, const struct interpreter_task *task, uint32_t block, bool second)
{
    core->local = (npurt_kernel_local){.block_idx = (int32_t)block,
                                       .block_num = (int32_t)task->block_num,
                                       .tensor_count = (uint16_t)task->tensor_count,
                                       .scalar_count = (uint16_t)task->scalar_count};
    core->global = (npurt_kernel_global){.sub_block_id = second};
    for (uint32_t i = 0; i < task->tensor_count; i++)
        core->args[i] = (int64_t)(uintptr_t)&task->tensor[i];
    for (uint32_t i = 0; i < task->scalar_count; i++)
        core->args[task->tensor_count + i] = (int64_t)task->scalar[i];
    if (task->waits) {
        core->local.async_address[0] = (uint64_t)(uintptr_t)&core->async.count;
        core->local.async_address[1] = (uint64_t)(uintptr_t)&core->async.error;
        core->local.async_address[2] = (uint64_t)(uintptr_t)core->condition;
        core->local.async_room = NPURT_KERNEL_MAX_CONDITIONS;
    }
    core->args[NPURT_KERNEL_ARG_LOCAL] = (int64_t)(uintptr_t)&core->local;
    core->args[NPURT_KERNEL_ARG_GLOBAL] = (int64_t)(uintptr_t)&core->global;
}

static void waits_add(struct interpreter_waits *waits, const npurt_kernel_condition *condition)
{
    if (waits->count == waits->capacity) {
        const uint32_t capacity = waits->capacity ? 2 * waits->capacity : 64;
        npurt_kernel_condition *more = realloc(waits->condition, capacity * sizeof *more);
        if (!more) abort();
        waits->condition = more;
        waits->capacity = capacity;
    }
    waits->condition[waits->count++] = *condition;
}

bool interpreter_waits_hold(const struct interpreter_waits *waits)
{
    for (uint32_t i = 0; i < waits->count; i++) {
        const npurt_kernel_condition *c = &waits->condition[i];
        const uint32_t value = *(const uint32_t *)(uintptr_t)c->address;
        if (c->type == NPURT_ASYNC_EVENT ? value == 0 : value < c->expected) return false;
    }
    return true;
}

void interpreter_run_task(const struct interpreter_kernels *kernels, const struct interpreter_task *task)
{
    bool lone = (task->kernel[0] >= 0) + (task->kernel[1] >= 0) + (task->kernel[2] >= 0) == 1;
    for (uint32_t block = 0; block < task->block_num; block++) {
        struct core_run core[NPURT_CORE_SLOTS] = {0};
        for (int slot = 0; slot < NPURT_CORE_SLOTS; slot++) {
            if (task->kernel[slot] < 0) continue;
            core[slot].function = kernels->function[task->kernel[slot]];
            core_run_prepare(&core[slot], task, block, slot == NPURT_AIV1 && !lone);
            if (kernels->cores_talk && !lone)
                core[slot].started = pthread_create(&core[slot].thread, NULL, core_run_main, &core[slot]) == 0;
            if (!core[slot].started) core_run_main(&core[slot]);
        }
        for (int slot = 0; slot < NPURT_CORE_SLOTS; slot++)
            if (core[slot].started) pthread_join(core[slot].thread, NULL);
        for (int slot = 0; slot < NPURT_CORE_SLOTS && task->waits; slot++)
            for (uint32_t i = 0; i < core[slot].async.count; i++)
                waits_add(task->waits, &core[slot].condition[i]);
    }
}

/* Of elements of 32 bits: what the examples' predicates are about. */
static bool interpreter_predicate(const npurt_task *task)
{
    const npurt_tensor *t = task->predicate.tensor;
    const char *element = (const char *)(uintptr_t)t->addr + npurt_tensor_element(t, task->predicate.index);
    double x, value;
    if (t->dtype == NPURT_F32) {
        float left, right;
        uint32_t bits = (uint32_t)task->predicate.bits;
        memcpy(&left, element, sizeof left);
        memcpy(&right, &bits, sizeof right);
        x = (double)left;
        value = (double)right;
    } else {
        uint32_t left;
        memcpy(&left, element, sizeof left);
        x = t->dtype == NPURT_I32 ? (double)(int32_t)left : left;
        value = t->dtype == NPURT_I32 ? (double)(int32_t)task->predicate.bits : (uint32_t)task->predicate.bits;
    }
    switch (task->predicate.compare) {
    case NPURT_EQUAL:
        return x == value;
    case NPURT_NOT_EQUAL:
        return x != value;
    case NPURT_LESS:
        return x < value;
    case NPURT_LESS_EQUAL:
        return x <= value;
    case NPURT_GREATER:
        return x > value;
    default:
        return x >= value;
    }
}

static npurt_status submit(npurt_orch *orch, const npurt_task *task, npurt_task_id *id)
{
    struct interpreter *in = (struct interpreter *)orch;
    npurt_tensor tensor[NPURT_TASK_MAX_TENSORS];
    struct interpreter_task run = {.block_num = task->block_num ? task->block_num : 1,
                                   .tensor_count = task->tensor_count,
                                   .scalar_count = task->scalar_count,
                                   .tensor = tensor,
                                   .scalar = task->scalar};
    if (in->status != NPURT_OK) return in->status;
    if (task->deferred) run.waits = &in->waits;
    if (task->error != NPURT_OK) return refuse(in, task->error, "task %u was built wrongly", in->tasks);
    for (uint32_t i = 0; i < task->after_count; i++)
        if (task->after[i] >= in->tasks)
            return refuse(in, NPURT_ERROR_INVALID_ARGUMENT, "task %u waits for task %llu, which does not exist",
                          in->tasks, (unsigned long long)task->after[i]);
    for (int slot = 0; slot < NPURT_CORE_SLOTS; slot++) {
        run.kernel[slot] = task->kernel[slot];
        if (run.kernel[slot] >= NPURT_MAX_KERNELS ||
            (run.kernel[slot] >= 0 && !in->kernels->function[run.kernel[slot]]))
            return refuse(in, NPURT_ERROR_INVALID_ARGUMENT, "task %u: no kernel %d", in->tasks, run.kernel[slot]);
    }
    if (task->has_predicate && (!task->predicate.tensor || npurt_dtype_size(task->predicate.tensor->dtype) != 4))
        return refuse(in, NPURT_ERROR_UNSUPPORTED, "task %u: a predicate of other elements than of 32 bits", in->tasks);
    for (uint32_t i = 0; i < task->tensor_count; i++) {
        if (task->tensor[i].access == NPURT_ACCESS_OUTPUT_NEW) {
            if (allocate(orch, task->tensor[i].spec, &tensor[i]) != NPURT_OK) return in->status;
            if (task->tensor[i].out) *task->tensor[i].out = tensor[i];
            continue;
        }
        tensor[i] = *task->tensor[i].tensor;
        if ((tensor[i].start_offset + tensor[i].extent) * npurt_dtype_size(tensor[i].dtype) > tensor[i].size)
            return refuse(in, NPURT_ERROR_INVALID_ARGUMENT, "task %u: tensor %u leaves its buffer", in->tasks, i);
    }
    if (!task->has_predicate || interpreter_predicate(task)) interpreter_run_task(in->kernels, &run);
    if (id) *id = in->tasks;
    in->tasks++;
    return NPURT_OK;
}

static npurt_status scope_begin(npurt_orch *orch, npurt_scope_mode mode)
{
    (void)mode; /* submission order satisfies every scope */
    return ((struct interpreter *)orch)->status;
}
static npurt_status scope_end(npurt_orch *orch)
{
    return ((struct interpreter *)orch)->status;
}
static npurt_status fail(npurt_orch *orch, int32_t code, const char *text)
{
    return refuse((struct interpreter *)orch, NPURT_ERROR_ORCHESTRATION, "%s (code %d)", text, code);
}
static uint32_t cluster_count(npurt_orch *orch)
{
    (void)orch;
    return 1;
}

/* Every task submitted before has run. */
static char *element_at(const npurt_tensor *t, const uint32_t *index)
{
    return (char *)(uintptr_t)t->addr + npurt_tensor_element(t, index); /* NOLINT(performance-no-int-to-ptr) */
}
static npurt_status get(npurt_orch *orch, const npurt_tensor *t, const uint32_t *index, uint64_t *bits)
{
    *bits = 0;
    memcpy(bits, element_at(t, index), npurt_dtype_size((npurt_dtype)t->dtype));
    return ((struct interpreter *)orch)->status;
}
static npurt_status set(npurt_orch *orch, const npurt_tensor *t, const uint32_t *index, uint64_t bits)
{
    memcpy(element_at(t, index), &bits, npurt_dtype_size((npurt_dtype)t->dtype));
    return ((struct interpreter *)orch)->status;
}

/* A body is submitted each time. */
static npurt_status template_begin(npurt_orch *orch, const npurt_template *t, bool *submits)
{
    (void)t;
    *submits = true;
    return ((struct interpreter *)orch)->status;
}
static npurt_status template_end(npurt_orch *orch)
{
    return ((struct interpreter *)orch)->status;
}

static const npurt_orch_ops operations = {
    sizeof operations, submit, allocate, scope_begin,    scope_end,    fail,
    cluster_count,     get,    set,      template_begin, template_end,
};

int interpreter_kernels_open(struct interpreter_kernels *kernels, const struct example *example, const char *folder,
                             char *problem, size_t problem_size)
{
    memset(kernels, 0, sizeof *kernels);
    kernels->cores_talk = example->cores_talk;
    for (uint32_t i = 0; i < example->kernel_count; i++) {
        const struct example_kernel *k = &example->kernels[i];
        char path[PATH_MAX];
        snprintf(path, sizeof path, "%s/%s/%s.so", folder, example->name, k->file);
        void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
        if (library) kernels->library[kernels->library_count++] = library;
        void *symbol = library ? dlsym(library, k->entry ? k->entry : "kernel_entry") : NULL;
        if (!symbol) {
            snprintf(problem, problem_size, "%s", dlerror());
            interpreter_kernels_close(kernels);
            return -1;
        }
        memcpy(&kernels->function[k->id], &symbol, sizeof symbol);
    }
    return 0;
}

void interpreter_kernels_close(struct interpreter_kernels *kernels)
{
    while (kernels->library_count > 0)
        dlclose(kernels->library[--kernels->library_count]);
}

int interpreter_run(const struct interpreter_kernels *kernels, const struct example_problem *problem,
                    const char *folder, uint32_t *tasks, char *message, size_t message_size)
{
    struct interpreter in = {.orch = {&operations}, .kernels = kernels};
    npurt_tensor tensor[EXAMPLE_MAX_TENSORS];
    npurt_orch_args args = {.tensor_count = problem->tensor_count,
                            .scalar_count = problem->scalar_count,
                            .tensor = tensor,
                            .scalar = problem->scalar};
    int (*entry)(npurt_orch *, const npurt_orch_args *);
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s/orchestration.so", folder, problem->example->name);
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    void *symbol = library ? dlsym(library, "orchestration_entry") : NULL;
    if (!symbol) {
        snprintf(message, message_size, "%s", dlerror());
        if (library) dlclose(library);
        return -1;
    }
    memcpy(&entry, &symbol, sizeof entry);
    for (uint32_t i = 0; i < problem->tensor_count; i++) {
        const npurt_call_tensor *t = &problem->tensor[i];
        npurt_tensor_init(&tensor[i], (uint64_t)(uintptr_t)t->host, t->dtype, t->ndims, t->shape);
    }
    int code = entry(&in.orch, &args);
    int result = in.status == NPURT_OK && code == 0 ? 0 : -1;
    if (in.status != NPURT_OK)
        snprintf(message, message_size, "%s", in.message);
    else if (code != 0)
        snprintf(message, message_size, "the orchestration returned %d", code);
    if (result == 0 && !interpreter_waits_hold(&in.waits)) {
        snprintf(message, message_size, "a task waits for a condition that does not hold at the end");
        result = -1;
    }
    free(in.waits.condition);
    if (tasks) *tasks = in.tasks;
    for (uint32_t i = 0; i < in.buffer_count; i++)
        free(in.buffer[i]);
    free(in.buffer);
    dlclose(library);
    return result;
}
