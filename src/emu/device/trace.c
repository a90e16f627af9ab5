#include "trace.h"

#include "simulation.h"

static uint64_t hash = UINT64_C(0xcbf29ce484222325), events;

static inline void fold(uint64_t word)
{
    hash = (hash ^ word) * UINT64_C(0x100000001b3);
    hash ^= hash >> 32; /* whole words at a time: bring the high half back into play */
}

void trace(enum trace_kind kind, uint32_t agent, uint64_t a, uint64_t b)
{
    if (!simulation_on) return;
    if (!simulation_order->timeless) fold(simulation_now());
    fold((uint64_t)kind << 32 | agent);
    fold(a);
    fold(b);
    events++;
}

uint64_t trace_hash(void)
{
    return hash;
}

uint64_t trace_events(void)
{
    return events;
}
