/* Port calls in a simulation: what each costs, when its effect can be seen, and what the trace keeps of it. In explore
 * mode every cost is a step, and every effect is seen at once. */
#include <string.h>

#include "device.h"
#include "launch.h"
#include "plan.h"
#include "simulation.h"
#include "timed_queue.h"
#include "trace.h"

static inline const struct emu_latency *latency(void)
{
    return &device_shared->machine.latency;
}

static inline bool is_core(const struct agent *agent)
{
    return agent->core != UINT16_MAX;
}

static inline bool timeless(void)
{
    return simulation_order->timeless;
}

static inline void spend(struct agent *self, uint64_t ns)
{
    simulation_order->spend(self, ns);
}

/* An access that costs nothing, and that only explore mode follows. */
static void touch(enum trace_kind kind, uint64_t a, uint64_t b)
{
    struct agent *self = engine_self();

    if (!timeless()) return;
    spend(self, 0);
    trace(kind, self->id, a, b);
}

/* One look at memory that another core writes. */
void simulation_pause(struct agent *self)
{
    spend(self, latency()->shared_load_moved);
}

static void kick_workers_at(uint64_t at)
{
    for (uint32_t mask = atomic_load_explicit(&cpu_active, memory_order_relaxed); mask; mask &= mask - 1)
        simulation_order->kick_at(&engine_workers[__builtin_ctz(mask)], at);
}

/* ---- what the trace may hold of an operand: HBM as an offset, small numbers, nothing of this process
 * ------------------ */

static uint64_t seen_address(const void *p)
{
    uint64_t offset = (uint64_t)(uintptr_t)p - device_shared->hbm_base;

    return offset < device_shared->hbm_size ? offset : UINT64_MAX;
}

static uint64_t seen_value(uint64_t value)
{
    uint64_t offset = value - device_shared->hbm_base;

    if (offset < device_shared->hbm_size) return offset;
    return value >> 40 ? UINT64_MAX : value;
}

/* ---- registers ------------------------------------------------------------------------------------------------------
 */

static struct under_way {
    struct {
        uint32_t value;
        uint64_t at;
    } pending[8]; /* stored, not yet to be seen; oldest first */
    uint32_t count;
    uint64_t last; /* when the newest can be seen: stores stay in order */
} dmb[ENGINE_MAX_SUBCORES], doorbell[ENGINE_MAX_SUBCORES], cond[ENGINE_MAX_SUBCORES];

static uint32_t register_see(struct under_way *pending, _Atomic uint32_t *word, uint64_t now)
{
    uint32_t seen = 0;

    while (seen < pending->count && pending->pending[seen].at <= now)
        atomic_store_explicit(word, pending->pending[seen++].value, memory_order_relaxed);
    pending->count -= seen;
    memmove(pending->pending, pending->pending + seen, pending->count * sizeof pending->pending[0]);
    return atomic_load_explicit(word, memory_order_relaxed);
}

static uint64_t register_store(struct under_way *pending, _Atomic uint32_t *word, uint32_t value, uint64_t at)
{
    if (at < pending->last) at = pending->last;
    pending->last = at;
    if (pending->count == sizeof pending->pending / sizeof pending->pending[0])
        register_see(pending, word, pending->pending[0].at);
    pending->pending[pending->count].value = value;
    pending->pending[pending->count++].at = at;
    return at;
}

void simulation_registers_reset(uint32_t core)
{
    dmb[core].count = doorbell[core].count = cond[core].count = 0;
    engine_cores[core].prepared = false;
}

static void charge_aicpu(struct agent *self, uint64_t ns)
{
    spend(self, is_core(self) ? ns : ns + latency()->aicpu_step);
}

uint64_t simulation_port_clock(void)
{
    struct agent *self = engine_self();

    charge_aicpu(self, 0);
    if (timeless()) trace(TRACE_CLOCK, self->id, self->time, 0);
    return self->time;
}

static uint64_t load_cost(const struct agent *self, const void *p)
{
    return is_core(self) || !timed_line_cached(self, p, false) ? latency()->shared_load_moved : latency()->shared_load;
}

static uint64_t store_cost(const struct agent *self, const void *p)
{
    timed_line_cached(self, p, true);
    return is_core(self) ? latency()->core_gm_publish : latency()->shared_store;
}

uint32_t simulation_observe32(const uint32_t *p)
{
    struct agent *self = engine_self();
    uint32_t value;

    charge_aicpu(self, load_cost(self, p));
    value = __atomic_load_n(p, __ATOMIC_ACQUIRE);
    trace(TRACE_OBSERVE, self->id, seen_address(p), value);
    return value;
}

uint64_t simulation_observe64(const uint64_t *p)
{
    struct agent *self = engine_self();
    uint64_t value;

    charge_aicpu(self, load_cost(self, p));
    value = __atomic_load_n(p, __ATOMIC_ACQUIRE);
    trace(TRACE_OBSERVE, self->id, seen_address(p), seen_value(value));
    return value;
}

void simulation_publish(const void *p, uint64_t value)
{
    struct agent *self = engine_self();

    charge_aicpu(self, store_cost(self, p));
    trace(TRACE_PUBLISH, self->id, seen_address(p), seen_value(value));
}

void simulation_atomic(const void *p, uint64_t value)
{
    struct agent *self = engine_self();
    bool cached = timed_line_cached(self, p, true);

    charge_aicpu(self, cached ? latency()->shared_load : latency()->shared_load_moved);
    trace(TRACE_ATOMIC, self->id, seen_address(p), seen_value(value));
}

void simulation_notify(const void *p, uint64_t value)
{
    simulation_atomic(p, value);
    simulation_move(engine_self(), "notified with", value);
}

uint32_t simulation_reg_load(struct core_registers *registers, uint32_t offset)
{
    struct agent *self = engine_self();
    uint32_t value = 0;

    charge_aicpu(self, latency()->reg_load);
    if (offset == core_offset_cond)
        value = register_see(&cond[registers->core], &registers->cond, self->time);
    else if (offset == core_offset_dmb)
        value = register_see(&dmb[registers->core], &registers->dmb, self->time);
    else if (offset == core_offset_doorbell)
        value = register_see(&doorbell[registers->core], &registers->doorbell, self->time);
    trace(TRACE_REG_LOAD, self->id, (uint64_t)registers->core << 32 | offset, value);
    return value;
}

void simulation_reg_store(struct core_registers *registers, uint32_t offset, uint32_t value)
{
    struct agent *self = engine_self();

    charge_aicpu(self, latency()->reg_store);
    simulation_move(self, "stored to a register of core", registers->core);
    trace(TRACE_REG_STORE, self->id, (uint64_t)registers->core << 32 | offset, value);
    const uint64_t at = timeless() ? self->time : self->time + latency()->dmb_visible;
    struct agent *core = &engine_cores[registers->core];
    if (offset == core_offset_dmb)
        simulation_order->kick_at(core, register_store(&dmb[registers->core], &registers->dmb, value, at));
    else if (offset == core_offset_doorbell)
        simulation_order->kick_at(core, register_store(&doorbell[registers->core], &registers->doorbell, value, at));
}

uint32_t simulation_core_dmb(struct agent *self)
{
    uint32_t value;

    spend(self, latency()->core_dmb_load);
    value = register_see(&dmb[self->core], &core_registers[self->core].dmb, self->time);
    trace(TRACE_DMB, self->id, 0, value);
    return value;
}

uint32_t simulation_core_doorbell(struct agent *self)
{
    uint32_t value;

    spend(self, latency()->core_dmb_load);
    value = register_see(&doorbell[self->core], &core_registers[self->core].doorbell, self->time);
    trace(TRACE_DMB, self->id, 1, value); /* the high half */
    return value;
}

void simulation_core_set_cond(struct agent *self, uint32_t value)
{
    struct core_registers *registers = &core_registers[self->core];
    struct agent *owner;
    uint64_t late, at;

    spend(self, latency()->core_cond_store);
    late = plan_cond_ns(self->core);
    if (timeless()) /* nothing is under way: the core itself is late */
        for (late += self->time; self->time < late;)
            spend(self, 0);
    simulation_move(self, "set COND to", value);
    trace(TRACE_COND, self->id, 0, value);
    at = self->time;
    if (!timeless()) at += timed_random_latency(latency()->cond_visible_min, latency()->cond_visible_max) + late;
    at = register_store(&cond[self->core], &registers->cond, value, at);
    owner = atomic_load_explicit(&registers->owner, memory_order_relaxed);
    if (owner)
        simulation_order->kick_at(owner, at);
    else
        kick_workers_at(at);
}

void simulation_core_clean(const void *p, size_t size)
{
    struct agent *self = engine_self();

    spend(self, latency()->core_gm_publish);
    if (timeless()) trace(TRACE_CACHE, self->id, seen_address(p), size);
}

void simulation_core_invalidate(const void *p, size_t size)
{
    touch(TRACE_CACHE, seen_address(p), size);
}

void simulation_cache(const void *p, size_t size)
{
    touch(TRACE_CACHE, seen_address(p), size);
}

void simulation_adopts(uint32_t core)
{
    touch(TRACE_ADOPT, core, 0);
}

void simulation_kernel_prepare(struct agent *self)
{
    spend(self, latency()->core_task_setup);
    self->prepared = true;
}

void simulation_kernel_begin(struct agent *self, uint64_t image, uint64_t duration_ns)
{
    if (!self->prepared) spend(self, latency()->core_task_setup);
    self->prepared = false;
    self->kernel_ns = duration_ns ? duration_ns : latency()->kernel_default;
    simulation_move(self, "began the kernel at offset", image - device_shared->hbm_base);
    trace(TRACE_KERNEL_BEGIN, self->id, image - device_shared->hbm_base, self->kernel_ns);
}

void simulation_kernel_end(struct agent *self, uint64_t image)
{
    spend(self, self->kernel_ns);
    simulation_move(self, "ended the kernel at offset", image - device_shared->hbm_base);
    trace(TRACE_KERNEL_END, self->id, image - device_shared->hbm_base, 0);
}
