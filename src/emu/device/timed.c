/* Timed mode: the order of virtual time.
 *
 * Every agent has a virtual time; the runnable agent with the lowest one runs next, ties are broken by the seed. A port
 * call charges its cost first, lets everybody with a lower time run, and then takes effect; so effects happen in the
 * order of virtual time. A store to DATA_MAIN_BASE can be seen dmb_visible later, one to COND after a latency drawn
 * from the seed. A kernel takes effect when it begins and ends after its stated duration.
 *
 * Waiting. A kick has the time at which what it announces can be seen. A wait ends at the first kick later than its
 * wait_begin, moved up to the next poll that silicon would have issued: a core polls its register all the time, an
 * AICPU worker goes round its loop, and its last round tells how long one is. So a wake never tells where it came from.
 *
 * Besides agents there are the device's own events: commands that become due, and a tick per virtual millisecond while
 * launches are active.
 */
#include "device.h"
#include "fiber.h"
#include "launch.h"
#include "simulation.h"
#include "timed_queue.h"
#include "trace.h"

enum { TICK_NS = 1000000 };

static uint64_t next_device_event; /* commands due, tick, deadline of the advance */
static uint64_t next_tick;
static const struct emu_latency *latency;

/* ---- order ------------------------------------------------------------------------------------------------------- */

static void timed_ready(struct agent *agent)
{
    agent->state = AGENT_READY;
    agent->tie = simulation_random();
    timed_heap_push(agent);
}

static void timed_leave(void)
{
    struct agent *next = timed_heap_first();

    simulation_alive();
    if (!next || next->time >= next_device_event || atomic_load_explicit(&next->doomed, memory_order_relaxed)) {
        fiber_switch(NULL);
        return;
    }
    timed_heap_pop();
    next->state = AGENT_RUNNING;
    if (next == engine_self()) return;
    fiber_switch(next);
}

static void timed_spend(struct agent *self, uint64_t ns)
{
    const struct agent *first = timed_heap_first();

    self->time += ns;
    if ((first && first->time <= self->time) || self->time >= next_device_event) {
        timed_ready(self);
        timed_leave();
    }
}

/* ---- waiting ----------------------------------------------------------------------------------------------------- */

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
    /* From the look on: who came round several times without waiting polled as often. */
    self->round_ns = self->time > self->look_start + step ? self->time - self->look_start : step;
    if (self->core != UINT16_MAX) self->round_ns = step; /* a core does nothing but poll */
    self->wait_start = self->time;
    if (timed_wakes_take(self, &wake)) {
        self->time = poll_time(self, wake);
        self->sleeping = true;
        timed_ready(self);
    } else {
        self->state = AGENT_PARKED;
    }
    timed_leave();
    self->sleeping = false;
}

static void timed_kick_at(struct agent *agent, uint64_t at)
{
    uint64_t wake;

    switch ((enum agent_state)agent->state) {
    case AGENT_PARKED:
        if (agent->endless) return;
        agent->time = poll_time(agent, at);
        agent->sleeping = true;
        timed_ready(agent);
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
    timed_kick_at(agent, simulation_now() + latency->shared_load_moved);
}

static void timed_start(struct agent *agent)
{
    agent->look_start = agent->wait_start = simulation_clock;
    agent->sleeping = false;
    timed_wakes_clear(agent);
    simulation_start(agent);
}

/* ---- the device -------------------------------------------------------------------------------------------------- */

static void device_events(uint64_t at)
{
    if (at > simulation_clock) simulation_clock = at;
    stream_begin_due();
    if (launch_active() == 0 || next_tick > simulation_clock) return;
    next_tick = (simulation_clock / TICK_NS + 1) * TICK_NS;
    launch_tick(simulation_clock);
}

/* The time of the next thing the device does by itself. */
static uint64_t device_next(void)
{
    uint64_t at = stream_next_due();

    if (launch_active()) {
        if (next_tick <= simulation_clock) next_tick = (simulation_clock / TICK_NS + 1) * TICK_NS;
        if (next_tick < at) at = next_tick;
    }
    return at;
}

static bool timed_turn(uint64_t limit)
{
    const struct agent *first = timed_heap_first();
    uint64_t agent_at = first ? first->time : UINT64_MAX, device_at = device_next();
    uint64_t at = agent_at < device_at ? agent_at : device_at;

    if (at > limit || at == UINT64_MAX) return false;
    next_device_event = limit == UINT64_MAX || device_at < limit + 1 ? device_at : limit + 1;
    if (device_at <= agent_at)
        device_events(device_at);
    else
        simulation_run(timed_heap_pop());
    return true;
}

/* ---- the tables -------------------------------------------------------------------------------------------------- */

static const struct order order = {
    .spend = timed_spend,
    .leave = timed_leave,
    .kick_at = timed_kick_at,
    .ready = timed_ready,
    .turn = timed_turn,
};

static void timed_init(void)
{
    latency = &device_shared->machine.latency;
    simulation_init(&order, device_shared->machine.seed);
}

const struct engine engine_timed = {
    .name = "timed",
    .init = timed_init,
    .start = timed_start,
    .wait_begin = timed_wait_begin,
    .wait = timed_wait,
    .kick = timed_kick,
    .pause = simulation_pause,
    .place = simulation_place,
    .adopt = simulation_adopt,
    .doom = simulation_doom,
    .lose = simulation_lose,
};
