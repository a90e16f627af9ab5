/* Timed mode.
 *
 * One carrier; every agent has a virtual time; the runnable agent with the lowest one runs next, ties are broken by the
 * seed. A port call charges its cost first, lets everybody with a lower time run, and then takes effect; so effects happen
 * in the order of virtual time. A store to DATA_MAIN_BASE can be seen dmb_visible later, one to COND after a latency drawn
 * from the seed. A kernel takes effect when it begins and ends after its stated duration.
 *
 * Waiting. A kick has the time at which what it announces can be seen. A wait ends at the first kick later than its
 * wait_begin, moved up to the next poll that silicon would have issued: a core polls its register all the time, an AICPU
 * worker goes round its loop, and its last round tells how long one is. So a wake never tells where it came from.
 *
 * Besides agents there are the device's own events: commands that become due, and a tick per virtual millisecond while
 * launches are active. All of it runs only inside EMU_CMD_ADVANCE; a run is a function of the commands and the seed.
 *
 * An agent that makes no port call for ENDLESS_NS of real time is taken out of the simulation.
 */
#include "timed.h"

#include <stdlib.h>
#include <string.h>

#include "carrier.h"
#include "device.h"
#include "fault.h"
#include "fiber.h"
#include "launch.h"
#include "plan.h"
#include "port/port.h"
#include "timed_queue.h"
#include "trace.h"

enum { TICK_NS = 1000000 };
#define ENDLESS_NS UINT64_C(2000000000)

bool timed_on;

static uint64_t simulation_now;
static uint64_t next_device_event; /* commands due, tick, deadline of the advance */
static uint64_t next_tick;
static uint64_t first_signal;      /* real time of the first preemption signal since the last switch, 0 none */
static const struct emu_latency *latency;
static uint64_t hbm_base, hbm_size;

uint64_t timed_now(void)
{
    const struct agent *self = engine_self();

    return self ? self->time : simulation_now;
}

/* ---- order ----------------------------------------------------------------------------------------------------------- */

static void make_ready(struct agent *agent)
{
    agent->state = AGENT_READY;
    agent->tie = timed_random();
    timed_heap_push(agent);
}

/* Leaves the running agent, whose state says why, for whoever is next. */
static void switch_away(void)
{
    struct agent *next = timed_heap_first();

    first_signal = 0;
    if (!next || next->time >= next_device_event || atomic_load_explicit(&next->doomed, memory_order_relaxed)) {
        fiber_switch(NULL);
        return;
    }
    timed_heap_pop();
    next->state = AGENT_RUNNING;
    if (next == engine_self()) return;
    fiber_switch(next);
}

/* Spends time; returns when nobody has a lower one. */
static void charge(struct agent *self, uint64_t ns)
{
    const struct agent *first = timed_heap_first();

    self->time += ns;
    if ((first && first->time <= self->time) || self->time >= next_device_event) {
        make_ready(self);
        switch_away();
    }
}

static inline bool is_core(const struct agent *agent)
{
    return agent->core != UINT16_MAX;
}

/* ---- what the trace may hold of an operand: HBM as an offset, small numbers, nothing of this process ------------------ */

static uint64_t seen_address(const void *p)
{
    uint64_t offset = (uint64_t)(uintptr_t)p - hbm_base;

    return offset < hbm_size ? offset : UINT64_MAX;
}

static uint64_t seen_value(uint64_t value)
{
    uint64_t offset = value - hbm_base;

    if (offset < hbm_size) return offset;
    return value >> 40 ? UINT64_MAX : value;
}

/* ---- waiting --------------------------------------------------------------------------------------------------------- */

static uint32_t timed_wait_begin(struct agent *self)
{
    self->look_start = self->time;
    return 0;
}

/* The first poll at or after `at`. */
static uint64_t poll_time(const struct agent *agent, uint64_t at)
{
    uint64_t round = agent->round_ns;

    if (at <= agent->wait_start) return agent->wait_start;
    return agent->wait_start + (at - agent->wait_start + round - 1) / round * round;
}

static void timed_wait(struct agent *self, uint32_t token)
{
    uint64_t step = is_core(self) ? latency->core_dmb_load : latency->aicpu_step, wake;

    (void)token;
    trace(TRACE_WAIT, self->id, 0, 0);
    self->round_ns = self->time > self->round_start + step ? self->time - self->round_start : step;
    if (is_core(self)) self->round_ns = step;
    self->wait_start = self->time;
    if (timed_wakes_take(self, &wake)) {
        self->time = poll_time(self, wake);
        self->sleeping = true;
        make_ready(self);
    } else {
        self->state = AGENT_PARKED;
    }
    switch_away();
    self->sleeping = false;
    self->round_start = self->time;
}

/* Something that `agent` may be waiting for can be seen from `at` on. */
static void kick_at(struct agent *agent, uint64_t at)
{
    uint64_t wake;

    switch ((enum agent_state)agent->state) {
    case AGENT_PARKED:
        if (agent->endless) return;
        agent->time = poll_time(agent, at);
        agent->sleeping = true;
        make_ready(agent);
        return;
    case AGENT_READY:
        wake = agent->sleeping ? poll_time(agent, at) : UINT64_MAX;
        if (wake < agent->time) {
            timed_wakes_add(agent, agent->time); /* the later one is not forgotten */
            agent->time = wake;
            timed_heap_moved(agent);
            return;
        }
        timed_wakes_add(agent, at);
        return;
    case AGENT_RUNNING:
        timed_wakes_add(agent, at);
        return;
    default: return;
    }
}

static void timed_kick(struct agent *agent)
{
    trace(TRACE_KICK, agent->id, 0, 0);
    kick_at(agent, timed_now() + latency->shared_load_moved);
}

static void kick_workers_at(uint64_t at)
{
    for (uint32_t mask = atomic_load_explicit(&cpu_active, memory_order_relaxed); mask; mask &= mask - 1)
        kick_at(&engine_workers[__builtin_ctz(mask)], at);
}

/* ---- the engine's table ---------------------------------------------------------------------------------------------- */

static void timed_start(struct agent *agent)
{
    fiber_prepare(agent);
    agent->time = agent->round_start = agent->look_start = agent->wait_start = simulation_now;
    agent->sleeping = agent->endless = false;
    timed_wakes_clear(agent);
    trace(TRACE_AGENT_BEGIN, agent->id, agent->block, 0);
    make_ready(agent);
}

static void timed_place(struct agent *self, uint32_t index, uint32_t count)
{
    (void)self, (void)index, (void)count;
}

static void timed_adopt(struct agent *self, struct agent *core)
{
    (void)self, (void)core;
}

static void timed_doom(struct agent *agent)
{
    atomic_store(&agent->doomed, 1);
    if (agent->state != AGENT_PARKED) return; /* met when its turn comes */
    if (agent->time < simulation_now) agent->time = simulation_now;
    make_ready(agent);
}

static void timed_ended(struct agent *agent)
{
    trace(TRACE_AGENT_END, agent->id, agent->result, 0);
    agent->state = AGENT_ENDED;
    agent->end = AGENT_RETURNED;
    engine_carrier()->leaving = agent;
    fiber_switch(NULL);
}

ENGINE_NO_ASAN static _Noreturn void timed_lose(struct agent *self)
{
    self->state = AGENT_ENDED;
    engine_carrier()->leaving = self;
    fiber_leave();
}

/* From the preemption signal, in device code. */
static void timed_preempted(void)
{
    struct agent *self = engine_self();

    if (!first_signal) first_signal = engine_now();
    if (engine_now() - first_signal < ENDLESS_NS) return;
    self->state = AGENT_PARKED;
    self->endless = true;
    switch_away();
}

static void timed_init(void)
{
    const struct emu_machine *machine = &device_shared->machine;

    timed_on = true;
    latency = &machine->latency;
    hbm_base = device_shared->hbm_base;
    hbm_size = device_shared->hbm_size;
    timed_random_init(machine->seed);
    fiber_ended = timed_ended;
    fault_preempted = timed_preempted;
}

const struct engine engine_timed = {
    .name = "timed",
    .init = timed_init,
    .start = timed_start,
    .wait_begin = timed_wait_begin,
    .wait = timed_wait,
    .kick = timed_kick,
    .place = timed_place,
    .adopt = timed_adopt,
    .doom = timed_doom,
    .lose = timed_lose,
};

/* ---- the simulation -------------------------------------------------------------------------------------------------- */

static bool target_reached(const struct emu_command *command)
{
    const struct emu_stream *stream = &device_shared->stream[command->stream % EMU_MAX_STREAMS];

    return (int32_t)(atomic_load(&stream->completed) - command->handle) >= 0;
}

static void device_events(uint64_t at)
{
    if (at > simulation_now) simulation_now = at;
    stream_begin_due();
    if (launch_active() == 0 || next_tick > simulation_now) return;
    next_tick = (simulation_now / TICK_NS + 1) * TICK_NS;
    launch_tick(simulation_now);
}

static void agent_left(struct carrier *carrier)
{
    struct agent *agent = carrier->leaving;

    carrier->leaving = NULL;
    if (!agent) return;
    if (agent->time > simulation_now) simulation_now = agent->time;
    if (agent->end != AGENT_RETURNED) fiber_abandon(agent);
    carrier_report_ended(agent);
}

static void run_first(struct carrier *carrier)
{
    struct agent *agent = timed_heap_pop();

    if (agent->time > simulation_now) simulation_now = agent->time;
    first_signal = 0;
    if (atomic_load_explicit(&agent->doomed, memory_order_relaxed)) {
        agent->state = AGENT_ENDED;
        agent->end = AGENT_EXPIRED;
        carrier->leaving = agent;
    } else {
        agent->state = AGENT_RUNNING;
        atomic_store_explicit(&carrier->in_agent, 1, memory_order_relaxed);
        fiber_switch(agent);
        atomic_store_explicit(&carrier->in_agent, 0, memory_order_relaxed);
    }
    agent_left(carrier);
}

/* The time of the next thing the device does by itself. */
static uint64_t device_next(void)
{
    uint64_t at = stream_next_due();

    if (launch_active()) {
        if (next_tick <= simulation_now) next_tick = (simulation_now / TICK_NS + 1) * TICK_NS;
        if (next_tick < at) at = next_tick;
    }
    return at;
}

void timed_advance(const struct emu_command *command, uint32_t reply)
{
    struct carrier *carrier = engine_carrier();
    uint64_t limit = command->timeout_us >= (UINT64_MAX - command->host_ns) / 1000
                         ? UINT64_MAX : command->host_ns + command->timeout_us * 1000;

    while (timed_on && !target_reached(command)) {
        const struct agent *first = timed_heap_first();
        uint64_t agent_at = first ? first->time : UINT64_MAX, device_at = device_next();
        uint64_t at = agent_at < device_at ? agent_at : device_at;
        if (at > limit || at == UINT64_MAX) break;
        next_device_event = limit == UINT64_MAX || device_at < limit + 1 ? device_at : limit + 1;
        if (device_at <= agent_at) device_events(device_at);
        else run_first(carrier);
    }
    if (!target_reached(command) && limit != UINT64_MAX && limit > simulation_now) simulation_now = limit;
    if (command->host_ns > simulation_now) simulation_now = command->host_ns;
    atomic_store(&device_shared->trace_hash, trace_hash());
    atomic_store(&device_shared->trace_events, trace_events());
    atomic_store(&device_shared->virtual_ns, simulation_now);
    atomic_store(&device_shared->advance_reply, reply);
    futex_wake(&device_shared->advance_reply, 1 << 30);
}

/* ---- port calls ------------------------------------------------------------------------------------------------------ */

static struct timed_register {
    struct { uint32_t value; uint64_t at; } pending[8]; /* stored, not yet to be seen; oldest first */
    uint32_t count;
    uint64_t last;                                      /* when the newest can be seen: stores stay in order */
} dmb[ENGINE_MAX_SUBCORES], cond[ENGINE_MAX_SUBCORES];

static uint32_t register_see(struct timed_register *pending, _Atomic uint32_t *word, uint64_t now)
{
    uint32_t seen = 0;

    while (seen < pending->count && pending->pending[seen].at <= now)
        atomic_store_explicit(word, pending->pending[seen++].value, memory_order_relaxed);
    pending->count -= seen;
    memmove(pending->pending, pending->pending + seen, pending->count * sizeof pending->pending[0]);
    return atomic_load_explicit(word, memory_order_relaxed);
}

static uint64_t register_store(struct timed_register *pending, _Atomic uint32_t *word, uint32_t value, uint64_t at)
{
    if (at < pending->last) at = pending->last;
    pending->last = at;
    if (pending->count == sizeof pending->pending / sizeof pending->pending[0])
        register_see(pending, word, pending->pending[0].at);
    pending->pending[pending->count].value = value;
    pending->pending[pending->count++].at = at;
    return at;
}

void timed_registers_reset(uint32_t core)
{
    dmb[core].count = cond[core].count = 0;
}

static void charge_aicpu(struct agent *self, uint64_t ns)
{
    charge(self, is_core(self) ? ns : ns + latency->aicpu_step);
}

uint64_t timed_clock(void)
{
    struct agent *self = engine_self();

    charge_aicpu(self, 0);
    return self->time;
}

static uint64_t load_cost(const struct agent *self, const void *p)
{
    return is_core(self) || !timed_line_cached(self, p, false) ? latency->shared_load_moved : latency->shared_load;
}

static uint64_t store_cost(const struct agent *self, const void *p)
{
    timed_line_cached(self, p, true);
    return is_core(self) ? latency->core_gm_publish : latency->shared_store;
}

uint32_t timed_observe32(const uint32_t *p)
{
    struct agent *self = engine_self();
    uint32_t value;

    charge_aicpu(self, load_cost(self, p));
    value = __atomic_load_n(p, __ATOMIC_ACQUIRE);
    trace(TRACE_OBSERVE, self->id, seen_address(p), value);
    return value;
}

uint64_t timed_observe64(const uint64_t *p)
{
    struct agent *self = engine_self();
    uint64_t value;

    charge_aicpu(self, load_cost(self, p));
    value = __atomic_load_n(p, __ATOMIC_ACQUIRE);
    trace(TRACE_OBSERVE, self->id, seen_address(p), seen_value(value));
    return value;
}

void timed_publish(const void *p, uint64_t value)
{
    struct agent *self = engine_self();

    charge_aicpu(self, store_cost(self, p));
    trace(TRACE_PUBLISH, self->id, seen_address(p), seen_value(value));
}

void timed_atomic(const void *p, uint64_t value)
{
    struct agent *self = engine_self();
    bool cached = timed_line_cached(self, p, true);

    charge_aicpu(self, cached ? latency->shared_load : latency->shared_load_moved);
    trace(TRACE_ATOMIC, self->id, seen_address(p), seen_value(value));
}

uint32_t timed_reg_load(struct core_registers *registers, uint32_t offset)
{
    struct agent *self = engine_self();
    uint32_t value = 0;

    charge_aicpu(self, latency->reg_load);
    if (offset == core_offset_cond) value = register_see(&cond[registers->core], &registers->cond, self->time);
    else if (offset == core_offset_dmb) value = register_see(&dmb[registers->core], &registers->dmb, self->time);
    trace(TRACE_REG_LOAD, self->id, (uint64_t)registers->core << 32 | offset, value);
    return value;
}

void timed_reg_store(struct core_registers *registers, uint32_t offset, uint32_t value)
{
    struct agent *self = engine_self();

    charge_aicpu(self, latency->reg_store);
    trace(TRACE_REG_STORE, self->id, (uint64_t)registers->core << 32 | offset, value);
    if (offset != core_offset_dmb) return;
    kick_at(&engine_cores[registers->core],
            register_store(&dmb[registers->core], &registers->dmb, value, self->time + latency->dmb_visible));
}

uint32_t timed_core_dmb(struct agent *self)
{
    uint32_t value;

    charge(self, latency->core_dmb_load);
    value = register_see(&dmb[self->core], &core_registers[self->core].dmb, self->time);
    trace(TRACE_DMB, self->id, 0, value);
    return value;
}

void timed_core_set_cond(struct agent *self, uint32_t value)
{
    struct core_registers *registers = &core_registers[self->core];
    struct agent *owner = atomic_load_explicit(&registers->owner, memory_order_relaxed);
    uint64_t at;

    charge(self, latency->core_cond_store);
    trace(TRACE_COND, self->id, 0, value);
    at = self->time + timed_random_latency(latency->cond_visible_min, latency->cond_visible_max) + plan_cond_ns(self->core);
    at = register_store(&cond[self->core], &registers->cond, value, at);
    if (owner) kick_at(owner, at);
    else kick_workers_at(at);
}

void timed_core_clean(struct agent *self)
{
    charge(self, latency->core_gm_publish);
}

void timed_kernel_begin(struct agent *self, uint64_t image, uint64_t duration_ns)
{
    charge(self, latency->core_task_setup);
    self->kernel_ns = duration_ns ? duration_ns : latency->kernel_default;
    trace(TRACE_KERNEL_BEGIN, self->id, image - hbm_base, self->kernel_ns);
}

void timed_kernel_end(struct agent *self, uint64_t image)
{
    charge(self, self->kernel_ns);
    trace(TRACE_KERNEL_END, self->id, image - hbm_base, 0);
}
