/* Explore mode: the order is drawn from the seed.
 *
 * Before every shared access the next one to go is drawn: among the agents that can run and the streams whose next
 * command can begin, each as likely as any other (uniform), or the one with the highest priority (PCT). Nothing is
 * ever under way: what an agent stores is seen by whoever comes next.
 *
 * PCT (probabilistic concurrency testing). An agent draws a priority when it starts, a stream's command when it could
 * begin. In every WINDOW steps there are depth-1 places at which the agent that runs falls behind all others. An order
 * that takes d ordered pairs of accesses to go wrong is then met with a probability that falls with agents and steps,
 * not with the number of orders. An agent that has had STARVING steps in a row falls behind too: it may be waiting for
 * one of the others.
 *
 * Time. The clock counts steps, a nanosecond each, and stands for nothing; so limits do not pass because there is much
 * to do. It jumps when the device stands still: when no agent can run and no command can begin, or when for SPINNING
 * steps none has started, ended or written a register (and again after every SPIN further steps). It jumps to the next
 * tick, PORT_WAIT_MAX_MS later, at which AICPU workers get their look at the clock and launches their timeout. A run in
 * which nothing is stuck never stands still. Before the clock jumps, the agents that wait are woken one after the other: one
 * that then does something was asleep beside work, and its launch fails (asleep.h). When none does, a kernel does not end,
 * or a task can not become ready, and the log says so.
 */
#include <stdarg.h>

#include "asleep.h"
#include "device.h"
#include "fiber.h"
#include "launch.h"
#include "log.h"
#include "port/port.h"
#include "simulation.h"
#include "trace.h"

enum {
    TICK_STEPS = PORT_WAIT_MAX_MS * 1000000,
    WINDOW = 128,
    STARVING = 65536,
    SPINNING = 1 << 20,
    SPIN = 1024,
    /* Agents spin: those that wait are asked from then on, one at a time. All have been before SPINNING, and before a
     * millisecond is over, after which device code looks at the clock. */
    ASKING = SPINNING / 4,
    ASKED = 32768, /* steps for an answer, among agents that spin */
};
_Static_assert(ASKING + ENGINE_MAX_WORKERS * ASKED <= SPINNING, "all workers are asked before the clock jumps");

static struct agent *ready[ENGINE_MAX_SUBCORES + ENGINE_MAX_WORKERS];
static uint32_t ready_count;
static uint32_t commands;   /* streams whose next command can begin */
static bool command_drawn;  /* one of them is next */
static uint64_t tick_at;    /* 0: no launch is active */
static bool stall_told;     /* of the launches that are active */
static uint32_t idle_steps; /* since something moved */
static uint64_t loop_at;    /* when the loop must have a look: tick, deadline of the advance */

/* PCT: depth 0 is uniform. */
static uint32_t depth;
static uint64_t command_priority;
static uint64_t lowest = UINT64_C(1) << 62; /* priorities drawn are above, those of the fallen count down from here */
static uint32_t window_step, in_a_row;
static uint32_t change[EMU_PCT_MOST]; /* steps of the window */
static const struct agent *last;

/* ---- drawing ----------------------------------------------------------------------------------------------------- */

static uint64_t priority_draw(void)
{
    return simulation_random() | UINT64_C(1) << 63;
}

static void explore_ready(struct agent *agent)
{
    agent->state = AGENT_READY;
    agent->heap_index = ready_count;
    ready[ready_count++] = agent;
}

static void take(struct agent *agent)
{
    struct agent *moved = ready[--ready_count];

    ready[agent->heap_index] = moved;
    moved->heap_index = agent->heap_index;
}

static struct agent *highest(void)
{
    struct agent *best = ready[0];

    for (uint32_t i = 1; i < ready_count; i++)
        if (ready[i]->tie > best->tie) best = ready[i];
    return best;
}

/* Who is next, not taken out; NULL: a command, or nobody. */
static struct agent *draw(void)
{
    uint32_t at;

    command_drawn = false;
    if (ready_count + commands == 0) return NULL;
    if (depth) {
        struct agent *best = ready_count ? highest() : NULL;
        if (best && (commands == 0 || best->tie > command_priority)) return best;
        command_drawn = true;
        return NULL;
    }
    at = simulation_draw(ready_count + commands);
    command_drawn = at >= ready_count;
    return command_drawn ? NULL : ready[at];
}

/* PCT: whether the running agent falls behind all others now. */
static void change_priorities(struct agent *self)
{
    if (window_step == WINDOW) window_step = 0;
    if (window_step == 0)
        for (uint32_t i = 0; i + 1 < depth; i++)
            change[i] = simulation_draw(WINDOW);
    in_a_row = self == last ? in_a_row + 1 : 0;
    last = self;
    if (in_a_row == STARVING) {
        self->tie = --lowest;
        in_a_row = 0;
    }
    for (uint32_t i = 0; i + 1 < depth; i++)
        if (change[i] == window_step) self->tie = --lowest;
    window_step++;
}

/* ---- standing still ---------------------------------------------------------------------------------------------- */

__attribute__((format(printf, 1, 2))) static void say(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    log_device(PORT_WARN, format, args);
    va_end(args);
}

/* The clock jumps to the tick. */
static void stand_still(const char *why)
{
    trace(TRACE_STALL, TRACE_DEVICE, 0, 0);
    if (!stall_told) say("explore: the device stands still, and only the clock goes on: %s", why);
    stall_told = true;
    simulation_clock = tick_at;
}

/* Wakes an agent that waits, with nothing changed, to see whether it has work to do. False: all have been. */
static bool ask(bool cores)
{
    struct agent *agent = asleep_ask(cores);

    if (!agent) return false;
    trace(TRACE_ROUSE, TRACE_DEVICE, agent->id, 0);
    if (depth) agent->tie = priority_draw(); /* before those that have fallen behind */
    explore_ready(agent);
    return true;
}

/* Something may be spinning on a word that nobody will write. */
static void look_for_spinning(void)
{
    idle_steps = simulation_moved ? 0 : idle_steps + 1;
    simulation_moved = false;
    if (idle_steps >= ASKING && idle_steps < SPINNING && idle_steps % ASKED == 0 && tick_at) ask(false);
    if (idle_steps < SPINNING || tick_at <= simulation_clock) return;
    idle_steps -= SPIN;
    stand_still("agents run, and nothing comes of it");
}

/* ---- steps ------------------------------------------------------------------------------------------------------- */

static void explore_leave(void)
{
    struct agent *next;

    if (simulation_clock >= loop_at) {
        command_drawn = false;
        fiber_switch(NULL);
        return;
    }
    next = draw();
    if (!next || atomic_load_explicit(&next->doomed, memory_order_relaxed)) {
        fiber_switch(NULL);
        return;
    }
    take(next);
    next->state = AGENT_RUNNING;
    if (next != engine_self()) fiber_switch(next);
}

/* Before an access of the running agent: anybody may come first. */
static void step(struct agent *self)
{
    simulation_alive();
    simulation_clock++;
    look_for_spinning();
    if (depth) change_priorities(self);
    explore_ready(self);
    explore_leave();
    self->time = simulation_clock;
}

static void explore_spend(struct agent *self, uint64_t ns)
{
    (void)ns;
    step(self);
}

/* ---- waiting ----------------------------------------------------------------------------------------------------- */

static uint32_t explore_wait_begin(struct agent *self)
{
    step(self);
    trace(TRACE_WAIT_BEGIN, self->id, 0, 0);
    return self->events;
}

static void explore_wait(struct agent *self, uint32_t token)
{
    step(self);
    trace(TRACE_WAIT, self->id, self->events != token, 0);
    if (self->events != token) return;
    self->state = AGENT_PARKED;
    self->wait_start = simulation_clock;
    asleep_parks(self);
    explore_leave();
    self->time = simulation_clock;
}

/* From an agent, or from the loop. */
static void explore_kick_at(struct agent *agent, uint64_t at)
{
    struct agent *self = engine_self();

    (void)at;
    if (self) step(self);
    trace(TRACE_KICK, self ? self->id : TRACE_DEVICE, agent->id, 0);
    agent->events++;
    if (agent->state != AGENT_PARKED || agent->endless) return;
    asleep_kick(self, agent);
    explore_ready(agent);
}

static void explore_kick(struct agent *agent)
{
    explore_kick_at(agent, 0);
}

static void explore_start(struct agent *agent)
{
    if (depth) agent->tie = priority_draw();
    simulation_start(agent);
}

/* ---- the loop ---------------------------------------------------------------------------------------------------- */

static bool explore_turn(uint64_t limit)
{
    struct agent *next;

    if (simulation_clock > limit) return false;
    if (!launch_active()) {
        tick_at = 0;
        stall_told = false;
    } else if (!tick_at) {
        tick_at = simulation_clock + TICK_STEPS;
    }
    if (tick_at && tick_at <= simulation_clock) {
        tick_at = simulation_clock + TICK_STEPS;
        launch_tick(simulation_clock);
        return true;
    }
    loop_at = tick_at && tick_at <= limit ? tick_at : limit == UINT64_MAX ? limit : limit + 1;
    commands = stream_startable();
    next = command_drawn && commands ? NULL : draw();
    if (next) {
        take(next);
        simulation_run(next);
    } else if (commands) {
        command_drawn = false;
        if (depth) command_priority = priority_draw();
        stream_begin_one(simulation_draw(commands));
    } else {
        if (tick_at && ask(true)) return true;
        if (tick_at == 0 || tick_at > limit) return false;
        stand_still("every agent waits, and none has anything to do");
    }
    return true;
}

/* ---- the tables -------------------------------------------------------------------------------------------------- */

static const struct order order = {
    .timeless = true,
    .spend = explore_spend,
    .leave = explore_leave,
    .kick_at = explore_kick_at,
    .ready = explore_ready,
    .turn = explore_turn,
};

static void explore_init(void)
{
    simulation_init(&order, device_shared->machine.seed);
    depth = device_shared->machine.pct_depth;
    if (depth) command_priority = priority_draw();
}

const struct engine engine_explore = {
    .name = "explore",
    .init = explore_init,
    .start = explore_start,
    .wait_begin = explore_wait_begin,
    .wait = explore_wait,
    .kick = explore_kick,
    .pause = simulation_pause,
    .place = simulation_place,
    .adopt = simulation_adopt,
    .doom = simulation_doom,
    .lose = simulation_lose,
};
