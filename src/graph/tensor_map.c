#include "tensor_map.h"

#include <string.h>

enum { SWEEP_FIRST = 1024 };

void tensor_map_reset(struct tensor_map *map, bool read_edges, bool write_edges, bool anti_edges)
{
    if (++map->epoch == 0) {
        memset(map->cells, 0, map->table_size * sizeof *map->cells);
        memset(map->addresses, 0, map->table_size * sizeof *map->addresses);
        map->epoch = 1;
    }
    map->region_count = map->buffer_count = map->own_count = map->grid_count = map->link_count = map->reader_count = 0;
    map->region_free = map->link_free = map->reader_free = MAP_NONE;
    map->read_edges = read_edges;
    map->write_edges = write_edges;
    map->anti_edges = anti_edges;
    map->probes = 0;
#if NPURT_GRAPH_STREAM
    map->grid_free = MAP_NONE;
    map->region_live = map->reader_live = 0;
    map->region_limit = map->max_regions < SWEEP_FIRST ? map->max_regions : SWEEP_FIRST;
    map->reader_limit = map->max_readers < SWEEP_FIRST ? map->max_readers : SWEEP_FIRST;
#endif
}

struct box_view tensor_map_view(const struct tensor_map *map, uint32_t region)
{
    const struct region *r = &map->regions[region];
    return (struct box_view){r->lo,    r->hi,       r->run, r->outer > 1 ? map->shapes[region].dim : &r->first,
                             r->outer, r->irregular};
}

/* Cells. A division is a multiplication by the inverse: exact for the pitch, where the remainder counts; elsewhere it
 * need only be monotone, so that the cells between those of the ends are those of what lies between. */

static uint64_t high_product(uint64_t a, uint64_t b)
{
    return (uint64_t)((unsigned __int128)a * b >> 64);
}

static uint64_t cell_inverse(uint64_t size)
{
    return size == 1 ? UINT64_MAX : UINT64_MAX / size + 1;
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
static uint64_t width_in_rows(const struct grid *g, const struct box_view *b)
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

inline struct cell_window grid_window(const struct grid *g, const struct box_view *b)
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
                uint64_t width = width_in_rows(g, b);
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

/* Neighbouring cells have neighbouring slots: sweeps over a buffer sweep over the table. */
inline uint32_t tensor_map_cell_slot(const struct tensor_map *map, uint32_t grid, uint64_t row, uint64_t col)
{
    uint32_t cols = map->grids[grid].cols;
    if (cols != 0 && col >= cols) col -= cols;
    return (grid * 0x9e3779b1u + (uint32_t)(row * cols + col)) & (map->table_size - 1);
}

static uint64_t window_cells(struct cell_window w)
{
    return w.rows * w.cols;
}

/* Buffers. */

#if !NPURT_GRAPH_STREAM
uint32_t tensor_map_own(struct tensor_map *map, uint64_t addr, uint64_t size)
{
    if (map->own_count == map->max_regions) return 0;
    map->own[map->own_count] = (struct buffer){.addr = addr, .size = size, .loose = MAP_NONE, .grids = MAP_NONE};
    return ++map->own_count;
}

static struct buffer *find_own(struct tensor_map *map, uint64_t addr)
{
    uint32_t low = 0, high = map->own_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (map->own[middle].addr < addr)
            low = middle + 1;
        else
            high = middle;
    }
    return low < map->own_count && map->own[low].addr == addr ? &map->own[low] : NULL;
}
#else
/* The record at position i of the ring, counted from its tail. */
static struct buffer *own_at(struct tensor_map *map, const struct own_ring *ring, uint32_t i)
{
    uint32_t at = ring->tail + i;
    if (at >= ring->capacity) at -= ring->capacity;
    return &map->own[ring->first + at];
}

/* Addresses ascend from the tail, and after the heap's end once more from its begin. Given back ones in between keep
 * their place and lose their address. Only descriptors made by hand come here. */
static struct buffer *find_own(struct tensor_map *map, uint64_t addr)
{
    for (uint32_t r = 0; r < STREAM_RINGS; r++)
        for (uint32_t i = 0; i < map->own_ring[r].count; i++) {
            struct buffer *b = own_at(map, &map->own_ring[r], i);
            if (b->addr == addr) return b;
        }
    return NULL;
}
#endif

struct buffer *tensor_map_find(struct tensor_map *map, uint64_t addr, bool own)
{
    if (own) return find_own(map, addr);
    struct slot *slot = &map->addresses[tensor_map_address_slot(map, addr)];
    uint32_t head = slot->epoch == map->epoch ? slot->head : MAP_NONE;
    for (uint32_t i = head; i != MAP_NONE; i = map->buffers[i].next)
        if (map->buffers[i].addr == addr) return &map->buffers[i];
    if (map->buffer_count == map->max_regions) return NULL;
    struct buffer *b = &map->buffers[map->buffer_count];
    *b = (struct buffer){.addr = addr, .next = head, .loose = MAP_NONE, .grids = MAP_NONE};
    *slot = (struct slot){map->buffer_count++, map->epoch};
    return b;
}

/* Regions in their lists and cells. */

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
#if NPURT_GRAPH_STREAM
    uint32_t free = map->grid_free;
    if (free != MAP_NONE) {
        map->grid_free = map->grids[free].next;
        return free;
    }
#endif
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
        if (window_cells(w) <= MAP_CELLS_PER_REGION) {
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

/* A new region without readers; MAP_NONE when there is no room. */
static uint32_t region_create(struct tensor_map *map, struct buffer *buffer, const struct box *box, uint32_t writer,
                              uint32_t reader)
{
    uint32_t region = map->region_free;
    if (region != MAP_NONE)
        map->region_free = map->regions[region].next;
    else if (map->region_count < map->max_regions)
        region = map->region_count++;
    else
        return MAP_NONE;

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

#if NPURT_GRAPH_STREAM
    map->region_live++;
#endif
    if (buffer->grid_count != 0) {
        place(map, buffer, region);
    } else {
        loose_insert(map, buffer, region);
        if (buffer->loose_count > MAP_LOOSE) move_list_to_grids(map, buffer);
    }
    return region;
}

static void region_destroy(struct tensor_map *map, struct buffer *buffer, uint32_t region)
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
    map->regions[region].next = map->region_free;
    map->region_free = region;
#if NPURT_GRAPH_STREAM
    map->region_live--;
#endif
}

/* Gives back the reader nodes from `first` to `last`. */
static void readers_free(struct tensor_map *map, uint32_t first, uint32_t last)
{
#if NPURT_GRAPH_STREAM
    for (uint32_t i = first; i != last; i = map->readers[i].next)
        map->reader_live--;
    map->reader_live--;
#endif
    map->readers[last].next = map->reader_free;
    map->reader_free = first;
}

/* An access under way. */
struct access {
    const struct box_view *box;
    bool reads, writes;
    bool query; /* nothing is remembered of it */
    bool wait_writers, wait_readers, prune;
    uint32_t oldest; /* tasks before this one are implied */
    uint32_t exact;  /* the region of this very box */
    uint32_t dead;   /* covered regions: a list through writer, which they need no more */
    uint32_t probes;
};

static inline void wait_for(struct tensor_map *map, const struct access *a, uint32_t task)
{
    if (!edges_after(a->oldest, task)) edges_add(map->edges, task);
}

/* Waits for all readers of a region that is about to be overwritten; frees them when the access covers the region. */
static void wait_for_readers(struct tensor_map *map, const struct access *a, struct region *r, bool release)
{
    if (a->wait_readers) wait_for(map, a, r->reader);
    uint32_t last = MAP_NONE;
    for (uint32_t i = r->readers; i != MAP_NONE; i = map->readers[i].next) {
        if (a->wait_readers) wait_for(map, a, map->readers[i].task);
        last = i;
    }
    if (!release) return;
    if (last != MAP_NONE) readers_free(map, r->readers, last);
    r->reader = r->readers = MAP_NONE;
}

static inline void visit(struct tensor_map *map, struct access *a, uint32_t region)
{
    struct region *r = &map->regions[region];
    a->probes++;
    if (r->hi <= a->box->lo || r->lo >= a->box->hi || r->dead || region == a->exact) return;

    struct box_view view = tensor_map_view(map, region);
    bool equal = box_equal(&view, a->box);
    if (!equal && !box_meets(&view, a->box)) return;

    bool covered = !a->query && (equal || (a->writes && box_covers(a->box, &view)));
    if (r->writer != MAP_NONE) {
        /* a reader of the region waited for its writer already, and a writer will wait for that reader */
        bool implied = a->prune && a->writes && r->reader != MAP_NONE;
        if (a->wait_writers && !implied) wait_for(map, a, r->writer);
        if (a->prune && edges_after(r->writer, a->oldest) && (equal || box_covers(&view, a->box))) a->oldest = r->writer;
    }
    if (a->writes && r->reader != MAP_NONE) wait_for_readers(map, a, r, covered);
    if (a->query) return;
    if (equal) {
        a->exact = region;
    } else if (covered) {
        r->dead = 1;
        r->writer = a->dead;
        a->dead = region;
    }
}

static void visit_cells(struct tensor_map *map, struct access *a, uint32_t grid, struct cell_window w)
{
    for (uint64_t row = w.row; row < w.row + w.rows; row++) {
        for (uint64_t col = w.col; col < w.col + w.cols; col++) {
            const struct slot *slot = &map->cells[tensor_map_cell_slot(map, grid, row, col)];
            if (slot->epoch != map->epoch) continue;
            for (uint32_t link = slot->head; link != MAP_NONE;) {
                uint32_t region = link, next;
                if (link < map->max_regions) {
                    next = map->regions[link].next;
                } else {
                    region = map->links[link - map->max_regions].region;
                    next = map->links[link - map->max_regions].next;
                }
                if (map->regions[region].grid == grid)
                    visit(map, a, region);
                else
                    a->probes++;
                link = next;
            }
        }
    }
}

static void visit_grid(struct tensor_map *map, struct access *a, uint32_t grid)
{
    const struct grid *g = &map->grids[grid];
    if (g->count == 0) return;
    struct cell_window w = grid_window(g, a->box);
    if (window_cells(w) <= g->count) {
        visit_cells(map, a, grid, w);
        return;
    }
    for (uint32_t region = g->first; region != MAP_NONE; region = map->order[region].next)
        visit(map, a, region);
}

static void add_reader(struct tensor_map *map, struct region *r, uint32_t task)
{
    if (r->reader == task || r->writer == task) return;
    if (r->reader != MAP_NONE) {
        uint32_t node = map->reader_free;
        if (node != MAP_NONE)
            map->reader_free = map->readers[node].next;
        else
            node = map->reader_count++;
#if NPURT_GRAPH_STREAM
        map->reader_live++;
#endif
        map->readers[node] = (struct reader){r->reader, r->readers};
        r->readers = node;
    }
    r->reader = task;
}

#if NPURT_GRAPH_STREAM
/* Somebody may still have to wait for the task, or a template wants to know of it. */
static bool matters(const struct edges *e, uint32_t task)
{
    return edges_live(e, task) || edges_recorded(e, task);
}

/* Drops completed tasks from the region; true when none is left. */
static bool forget_completed(struct tensor_map *map, struct region *r)
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
        readers_free(map, node, node);
    }
    if (r->reader != MAP_NONE && !matters(e, r->reader)) {
        uint32_t node = r->readers;
        r->reader = node == MAP_NONE ? MAP_NONE : map->readers[node].task;
        if (node != MAP_NONE) {
            r->readers = map->readers[node].next;
            readers_free(map, node, node);
        }
    }
    return r->writer == MAP_NONE && r->reader == MAP_NONE;
}

static void sweep_buffer(struct tensor_map *map, struct buffer *buffer)
{
    for (uint32_t region = buffer->loose, next; region != MAP_NONE; region = next) {
        next = map->regions[region].next;
        if (forget_completed(map, &map->regions[region])) region_destroy(map, buffer, region);
    }
    for (uint32_t grid = buffer->grids; grid != MAP_NONE; grid = map->grids[grid].next)
        for (uint32_t region = map->grids[grid].first, next; region != MAP_NONE; region = next) {
            next = map->order[region].next;
            if (forget_completed(map, &map->regions[region])) region_destroy(map, buffer, region);
        }
}

static uint32_t next_limit(uint32_t live, uint32_t max)
{
    uint32_t limit = live > max / 2 ? max : 2 * live;
    if (limit < SWEEP_FIRST) limit = SWEEP_FIRST;
    return limit < max ? limit : max;
}

void tensor_map_sweep(struct tensor_map *map)
{
    for (uint32_t i = 0; i < map->buffer_count; i++)
        sweep_buffer(map, &map->buffers[i]);
    for (uint32_t r = 0; r < STREAM_RINGS; r++)
        for (uint32_t i = 0; i < map->own_ring[r].count; i++)
            sweep_buffer(map, own_at(map, &map->own_ring[r], i));
    map->region_limit = next_limit(map->region_live, map->max_regions);
    map->reader_limit = next_limit(map->reader_live, map->max_readers);
}

/* For one region and one reader more, which is what an access takes. */
static bool make_room(struct tensor_map *map)
{
    if (map->region_live < map->region_limit && map->reader_live < map->reader_limit) return true;
    tensor_map_sweep(map);
    return map->region_live < map->max_regions && map->reader_live < map->max_readers;
}

void tensor_map_release(struct tensor_map *map, struct buffer *buffer)
{
    while (buffer->loose != MAP_NONE || buffer->grids != MAP_NONE) {
        uint32_t grid = buffer->grids;
        uint32_t region = buffer->loose != MAP_NONE ? buffer->loose : map->grids[grid].first;
        if (region == MAP_NONE) { /* an empty grid */
            buffer->grids = map->grids[grid].next;
            map->grids[grid].next = map->grid_free;
            map->grid_free = grid;
            continue;
        }
        struct region *r = &map->regions[region];
        uint32_t last = MAP_NONE;
        for (uint32_t i = r->readers; i != MAP_NONE; i = map->readers[i].next)
            last = i;
        if (last != MAP_NONE) readers_free(map, r->readers, last);
        region_destroy(map, buffer, region);
    }
    buffer->grid_count = 0;
    buffer->addr = 0;
}
#endif

static void visit_all(struct tensor_map *map, struct access *a, const struct buffer *buffer)
{
    for (uint32_t region = buffer->loose; region != MAP_NONE; region = map->regions[region].next)
        visit(map, a, region);
    for (uint32_t grid = buffer->grids; grid != MAP_NONE; grid = map->grids[grid].next)
        visit_grid(map, a, grid);
    map->probes += a->probes;
}

bool tensor_map_access(struct tensor_map *map, struct buffer *buffer, const struct box *box, bool reads, bool writes)
{
#if NPURT_GRAPH_STREAM
    if (!make_room(map)) return false;
#endif
    struct box_view view = box_view_of(box);
    struct access a = {.box = &view,
                       .reads = reads,
                       .writes = writes,
                       .wait_writers = (reads && map->read_edges) || (writes && map->write_edges),
                       .wait_readers = map->anti_edges,
                       .prune = map->read_edges && map->write_edges && map->anti_edges,
                       .exact = MAP_NONE,
                       .dead = MAP_NONE};
    visit_all(map, &a, buffer);

    while (a.dead != MAP_NONE) {
        uint32_t region = a.dead;
        a.dead = map->regions[region].writer;
        region_destroy(map, buffer, region);
    }
    uint32_t task = map->edges->consumer;
    if (a.exact == MAP_NONE)
        return region_create(map, buffer, box, writes ? task : MAP_NONE, writes ? MAP_NONE : task) != MAP_NONE;
    struct region *r = &map->regions[a.exact];
    if (writes)
        r->writer = task;
    else
        add_reader(map, r, task);
    return true;
}

bool tensor_map_fresh(struct tensor_map *map, struct buffer *buffer, uint64_t size)
{
#if NPURT_GRAPH_STREAM
    if (!make_room(map)) return false;
#endif
    struct box box; /* dim[] is not looked at */
    box.lo = box.outer = box.irregular = 0;
    box.hi = box.run = size;
    return region_create(map, buffer, &box, map->edges->consumer, MAP_NONE) != MAP_NONE;
}

void tensor_map_query(struct tensor_map *map, struct buffer *buffer, const struct box *box, bool writes)
{
    struct box_view view = box_view_of(box);
    struct access a = {.box = &view,
                       .reads = true,
                       .writes = writes,
                       .query = true,
                       .wait_writers = true,
                       .wait_readers = true,
                       .exact = MAP_NONE,
                       .dead = MAP_NONE};
    visit_all(map, &a, buffer);
}
