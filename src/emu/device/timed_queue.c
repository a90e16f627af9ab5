#include "timed_queue.h"

#include <stdlib.h>
#include <string.h>

#include "device.h"
#include "port/port.h"
#include "simulation.h"

/* ---- heap
 * ------------------------------------------------------------------------------------------------------------ */

static struct agent *heap[ENGINE_MAX_SUBCORES + ENGINE_MAX_WORKERS];
static uint32_t heap_count;

static bool before(const struct agent *a, const struct agent *b)
{
    return a->time != b->time ? a->time < b->time : a->tie < b->tie;
}

static void set(uint32_t at, struct agent *agent)
{
    heap[at] = agent;
    agent->heap_index = at;
}

static void rise(uint32_t at, struct agent *agent)
{
    while (at > 0 && before(agent, heap[(at - 1) / 2])) {
        set(at, heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    set(at, agent);
}

struct agent *timed_heap_first(void)
{
    return heap_count ? heap[0] : NULL;
}

struct agent *timed_heap_pop(void)
{
    struct agent *first = heap[0], *last = heap[--heap_count];
    uint32_t at = 0, child;

    if (heap_count == 0) return first;
    while ((child = 2 * at + 1) < heap_count) {
        if (child + 1 < heap_count && before(heap[child + 1], heap[child])) child++;
        if (!before(heap[child], last)) break;
        set(at, heap[child]);
        at = child;
    }
    set(at, last);
    return first;
}

void timed_heap_push(struct agent *agent)
{
    rise(heap_count++, agent);
}

void timed_heap_moved(struct agent *agent)
{
    rise(agent->heap_index, agent);
}

/* ---- wakes
 * ----------------------------------------------------------------------------------------------------------- */

void timed_wakes_add(struct agent *agent, uint64_t at)
{
    if (agent->wake_count == agent->wake_room) {
        agent->wake_room = agent->wake_room ? 2 * agent->wake_room : 32;
        agent->wakes = realloc(agent->wakes, agent->wake_room * sizeof *agent->wakes);
        if (!agent->wakes) abort();
    }
    agent->wakes[agent->wake_count++] = at;
}

void timed_wakes_clear(struct agent *agent)
{
    agent->wake_count = 0;
}

bool timed_wakes_take(struct agent *agent, uint64_t *at)
{
    uint32_t kept = 0, first = 0;

    for (uint32_t i = 0; i < agent->wake_count; i++) {
        if (agent->wakes[i] <= agent->look_start) continue;
        agent->wakes[kept] = agent->wakes[i];
        if (agent->wakes[kept] < agent->wakes[first]) first = kept;
        kept++;
    }
    agent->wake_count = kept;
    if (kept == 0) return false;
    *at = agent->wakes[first];
    agent->wakes[first] = agent->wakes[--agent->wake_count];
    return true;
}

/* ---- latencies
 * ------------------------------------------------------------------------------------------------------- */

uint64_t timed_random_latency(uint64_t least, uint64_t most)
{
    /* The cube of a uniform number has mean 1/4. 21 bits, so that the cube fits. */
    uint64_t u = simulation_random() >> 43, range = most > least ? most - least : 0;

    return least + (uint64_t)((unsigned __int128)(u * u * u) * range >> 63);
}

/* ---- lines
 * ----------------------------------------------------------------------------------------------------------- */

static struct {
    uint64_t line;
    uint32_t holders; /* workers, by bit */
} lines[8192];

bool timed_line_cached(const struct agent *self, const void *p, bool write)
{
    uint64_t offset = (uint64_t)(uintptr_t)p - device_shared->hbm_base, line = (offset >> 6) + 1;
    uint32_t bit = self->core == UINT16_MAX ? 1u << (self->id - PORT_AGENT_AICPU) : 0;
    bool held;

    if (offset >= device_shared->hbm_size) return false;
    __typeof__(&lines[0]) entry = &lines[line * UINT64_C(0x9e3779b97f4a7c15) >> 51];
    if (entry->line != line) {
        entry->line = line;
        entry->holders = 0;
    }
    held = entry->holders & bit;
    entry->holders = write ? bit : entry->holders | bit;
    return held;
}
