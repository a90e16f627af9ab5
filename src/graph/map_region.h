/* Where the regions of a buffer lie: in its list while they are few, in grids when they are more (tensor_map.h). For
 * the files of the tensor map and its validator. */
#ifndef NPURT_GRAPH_MAP_REGION_H
#define NPURT_GRAPH_MAP_REGION_H

#include "tensor_map.h"

/* A region that is in no buffer yet, its content undefined; MAP_NONE when there is no room. */
static inline uint32_t map_region_take(struct tensor_map *map)
{
    uint32_t region = map->region_free;
    if (region != MAP_NONE)
        map->region_free = map->regions[region].next;
    else if (map->region_count < map->max_regions)
        region = map->region_count++;
    else
        return MAP_NONE;
#if NPURT_GRAPH_STREAM
    map->region_live++;
#endif
    return region;
}
/* One that is in no buffer any more. */
static inline void map_region_give(struct tensor_map *map, uint32_t region)
{
    map->regions[region].next = map->region_free;
    map->region_free = region;
#if NPURT_GRAPH_STREAM
    map->region_live--;
#endif
}

/* A new region without readers but `reader`; MAP_NONE when there is no room. */
uint32_t map_region_create(struct tensor_map *map, struct buffer *buffer, const struct box *box, uint32_t writer,
                           uint32_t reader);
/* Its readers are given back before. */
void map_region_destroy(struct tensor_map *map, struct buffer *buffer, uint32_t region);
/* Lets the regions of a buffer be those of another one, or of itself, their boxes `shift` bytes further on: what they
 * count from is so much lower. Needs no room. */
void map_region_move_all(struct tensor_map *map, struct buffer *from, struct buffer *to, uint64_t shift);
/* Gives back the reader nodes from `first` to `last`. */
void map_readers_free(struct tensor_map *map, uint32_t first, uint32_t last);

static inline void map_region_drop_readers(struct tensor_map *map, const struct region *r)
{
    uint32_t last = MAP_NONE;
    for (uint32_t i = r->readers; i != MAP_NONE; i = map->readers[i].next)
        last = i;
    if (last != MAP_NONE) map_readers_free(map, r->readers, last);
}

#if NPURT_GRAPH_STREAM
/* Drops completed tasks from the region; true when none is left. */
bool map_region_forget(struct tensor_map *map, struct region *r);
#else
static inline bool map_region_forget(struct tensor_map *map, struct region *r)
{
    (void)map, (void)r; /* all tasks of an image are still to come */
    return false;
}
#endif

struct box_view tensor_map_view(const struct tensor_map *map, uint32_t region);

/* The cells of a grid that a box may touch, columns counted on past the last from the first. */
struct cell_window {
    uint64_t row, rows, col, cols;
};

static inline uint64_t grid_window_cells(struct cell_window w)
{
    return w.rows * w.cols;
}

/* Neighbouring cells have neighbouring slots: sweeps over a buffer sweep over the table. */
static inline uint32_t tensor_map_cell_slot(const struct tensor_map *map, uint32_t grid, uint64_t row, uint64_t col)
{
    uint32_t cols = map->grids[grid].cols;
    if (cols != 0 && col >= cols) col -= cols;
    return (grid * 0x9e3779b1u + (uint32_t)(row * cols + col)) & (map->table_size - 1);
}

/* Cells. A division is a multiplication by the inverse: exact for the pitch, where the remainder counts; elsewhere it
 * need only be monotone, so that the cells between those of the ends are those of what lies between. */

static inline uint64_t high_product(uint64_t a, uint64_t b)
{
    return (uint64_t)((unsigned __int128)a * b >> 64);
}

static inline uint64_t divide_by_pitch(const struct grid *g, uint64_t x, uint64_t *rest)
{
    uint64_t q = high_product(x, g->pitch_inverse), r = x - q * g->pitch;
    if (r >= g->pitch) { /* the inverse is rounded down: one short at most */
        r -= g->pitch;
        q++;
    }
    *rest = r;
    return q;
}

/* Bytes in a row of the grid that the box touches, when they are the same in all its rows; else the pitch. */
uint64_t grid_width_in_rows(const struct grid *grid, const struct box_view *box);

static inline struct cell_window grid_window(const struct grid *g, const struct box_view *b)
{
    uint64_t row0 = 0, row1 = 0, col0 = b->lo, col1 = b->hi - 1;
    bool wraps = false; /* over the end of a row */
    if (g->pitch != 0) {
        row0 = divide_by_pitch(g, b->lo, &col0);
        if (b->outer == 1 && b->dim[0].pitch == g->pitch && col0 + b->run <= g->pitch && !b->irregular) {
            row1 = row0 + b->dim[0].count - 1;
            col1 = col0 + b->run - 1;
        } else {
            row1 = divide_by_pitch(g, b->hi - 1, &col1);
            if (row1 != row0) {
                uint64_t width = grid_width_in_rows(g, b);
                if (width > g->pitch) width = g->pitch;
                wraps = col0 + width > g->pitch;
                col1 = wraps ? col0 + width - g->pitch - 1 : col0 + width - 1;
            }
        }
        row0 = high_product(row0, g->row_inverse);
        row1 = high_product(row1, g->row_inverse);
    }
    col0 = high_product(col0, g->col_inverse);
    col1 = high_product(col1, g->col_inverse);
    uint64_t cols = wraps ? g->cols - col0 + col1 + 1 : col1 - col0 + 1;
    if (wraps && cols > g->cols) cols = g->cols;
    return (struct cell_window){row0, row1 - row0 + 1, col0, cols};
}

#endif
