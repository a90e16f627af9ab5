#include "rings.h"

#include <inttypes.h>
#include "error.h"

enum { DEFAULT_WINDOW = 16384, DEFAULT_EDGES = 65536, DEFAULT_HEAP = 256 << 20, HEAP_PART = 64, REGIONS_LEAST = 4096 };
/* More than any device has; sums of it do not overflow. */
#define HEAP_MOST (UINT64_C(1) << 48)

npurt_status rings_check(const npurt_ring_options ring[NPURT_RINGS], const char *whose)
{
    for (uint32_t r = 0; r < NPURT_RINGS; r++) {
        const uint32_t window = ring[r].task_window, edges = ring[r].edges;
        const uint64_t heap = ring[r].heap_bytes;
        if (window && (window & (window - 1) || window < STREAM_WINDOW_MIN || window > STREAM_WINDOW_MAX))
            return error_raise(NPURT_ERROR_INVALID_ARGUMENT,
                               "%s, ring %u: task_window is %u; a power of two from %d to %d is due", whose, r, window,
                               STREAM_WINDOW_MIN, STREAM_WINDOW_MAX);
        if (edges && (edges < STREAM_EDGES_MIN || edges > STREAM_EDGES_MAX))
            return error_raise(NPURT_ERROR_INVALID_ARGUMENT, "%s, ring %u: edges is %u; %d to %d are possible", whose,
                               r, edges, STREAM_EDGES_MIN, STREAM_EDGES_MAX);
        if (heap % STREAM_HEAP_UNIT || heap > HEAP_MOST)
            return error_raise(NPURT_ERROR_INVALID_ARGUMENT,
                               "%s, ring %u: heap_bytes is %" PRIu64 "; a multiple of %d up to %" PRIu64 " is due",
                               whose, r, heap, STREAM_HEAP_UNIT, HEAP_MOST);
    }
    return NPURT_OK;
}

/* The first that is not 0. */
static uint64_t first_of(uint64_t call, uint64_t callable, uint64_t device, uint64_t otherwise)
{
    return call ? call : callable ? callable : device ? device : otherwise;
}

void rings_choose(const npurt_callable *c, const npurt_call_args *args, struct stream_control *control)
{
    const npurt_device *device = c->device;
    uint64_t heap = device->info.hbm_total / HEAP_PART / STREAM_HEAP_UNIT * STREAM_HEAP_UNIT, slots = 0;
    if (heap > DEFAULT_HEAP) heap = DEFAULT_HEAP;
    if (heap < STREAM_HEAP_UNIT) heap = STREAM_HEAP_UNIT;
    for (uint32_t r = 0; r < STREAM_RINGS; r++) {
        const npurt_ring_options *a = &args->ring[r], *b = &c->ring[r], *d = &device->options.ring[r];
        struct stream_ring *ring = &control->ring[r];
        ring->window = (uint32_t)first_of(a->task_window, b->task_window, d->task_window, DEFAULT_WINDOW);
        ring->edges = (uint32_t)first_of(a->edges, b->edges, d->edges, DEFAULT_EDGES);
        ring->heap_size = first_of(a->heap_bytes, b->heap_bytes, d->heap_bytes, heap);
        slots += ring->window;
    }
    /* Regions that tasks in flight read or write, and as many that wait for somebody to read them. */
    control->max_regions = (uint32_t)(2 * slots > REGIONS_LEAST ? 2 * slots : REGIONS_LEAST);
}
