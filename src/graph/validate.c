#include "engine.h"

/* The invariants of the engine, one function per structure. Each returns NULL or what is wrong. */

static const char *validate_tasks(const struct graph *g)
{
    uint64_t fanin = 0, fanout = 0, payload = 0;
    if (g->task_count > g->max_tasks) return "more tasks than there is room for";
    for (uint32_t i = 0; i < g->task_count; i++) {
        const struct image_task *t = &g->tasks[i];
        fanin += t->fanin;
        fanout += t->fanout_count;
        if ((uint64_t)t->payload * GRAPH_PAYLOAD_UNIT != payload) return "a payload does not follow the one before";
        payload += t->tensor_count * sizeof(npurt_tensor) + t->scalar_count * sizeof(uint64_t);
        payload = (payload + GRAPH_PAYLOAD_UNIT - 1) & ~(uint64_t)(GRAPH_PAYLOAD_UNIT - 1);
        if (t->block_num == 0) return "a task of no blocks";
        uint32_t mask = 0;
        for (uint32_t slot = 0; slot < NPURT_CORE_SLOTS; slot++)
            mask |= t->kernel[slot] >= 0 ? 1u << slot : 0;
        if (mask != t->core_mask) return "a core mask does not match the kernels";
        static const uint8_t shape_of_mask[8] = {SHAPE_DUMMY, SHAPE_AIC, SHAPE_AIV, SHAPE_MIX,
                                                 SHAPE_COUNT, SHAPE_MIX, SHAPE_MIX, SHAPE_MIX};
        if (t->shape != shape_of_mask[mask]) return "a shape does not match the kernels";
    }
    if (payload != g->payload_used) return "payloads and their total differ";
    if (fanin != g->edges.count) return "the sum of fan-ins is not the number of edges";
    if (fanout != g->edges.count) return "the sum of fan-outs is not the number of edges";
    return NULL;
}

static const char *validate_edges(const struct graph *g)
{
    const struct edges *e = &g->edges;
    uint32_t at = 0;
    for (uint32_t i = 0; i < g->task_count; i++)
        for (uint32_t k = 0; k < g->tasks[i].fanin; k++)
            if (e->producers[at++] >= i) return "a task waits for itself or a later one";
    if (g->state != GRAPH_DONE) return NULL;

    uint32_t begin = 0, ready = 0;
    for (uint32_t i = 0; i < g->task_count; i++) {
        if (g->tasks[i].fanout_begin != begin) return "consumers are not grouped in the order of producers";
        for (uint32_t k = 0; k < g->tasks[i].fanout_count; k++) {
            uint32_t consumer = e->consumers[begin + k];
            if (consumer <= i || consumer >= g->task_count) return "an edge leads backwards or nowhere";
            if (k > 0 && consumer <= e->consumers[begin + k - 1])
                return "consumers do not ascend: an edge may be double";
        }
        begin += g->tasks[i].fanout_count;
        if (g->tasks[i].fanin == 0 && (ready >= g->ready_count || g->ready[ready++] != i))
            return "the ready list misses a task without producers";
    }
    if (ready != g->ready_count) return "the ready list has a task with producers";
    for (uint32_t i = g->task_count; i-- > 0;) { /* every logged edge is found among its producer's consumers */
        for (uint32_t k = 0; k < g->tasks[i].fanin; k++) {
            const struct image_task *p = &g->tasks[e->producers[--at]];
            uint32_t low = p->fanout_begin, high = low + p->fanout_count;
            while (low < high) {
                uint32_t middle = low + (high - low) / 2;
                if (e->consumers[middle] < i)
                    low = middle + 1;
                else
                    high = middle;
            }
            if (low == p->fanout_begin + p->fanout_count || e->consumers[low] != i) return "a logged edge got lost";
        }
    }
    return NULL;
}

static const char *validate_region(const struct graph *g, uint32_t region)
{
    const struct tensor_map *map = &g->map;
    if (region >= map->region_count) return "a link to a region that was never made";
    const struct region *r = &map->regions[region];
    if (r->lo >= r->hi || r->run == 0 || r->run > r->hi - r->lo) return "a region of no bytes";
    if (r->dead) return "a dead region";
    if (r->writer == MAP_NONE && r->reader == MAP_NONE) return "a region without writer and reader";
    if (r->writer != MAP_NONE && r->writer >= g->task_count) return "a writer that does not exist";
    if (r->reader == MAP_NONE && r->readers != MAP_NONE) return "readers without a newest one";
    uint32_t newer = r->reader;
    for (uint32_t i = r->readers; i != MAP_NONE; i = map->readers[i].next) {
        if (i >= map->reader_count) return "a link to a reader that was never made";
        if (map->readers[i].task >= newer) return "readers are not in order";
        newer = map->readers[i].task;
    }
    if (newer != MAP_NONE && r->writer != MAP_NONE && newer <= r->writer) return "a reader from before the last writer";
    return NULL;
}

/* The region is in each of its cells exactly once. */
static const char *validate_cells(const struct tensor_map *map, uint32_t grid, uint32_t region)
{
    struct box_view view = tensor_map_view(map, region);
    struct cell_window w = grid_window(&map->grids[grid], &view);
    if (w.rows * w.cols > MAP_CELLS_PER_REGION) return "a region in too many cells";
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

static const char *validate_buffer(const struct graph *g, const struct buffer *b, uint64_t *regions)
{
    const struct tensor_map *map = &g->map;
    const char *wrong;
    uint32_t count = 0;
    for (uint32_t i = b->loose; i != MAP_NONE; i = map->regions[i].next, count++) {
        if ((wrong = validate_region(g, i))) return wrong;
        if (map->regions[i].grid != MAP_NONE) return "a region of a grid in the list";
    }
    if (count != b->loose_count) return "a wrong count of regions in the list";
    *regions += count;
    uint32_t grids = 0;
    for (uint32_t i = b->grids; i != MAP_NONE; i = map->grids[i].next, grids++) {
        uint32_t prev = MAP_NONE;
        count = 0;
        for (uint32_t r = map->grids[i].first; r != MAP_NONE; prev = r, r = map->order[r].next, count++) {
            if ((wrong = validate_region(g, r)) || (wrong = validate_cells(map, i, r))) return wrong;
            if (map->regions[r].grid != i) return "a region in another's grid";
            if (map->order[r].prev != prev) return "a grid's list does not lead back";
        }
        if (count != map->grids[i].count) return "a wrong count of regions in a grid";
        *regions += count;
    }
    if (grids != b->grid_count) return "a wrong count of grids";
    return NULL;
}

static const char *validate_map(const struct graph *g)
{
    const struct tensor_map *map = &g->map;
    uint64_t regions = 0, free_regions = 0;
    const char *wrong;
    for (uint32_t i = 0; i < map->buffer_count; i++) {
        const struct slot *slot = &map->addresses[tensor_map_address_slot(map, map->buffers[i].addr)];
        uint32_t b = slot->epoch == map->epoch ? slot->head : MAP_NONE;
        while (b != MAP_NONE && b != i)
            b = map->buffers[b].next;
        if (b == MAP_NONE) return "a buffer can not be found by its address";
        if ((wrong = validate_buffer(g, &map->buffers[i], &regions))) return wrong;
    }
    for (uint32_t i = 0; i < map->own_count; i++) {
        if (i > 0 && map->own[i].addr <= map->own[i - 1].addr) return "the graph's buffers are not in order";
        if ((wrong = validate_buffer(g, &map->own[i], &regions))) return wrong;
    }
    for (uint32_t i = map->region_free; i != MAP_NONE; i = map->regions[i].next)
        free_regions++;
    if (regions + free_regions != map->region_count) return "a region is neither in a buffer nor free";
    return NULL;
}

const char *graph_validate(const struct graph *g)
{
    const char *wrong = NULL;
    if (g->latched || g->state == GRAPH_IDLE) return NULL; /* nothing to rely on after a refusal */
    if ((wrong = validate_tasks(g)) || (wrong = validate_edges(g)) || (wrong = validate_map(g))) return wrong;
    return NULL;
}
