/* The order in which tasks may become ready and complete, for tests that know of each task which earlier ones it needs:
 * none completes before those, and none waits for others. Up to 64 tasks. */
#ifndef NPURT_TESTS_GRAPH_READY_ORDER_H
#define NPURT_TESTS_GRAPH_READY_ORDER_H

#include "stream_world.h"

enum { READY_ORDER_TASKS = 64 };

/* Bit i: task i. What it conflicts with, and what it may ask for. */
static uint64_t must[READY_ORDER_TASKS], asked[READY_ORDER_TASKS], done;
static uint32_t lost; /* tasks that completed before one that they conflict with */

static void check_order(uint32_t ordinal, uint32_t slot)
{
    (void)slot;
    lost += (must[ordinal] & ~done) != 0;
    done |= UINT64_C(1) << ordinal;
}

/* Of the tasks admitted and not done, those that are not ready although nothing that they ask for is left. */
static uint32_t late(void)
{
    uint64_t ready = 0;
    uint32_t n = 0;
    for (uint32_t i = 0; i < world.ready_count; i++)
        ready |= UINT64_C(1) << world.ordinal[world.ready[i]];
    for (uint32_t i = 0; i < world.admitted; i++)
        n += !((done | ready) >> i & 1) && (asked[i] & ~done) == 0;
    return n;
}

#endif
