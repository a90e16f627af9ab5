/* port.h for the emulated card: what device programs call. */
#pragma GCC visibility push(default)
#include "port/port.h"
#pragma GCC visibility pop

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core.h"
#include "fault.h"
#include "kernel_cache.h"
#include "launch.h"
#include "log.h"
#include "plan.h"
#include "simulation.h"

#define UNLIKELY(x) __builtin_expect(!!(x), 0)

/* ---- shared words --------------------------------------------------------------------------------------------------
 */

uint32_t port_observe32(const uint32_t *p)
{
    if (UNLIKELY(simulation_on)) return simulation_observe32(p);
    return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}

uint64_t port_observe64(const uint64_t *p)
{
    if (UNLIKELY(simulation_on)) return simulation_observe64(p);
    return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}

void port_publish32(uint32_t *p, uint32_t value)
{
    if (UNLIKELY(simulation_on)) simulation_publish(p, value);
    __atomic_store_n(p, value, __ATOMIC_RELEASE);
}

void port_publish64(uint64_t *p, uint64_t value)
{
    if (UNLIKELY(simulation_on)) simulation_publish(p, value);
    __atomic_store_n(p, value, __ATOMIC_RELEASE);
}

uint32_t port_fetch_add32(uint32_t *p, uint32_t value)
{
    if (UNLIKELY(simulation_on)) simulation_atomic(p, value);
    return __atomic_fetch_add(p, value, __ATOMIC_ACQ_REL);
}

uint32_t port_fetch_sub32(uint32_t *p, uint32_t value)
{
    if (UNLIKELY(simulation_on)) simulation_atomic(p, value);
    return __atomic_fetch_sub(p, value, __ATOMIC_ACQ_REL);
}

uint32_t port_exchange32(uint32_t *p, uint32_t value)
{
    if (UNLIKELY(simulation_on)) simulation_atomic(p, value);
    return __atomic_exchange_n(p, value, __ATOMIC_ACQ_REL);
}

bool port_cas32(uint32_t *p, uint32_t *expected, uint32_t desired)
{
    if (UNLIKELY(simulation_on)) simulation_atomic(p, desired);
    return __atomic_compare_exchange_n(p, expected, desired, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

bool port_cas64(uint64_t *p, uint64_t *expected, uint64_t desired)
{
    if (UNLIKELY(simulation_on)) simulation_atomic(p, desired);
    return __atomic_compare_exchange_n(p, expected, desired, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

/* ---- waiting -------------------------------------------------------------------------------------------------------
 */

port_token port_wait_begin(void)
{
    return engine->wait_begin(engine_self());
}

void port_wait(port_token token)
{
    engine->wait(engine_self(), token);
}

void port_yield(void)
{
    engine->pause(engine_self());
}

static void kick_workers(void)
{
    for (uint32_t mask = atomic_load_explicit(&cpu_active, memory_order_relaxed); mask; mask &= mask - 1)
        engine->kick(&engine_workers[__builtin_ctz(mask)]);
}

void port_kick(uint32_t number)
{
    struct agent *agent;

    if (number == PORT_AGENT_ALL_AICPU) {
        kick_workers();
    } else {
        agent = engine_agent(number);
        if (agent) engine->kick(agent);
    }
}

/* ---- time, identity, log -------------------------------------------------------------------------------------------
 */

uint64_t port_clock_hz(void)
{
    return device_shared->machine.counter_hz;
}

uint64_t port_clock(void)
{
    uint64_t hz = device_shared->machine.counter_hz, ns = simulation_on ? simulation_port_clock() : engine_now();

    if (hz == 1000000000u) return ns;
    if (1000000000u % hz == 0) return ns / (1000000000u / hz);
    return (uint64_t)((unsigned __int128)ns * hz / 1000000000u);
}

uint32_t port_agent_self(void)
{
    return engine_self()->id;
}

void port_log(enum port_level level, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    log_device(level, format, args);
    va_end(args);
}

/* ---- AICPU
 * ----------------------------------------------------------------------------------------------------------- */

/* Offsets that nothing here gives a meaning read as zero and forget what is written, like reserved registers. */
uint32_t port_reg_load(uint64_t base, uint32_t offset)
{
    struct core_registers *registers = core_of_base(base);

    if (UNLIKELY(!registers)) fault_raise(engine_self(), base + offset);
    if (UNLIKELY(simulation_on)) return simulation_reg_load(registers, offset);
    if (__builtin_expect(offset == core_offset_cond, 1))
        return atomic_load_explicit(&registers->cond, memory_order_acquire);
    if (offset == core_offset_dmb) return atomic_load_explicit(&registers->dmb, memory_order_acquire);
    if (offset == core_offset_doorbell) return atomic_load_explicit(&registers->doorbell, memory_order_acquire);
    return 0;
}

void port_reg_store(uint64_t base, uint32_t offset, uint32_t value)
{
    struct core_registers *registers = core_of_base(base);

    if (UNLIKELY(!registers)) fault_raise(engine_self(), base + offset);
    if (UNLIKELY(simulation_on)) {
        simulation_reg_store(registers, offset, value);
    } else if (__builtin_expect(offset == core_offset_dmb, 1)) {
        atomic_store_explicit(&registers->dmb, value, memory_order_release);
        engine->kick(&engine_cores[registers->core]);
    } else if (offset == core_offset_doorbell) {
        atomic_store_explicit(&registers->doorbell, value, memory_order_release);
        engine->kick(&engine_cores[registers->core]);
    } else if (core_offset_fast_path && offset == core_offset_fast_path) {
        atomic_store_explicit(&registers->fast_path, value, memory_order_relaxed);
    }
}

/* Host, AICPU and cores see one coherent memory here. */
void port_cache_invalidate(const void *p, size_t size)
{
    if (UNLIKELY(simulation_on)) simulation_cache(p, size);
}

void port_cache_clean(const void *p, size_t size)
{
    if (UNLIKELY(simulation_on)) simulation_cache(p, size);
}

bool port_is_memory(uint64_t address, uint64_t size)
{
    uint64_t offset = address - device_shared->hbm_base;

    return offset < device_shared->hbm_size && size <= device_shared->hbm_size - offset;
}

void port_place(uint32_t index, uint32_t count)
{
    engine->place(engine_self(), index, count);
}

void port_adopt_core(uint32_t core)
{
    struct agent *self = engine_self();

    if (core >= emu_machine_subcores(&device_shared->machine)) fault_raise(self, core);
    if (UNLIKELY(simulation_on)) simulation_adopts(core);
    atomic_store_explicit(&core_registers[core].owner, self, memory_order_release);
    engine->adopt(self, &engine_cores[core]);
}

uint32_t port_aicpu_threads(void)
{
    return cpu_workers();
}

/* ---- AICore
 * ---------------------------------------------------------------------------------------------------------- */

uint32_t port_core_dmb(void)
{
    struct agent *self = engine_self();

    if (UNLIKELY(simulation_on)) return simulation_core_dmb(self);
    return atomic_load_explicit(&core_registers[self->core].dmb, memory_order_acquire);
}

uint32_t port_core_doorbell(void)
{
    struct agent *self = engine_self();

    if (UNLIKELY(simulation_on)) return simulation_core_doorbell(self);
    return atomic_load_explicit(&core_registers[self->core].doorbell, memory_order_acquire);
}

void port_core_set_cond(uint32_t value)
{
    struct agent *self = engine_self(), *owner;
    struct core_registers *registers = &core_registers[self->core];
    uint64_t late;

    if (UNLIKELY(simulation_on)) {
        simulation_core_set_cond(self, value);
        return;
    }
    if ((late = plan_cond_ns(self->core)))
        for (late += engine_now(); engine_now() < late;) {
        }
    atomic_store_explicit(&registers->cond, value, memory_order_release);
    owner = atomic_load_explicit(&registers->owner, memory_order_acquire);
    if (owner)
        engine->kick(owner);
    else
        kick_workers();
}

uint32_t port_core_physical(void)
{
    return engine_self()->core;
}

uint32_t port_core_type(void)
{
    return core_is_aic(engine_self()->core) ? 0 : 1; /* npurt_core */
}

uint32_t port_core_block(void)
{
    return engine_self()->block;
}

uint32_t port_core_sub_block(void)
{
    return engine_self()->sub_block;
}

void port_core_cache_invalidate(const void *p, size_t size)
{
    if (UNLIKELY(simulation_on)) simulation_core_invalidate(p, size);
}

void port_core_cache_clean(const void *p, size_t size)
{
    if (UNLIKELY(simulation_on)) simulation_core_clean(p, size);
}

void port_core_cache_invalidate_all(void)
{
    if (UNLIKELY(simulation_on)) simulation_core_invalidate(NULL, 0);
}

void port_core_cache_clean_all(void)
{
    if (UNLIKELY(simulation_on)) simulation_core_clean(NULL, 0);
}

void port_core_prepare(uint64_t image, const int64_t *args)
{
    (void)image, (void)args;
    if (UNLIKELY(simulation_on)) simulation_kernel_prepare(engine_self());
}

void port_core_run(uint64_t image, int64_t *args)
{
    struct agent *self = engine_self();
    char problem[256];
    const struct kernel *kernel = kernel_cache_find(image, problem, sizeof problem);

    if (UNLIKELY(!kernel)) {
        launch_reason(self->launch, "the kernel image at 0x%llx cannot be run: %s", (unsigned long long)image, problem);
        fault_raise(self, image);
    }
    self->image = image;
    self->args = args;
    atomic_store_explicit(&self->kernel, kernel->entry, memory_order_release);
    plan_kernel(self, args);
    if (UNLIKELY(simulation_on)) simulation_kernel_begin(self, image, kernel->duration_ns);
    kernel->run(args);
    self = engine_self();
    if (UNLIKELY(simulation_on)) simulation_kernel_end(self, image);
    atomic_store_explicit(&self->kernel, NULL, memory_order_relaxed);
}
