/* The AICPU OS: loads the functions that launches name and runs their blocks on its workers, one per bit of OCCUPY.
 *
 * An entry is uint32_t f(void *args). Blocks beyond the free workers queue, so blocks that wait for each other beyond
 * the pool deadlock here as they do on silicon. A missing library or symbol, or a result that is not 0, is task error
 * 507018.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kfc.h"
#include "launch.h"
#include "loader.h"
#include "plan.h"

typedef uint32_t (*cpu_entry)(void *args);

struct function {
    char so[128], symbol[128];
    _Atomic(cpu_entry) entry; /* set once, by the first block that runs it */
};

_Atomic uint32_t cpu_active;

static struct function **functions;
static uint32_t function_count;
static uint32_t worker_count;
static struct launch_queue queue;
/* Libraries of the pre-install folder, by name, for the life of the process as in the vendor's AICPU scheduler. */
static struct library {
    struct library *next;
    char name[128];
    void *handle;
} * libraries;
static pthread_mutex_t library_mutex = PTHREAD_MUTEX_INITIALIZER;

uint32_t cpu_workers(void)
{
    return worker_count;
}

void cpu_init(const struct emu_machine *machine)
{
    worker_count = (uint32_t)__builtin_popcount(machine->aicpu_occupy & 0xffff);
}

void cpu_bind(uint32_t handle, const struct emu_function *binding)
{
    if (handle >= function_count) {
        uint32_t count = handle + 64;
        functions = realloc(functions, count * sizeof *functions);
        if (!functions) abort();
        memset(functions + function_count, 0, (count - function_count) * sizeof *functions);
        function_count = count;
    }
    /* A number that is bound again may still be in use by a launch: the old function stays. */
    functions[handle] = calloc(1, sizeof *functions[handle]);
    if (!functions[handle]) abort();
    memcpy(functions[handle]->so, binding->so, sizeof binding->so - 1);
    memcpy(functions[handle]->symbol, binding->symbol, sizeof binding->symbol - 1);
}

/* ---- in a worker ---------------------------------------------------------------------------------------------------
 */

void *cpu_library(const char *name, char *problem, size_t problem_size)
{
    static const char *const folders[] = {"/usr/lib64/aicpu_kernels/0/aicpu_kernels_device",
                                          "/usr/lib64/aicpu_kernels"};
    struct library *library;
    char path[512];
    void *handle = NULL;

    if (!*name || strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") != strlen(name)) {
        snprintf(problem, problem_size, "\"%s\" is not a library name (letters, digits, '-', '_', '.')", name);
        return NULL;
    }
    pthread_mutex_lock(&library_mutex);
    for (library = libraries; library && strcmp(library->name, name) != 0; library = library->next) {
    }
    if (library) {
        handle = library->handle;
    } else {
        for (int i = 0; i < 2 && !handle; i++) {
            snprintf(path, sizeof path, "%s/%s", folders[i], name);
            handle = loader_open_card_file(path, true, problem, problem_size);
            if (!handle && i == 0 && errno != ENOENT) break;
        }
        if (handle && (library = calloc(1, sizeof *library))) {
            snprintf(library->name, sizeof library->name, "%s", name);
            library->handle = handle;
            library->next = libraries;
            libraries = library;
        }
    }
    pthread_mutex_unlock(&library_mutex);
    return handle;
}

static cpu_entry function_resolve(struct launch *launch, struct function *function)
{
    cpu_entry entry = atomic_load_explicit(&function->entry, memory_order_acquire);
    char problem[256] = "";
    void *handle;

    if (entry) return entry;
    handle = cpu_library(function->so, problem, sizeof problem);
    if (!handle) {
        launch_reason(launch, "AICPU library %.80s: %s", function->so, problem);
        return NULL;
    }
    entry = plan_due(FAULT_AICPU_ENTRY_MISSING) ? NULL : (cpu_entry)loader_symbol(handle, function->symbol);
    if (!entry) {
        launch_reason(launch, "AICPU library %.100s has no entry %.100s", function->so, function->symbol);
        return NULL;
    }
    atomic_store_explicit(&function->entry, entry, memory_order_release);
    return entry;
}

uint64_t cpu_program_entry(const struct launch *launch)
{
    return launch->function ? (uint64_t)(uintptr_t)atomic_load(&launch->function->entry) : 0;
}

static void run_block(struct agent *self)
{
    struct launch *launch = self->launch;
    cpu_entry entry = function_resolve(launch, launch->function);

    if (!entry) {
        self->result = UINT32_MAX;
        return;
    }
    plan_entry(self, (uintptr_t)entry);
    self->result = entry(launch->args);
    if (self->result) launch_reason(launch, "AICPU entry %.100s returned %u", launch->function->symbol, self->result);
}

static void run_kfc(struct agent *self)
{
    self->result = kfc_run(self->launch);
}

/* ---- on the device thread ------------------------------------------------------------------------------------------
 */

void cpu_withdraw(struct launch *launch)
{
    launch_queue_remove(&queue, launch);
}

static void start_blocks(void)
{
    while (queue.first) {
        struct launch *launch = queue.first;
        uint32_t busy = atomic_load_explicit(&cpu_active, memory_order_relaxed);
        uint32_t slot = (uint32_t)__builtin_ctz(~busy);
        struct agent *agent = &engine_workers[slot];
        if (launch->next_block == launch->blocks) { /* it failed while it waited */
            launch_queue_remove(&queue, launch);
            if (launch->running == 0) launch_finish(launch);
            continue;
        }
        if (slot >= plan_workers(worker_count)) return;
        atomic_store_explicit(&cpu_active, busy | 1u << slot, memory_order_relaxed);
        agent->block = launch->next_block++;
        if (launch->next_block == launch->blocks) launch_queue_remove(&queue, launch);
        launch_start_agent(launch, agent, launch->kind == LAUNCH_KFC ? run_kfc : run_block);
    }
}

void cpu_begin(struct launch *launch, const struct emu_command *command)
{
    launch->function = NULL;
    if (launch->kind == LAUNCH_CPU) {
        launch->function = command->handle < function_count ? functions[command->handle] : NULL;
        if (!launch->function) {
            launch_fail(launch, LAUNCH_CPU_EXCEPTION, -1, "AICPU launch of function number %u, which was never bound",
                        command->handle);
            launch_finish(launch);
            return;
        }
    }
    launch_queue_push(&queue, launch);
    start_blocks();
}

void cpu_agent_ended(struct launch *launch, struct agent *agent)
{
    uint32_t slot = (uint32_t)(agent - engine_workers);

    atomic_fetch_and(&cpu_active, ~(1u << slot));
    if (agent->end == AGENT_RETURNED && agent->result)
        launch_fail(launch, LAUNCH_CPU_EXCEPTION, -1, "%s",
                    atomic_load(&launch->reason_taken) ? launch->reason : "an AICPU entry failed");
    if (launch->running == 0 && !launch->queued) launch_finish(launch);
    start_blocks();
}
