/* The thread engine: every agent on a host thread of its own, woken by futexes.
 *
 * For device code that polls plain memory and so can not be parked, and for debuggers. A thread stays with its agent
 * from launch to launch; a faulted or doomed agent leaves its thread behind, blocked for ever.
 */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "carrier.h"
#include "device.h"
#include "fault.h"

enum { STACK_SIZE = 2 << 20, GUARD_SIZE = 64 << 10 };

struct thread {
    pthread_t id;
    struct agent *agent;
    _Atomic uint32_t go;    /* futex: runs asked for */
    _Atomic bool lost;      /* its agent left it behind; the agent's next start makes another */
    char *bottom;           /* lowest usable byte of its stack; the guard lies below */
    struct carrier carrier; /* holds the rescue stack of this thread; nothing is queued on it */
};

static void *thread_main(void *argument)
{
    struct thread *thread = argument;
    struct agent *agent = thread->agent;
    uint32_t ran = 0;
    pthread_attr_t attributes;
    void *bottom;
    size_t size;

    if (pthread_getattr_np(pthread_self(), &attributes) == 0) {
        if (pthread_attr_getstack(&attributes, &bottom, &size) == 0) thread->bottom = bottom;
        pthread_attr_destroy(&attributes);
    }
    engine_set_carrier(&thread->carrier);
    fault_thread_init(&thread->carrier);
    for (;;) {
        while (atomic_load(&thread->go) == ran)
            futex_wait(&thread->go, ran, UINT64_MAX);
        ran++;
        engine_set_self(agent);
        agent->main(agent);
        engine_set_self(NULL); /* from here on an interrupt finds nothing to end */
        agent->state = AGENT_ENDED;
        carrier_report_ended(agent);
    }
    return NULL;
}

bool thread_guards(const struct agent *agent, uint64_t address)
{
    const struct thread *thread = agent->thread;

    return thread && thread->bottom && (uint64_t)(uintptr_t)thread->bottom - 1 - address < GUARD_SIZE;
}

static void thread_start(struct agent *agent)
{
    struct thread *thread = agent->thread;
    pthread_attr_t attributes;

    agent->state = AGENT_RUNNING;
    if (!thread || atomic_load(&thread->lost)) {
        thread = aligned_alloc(64, (sizeof *thread + 63) & ~(size_t)63);
        if (!thread) abort();
        *thread = (struct thread){.agent = agent, .carrier = {.index = UINT32_MAX}};
        pthread_attr_init(&attributes);
        pthread_attr_setstacksize(&attributes, STACK_SIZE);
        pthread_attr_setguardsize(&attributes, GUARD_SIZE);
        if (pthread_create(&thread->id, &attributes, thread_main, thread)) {
            perror("npuemu: starting a thread for an agent");
            _Exit(70);
        }
        pthread_attr_destroy(&attributes);
        pthread_detach(thread->id);
        agent->thread = thread;
    }
    atomic_fetch_add(&thread->go, 1);
    futex_wake(&thread->go, 1);
}

static uint32_t thread_wait_begin(struct agent *self)
{
    return atomic_load(&self->word);
}

ENGINE_NO_ASAN static _Noreturn void thread_lose(struct agent *self)
{
    struct thread *thread = self->thread;

    atomic_store(&thread->lost, true);
    self->state = AGENT_ENDED;
    engine_set_self(NULL);
    carrier_report_ended(self);
    for (;;)
        pause();
}

static void thread_wait(struct agent *self, uint32_t token)
{
    if (atomic_load(&self->doomed)) {
        self->end = AGENT_EXPIRED;
        thread_lose(self);
    }
    /* Pairs with thread_kick: either it sees `waiting`, or the futex sees its new count. */
    atomic_store(&self->waiting, 1);
    if (atomic_load(&self->word) == token) futex_wait(&self->word, token, UINT64_MAX);
    atomic_store(&self->waiting, 0);
}

static void thread_kick(struct agent *agent)
{
    atomic_fetch_add(&agent->word, 1);
    if (atomic_load(&agent->waiting)) futex_wake(&agent->word, 1);
}

static void thread_pause(struct agent *self)
{
    (void)self;
    sched_yield();
}

static void thread_place(struct agent *self, uint32_t index, uint32_t count)
{
    (void)self, (void)index, (void)count; /* the host's scheduler places threads */
}

static void thread_adopt(struct agent *self, struct agent *core)
{
    (void)self, (void)core;
}

static void thread_doom(struct agent *agent)
{
    struct thread *thread = agent->thread;

    atomic_store(&agent->doomed, 1);
    thread_kick(agent);
    fault_interrupt((uintptr_t)thread->id);
}

static void thread_init(void) {}

const struct engine engine_thread = {
    .name = "thread",
    .init = thread_init,
    .start = thread_start,
    .wait_begin = thread_wait_begin,
    .wait = thread_wait,
    .kick = thread_kick,
    .pause = thread_pause,
    .place = thread_place,
    .adopt = thread_adopt,
    .doom = thread_doom,
    .lose = thread_lose,
};
