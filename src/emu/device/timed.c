/* Timed mode.
 *
 * One carrier; every agent has a virtual time; the runnable agent with the lowest one runs next, ties are broken by the
 * seed. A port call charges its cost first, lets everybody with a lower time run, and then takes effect; so effects
 * happen in the order of virtual time. A store to DATA_MAIN_BASE can be seen dmb_visible later, one to COND after a
 * latency drawn from the seed. A kernel takes effect when it begins and ends after its stated duration.
 *
 * Waiting. A kick has the time at which what it announces can be seen. A wait ends at the first kick later than its
 * wait_begin, moved up to the next poll that silicon would have issued: a core polls its register all the time, an
 * AICPU worker goes round its loop, and its last round tells how long one is. So a wake never tells where it came from.
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
#include "port/port.h"
#include "timed_queue.h"
#include "trace.h"

enum { TICK_NS = 1000000 };
#define ENDLESS_NS UINT64_C(2000000000)

bool timed_on;

static uint64_t simulation_now;
static uint64_t next_device_event; /* commands due, tick, deadline of the advance */
static uint64_t next_tick;
static uint64_t first_signal; /* real time of the first preemption signal since the last switch, 0 none */
static const struct emu_latency *latency;

uint64_t timed_now(void)
{
    const struct agent *self = engine_self();

    return self ? self->time : simulation_now;
}

/* ---- order
 * ----------------------------------------------------------------------------------------------------------- */

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

void timed_charge(struct agent *self, uint64_t ns)
{
    const struct agent *first = timed_heap_first();

    self->time += ns;
    if ((first && first->time <= self->time) || self->time >= next_device_event) {
        make_ready(self);
        switch_away();
    }
}

/* ---- waiting
 * --------------------------------------------------------------------------------------------------------- */

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
    uint64_t step = self->core != UINT16_MAX ? latency->core_dmb_load : latency->aicpu_step, wake;

    (void)token;
    trace(TRACE_WAIT, self->id, 0, 0);
    self->round_ns = self->time > self->round_start + step ? self->time - self->round_start : step;
    if (self->core != UINT16_MAX) self->round_ns = step; /* a core does nothing but poll */
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

void timed_kick_at(struct agent *agent, uint64_t at)
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
    default:
        return;
    }
}

static void timed_kick(struct agent *agent)
{
    trace(TRACE_KICK, agent->id, 0, 0);
    timed_kick_at(agent, timed_now() + latency->shared_load_moved);
}

/* ---- the engine's table
 * ---------------------------------------------------------------------------------------------- */

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

/* ---- the simulation
 * -------------------------------------------------------------------------------------------------- */

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
                         ? UINT64_MAX
                         : command->host_ns + command->timeout_us * 1000;

    while (timed_on && !target_reached(command)) {
        const struct agent *first = timed_heap_first();
        uint64_t agent_at = first ? first->time : UINT64_MAX, device_at = device_next();
        uint64_t at = agent_at < device_at ? agent_at : device_at;
        if (at > limit || at == UINT64_MAX) break;
        next_device_event = limit == UINT64_MAX || device_at < limit + 1 ? device_at : limit + 1;
        if (device_at <= agent_at)
            device_events(device_at);
        else
            run_first(carrier);
    }
    if (!target_reached(command) && limit != UINT64_MAX && limit > simulation_now) simulation_now = limit;
    if (command->host_ns > simulation_now) simulation_now = command->host_ns;
    atomic_store(&device_shared->trace_hash, trace_hash());
    atomic_store(&device_shared->trace_events, trace_events());
    atomic_store(&device_shared->virtual_ns, simulation_now);
    atomic_store(&device_shared->advance_reply, reply);
    futex_wake(&device_shared->advance_reply, 1 << 30);
}
