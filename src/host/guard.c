#include "guard.h"

#include <errno.h>
#include <link.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "log.h"

enum {
    TICK_MS = 50,
    IDLE_TICKS = 40, /* without a call, then the watch ends */
    WARN_MS = 5000,  /* then after twice as long, and so on */
    RETURN_MS = 250, /* for one that was told to end */
    FORCE_MS = 500,  /* it was never caught in its own code */
};

struct guard {
    struct guard *next;
    _Atomic uint32_t turn; /* odd: a call goes on */
    _Atomic bool chased;   /* the call takes the lock before it leaves */
    _Atomic bool hunted;   /* it may be jumped out of */
    _Atomic bool forced;   /* wherever it is */
    const void *owner;
    bool catch_faults;
    uint32_t limit_ms;
    struct guard_call *call; /* while it goes on */
    pthread_t thread;
    sigjmp_buf back;
    /* The watch's, under the lock. */
    uint32_t seen, age_ms, warn_ms, told_ms;
    bool refusal_told;
};

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct guard *guards;
    pthread_t thread;
    bool begun, quit;
    _Atomic bool awake;
} watch = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* ---- the watch */

/* "it has submitted 3 tasks, the last with kernel 2". */
static void put_progress(const struct graph_glance *g, char *text, size_t size)
{
    int used = snprintf(text, size, "it has submitted %u task%s", g->tasks, g->tasks == 1 ? "" : "s");
    const char *before = ", the last with kernel ";
    for (int slot = 0; slot < 3 && g->tasks; slot++) {
        if (g->kernel[slot] < 0 || used < 0 || (size_t)used >= size) continue;
        used += snprintf(text + used, size - (size_t)used, "%s%d", before, g->kernel[slot]);
        before = "+";
    }
}

static void tell(struct guard *g)
{
    struct graph_glance glance;
    char progress[120];
    graph_glance(g->call->graph, &glance);
    put_progress(&glance, progress, sizeof progress);
    if (g->age_ms >= g->warn_ms) {
        log_write(LOG_LEVEL_WARN, "run", "orchestration of \"%s\" has run for %u s; %s; its limit is %u s", g->call->name,
                  g->age_ms / 1000, progress, g->limit_ms / 1000);
        g->warn_ms *= 2;
    }
    if (glance.refused && !g->refusal_told && g->call->why == GUARD_NO_REASON) {
        log_write(LOG_LEVEL_WARN, "run", "orchestration of \"%s\" goes on after it was refused: %s; %s", g->call->name,
                  graph_problem(g->call->graph), progress);
        g->refusal_told = true;
    }
}

static void tell_to_end(struct guard *g, enum guard_why why)
{
    struct graph_glance glance;
    char progress[120];
    graph_glance(g->call->graph, &glance);
    put_progress(&glance, progress, sizeof progress);
    log_write(LOG_LEVEL_WARN, "run", "orchestration of \"%s\" %s; %s", g->call->name,
              why == GUARD_CANCEL ? "is cancelled" : "has had its time and is ended", progress);
    g->call->why = why;
    g->call->ms = g->told_ms = g->age_ms;
    graph_stop(g->call->graph, why == GUARD_CANCEL ? NPURT_ERROR_CANCELLED : NPURT_ERROR_STALLED);
}

/* The call stays where it is until the lock is given up, unless it has left already. */
static bool chase(struct guard *g, uint32_t turn)
{
    atomic_store(&g->chased, true);
    return atomic_load(&g->turn) == turn;
}

/* Returns whether there was or is a call. */
static bool look(struct guard *g, uint32_t ms)
{
    const uint32_t turn = atomic_load(&g->turn);
    const bool fresh = turn != g->seen;
    if (fresh) {
        g->seen = turn;
        g->age_ms = g->told_ms = 0;
        g->warn_ms = WARN_MS;
        g->refusal_told = false;
    }
    if (turn % 2 == 0) return fresh;
    if (!fresh) g->age_ms += ms;
    if (fresh || !chase(g, turn)) return true;
    tell(g);
    if (g->age_ms >= g->limit_ms && g->call->why == GUARD_NO_REASON) tell_to_end(g, GUARD_TIMEOUT);
    if (g->call->why == GUARD_NO_REASON || g->age_ms - g->told_ms < RETURN_MS) return true;
    if (g->age_ms - g->told_ms >= RETURN_MS + FORCE_MS) atomic_store(&g->forced, true);
    atomic_store(&g->hunted, true);
    guard_interrupt(g->thread);
    return true;
}

/* Sleeps for a tick, or until the watch is to end. Returns the time that counts: a process that was stopped, or had no
 * processor, has not had it. */
static uint32_t tick(void)
{
    struct timespec begin, end;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    end = begin;
    end.tv_nsec += TICK_MS * 1000000;
    if (end.tv_nsec >= 1000000000) {
        end.tv_sec++;
        end.tv_nsec -= 1000000000;
    }
    while (!watch.quit && pthread_cond_timedwait(&watch.changed, &watch.lock, &end) != ETIMEDOUT) {
    }
    clock_gettime(CLOCK_MONOTONIC, &end);
    const int64_t ms = (int64_t)(end.tv_sec - begin.tv_sec) * 1000 + (end.tv_nsec - begin.tv_nsec) / 1000000;
    return ms < 2 * TICK_MS ? (uint32_t)ms : 2 * TICK_MS;
}

static bool is_any_running(void)
{
    for (struct guard *g = watch.guards; g; g = g->next)
        if (atomic_load(&g->turn) % 2) return true;
    return false;
}

static void *watch_main(void *unused)
{
    uint32_t idle = 0;
    (void)unused;
    pthread_mutex_lock(&watch.lock);
    while (!watch.quit) {
        const uint32_t ms = tick();
        bool any = false;
        for (struct guard *g = watch.guards; g; g = g->next)
            any |= look(g, ms);
        idle = any ? 0 : idle + 1;
        if (idle < IDLE_TICKS) continue;
        /* Pairs with guard_run: either this finds its turn odd, or it finds the watch asleep. */
        atomic_store(&watch.awake, false);
        if (!is_any_running()) break;
        atomic_store(&watch.awake, true);
    }
    pthread_mutex_unlock(&watch.lock);
    return NULL;
}

/* Pre: the lock; the thread has ended, or is about to without it. */
static void join(void)
{
    const pthread_t thread = watch.thread;
    if (!watch.begun) return;
    watch.begun = false;
    pthread_mutex_unlock(&watch.lock);
    pthread_join(thread, NULL);
    pthread_mutex_lock(&watch.lock);
}

/* Without a thread to be had, no orchestration is ended. */
static void wake(void)
{
    sigset_t all, before;
    pthread_mutex_lock(&watch.lock);
    while (!atomic_load(&watch.awake) && watch.begun)
        join(); /* without the lock meanwhile: another call may begin the next */
    if (!atomic_load(&watch.awake)) {
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are for the program's threads */
        watch.begun = pthread_create(&watch.thread, NULL, watch_main, NULL) == 0;
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        if (watch.begun)
            atomic_store(&watch.awake, true);
        else
            log_write(LOG_LEVEL_WARN, "run", "no thread for the watch over orchestrations: one that does not return hangs");
    }
    pthread_mutex_unlock(&watch.lock);
}

/* ---- guards */

static void init_watch(void)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&watch.changed, &attributes);
    pthread_condattr_destroy(&attributes);
}

struct guard *guard_create(const void *owner, uint32_t limit_ms, bool catch_faults)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct guard *g = calloc(1, sizeof *g);
    if (!g) return NULL;
    pthread_once(&once, init_watch);
    g->owner = owner;
    g->limit_ms = limit_ms;
    g->catch_faults = catch_faults;
    pthread_mutex_lock(&watch.lock);
    g->next = watch.guards;
    watch.guards = g;
    pthread_mutex_unlock(&watch.lock);
    if (catch_faults) guard_signals_take();
    return g;
}

/* With the last guard the watch goes: the library may be unloaded. */
void guard_destroy(struct guard *guard)
{
    if (!guard) return;
    pthread_mutex_lock(&watch.lock);
    struct guard **at = &watch.guards;
    while (*at != guard)
        at = &(*at)->next;
    *at = guard->next;
    if (!watch.guards && watch.begun) {
        watch.quit = true;
        pthread_cond_signal(&watch.changed);
        join();
        watch.quit = false;
        atomic_store(&watch.awake, false);
    }
    pthread_mutex_unlock(&watch.lock);
    if (guard->catch_faults) guard_signals_give();
    free(guard);
}

void guard_cancel(const void *owner)
{
    pthread_mutex_lock(&watch.lock);
    for (struct guard *g = watch.guards; g; g = g->next) {
        const uint32_t turn = atomic_load(&g->turn);
        if (g->owner != owner || turn % 2 == 0) continue;
        if (g->seen != turn) (void)look(g, 0);
        if (chase(g, turn) && g->call->why == GUARD_NO_REASON) tell_to_end(g, GUARD_CANCEL);
    }
    pthread_mutex_unlock(&watch.lock);
}

/* ---- a call */

static const void *object_of(uint64_t pc)
{
    struct dl_find_object found;
    void *at = (void *)(uintptr_t)pc; /* NOLINT(performance-no-int-to-ptr) */
    return _dl_find_object(at, &found) == 0 ? found.dlfo_map_start : NULL;
}

static void leave(struct guard *g, enum guard_end end)
{
    guard_thread_set(NULL);
    atomic_fetch_add(&g->turn, 1);
    if (atomic_load(&g->chased)) {
        pthread_mutex_lock(&watch.lock);
        atomic_store(&g->chased, false);
        if (atomic_exchange(&g->hunted, false)) guard_interrupt_end();
        atomic_store(&g->forced, false);
        pthread_mutex_unlock(&watch.lock);
    }
    g->call->end = end == GUARD_RETURNED && g->call->why != GUARD_NO_REASON ? GUARD_STOPPED : end;
    g->call = NULL;
}

void guard_run(struct guard *g, struct guard_call *call)
{
    call->why = GUARD_NO_REASON;
    g->call = call;
    g->thread = pthread_self();
    if (g->catch_faults) guard_thread_prepare();
    const int jumped = sigsetjmp(g->back, 0);
    if (jumped == 0) {
        guard_thread_set(g);
        atomic_fetch_add(&g->turn, 1);
        if (!atomic_load(&watch.awake)) wake();
        call->code = call->entry(graph_orch(call->graph), call->args);
    }
    leave(g, (enum guard_end)jumped);
}

/* ---- in a signal handler, on the call's thread */

bool guard_is_own(const struct guard *g, uint64_t pc)
{
    return object_of(pc) == object_of((uint64_t)(uintptr_t)g->call->entry);
}

bool guard_may_jump(struct guard *g, uint64_t pc)
{
    return atomic_load(&g->hunted) && (atomic_load(&g->forced) || guard_is_own(g, pc));
}

_Noreturn void guard_jump(struct guard *g, enum guard_end end)
{
    siglongjmp(g->back, (int)end);
}

struct guard_fault *guard_fault_of(struct guard *g)
{
    return &g->call->fault;
}
