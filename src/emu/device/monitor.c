#include "monitor.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "carrier.h"
#include "device.h"
#include "fault.h"

enum {
    QUIET_TICKS = 20,  /* without a launch, then it blocks */
    FORCE_TICKS = 200, /* about 3 s in one agent, never caught in device code: it is preempted wherever it is */
    RETRIES = 30,
    RETRY_NS = 100000,
};

static _Atomic uint32_t active;  /* launches begun, wraps */
static _Atomic uint32_t blocked; /* futex: 1 while the monitor blocks */
static _Atomic uint32_t due;

void monitor_launches_active(void)
{
    atomic_fetch_add(&active, 1);
    if (atomic_load(&blocked)) {
        atomic_store(&blocked, 0);
        futex_wake(&blocked, 1);
    }
}

bool monitor_tick_due(void)
{
    return atomic_load_explicit(&due, memory_order_relaxed);
}

uint64_t monitor_tick_take(void)
{
    atomic_store(&due, 0);
    return engine_now();
}

/* A signal may find the agent in the C library, where it must not be stopped; so it is sent again for a while. */
static void preempt(struct carrier *carrier, uint64_t switches, bool force)
{
    struct timespec pause = {.tv_nsec = RETRY_NS};

    for (int i = 0; i < RETRIES && atomic_load(&carrier->in_agent) && atomic_load(&carrier->switches) == switches;
         i++) {
        fault_preempt(carrier, force);
        clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
    }
}

static void *monitor_thread(void *argument)
{
    uint64_t seen[ENGINE_MAX_CARRIERS] = {0};
    uint32_t stuck[ENGINE_MAX_CARRIERS] = {0}, quiet = 0, last = 0;

    (void)argument;
    for (;;) {
        struct timespec period = {.tv_nsec = MONITOR_PERIOD_NS};
        uint32_t begun = atomic_load(&active);
        quiet = begun == last && launch_active() == 0 ? quiet + 1 : 0;
        last = begun;
        if (quiet > QUIET_TICKS) {
            atomic_store(&blocked, 1);
            while (atomic_load(&active) == last && atomic_load(&blocked))
                futex_wait(&blocked, 1, UINT64_MAX);
            atomic_store(&blocked, 0);
            quiet = 0;
            continue;
        }
        clock_nanosleep(CLOCK_MONOTONIC, 0, &period, NULL);
        if (launch_active() == 0) continue;
        for (uint32_t i = 0; i < engine_carrier_count; i++) {
            struct carrier *carrier = &engine_carriers[i];
            uint64_t switches = atomic_load(&carrier->switches);
            if (!atomic_load(&carrier->in_agent) || switches != seen[i]) {
                seen[i] = switches;
                stuck[i] = 0;
                continue;
            }
            preempt(carrier, switches, ++stuck[i] > FORCE_TICKS);
        }
        atomic_store(&due, 1);
        carrier_wake(&engine_carriers[0]);
    }
    return NULL;
}

void monitor_init(void)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, monitor_thread, NULL)) {
        perror("npuemu: starting the monitor");
        _Exit(70);
    }
    pthread_detach(thread);
}
