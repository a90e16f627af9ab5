#include "map_region.h"

#include <string.h>

struct box_view tensor_map_view(const struct tensor_map *map, uint32_t region)
{
    const struct region *r = &map->regions[region];
    return (struct box_view){r->lo,    r->hi,       r->run, r->outer > 1 ? map->shapes[region].dim : &r->first,
                             r->outer, r->irregular};
}

static uint64_t cell_inverse(uint64_t size)
{
    return size == 1 ? UINT64_MAX : UINT64_MAX / size + 1;
}

uint64_t grid_width_in_rows(const struct grid *g, const struct box_view *b)
{
    uint64_t width = b->run;
    if (b->irregular) return g->pitch;
    for (uint32_t d = 0; d < b->outer; d++) {
        if (b->dim[d].pitch < g->pitch)
            width += (b->dim[d].count - 1) * b->dim[d].pitch;
        else if (b->dim[d].pitch % g->pitch != 0)
            return g->pitch;
    }
    return width;
}

static void push_link(struct tensor_map *map, uint32_t slot_index, uint32_t link, uint32_t *next)
{
    struct slot *slot = &map->cells[slot_index];
    *next = slot->epoch == map->epoch ? slot->head : MAP_NONE;
    *slot = (struct slot){link, map->epoch};
}

static void grid_insert(struct tensor_map *map, uint32_t grid, uint32_t region, struct cell_window w)
{
    struct grid *g = &map->grids[grid];
    struct region *r = &map->regions[region];
    bool first = true;
    for (uint64_t row = w.row; row < w.row + w.rows; row++) {
        for (uint64_t col = w.col; col < w.col + w.cols; col++) {
            uint32_t slot = tensor_map_cell_slot(map, grid, row, col);
            if (first) {
                push_link(map, slot, region, &r->next);
                first = false;
                continue;
            }
            uint32_t link = map->link_free;
            if (link != MAP_NONE)
                map->link_free = map->links[link].next;
            else
                link = map->link_count++;
            map->links[link].region = region;
            push_link(map, slot, map->max_regions + link, &map->links[link].next);
        }
    }
    r->grid = grid;
    map->order[region] = (struct order){MAP_NONE, g->first};
    if (g->first != MAP_NONE) map->order[g->first].prev = region;
    g->first = region;
    g->count++;
}

static void grid_remove(struct tensor_map *map, uint32_t region)
{
    struct grid *g = &map->grids[map->regions[region].grid];
    struct box_view view = tensor_map_view(map, region);
    struct cell_window w = grid_window(g, &view);
    for (uint64_t row = w.row; row < w.row + w.rows; row++) {
        for (uint64_t col = w.col; col < w.col + w.cols; col++) {
            uint32_t *at = &map->cells[tensor_map_cell_slot(map, map->regions[region].grid, row, col)].head;
            for (;;) {
                uint32_t link = *at;
                if (link == region) {
                    *at = map->regions[region].next;
                    break;
                }
                if (link < map->max_regions) {
                    at = &map->regions[link].next;
                    continue;
                }
                struct link *l = &map->links[link - map->max_regions];
                if (l->region == region) {
                    *at = l->next;
                    l->next = map->link_free;
                    map->link_free = link - map->max_regions;
                    break;
                }
                at = &l->next;
            }
        }
    }
    struct order o = map->order[region];
    if (o.prev != MAP_NONE)
        map->order[o.prev].next = o.next;
    else
        g->first = o.next;
    if (o.next != MAP_NONE) map->order[o.next].prev = o.prev;
    g->count--;
}

/* What size of cell suits a box: its own rows and bytes in a row. */
static void cell_of_box(const struct box_view *b, uint64_t *pitch, uint64_t *rows, uint64_t *cols)
{
    *pitch = 0;
    *rows = 1;
    *cols = b->hi - b->lo;
    if (b->outer == 0 || b->irregular) return;
    *pitch = b->dim[0].pitch;
    *rows = b->dim[0].count;
    *cols = b->run;
    for (uint32_t d = 1; d < b->outer; d++)
        *cols += (b->dim[d].count - 1) * b->dim[d].pitch;
}

/* Within a factor: at most three cells each way, and not a crowd of small ones in a cell. */
static bool size_fits(uint64_t size, uint64_t cell)
{
    return size <= 2 * cell && 4 * size >= cell;
}

static uint32_t grid_take(struct tensor_map *map)
{
    uint32_t free = map->grid_free;
    if (free != MAP_NONE) {
        map->grid_free = map->grids[free].next;
        return free;
    }
    return map->grid_count < map->max_grids ? map->grid_count++ : MAP_NONE;
}

/* The grid for a box, made when there is none yet; MAP_NONE when the buffer has its fill of grids. */
static uint32_t grid_for(struct tensor_map *map, struct buffer *buffer, const struct box_view *b)
{
    uint64_t pitch, rows, cols;
    cell_of_box(b, &pitch, &rows, &cols);
    for (uint32_t i = buffer->grids; i != MAP_NONE; i = map->grids[i].next) {
        const struct grid *g = &map->grids[i];
        if (g->pitch == pitch && size_fits(rows, g->row_cell) && size_fits(cols, g->col_cell)) return i;
    }
    if (buffer->grid_count == MAP_GRIDS_PER_BUFFER) return MAP_NONE;
    uint64_t in_row = pitch ? high_product(pitch - 1, cell_inverse(cols)) + 1 : 0;
    if (in_row > UINT32_MAX) return MAP_NONE;
    uint32_t i = grid_take(map);
    if (i == MAP_NONE) return MAP_NONE;
    struct grid *g = &map->grids[i];
    *g = (struct grid){.pitch = pitch,
                       .pitch_inverse = pitch ? UINT64_MAX / pitch : 0,
                       .row_inverse = cell_inverse(rows),
                       .col_inverse = cell_inverse(cols),
                       .row_cell = (uint32_t)rows,
                       .col_cell = cols,
                       .cols = (uint32_t)in_row,
                       .first = MAP_NONE};
    /* small cells first: the more a region says about an access the earlier it is met, and ends the waiting for others
     */
    uint32_t *at = &buffer->grids;
    while (*at != MAP_NONE && map->grids[*at].row_cell * map->grids[*at].col_cell < rows * cols)
        at = &map->grids[*at].next;
    g->next = *at;
    *at = i;
    buffer->grid_count++;
    return i;
}

static void loose_insert(struct tensor_map *map, struct buffer *buffer, uint32_t region)
{
    struct region *r = &map->regions[region];
    r->grid = MAP_NONE;
    r->next = buffer->loose;
    buffer->loose = region;
    buffer->loose_count++;
}

/* Into the grid of its size, or the list when it has none. */
static void place(struct tensor_map *map, struct buffer *buffer, uint32_t region)
{
    struct box_view view = tensor_map_view(map, region);
    uint32_t grid = grid_for(map, buffer, &view);
    if (grid != MAP_NONE) {
        struct cell_window w = grid_window(&map->grids[grid], &view);
        if (grid_window_cells(w) <= MAP_CELLS_PER_REGION) {
            grid_insert(map, grid, region, w);
            return;
        }
    }
    loose_insert(map, buffer, region);
}

static void move_list_to_grids(struct tensor_map *map, struct buffer *buffer)
{
    uint32_t region = buffer->loose;
    buffer->loose = MAP_NONE;
    buffer->loose_count = 0;
    while (region != MAP_NONE) {
        uint32_t next = map->regions[region].next;
        place(map, buffer, region);
        region = next;
    }
}

static void insert(struct tensor_map *map, struct buffer *buffer, uint32_t region)
{
    if (buffer->grid_count != 0) {
        place(map, buffer, region);
        return;
    }
    loose_insert(map, buffer, region);
    if (buffer->loose_count > MAP_LOOSE) move_list_to_grids(map, buffer);
}

void map_region_move_all(struct tensor_map *map, struct buffer *from, struct buffer *to, uint64_t shift)
{
    uint32_t list = from->loose;
    from->loose = MAP_NONE;
    from->loose_count = 0;
    for (uint32_t grid = from->grids; grid != MAP_NONE; grid = map->grids[grid].next)
        while (map->grids[grid].first != MAP_NONE) {
            const uint32_t region = map->grids[grid].first;
            grid_remove(map, region);
            map->regions[region].next = list;
            list = region;
        }
    while (from != to && from->grids != MAP_NONE) {
        const uint32_t grid = from->grids;
        from->grids = map->grids[grid].next;
        from->grid_count--;
        map->grids[grid].next = map->grid_free;
        map->grid_free = grid;
    }
    while (list != MAP_NONE) {
        const uint32_t region = list;
        list = map->regions[region].next;
        map->regions[region].lo += shift;
        map->regions[region].hi += shift;
        insert(map, to, region);
    }
    tensor_map_stamp(map, from);
    tensor_map_stamp(map, to);
}

uint32_t map_region_create(struct tensor_map *map, struct buffer *buffer, const struct box *box, uint32_t writer,
                           uint32_t reader)
{
    const uint32_t region = map_region_take(map);
    if (region == MAP_NONE) return MAP_NONE;
    tensor_map_stamp(map, buffer);
    map->regions[region] = (struct region){.lo = box->lo,
                                           .hi = box->hi,
                                           .run = box->run,
                                           .writer = writer,
                                           .reader = reader,
                                           .readers = MAP_NONE,
                                           .outer = (uint8_t)box->outer,
                                           .irregular = (uint8_t)box->irregular};
    if (box->outer == 1)
        map->regions[region].first = box->dim[0];
    else if (box->outer > 1)
        memcpy(map->shapes[region].dim, box->dim, box->outer * sizeof box->dim[0]);

    insert(map, buffer, region);
    return region;
}

void map_region_destroy(struct tensor_map *map, struct buffer *buffer, uint32_t region)
{
    if (map->regions[region].grid != MAP_NONE) {
        grid_remove(map, region);
    } else {
        uint32_t *at = &buffer->loose;
        while (*at != region)
            at = &map->regions[*at].next;
        *at = map->regions[region].next;
        buffer->loose_count--;
    }
    map_region_give(map, region);
    tensor_map_stamp(map, buffer);
}

void map_readers_free(struct tensor_map *map, uint32_t first, uint32_t last)
{
#if NPURT_GRAPH_STREAM
    for (uint32_t i = first; i != last; i = map->readers[i].next)
        map->reader_live--;
    map->reader_live--;
#endif
    map->readers[last].next = map->reader_free;
    map->reader_free = first;
}
