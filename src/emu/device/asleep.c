#include "asleep.h"

#include "fault.h"
#include "launch.h"

static uint32_t asked;      /* agents that have been asked, or passed over, since something moved: workers first */
static bool rousing;        /* some agent may be marked */

static struct agent *nth(uint32_t n)
{
    return n < ENGINE_MAX_WORKERS ? &engine_workers[n] : &engine_cores[n - ENGINE_MAX_WORKERS];
}

static void forget(void)
{
    asked = 0;
    if (!rousing) return;
    rousing = false;
    for (uint32_t n = 0; n < ENGINE_MAX_WORKERS + ENGINE_MAX_SUBCORES; n++)
        nth(n)->roused = NULL;
}

struct agent *asleep_ask(bool cores)
{
    const uint32_t end = cores ? ENGINE_MAX_WORKERS + ENGINE_MAX_SUBCORES : ENGINE_MAX_WORKERS;

    while (asked < end) {
        struct agent *agent = nth(asked++);
        if (agent->state != AGENT_PARKED || agent->endless) continue;
        agent->roused = agent;
        rousing = true;
        return agent;
    }
    return NULL;
}

void asleep_kick(const struct agent *self, struct agent *other)
{
    if (self && self->roused && !other->roused) other->roused = self->roused;
}

static const char *kind_of(const struct agent *agent)
{
    return agent->core == UINT16_MAX ? "AICPU worker" : "core";
}

static uint32_t number_of(const struct agent *agent)
{
    return agent->core == UINT16_MAX ? agent->id & 0xf : agent->core;
}

void asleep_moved(struct agent *self, const char *what, uint64_t number)
{
    const struct agent *sleeper = self ? self->roused : NULL;

    if (!sleeper) {
        forget();
        return;
    }
    launch_reason(self->launch,
                  "a lost wake-up: %s %u was asleep beside work; it began to wait at step %llu, nothing kicked it, and woken "
                  "at step %llu%s%s it %s %llu",
                  kind_of(sleeper), number_of(sleeper), (unsigned long long)sleeper->wait_start,
                  (unsigned long long)self->time, sleeper == self ? "" : " and kicking another, ",
                  sleeper == self ? "" : kind_of(self), what, (unsigned long long)number);
    forget();
    fault_raise(self, number);
}
