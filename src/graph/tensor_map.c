#include "map_region.h"

#include <string.h>

void tensor_map_reset(struct tensor_map *map, bool read_edges, bool write_edges, bool anti_edges)
{
    if (++map->epoch == 0) {
        memset(map->cells, 0, map->table_size * sizeof *map->cells);
        memset(map->addresses, 0, map->table_size * sizeof *map->addresses);
        map->epoch = 1;
    }
    map->region_count = map->buffer_count = map->own_count = map->grid_count = map->link_count = map->reader_count = 0;
    map->region_free = map->link_free = map->reader_free = map->buffer_free = map->grid_free = MAP_NONE;
    map->span_root = SPAN_NONE;
    map->read_edges = read_edges;
    map->write_edges = write_edges;
    map->anti_edges = anti_edges;
    map->probes = map->stamps = 0;
#if NPURT_GRAPH_STREAM
    map->region_live = map->reader_live = 0;
    map->region_limit = map->max_regions < MAP_SWEEP_FIRST ? map->max_regions : MAP_SWEEP_FIRST;
    map->reader_limit = map->max_readers < MAP_SWEEP_FIRST ? map->max_readers : MAP_SWEEP_FIRST;
#endif
}

/* The graph's own buffers. */

#if !NPURT_GRAPH_STREAM
uint32_t tensor_map_own(struct tensor_map *map, uint64_t addr, uint64_t size)
{
    if (map->own_count == map->max_regions) return 0;
    map->own[map->own_count] = (struct buffer){.addr = addr, .size = size, .loose = MAP_NONE, .grids = MAP_NONE};
    return ++map->own_count;
}

struct buffer *tensor_map_own_at(struct tensor_map *map, uint64_t addr)
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
/* Addresses ascend from the tail, and after the heap's end once more from its begin. Given back ones in between keep
 * their place and lose their address. Only descriptors made by hand come here. */
struct buffer *tensor_map_own_at(struct tensor_map *map, uint64_t addr)
{
    for (uint32_t r = 0; r < STREAM_RINGS; r++)
        for (uint32_t i = 0; i < map->own_ring[r].count; i++) {
            struct buffer *b = own_ring_at(map, &map->own_ring[r], i);
            if (b->addr == addr) return b;
        }
    return NULL;
}
#endif

/* An access under way. */
struct access {
    const struct box *box;
    bool writes;
    bool query;  /* nothing is remembered of it */
    bool search; /* and nobody waited for: it only asks what it meets */
    bool wait_writers, wait_readers, prune;
    uint32_t oldest; /* tasks before this one are implied */
    uint32_t exact;  /* the region of this very box */
    uint32_t dead;   /* covered regions: a list through writer, which they need no more */
    uint32_t others; /* regions that a search has met, of another box */
    uint32_t probes;
};

static inline void wait_for(struct tensor_map *map, const struct access *a, uint32_t task)
{
    if (!edges_after(a->oldest, task)) edges_add(map->edges, task);
}

/* Waits for all readers of a region that is about to be overwritten; frees them when the access covers the region. */
static inline void wait_for_readers(struct tensor_map *map, const struct access *a, struct region *r, bool release)
{
    if (a->wait_readers) wait_for(map, a, r->reader);
    uint32_t last = MAP_NONE;
    for (uint32_t i = r->readers; i != MAP_NONE; i = map->readers[i].next) {
        if (a->wait_readers) wait_for(map, a, map->readers[i].task);
        last = i;
    }
    if (!release) return;
    if (last != MAP_NONE) map_readers_free(map, r->readers, last);
    r->reader = r->readers = MAP_NONE;
}

/* The access meets the region. `around`: this covers the access; `covered`: the access covers it. */
static inline __attribute__((always_inline)) void meet(struct tensor_map *map, struct access *a, struct region *r, bool around, bool covered)
{
    if (r->writer != MAP_NONE) {
        /* a reader of the region waited for its writer already, and a writer will wait for that reader */
        bool implied = a->prune && a->writes && r->reader != MAP_NONE;
        if (a->wait_writers && !implied) wait_for(map, a, r->writer);
        if (a->prune && around && edges_after(r->writer, a->oldest)) a->oldest = r->writer;
    }
    if (a->writes && r->reader != MAP_NONE) wait_for_readers(map, a, r, covered && !a->query);
}

static inline bool is_same(const struct region *r, const struct box *b)
{
    return r->lo == b->lo && r->hi == b->hi && r->run == b->run && r->outer == b->outer &&
           (b->outer == 0 || (b->outer == 1 && r->first.pitch == b->dim[0].pitch && r->first.count == b->dim[0].count));
}

static void bury(struct access *a, struct region *r, uint32_t region)
{
    r->dead = 1;
    r->writer = a->dead;
    a->dead = region;
}

static void destroy_dead(struct tensor_map *map, struct buffer *buffer, struct access *a)
{
    while (a->dead != MAP_NONE) {
        const uint32_t region = a->dead;
        a->dead = map->regions[region].writer;
        map_region_destroy(map, buffer, region);
    }
}

static __attribute__((noinline)) void visit_other(struct tensor_map *map, struct access *a, uint32_t region)
{
    struct region *r = &map->regions[region];
    const struct box_view view = tensor_map_view(map, region), box = box_view_of(a->box);
    const bool equal = box_equal(&view, &box);
    if (!equal && !box_meets(&view, &box)) return;

    if (a->search) {
        if (equal)
            a->exact = region;
        else if (map_region_forget(map, r))
            bury(a, r, region);
        else
            a->others++;
        return;
    }
    const bool covered = equal || (a->writes && box_covers(&box, &view));
    meet(map, a, r, equal || box_covers(&view, &box), covered);
    if (a->query) return;
    if (equal) {
        a->exact = region;
    } else if (covered) {
        bury(a, r, region);
    }
}

/* Most accesses are to a region of this very box. */
static inline void visit(struct tensor_map *map, struct access *a, uint32_t region)
{
    struct region *r = &map->regions[region];
    a->probes++;
    if (is_same(r, a->box)) {
        if (r->dead || region == a->exact) return;
        if (!a->search) meet(map, a, r, true, true);
        if (!a->query) a->exact = region;
        return;
    }
    if (r->hi <= a->box->lo || r->lo >= a->box->hi || r->dead || region == a->exact) return;
    visit_other(map, a, region);
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
    const struct box_view box = box_view_of(a->box);
    struct cell_window w = grid_window(g, &box);
    if (grid_window_cells(w) <= g->count) {
        visit_cells(map, a, grid, w);
        return;
    }
    for (uint32_t region = g->first; region != MAP_NONE; region = map->order[region].next)
        visit(map, a, region);
}

static inline void add_reader(struct tensor_map *map, struct region *r, uint32_t task)
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
/* For one region and one reader more, which is what an access takes. */
static inline bool make_room(struct tensor_map *map)
{
    if (__builtin_expect(map->region_live < map->region_limit && map->reader_live < map->reader_limit, 1)) return true;
    tensor_map_sweep(map);
    return map->region_live < map->max_regions && map->reader_live < map->max_readers;
}
#endif

static inline struct access access_begin(const struct tensor_map *map, const struct box *box, bool reads, bool writes)
{
    return (struct access){.box = box,
                           .writes = writes,
                           .wait_writers = (reads && map->read_edges) || (writes && map->write_edges),
                           .wait_readers = map->anti_edges,
                           .prune = map->read_edges && map->write_edges && map->anti_edges,
                           .exact = MAP_NONE,
                           .dead = MAP_NONE};
}

/* The access is to a region of its very box, and that remembers it. */
static inline void join(struct tensor_map *map, struct region *r, bool writes)
{
    if (writes)
        r->writer = map->edges->consumer;
    else
        add_reader(map, r, map->edges->consumer);
}

static void visit_all(struct tensor_map *map, struct access *a, const struct buffer *buffer)
{
    for (uint32_t region = buffer->loose; region != MAP_NONE; region = map->regions[region].next)
        visit(map, a, region);
    for (uint32_t grid = buffer->grids; grid != MAP_NONE; grid = map->grids[grid].next)
        visit_grid(map, a, grid);
    map->probes += a->probes;
}

static __attribute__((noinline)) bool access_any(struct tensor_map *map, struct buffer *buffer, const struct box *box,
                                                 bool reads, bool writes)
{
    struct access a = access_begin(map, box, reads, writes);
    visit_all(map, &a, buffer);
    destroy_dead(map, buffer, &a);
    if (a.exact != MAP_NONE) {
        join(map, &map->regions[a.exact], writes);
        return true;
    }
    uint32_t task = map->edges->consumer;
    return map_region_create(map, buffer, box, writes ? task : MAP_NONE, writes ? MAP_NONE : task) != MAP_NONE;
}

/* The buffer's only region is of this very box: so are most accesses to buffers that are not cut into parts. */
static inline struct region *only_region(const struct tensor_map *map, const struct buffer *buffer,
                                         const struct box *box)
{
    if (buffer->loose == MAP_NONE || buffer->grids != MAP_NONE) return NULL;
    struct region *r = &map->regions[buffer->loose];
    return r->next == MAP_NONE && is_same(r, box) ? r : NULL;
}

static inline void access_only(struct tensor_map *map, struct region *r, const struct box *box, bool reads, bool writes)
{
    struct access a = access_begin(map, box, reads, writes);
    map->probes++;
    meet(map, &a, r, true, true);
    join(map, r, writes);
}

static __attribute__((noinline)) bool write_only(struct tensor_map *map, struct region *r, const struct box *box,
                                                 bool reads)
{
    access_only(map, r, box, reads, true);
    return true;
}

bool tensor_map_access(struct tensor_map *map, struct buffer *buffer, const struct box *box, bool reads, bool writes)
{
#if NPURT_GRAPH_STREAM
    if (!make_room(map)) return false;
#endif
    struct region *r = only_region(map, buffer, box);
    if (!r) return access_any(map, buffer, box, reads, writes);
    if (writes) return write_only(map, r, box, reads);
    access_only(map, r, box, true, false);
    return true;
}

bool tensor_map_fresh(struct tensor_map *map, struct buffer *buffer, uint64_t size)
{
#if NPURT_GRAPH_STREAM
    if (!make_room(map)) return false;
#endif
    const uint32_t region = map_region_take(map);
    if (region == MAP_NONE) return false;
    map->regions[region] = (struct region){.hi = size,
                                           .run = size,
                                           .grid = MAP_NONE,
                                           .writer = map->edges->consumer,
                                           .reader = MAP_NONE,
                                           .readers = MAP_NONE,
                                           .next = MAP_NONE};
    buffer->loose = region;
    buffer->loose_count = 1;
    tensor_map_stamp(map, buffer);
    return true;
}

void tensor_map_query(struct tensor_map *map, struct buffer *buffer, const struct box *box, bool writes)
{
    struct access a = {.box = box,
                       .writes = writes,
                       .query = true,
                       .wait_writers = true,
                       .wait_readers = true,
                       .exact = MAP_NONE,
                       .dead = MAP_NONE};
    visit_all(map, &a, buffer);
}

bool tensor_map_alone(struct tensor_map *map, struct buffer *buffer, const struct box *box, uint32_t *region)
{
    struct access a = {.box = box, .search = true, .exact = MAP_NONE, .dead = MAP_NONE};
    visit_all(map, &a, buffer);
    destroy_dead(map, buffer, &a);
    *region = a.exact;
    return a.others == 0;
}

uint32_t tensor_map_add(struct tensor_map *map, struct buffer *buffer, const struct box *box)
{
    return map_region_create(map, buffer, box, MAP_NONE, MAP_NONE);
}

void tensor_map_write(struct tensor_map *map, uint32_t region, uint32_t task)
{
    struct region *r = &map->regions[region];
    map_region_drop_readers(map, r);
    r->reader = r->readers = MAP_NONE;
    r->writer = task;
}

void tensor_map_read(struct tensor_map *map, uint32_t region, uint32_t task)
{
    add_reader(map, &map->regions[region], task);
}

#if !NPURT_GRAPH_STREAM
bool tensor_map_room(struct tensor_map *map, uint32_t regions, uint32_t readers)
{
    return map->max_regions - map->region_count >= regions && map->max_readers - map->reader_count >= readers;
}
#endif
