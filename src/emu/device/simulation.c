#include "simulation.h"

#include <time.h>

#include "carrier.h"
#include "device.h"
#include "fault.h"
#include "fiber.h"
#include "launch.h"
#include "trace.h"

#define ENDLESS_NS UINT64_C(2000000000)

bool simulation_on;
const struct order *simulation_order;
uint64_t simulation_clock;
bool simulation_moved;

static uint64_t first_signal; /* CPU time at the first preemption signal since the agent last came by; 0 none */

uint64_t simulation_now(void)
{
    const struct agent *self = engine_self();

    return self ? self->time : simulation_clock;
}

/* ---- the seed: splitmix64 ---------------------------------------------------------------------------------------- */

static uint64_t random_state;

uint64_t simulation_random(void)
{
    uint64_t z = random_state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

uint32_t simulation_draw(uint32_t count)
{
    return (uint32_t)((simulation_random() >> 32) * count >> 32);
}

/* ---- the lives of agents ----------------------------------------------------------------------------------------- */

void simulation_start(struct agent *agent)
{
    fiber_prepare(agent);
    agent->time = simulation_clock;
    agent->endless = false;
    agent->roused = NULL;
    simulation_move(engine_self(), "started agent", agent->id);
    trace(TRACE_AGENT_BEGIN, agent->id, agent->block, 0);
    simulation_order->ready(agent);
}

void simulation_place(struct agent *self, uint32_t index, uint32_t count)
{
    (void)self, (void)index, (void)count;
}

void simulation_adopt(struct agent *self, struct agent *core)
{
    (void)self, (void)core;
}

void simulation_doom(struct agent *agent)
{
    atomic_store(&agent->doomed, 1);
    if (agent->state != AGENT_PARKED) return; /* met when its turn comes */
    if (agent->time < simulation_clock) agent->time = simulation_clock;
    simulation_order->ready(agent);
}

static void ended(struct agent *agent)
{
    simulation_move(agent, "ended with", agent->result);
    trace(TRACE_AGENT_END, agent->id, agent->result, 0);
    agent->state = AGENT_ENDED;
    agent->end = AGENT_RETURNED;
    engine_carrier()->leaving = agent;
    fiber_switch(NULL);
}

ENGINE_NO_ASAN _Noreturn void simulation_lose(struct agent *self)
{
    self->state = AGENT_ENDED;
    engine_carrier()->leaving = self;
    fiber_leave();
}

/* What the carrier has worked, so that a busy host makes nobody endless. */
static uint64_t cpu_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* From the preemption signal, in device code. */
static void preempted(void)
{
    struct agent *self = engine_self();

    if (!first_signal) first_signal = cpu_ns();
    if (cpu_ns() - first_signal < ENDLESS_NS) return;
    self->state = AGENT_PARKED;
    self->endless = true;
    simulation_order->leave();
}

void simulation_alive(void)
{
    struct carrier *carrier = engine_carrier();

    first_signal = 0;
    atomic_store_explicit(&carrier->switches, atomic_load_explicit(&carrier->switches, memory_order_relaxed) + 1,
                          memory_order_relaxed);
}

static void agent_left(struct carrier *carrier)
{
    struct agent *agent = carrier->leaving;

    carrier->leaving = NULL;
    if (!agent) return;
    if (agent->time > simulation_clock) simulation_clock = agent->time;
    if (agent->end != AGENT_RETURNED) fiber_abandon(agent);
    carrier_report_ended(agent);
}

void simulation_run(struct agent *agent)
{
    struct carrier *carrier = engine_carrier();

    if (agent->time > simulation_clock) simulation_clock = agent->time;
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

void simulation_init(const struct order *order, uint64_t seed)
{
    simulation_on = true;
    simulation_order = order;
    random_state = seed;
    fiber_ended = ended;
    fault_preempted = preempted;
}

/* ---- the loop ---------------------------------------------------------------------------------------------------- */

static bool target_reached(const struct emu_command *command)
{
    const struct emu_stream *stream = &device_shared->stream[command->stream % EMU_MAX_STREAMS];

    return (int32_t)(atomic_load(&stream->completed) - command->handle) >= 0;
}

void simulation_advance(const struct emu_command *command, uint32_t reply)
{
    uint64_t limit = command->timeout_us >= (UINT64_MAX - command->host_ns) / 1000
                         ? UINT64_MAX
                         : command->host_ns + command->timeout_us * 1000;

    while (simulation_on && !target_reached(command))
        if (!simulation_order->turn(limit)) break;
    if (!target_reached(command) && limit != UINT64_MAX && limit > simulation_clock) simulation_clock = limit;
    if (command->host_ns > simulation_clock) simulation_clock = command->host_ns;
    atomic_store(&device_shared->trace_hash, trace_hash());
    atomic_store(&device_shared->trace_events, trace_events());
    atomic_store(&device_shared->virtual_ns, simulation_clock);
    atomic_store(&device_shared->advance_reply, reply);
    futex_wake(&device_shared->advance_reply, 1 << 30);
}
