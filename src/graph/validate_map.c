/* The tensor map's invariants, for both places of the engine. Each function returns NULL or what is wrong. */
#include "engine.h"
#include "map_region.h"

/* What the map holds, counted on the way; its own figures are compared with it. */
struct census {
    uint64_t regions, readers, links, grids;
};

#if NPURT_GRAPH_STREAM
static bool task_exists(const struct graph *g, uint32_t task)
{
    const uint32_t index = task & STREAM_INDEX_MASK;
    return index != 0 && index < g->edges.ring[task >> STREAM_INDEX_BITS].head;
}
#else
static bool task_exists(const struct graph *g, uint32_t task)
{
    return task < g->task_count;
}
#endif

static const char *validate_region(const struct graph *g, uint32_t region, struct census *census)
{
    const struct tensor_map *map = &g->map;
    if (region >= map->region_count) return "a link to a region that was never made";
    const struct region *r = &map->regions[region];
    if (r->lo >= r->hi || r->run == 0 || r->run > r->hi - r->lo) return "a region of no bytes";
    if (r->dead) return "a dead region";
    if (r->writer == MAP_NONE && r->reader == MAP_NONE) return "a region without writer and reader";
    if (r->writer != MAP_NONE && !task_exists(g, r->writer)) return "a writer that does not exist";
    if (r->reader != MAP_NONE && !task_exists(g, r->reader)) return "a reader that does not exist";
    if (r->reader == MAP_NONE && r->readers != MAP_NONE) return "readers without a newest one";
    if (r->reader != MAP_NONE && r->writer != MAP_NONE && edges_after(r->writer, r->reader))
        return "a reader from before the last writer";
    uint32_t newer = r->reader;
    for (uint32_t i = r->readers; i != MAP_NONE; i = map->readers[i].next) {
        const uint32_t task = map->readers[i].task;
        if (i >= map->reader_count) return "a link to a reader that was never made";
        if (!task_exists(g, task)) return "a reader that does not exist";
        if (task == newer || edges_after(task, newer)) return "readers are not in order";
        if (r->writer != MAP_NONE && (task == r->writer || edges_after(r->writer, task)))
            return "a reader from before the last writer";
        newer = task;
        census->readers++;
    }
    census->regions++;
    return NULL;
}

/* The region is in each of its cells exactly once. */
static const char *validate_cells(const struct tensor_map *map, uint32_t grid, uint32_t region, struct census *census)
{
    struct box_view view = tensor_map_view(map, region);
    struct cell_window w = grid_window(&map->grids[grid], &view);
    if (w.rows * w.cols > MAP_CELLS_PER_REGION) return "a region in too many cells";
    census->links += w.rows * w.cols - 1;
    for (uint64_t row = w.row; row < w.row + w.rows; row++) {
        for (uint64_t col = w.col; col < w.col + w.cols; col++) {
            const struct slot *slot = &map->cells[tensor_map_cell_slot(map, grid, row, col)];
            uint32_t link = slot->epoch == map->epoch ? slot->head : MAP_NONE;
            bool found = false;
            while (link != MAP_NONE && !found) {
                bool own = link < map->max_regions;
                found = (own ? link : map->links[link - map->max_regions].region) == region;
                link = own ? map->regions[link].next : map->links[link - map->max_regions].next;
            }
            if (!found) return "a region is missing from one of its cells";
        }
    }
    return NULL;
}

static const char *validate_buffer(const struct graph *g, const struct buffer *b, uint64_t size, struct census *census)
{
    const struct tensor_map *map = &g->map;
    const char *wrong;
    uint32_t count = 0;
    for (uint32_t i = b->loose; i != MAP_NONE; i = map->regions[i].next, count++) {
        if ((wrong = validate_region(g, i, census))) return wrong;
        if (map->regions[i].grid != MAP_NONE) return "a region of a grid in the list";
        if (map->regions[i].hi > size) return "a region that leaves its buffer";
    }
    if (count != b->loose_count) return "a wrong count of regions in the list";
    uint32_t grids = 0;
    for (uint32_t i = b->grids; i != MAP_NONE; i = map->grids[i].next, grids++) {
        uint32_t prev = MAP_NONE;
        count = 0;
        for (uint32_t r = map->grids[i].first; r != MAP_NONE; prev = r, r = map->order[r].next, count++) {
            if ((wrong = validate_region(g, r, census)) || (wrong = validate_cells(map, i, r, census))) return wrong;
            if (map->regions[r].grid != i) return "a region in another's grid";
            if (map->regions[r].hi > size) return "a region that leaves its buffer";
            if (map->order[r].prev != prev) return "a grid's list does not lead back";
        }
        if (count != map->grids[i].count) return "a wrong count of regions in a grid";
    }
    if (grids != b->grid_count) return "a wrong count of grids";
    census->grids += grids;
    return NULL;
}

static const char *validate_outside(const struct graph *g, struct census *census)
{
    const struct tensor_map *map = &g->map;
    const char *wrong;
    uint32_t free = 0, unused = 0;
    for (uint32_t i = map->buffer_free; i != MAP_NONE; i = map->buffers[i].next)
        free++;
    for (uint32_t i = 0; i < map->buffer_count; i++) {
        const struct span *span = &map->spans[i];
        if (span->hi == 0) { /* a part of another buffer */
            unused++;
            continue;
        }
        if (span->lo >= span->hi || map->buffers[i].addr > span->lo) return "a buffer of no bytes, or from before its address";
        if (span_below(map->spans, map->span_root, span->hi) != i) return "a byte of two buffers, or of one not in the tree";
        const struct slot *slot = &map->addresses[tensor_map_address_slot(map, map->buffers[i].addr)];
        uint32_t b = slot->epoch == map->epoch ? slot->head : MAP_NONE;
        while (b != MAP_NONE && b != i)
            b = map->buffers[b].next;
        if (b == MAP_NONE) return "a buffer can not be found by its address";
        if ((wrong = validate_buffer(g, &map->buffers[i], span->hi - map->buffers[i].addr, census))) return wrong;
    }
    return free == unused ? NULL : "a record of a buffer is neither in use nor free";
}

static const char *validate_own_buffer(const struct graph *g, uint32_t i, struct census *census)
{
    return validate_buffer(g, &g->map.own[i], g->map.own[i].size, census);
}

static const char *validate_own(const struct graph *g, struct census *census)
{
    const struct tensor_map *map = &g->map;
    const char *wrong;
#if NPURT_GRAPH_STREAM
    for (uint32_t r = 0; r < STREAM_RINGS; r++) {
        const struct own_ring *ring = &map->own_ring[r];
        if (ring->count > ring->capacity) return "more outputs than a ring has place for";
        for (uint32_t i = 0; i < ring->count; i++)
            if ((wrong = validate_own_buffer(g, ring->first + (ring->tail + i) % ring->capacity, census))) return wrong;
    }
#else
    for (uint32_t i = 0; i < map->own_count; i++) {
        if (i > 0 && map->own[i].addr <= map->own[i - 1].addr) return "the graph's buffers are not in order";
        if ((wrong = validate_own_buffer(g, i, census))) return wrong;
    }
#endif
    return NULL;
}

/* Everything that was ever taken is in use or free. */
static const char *validate_pools(const struct tensor_map *map, const struct census *census)
{
    uint64_t regions = census->regions, readers = census->readers, links = census->links;
    for (uint32_t i = map->region_free; i != MAP_NONE; i = map->regions[i].next)
        regions++;
    for (uint32_t i = map->reader_free; i != MAP_NONE; i = map->readers[i].next)
        readers++;
    for (uint32_t i = map->link_free; i != MAP_NONE; i = map->links[i].next)
        links++;
    if (regions != map->region_count) return "a region is neither in a buffer nor free";
    if (readers != map->reader_count) return "a reader is neither in a region nor free";
    if (links != map->link_count) return "a link is neither in a cell nor free";
    uint64_t grids = census->grids;
    for (uint32_t i = map->grid_free; i != MAP_NONE; i = map->grids[i].next)
        grids++;
    if (grids != map->grid_count) return "a grid is neither a buffer's nor free";
#if NPURT_GRAPH_STREAM
    if (census->regions != map->region_live) return "a wrong count of regions in use";
    if (census->readers != map->reader_live) return "a wrong count of readers in use";
#endif
    return NULL;
}

const char *validate_map(const struct graph *g)
{
    struct census census = {0};
    const char *wrong = NULL;
    if ((wrong = validate_outside(g, &census)) || (wrong = validate_own(g, &census))) return wrong;
    return validate_pools(&g->map, &census);
}
