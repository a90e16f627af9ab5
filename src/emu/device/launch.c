#include "launch.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core.h"
#include "fault.h"
#include "monitor.h"
#include "plan.h"
#include "simulation.h"
#include "trace.h"

/* Default of AICore and AICPU tasks on all generations: 254 credits of 4.295 s (docs/reference/cann-abi.md). */
static uint64_t timeout_ns = UINT64_C(1091) * 1000000000u;

static struct launch *pool;
static struct launch *active;
static _Atomic uint32_t active_count; /* written by the device thread, read by the monitor */

uint32_t launch_active(void)
{
    return atomic_load_explicit(&active_count, memory_order_relaxed);
}

void launch_set_timeout(uint64_t timeout_us)
{
    timeout_ns = timeout_us >= UINT64_MAX / 1000 ? UINT64_MAX : timeout_us * 1000;
}

static uint64_t now(void)
{
    return simulation_on ? simulation_now() : engine_now();
}

static struct launch *launch_create(void)
{
    struct launch *launch = pool;

    if (launch)
        pool = launch->next;
    else if (!(launch = aligned_alloc(64, sizeof *launch)))
        abort();
    launch->next = NULL;
    launch->next_block = launch->running = 0;
    launch->queued = false;
    launch->error = 0;
    atomic_store_explicit(&launch->reason_taken, 0, memory_order_relaxed);
    launch->reason[0] = 0;
    launch->before = NULL;
    launch->after = active;
    if (active) active->before = launch;
    active = launch;
    atomic_fetch_add_explicit(&active_count, 1, memory_order_relaxed);
    return launch;
}

void launch_begin(struct stream *stream, const struct emu_command *command)
{
    struct launch *launch = launch_create();
    uint64_t limit = command->timeout_us
                         ? (command->timeout_us >= UINT64_MAX / 1000 ? UINT64_MAX : command->timeout_us * 1000)
                         : timeout_ns;
    uint64_t start = now();

    monitor_launches_active();
    launch->stream = stream;
    launch->sequence = command->sequence;
    launch->blocks = command->blocks;
    launch->batch = command->batch != 0;
    launch->deadline = limit > UINT64_MAX - start ? UINT64_MAX : start + limit;
    launch->args_size = command->args_size;
    launch->so_offset = command->so_offset;
    launch->name_offset = command->name_offset;
    launch->kernel = command->kernel;
    if (command->args_address) {
        launch->args = (uint8_t *)(uintptr_t)command->args_address;
    } else {
        launch->args = launch->inline_args;
        memcpy(launch->inline_args, command->args, command->args_size < EMU_INLINE ? command->args_size : EMU_INLINE);
    }
    trace(TRACE_LAUNCH_BEGIN, TRACE_DEVICE, command->kind, command->blocks);
    if (command->kind == EMU_CMD_CORE_LAUNCH) {
        launch->kind = LAUNCH_CORE;
        plan_launch(launch, start);
        core_begin(launch, command);
    } else {
        launch->kind = command->kind == EMU_CMD_KFC_LAUNCH ? LAUNCH_KFC : LAUNCH_CPU;
        plan_launch(launch, start);
        cpu_begin(launch, command);
    }
}

void launch_start_agent(struct launch *launch, struct agent *agent, void (*run)(struct agent *))
{
    agent->launch = launch;
    agent->main = run;
    agent->kernel = NULL;
    agent->end = AGENT_RETURNED;
    agent->result = 0;
    atomic_store_explicit(&agent->wanted, NULL, memory_order_relaxed);
    atomic_store_explicit(&agent->doomed, 0, memory_order_relaxed);
    launch->running++;
    engine->start(agent);
}

void launch_reason(struct launch *launch, const char *format, ...)
{
    va_list args;

    if (atomic_exchange(&launch->reason_taken, 1)) return;
    va_start(args, format);
    vsnprintf(launch->reason, sizeof launch->reason, format, args);
    va_end(args);
}

void launch_fail(struct launch *launch, int32_t code, int32_t core, const char *format, ...)
{
    char text[480];
    va_list args;

    launch->next_block = launch->blocks; /* no further block starts */
    if (launch->error) return;
    launch->error = code;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    problem_report(code, core, "%s", text);
}

/* The stream hears of the end of the launch, whatever its agents still do. */
static void launch_detach(struct launch *launch)
{
    struct stream *stream = launch->stream;

    if (!stream) return;
    launch->stream = NULL;
    trace(TRACE_LAUNCH_END, TRACE_DEVICE, (uint64_t)launch->kind, (uint64_t)(uint32_t)launch->error);
    stream_completed(stream, launch->sequence, launch->error);
}

void launch_finish(struct launch *launch)
{
    if (launch->before)
        launch->before->after = launch->after;
    else
        active = launch->after;
    if (launch->after) launch->after->before = launch->before;
    atomic_fetch_sub_explicit(&active_count, 1, memory_order_relaxed);
    launch_detach(launch);
    launch->next = pool;
    pool = launch;
}

static const char *agent_name(const struct agent *agent, char text[48])
{
    if (agent->core == UINT16_MAX)
        snprintf(text, 48, "AICPU worker %u", agent->id & 0xf);
    else
        snprintf(text, 48, "%s core %u (block %u)", core_is_aic(agent->core) ? "AIC" : "AIV", agent->core,
                 agent->block);
    return text;
}

static void agent_faulted(struct launch *launch, const struct agent *agent)
{
    char name[48], place[400];
    const bool core = agent->core != UINT16_MAX;
    const int32_t code = !core                    ? LAUNCH_CPU_EXCEPTION
                         : core_is_vector(launch) ? LAUNCH_VECTOR_EXCEPTION
                                                  : LAUNCH_CORE_EXCEPTION;

    if (!launch->reason[0])
        fault_describe(agent, core ? core_program_entry(launch) : cpu_program_entry(launch), place, sizeof place);
    launch_fail(launch, code, core ? agent->core : -1, "%s: %s%s%s: %s", agent_name(agent, name),
                agent->kernel ? "in kernel \"" : "in ",
                agent->kernel ? agent->kernel : (core ? "the AICore program" : "the AICPU program"),
                agent->kernel ? "\"" : "", launch->reason[0] ? launch->reason : place);
    launch_detach(launch);
}

/* Device memory and streams are refused from now on when what ended has left the device process damaged: not when a
 * core faulted, unless the machine is one that takes it so (docs/reference/machine.md). */
static bool poisons(const struct agent *agent)
{
    if (agent->end == AGENT_RETURNED) return false;
    return agent->end != AGENT_FAULTED || agent->core == UINT16_MAX || device_shared->machine.core_fault_poisons;
}

void launch_agent_ended(struct agent *agent)
{
    struct launch *launch = agent->launch;

    agent->state = AGENT_IDLE;
    agent->launch = NULL;
    launch->running--;
    if (poisons(agent)) atomic_store(&device_shared->faulted, 1);
    if (agent->end == AGENT_FAULTED) agent_faulted(launch, agent);
    if (launch->kind == LAUNCH_CORE)
        core_agent_ended(launch, agent);
    else
        cpu_agent_ended(launch, agent);
}

/* ---- time ----------------------------------------------------------------------------------------------------------
 */

static void launch_expire(struct launch *launch)
{
    bool core = launch->kind == LAUNCH_CORE;
    const int32_t core_code = core && core_is_vector(launch) ? LAUNCH_VECTOR_TIMEOUT : LAUNCH_CORE_TIMEOUT;
    const char *kernel = NULL;
    int32_t where = -1;
    char name[48] = "";

    launch->deadline = UINT64_MAX;
    if (launch->queued) {
        if (core)
            core_withdraw(launch);
        else
            cpu_withdraw(launch);
    }
    for (uint32_t i = 0; i < ENGINE_MAX_SUBCORES && where < 0; i++) {
        struct agent *agent = &engine_cores[i];
        const char *running = agent->launch == launch ? atomic_load(&agent->kernel) : NULL;
        if (!running) continue;
        kernel = running;
        where = agent->core;
        agent_name(agent, name);
    }
    /* Blocks beyond the AICPU cores wait for ever; an a5 has a code of its own for that. */
    bool overlaunched =
        !core && launch->blocks > plan_workers(cpu_workers()) && device_shared->machine.generation == EMU_A5;

    if (kernel)
        launch_fail(launch, core_code, where, "%s: kernel \"%s\" ran past the op-execute timeout", name, kernel);
    else
        launch_fail(launch,
                    core           ? core_code
                    : overlaunched ? LAUNCH_INTERNAL
                                   : LAUNCH_CPU_TIMEOUT,
                    -1, "%s launch of %u blocks ran past the op-execute timeout", core ? "AICore" : "AICPU",
                    launch->blocks);
    if (launch->running) atomic_store(&device_shared->faulted, 1);
    for (uint32_t i = 0; i < ENGINE_MAX_SUBCORES; i++)
        if (engine_cores[i].launch == launch) engine->doom(&engine_cores[i]);
    for (uint32_t i = 0; i < ENGINE_MAX_WORKERS; i++)
        if (engine_workers[i].launch == launch) engine->doom(&engine_workers[i]);
    launch_detach(launch);
    if (launch->running == 0) launch_finish(launch);
}

void launch_tick(uint64_t time)
{
    struct launch *launch = active, *next;

    for (; launch; launch = next) {
        next = launch->after;
        if (time > launch->deadline) launch_expire(launch);
    }
    for (uint32_t mask = atomic_load(&cpu_active); mask; mask &= mask - 1)
        engine->kick(&engine_workers[__builtin_ctz(mask)]);
}
