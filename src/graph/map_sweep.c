/* What tasks in rings leave behind in the tensor map when they have completed, and what their buffers do. */
#include "map_region.h"

/* Somebody may still have to wait for the task, or a template wants to know of it. */
static bool matters(const struct edges *e, uint32_t task)
{
    return edges_live(e, task) || edges_recorded(e, task);
}

bool map_region_forget(struct tensor_map *map, struct region *r)
{
    const struct edges *e = map->edges;
    if (r->writer != MAP_NONE && !matters(e, r->writer)) r->writer = MAP_NONE;
    for (uint32_t *at = &r->readers; *at != MAP_NONE;) {
        uint32_t node = *at;
        if (matters(e, map->readers[node].task)) {
            at = &map->readers[node].next;
            continue;
        }
        *at = map->readers[node].next;
        map_readers_free(map, node, node);
    }
    if (r->reader != MAP_NONE && !matters(e, r->reader)) {
        uint32_t node = r->readers;
        r->reader = node == MAP_NONE ? MAP_NONE : map->readers[node].task;
        if (node != MAP_NONE) {
            r->readers = map->readers[node].next;
            map_readers_free(map, node, node);
        }
    }
    return r->writer == MAP_NONE && r->reader == MAP_NONE;
}

static void sweep_buffer(struct tensor_map *map, struct buffer *buffer)
{
    for (uint32_t region = buffer->loose, next; region != MAP_NONE; region = next) {
        next = map->regions[region].next;
        if (map_region_forget(map, &map->regions[region])) map_region_destroy(map, buffer, region);
    }
    for (uint32_t grid = buffer->grids; grid != MAP_NONE; grid = map->grids[grid].next)
        for (uint32_t region = map->grids[grid].first, next; region != MAP_NONE; region = next) {
            next = map->order[region].next;
            if (map_region_forget(map, &map->regions[region])) map_region_destroy(map, buffer, region);
        }
}

static uint32_t next_limit(uint32_t live, uint32_t max)
{
    uint32_t limit = live > max / 2 ? max : 2 * live;
    if (limit < MAP_SWEEP_FIRST) limit = MAP_SWEEP_FIRST;
    return limit < max ? limit : max;
}

void tensor_map_sweep(struct tensor_map *map)
{
    for (uint32_t i = 0; i < map->buffer_count; i++)
        sweep_buffer(map, &map->buffers[i]);
    for (uint32_t r = 0; r < STREAM_RINGS; r++)
        for (uint32_t i = 0; i < map->own_ring[r].count; i++)
            sweep_buffer(map, own_ring_at(map, &map->own_ring[r], i));
    map->region_limit = next_limit(map->region_live, map->max_regions);
    map->reader_limit = next_limit(map->reader_live, map->max_readers);
}

bool tensor_map_room(struct tensor_map *map, uint32_t regions, uint32_t readers)
{
    const uint64_t more_regions = (uint64_t)map->region_live + regions, more_readers = (uint64_t)map->reader_live + readers;
    if (more_regions <= map->region_limit && more_readers <= map->reader_limit) return true;
    tensor_map_sweep(map);
    const uint64_t region_need = (uint64_t)map->region_live + regions, reader_need = (uint64_t)map->reader_live + readers;
    if (region_need > map->max_regions || reader_need > map->max_readers) return false;
    if (map->region_limit < region_need) map->region_limit = (uint32_t)region_need;
    if (map->reader_limit < reader_need) map->reader_limit = (uint32_t)reader_need;
    return true;
}

void tensor_map_release(struct tensor_map *map, struct buffer *buffer)
{
    for (uint32_t region = buffer->loose, next; region != MAP_NONE; region = next) {
        next = map->regions[region].next;
        map_region_drop_readers(map, &map->regions[region]);
        map_region_give(map, region);
    }
    while (buffer->grids != MAP_NONE) {
        const uint32_t grid = buffer->grids, region = map->grids[grid].first;
        if (region != MAP_NONE) {
            map_region_drop_readers(map, &map->regions[region]);
            map_region_destroy(map, buffer, region);
            continue;
        }
        buffer->grids = map->grids[grid].next;
        map->grids[grid].next = map->grid_free;
        map->grid_free = grid;
    }
    *buffer = (struct buffer){.loose = MAP_NONE, .grids = MAP_NONE};
}
