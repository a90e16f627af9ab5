#include "arena.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include "device.h"
#include "error.h"
#include "log.h"
#include "memory.h"

/* Of one process and so of one device process: the AICPU program may remember keys of an earlier handle. */
static _Atomic uint64_t last_key;

/* Unloads wait behind one executing run at most, and of the callables that have run there are no more meanwhile. */
enum { UNLOADS = NPURT_MAX_CALLABLES };

bool arena_is_for(const npurt_device *device, struct stream_control *control)
{
    const struct stream_control *now = &device->arena.laid_out;
    bool same = now->engine_key != 0 && now->max_regions == control->max_regions;
    for (uint32_t r = 0; r < STREAM_RINGS; r++)
        same = same && now->ring[r].window == control->ring[r].window && now->ring[r].edges == control->ring[r].edges &&
               now->ring[r].heap_size == control->ring[r].heap_size;
    if (!same) {
        control->engine_key = 0;
        return false;
    }
    control->engine = now->engine;
    control->engine_size = now->engine_size;
    control->engine_key = now->engine_key;
    for (uint32_t r = 0; r < STREAM_RINGS; r++)
        control->ring[r].heap = now->ring[r].heap;
    return true;
}

/* At least `need` bytes; the content is lost when they are taken anew. */
static npurt_status grow(npurt_device *device, uint64_t *address, uint64_t *room, uint64_t need, const char *purpose)
{
    if (need <= *room) return NPURT_OK;
    npurt_status status = memory_give(device, *address);
    *address = *room = 0;
    if (status == NPURT_OK) status = memory_take(device, need, "rings", purpose, address);
    if (status == NPURT_OK) *room = need;
    if (status == NPURT_ERROR_OUT_OF_DEVICE_MEMORY)
        error_hint("the sizes of the rings are chosen with npurt_ring_options of the device, the callable or the call");
    return status;
}

npurt_status arena_settle(npurt_device *device, struct stream_control *control)
{
    struct arena *arena = &device->arena;
    if (arena_is_for(device, control)) return NPURT_OK;
    const struct stream_layout layout = stream_layout_of(control);
    npurt_status status = NPURT_OK;
    arena->laid_out.engine_key = 0;
    if (!arena->unload)
        status = memory_take(device, UNLOADS * sizeof(struct stream_unload), "rings", "unloads", &arena->unload);
    if (status == NPURT_OK)
        status = grow(device, &arena->engine, &arena->engine_room, layout.size, "tasks, edges and tensor map");
    for (uint32_t r = 0; r < STREAM_RINGS && status == NPURT_OK; r++) {
        char purpose[32];
        snprintf(purpose, sizeof purpose, "heap of ring %u", r);
        /* the driver's alignment is half of a heap's */
        status =
            grow(device, &arena->heap[r], &arena->heap_room[r], control->ring[r].heap_size + STREAM_HEAP_UNIT, purpose);
        control->ring[r].heap = (arena->heap[r] + STREAM_HEAP_UNIT - 1) & ~(uint64_t)(STREAM_HEAP_UNIT - 1);
    }
    /* Memory of an earlier process may hold its keys, and tasks of a run of the same number. */
    if (status == NPURT_OK)
        status = memory_set(device, arena->engine + layout.tasks, 0, layout.state, "the rings' slots");
    if (status == NPURT_OK)
        status = memory_set(device, arena->engine + layout.own, 0, STREAM_OWN, "the graph engine's memory");
    if (status != NPURT_OK) return status;
    control->engine = arena->engine;
    control->engine_size = layout.size;
    control->engine_key = atomic_fetch_add(&last_key, 1) + 1;
    arena->laid_out = *control;
    log_write(LOG_LEVEL_INFO, "rings", "%s: %u slots, %u edges, %" PRIu64 " bytes for the engine, key %" PRIu64,
              device->info.target, layout.slots, layout.edge_count, layout.size, control->engine_key);
    return NPURT_OK;
}

uint64_t arena_unload_place(npurt_device *device)
{
    const uint32_t n = device->arena.unload_next++ % UNLOADS;
    return device->arena.unload + n * sizeof(struct stream_unload);
}

npurt_status arena_fini(npurt_device *device)
{
    const struct arena *arena = &device->arena;
    npurt_status status = NPURT_OK;
    for (uint32_t r = STREAM_RINGS; r-- > 0;)
        error_first(&status, memory_give(device, arena->heap[r]));
    error_first(&status, memory_give(device, arena->engine));
    error_first(&status, memory_give(device, arena->unload));
    arena_forget(device);
    return status;
}

void arena_forget(npurt_device *device)
{
    device->arena = (struct arena){0};
}
