#include "trace.h"

#include "timed.h"

static uint64_t hash = UINT64_C(0xcbf29ce484222325), events;

static inline void fold(uint64_t word)
{
    hash = (hash ^ word) * UINT64_C(0x100000001b3);
    hash ^= hash >> 32; /* whole words at a time: bring the high half back into play */
}

void trace(enum trace_kind kind, uint32_t agent, uint64_t a, uint64_t b)
{
    if (!timed_on) return;
    fold(timed_now());
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
