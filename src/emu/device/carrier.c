#include "carrier.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "device.h"
#include "fault.h"
#include "fiber.h"
#include "monitor.h"
#include "simulation.h"

static _Atomic uint32_t awake;        /* carriers that do not sleep */
static _Atomic uint64_t last_command; /* when the device thread took one, ns */
static uint32_t cpus;

static inline void pause_hint(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#else
    __asm__ volatile("yield");
#endif
}

/* ---- ready queue: its carrier only ------------------------------------------------------------------------------- */

static void ready_push(struct carrier *carrier, struct agent *agent)
{
    agent->state = AGENT_READY;
    agent->next = NULL;
    if (carrier->ready_last)
        carrier->ready_last->next = agent;
    else
        carrier->ready_first = agent;
    carrier->ready_last = agent;
}

static struct agent *ready_pop(struct carrier *carrier)
{
    struct agent *agent = carrier->ready_first;

    if (agent && !(carrier->ready_first = agent->next)) carrier->ready_last = NULL;
    return agent;
}

/* ---- messages ---------------------------------------------------------------------------------------------------- */

void carrier_wake(struct carrier *carrier)
{
    /* Pairs with carrier_sleep: its store of `sleeping` comes before its last look, ours before the load here. */
    if (atomic_load(carrier->sleeping)) {
        atomic_fetch_add(carrier->doorbell, 1);
        futex_wake(carrier->doorbell, 1);
    }
}

void carrier_post(struct carrier *carrier, struct message *message)
{
    message->next = atomic_load_explicit(&carrier->inbox, memory_order_relaxed);
    while (!atomic_compare_exchange_weak(&carrier->inbox, &message->next, message)) {
    }
    carrier_wake(carrier);
}

/* Gives the agent away: `to` owns it once it has taken the message. Pre: its context is left. */
static void agent_send(struct agent *agent, struct carrier *to, enum message_kind kind)
{
    atomic_store_explicit(&agent->carrier, NULL, memory_order_relaxed);
    atomic_store_explicit(&agent->inbox_of, to, memory_order_release);
    agent->move.kind = kind;
    carrier_post(to, &agent->move);
}

/* A kick that reached the owner. */
static void kick_owned(struct carrier *carrier, struct agent *agent)
{
    agent->events++;
    if (agent->state != AGENT_PARKED) return;
    struct carrier *wanted = atomic_load_explicit(&agent->wanted, memory_order_acquire);
    if (wanted && wanted != carrier) {
        agent->state = AGENT_MOVING;
        agent_send(agent, wanted, MESSAGE_ARRIVE);
    } else {
        ready_push(carrier, agent);
    }
}

static void message_take(struct carrier *carrier, struct message *message)
{
    struct agent *agent = message->agent;

    switch (message->kind) {
    case MESSAGE_KICK:
        if (atomic_load_explicit(&agent->carrier, memory_order_relaxed) == carrier) {
            /* What the kicker wrote before is seen from here on; later kicks post again. */
            atomic_exchange(&agent->kick_pending, 0);
            kick_owned(carrier, agent);
        } else {
            struct carrier *to = atomic_load_explicit(&agent->inbox_of, memory_order_acquire);
            if (to == carrier) { /* it is on its way here, behind this message: its arrival makes it ready anyway */
                atomic_exchange(&agent->kick_pending, 0);
            } else {
                carrier_post(to, message);
            }
        }
        return;
    case MESSAGE_ARRIVE:
        atomic_store_explicit(&agent->carrier, carrier, memory_order_relaxed);
        agent->events++;
        ready_push(carrier, agent);
        return;
    case MESSAGE_ENDED:
        atomic_store_explicit(&agent->carrier, carrier, memory_order_relaxed);
        launch_agent_ended(agent);
        return;
    }
}

static bool inbox_drain(struct carrier *carrier)
{
    struct message *newest, *oldest = NULL;

    if (!atomic_load_explicit(&carrier->inbox, memory_order_relaxed)) return false;
    newest = atomic_exchange(&carrier->inbox, NULL);
    while (newest) {
        struct message *next = newest->next;
        newest->next = oldest;
        oldest = newest;
        newest = next;
    }
    while (oldest) {
        struct message *next = oldest->next;
        message_take(carrier, oldest);
        oldest = next;
    }
    return true;
}

void carrier_report_ended(struct agent *agent)
{
    struct carrier *device_thread = &engine_carriers[0];

    if (engine_carrier() == device_thread)
        launch_agent_ended(agent);
    else
        agent_send(agent, device_thread, MESSAGE_ENDED);
}

/* ---- the free-running fiber engine ------------------------------------------------------------------------------- */

/* What the loop does about an agent that has left for good or to move. */
static void leaving_take(struct carrier *carrier)
{
    struct agent *agent = carrier->leaving;

    carrier->leaving = NULL;
    if (agent->state == AGENT_MOVING) {
        agent_send(agent, atomic_load_explicit(&agent->wanted, memory_order_relaxed), MESSAGE_ARRIVE);
    } else {
        if (agent->end != AGENT_RETURNED) fiber_abandon(agent);
        carrier_report_ended(agent);
    }
}

/* The next agent to run here, NULL when the loop should have a look round. */
static struct agent *next_agent(struct carrier *carrier)
{
    struct agent *agent;

    if (atomic_load_explicit(&carrier->inbox, memory_order_relaxed) || carrier->budget == 0) return NULL;
    agent = carrier->ready_first;
    if (!agent || atomic_load_explicit(&agent->doomed, memory_order_relaxed)) return NULL;
    carrier->budget--;
    ready_pop(carrier);
    agent->state = AGENT_RUNNING;
    return agent;
}

static void run_ready(struct carrier *carrier)
{
    struct agent *agent;

    carrier->budget = CARRIER_BUDGET;
    while ((agent = carrier->ready_first) && carrier->budget) {
        carrier->budget--;
        ready_pop(carrier);
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
        if (carrier->leaving) leaving_take(carrier);
        if (atomic_load_explicit(&carrier->inbox, memory_order_relaxed)) return;
    }
}

static void free_ended(struct agent *agent)
{
    agent->state = AGENT_ENDED;
    agent->end = AGENT_RETURNED;
    engine_carrier()->leaving = agent;
    fiber_switch(NULL);
}

static void free_start(struct agent *agent)
{
    fiber_prepare(agent);
    ready_push(&engine_carriers[0], agent);
}

static uint32_t free_wait_begin(struct agent *self)
{
    return self->events;
}

static void free_wait(struct agent *self, uint32_t token)
{
    struct carrier *carrier = atomic_load_explicit(&self->carrier, memory_order_relaxed);

    if (self->events != token) return;
    self->state = AGENT_PARKED;
    fiber_switch(next_agent(carrier));
}

static void free_kick(struct agent *agent)
{
    struct carrier *carrier = atomic_load_explicit(&agent->carrier, memory_order_relaxed);

    if (carrier && carrier == engine_carrier()) {
        kick_owned(carrier, agent);
    } else if (!atomic_exchange(&agent->kick_pending, 1)) {
        carrier_post(atomic_load_explicit(&agent->inbox_of, memory_order_acquire), &agent->kick);
    }
}

void carrier_yield(void)
{
    struct carrier *carrier = engine_carrier();

    ready_push(carrier, carrier->current);
    carrier->budget = 0; /* it held the carrier for long: ticks, messages and commands first */
    fiber_switch(NULL);
}

static void free_pause(struct agent *self)
{
    (void)self;
    carrier_yield();
}

static void free_place(struct agent *self, uint32_t index, uint32_t count)
{
    struct carrier *carrier = engine_carrier();
    struct carrier *to =
        &engine_carriers[count ? (uint64_t)index * engine_carrier_count / count % engine_carrier_count : 0];

    if (to == carrier) return;
    atomic_store_explicit(&self->wanted, to, memory_order_relaxed);
    self->state = AGENT_MOVING;
    carrier->leaving = self;
    fiber_switch(NULL);
}

static void free_adopt(struct agent *self, struct agent *core)
{
    (void)self;
    atomic_store_explicit(&core->wanted, engine_carrier(), memory_order_release);
}

static void free_doom(struct agent *agent)
{
    atomic_store(&agent->doomed, 1);
    free_kick(agent);
}

ENGINE_NO_ASAN static void free_lose(struct agent *self)
{
    self->state = AGENT_ENDED;
    engine_carrier()->leaving = self;
    fiber_leave();
}

static void free_init(void)
{
    fiber_ended = free_ended;
    fault_preempted = carrier_yield;
}

const struct engine engine_fiber = {
    .name = "fiber",
    .init = free_init,
    .start = free_start,
    .wait_begin = free_wait_begin,
    .wait = free_wait,
    .kick = free_kick,
    .pause = free_pause,
    .place = free_place,
    .adopt = free_adopt,
    .doom = free_doom,
    .lose = free_lose,
};

/* ---- the loop ---------------------------------------------------------------------------------------------------- */

static bool work_waits(struct carrier *carrier)
{
    return atomic_load(&carrier->inbox) || (carrier->index == 0 && (ring_waiting() || monitor_tick_due()));
}

static void carrier_sleep(struct carrier *carrier)
{
    uint32_t bell = atomic_load(carrier->doorbell);

    atomic_store(carrier->sleeping, 1);
    atomic_fetch_sub(&awake, 1);
    if (!work_waits(carrier)) futex_wait(carrier->doorbell, bell, UINT64_MAX);
    atomic_fetch_add(&awake, 1);
    atomic_store(carrier->sleeping, 0);
}

/* Whether there is a CPU for everybody who is awake, and for the host, which spins too for a while after a command. */
static bool may_spin(uint64_t now)
{
    uint64_t since = now - atomic_load_explicit(&last_command, memory_order_relaxed);

    return atomic_load_explicit(&awake, memory_order_relaxed) + (since < CARRIER_SPIN_NS ? 1 : 0) <= cpus;
}

static void carrier_idle(struct carrier *carrier)
{
    uint64_t now = engine_now(), end = now + CARRIER_SPIN_NS;

    for (; now < end && may_spin(now); now = engine_now())
        for (int i = 0; i < 32; i++) {
            if (work_waits(carrier)) return;
            pause_hint();
        }
    carrier_sleep(carrier);
}

/* A simulation has ticks of its own. */
static void host_tick(uint64_t now)
{
    if (!simulation_on) launch_tick(now);
}

static _Noreturn void carrier_loop(struct carrier *carrier)
{
    for (;;) {
        bool did = inbox_drain(carrier);
        if (carrier->index == 0) {
            if (monitor_tick_due()) host_tick(monitor_tick_take());
            if (ring_poll()) {
                did = true;
                atomic_store_explicit(&last_command, engine_now(), memory_order_relaxed);
            }
        }
        if (carrier->ready_first)
            run_ready(carrier);
        else if (!did)
            carrier_idle(carrier);
    }
}

static void carrier_begin(struct carrier *carrier)
{
    engine_set_carrier(carrier);
    fiber_carrier_init(carrier);
    carrier->thread = (uintptr_t)pthread_self();
    carrier->tid = (int32_t)syscall(SYS_gettid);
    fault_thread_init(carrier);
}

static void *carrier_thread(void *argument)
{
    carrier_begin(argument);
    carrier_loop(argument);
}

void carrier_init(uint32_t count, _Atomic uint32_t *sleeping, _Atomic uint32_t *doorbell)
{
    cpus = (uint32_t)sysconf(_SC_NPROCESSORS_ONLN);
    engine_carrier_count = count;
    atomic_store(&awake, count);
    for (uint32_t i = 0; i < count; i++) {
        struct carrier *carrier = &engine_carriers[i];
        carrier->index = i;
        carrier->sleeping = i ? &carrier->own_sleeping : sleeping;
        carrier->doorbell = i ? &carrier->own_doorbell : doorbell;
    }
    carrier_begin(&engine_carriers[0]);
    for (uint32_t i = 1; i < count; i++) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, carrier_thread, &engine_carriers[i])) {
            perror("npuemu: starting a carrier");
            _Exit(70);
        }
        pthread_detach(thread);
    }
}

_Noreturn void carrier_main(void)
{
    carrier_loop(&engine_carriers[0]);
}
