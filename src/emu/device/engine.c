#include "engine.h"

#include <time.h>

#include "port/port.h"

const struct engine *engine;
struct carrier engine_carriers[ENGINE_MAX_CARRIERS];
uint32_t engine_carrier_count;
struct agent engine_cores[ENGINE_MAX_SUBCORES];
struct agent engine_workers[ENGINE_MAX_WORKERS];

static _Thread_local struct agent *thread_agent;
static _Thread_local struct carrier *thread_carrier;

__attribute__((noinline)) ENGINE_NO_TSAN struct agent *engine_self(void)
{
    return thread_agent;
}

__attribute__((noinline)) ENGINE_NO_TSAN struct carrier *engine_carrier(void)
{
    return thread_carrier;
}

__attribute__((noinline)) ENGINE_NO_TSAN void engine_set_self(struct agent *agent)
{
    thread_agent = agent;
}

ENGINE_NO_TSAN void engine_set_carrier(struct carrier *carrier)
{
    thread_carrier = carrier;
}

struct agent *engine_agent(uint32_t id)
{
    if (id < ENGINE_MAX_SUBCORES) return &engine_cores[id];
    if (id - PORT_AGENT_AICPU < ENGINE_MAX_WORKERS) return &engine_workers[id - PORT_AGENT_AICPU];
    return NULL;
}

uint64_t engine_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void agent_init(struct agent *agent, uint32_t id, uint16_t core)
{
    agent->id = id;
    agent->core = core;
    agent->kick = (struct message){.agent = agent, .kind = MESSAGE_KICK};
    agent->move = (struct message){.agent = agent, .kind = MESSAGE_ARRIVE};
    atomic_store_explicit(&agent->carrier, &engine_carriers[0], memory_order_relaxed);
    atomic_store_explicit(&agent->inbox_of, &engine_carriers[0], memory_order_relaxed);
}

void engine_init(const struct emu_machine *machine)
{
    for (uint32_t i = 0; i < ENGINE_MAX_SUBCORES; i++)
        agent_init(&engine_cores[i], i, (uint16_t)i);
    for (uint32_t i = 0; i < ENGINE_MAX_WORKERS; i++)
        agent_init(&engine_workers[i], PORT_AGENT_AICPU + i, UINT16_MAX);
    if (machine->mode == EMU_MODE_TIMED)
        engine = &engine_timed;
    else if (machine->mode == EMU_MODE_EXPLORE)
        engine = &engine_explore;
    else if (machine->engine == EMU_ENGINE_THREAD)
        engine = &engine_thread;
    else
        engine = &engine_fiber;
    engine->init();
}
