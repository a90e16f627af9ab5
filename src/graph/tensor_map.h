/* The tensor map: who wrote and who has read which bytes of which buffer.
 *
 * A buffer of the graph's own is known by its address. A buffer from outside is a range of addresses, which begins as what
 * the first descriptor says of its buffer. A descriptor that names bytes of it under another address is a view of it; one
 * that reaches out of it makes it longer, and makes one buffer of all that it meets (map_outside.c). So bytes are one
 * buffer's, whatever address they come under. Boxes count from the buffer's address: a box that was computed from a
 * descriptor is moved by the distance of the two.
 *
 * A buffer has regions. A region is a box with its last writer, if any, and the readers of exactly this box since. An
 * access
 *
 *     read     waits for the writers of the regions it meets, and joins the readers of its own
 *     write    waits for writers and readers of the regions it meets, drops those it covers, and becomes the writer of
 *              its own region
 *
 * A region that is overwritten in part stays as it is: whoever waits for it without need waits for the later writer of
 * those bytes as well, and that one waited for it. The other way round, what is implied is left out where that costs
 * nothing: behind the writer of a region that covers the access nobody older is waited for, and behind a region's
 * readers its writer is not.
 *
 * Finding the regions that an access meets does not depend on how many others the buffer has. Up to MAP_LOOSE regions
 * are a list. Beyond that they go into grids: one per common size of region (rows, and bytes in a row), whose cells
 * have that size, hashed by cell, so that a region lies in one cell when it is aligned to its size and in a few
 * otherwise. An access looks into the cells of each grid that it touches, or through the grid's list when that is
 * shorter. Regions of a 17th size are in the list again.
 *
 * Buffers that the graph itself allocates come in ascending order and are numbered: their descriptors carry the number
 * (npurt_tensor.hint), and one that does not is found by binary search. Others are hashed by their address; other addresses
 * in them are found in a tree.
 *
 * Cost of an access to a region that exists: one line each of the address table (unless hinted), the buffer, the grid
 * and the cell (if any), the region and the producer.
 */
#ifndef NPURT_GRAPH_TENSOR_MAP_H
#define NPURT_GRAPH_TENSOR_MAP_H

#include "edges.h"
#include "region.h"
#include "span.h"

enum { MAP_REGIONS_MAX = (1 << 27) - 1 };
enum { MAP_NONE = 0xffffffffu, MAP_LOOSE = 6, MAP_GRIDS_PER_BUFFER = 16, MAP_CELLS_PER_REGION = 9 };

/* One cache line: all that an access looks at. */
struct region {
    uint64_t lo, hi, run;
    struct box_dim first; /* the outer dimension when there is one; when there are more, all are in shapes[] */
    uint32_t grid;        /* MAP_NONE: in the buffer's list */
    uint32_t writer;      /* task, or MAP_NONE */
    uint32_t reader;      /* the newest, or MAP_NONE */
    uint32_t readers;     /* the others: a list of reader nodes */
    uint32_t next;        /* link: next in the cell or in the buffer's list */
    uint8_t outer, irregular;
    uint8_t dead; /* covered by the access under way */
    uint8_t reserved;
};
_Static_assert(sizeof(struct region) == 64, "a region is one cache line");

struct buffer {
    uint64_t addr; /* that boxes count from: of an outside buffer not above its first byte */
    union {
        uint64_t size; /* of one of the graph's own, bytes */
        uint32_t next; /* outside buffer with the same hash, or the next free record */
    };
    uint32_t loose, grids;
    uint32_t loose_count : 27, grid_count : 5;
    uint32_t stamp; /* another one whenever a region comes or goes: the low bits of tensor_map.stamps */
};
_Static_assert(sizeof(struct buffer) == 32, "two buffers are one cache line");

/* Cells of row_cell rows of `pitch` bytes by col_cell bytes. pitch 0: the buffer is one row. */
struct grid {
    uint64_t pitch;
    uint64_t pitch_inverse, row_inverse, col_inverse; /* for division by multiplication */
    uint64_t col_cell;
    uint32_t row_cell;
    uint32_t cols;         /* cells in a row; 0 when the buffer is one row */
    uint32_t first, count; /* list of its regions, through order[] */
    uint32_t next;         /* grid of the same buffer */
    uint32_t reserved;
};
_Static_assert(sizeof(struct grid) == 64, "a grid is one cache line");

struct slot {
    uint32_t head, epoch;
}; /* empty unless epoch is the map's */
struct link {
    uint32_t region, next;
}; /* a region's place in its second to ninth cell */
struct reader {
    uint32_t task, next;
};
struct order {
    uint32_t prev, next;
};
struct shape {
    struct box_dim dim[NPURT_MAX_DIMS];
};

#if NPURT_GRAPH_STREAM
/* Buffers of one heap ring: records [tail, tail + count) of a circle, in the order of allocation. A freed one has
 * address 0. */
struct own_ring {
    uint32_t first, capacity; /* in own[] */
    uint32_t tail, count;
};

enum { MAP_SWEEP_FIRST = 1024 }; /* regions, or readers, with which the first sweep is due */
#endif

/* A link is a region's number (its first cell, or the buffer's list), or max_regions + index into links. */
struct tensor_map {
    struct edges *edges;            /* borrowed; its tasks are the writers and readers */
    struct region *regions;         /* [max_regions] */
    struct order *order;            /* [max_regions], of regions in grids */
    struct shape *shapes;           /* [max_regions], of regions with two or more outer dimensions */
    struct buffer *buffers;         /* [max_regions], of outside buffers */
    struct span *spans;             /* [max_regions], where each of them lies; hi is 0 when it is a part of another one */
    struct buffer *own;             /* [max_regions], of the graph's: ascending addresses; a hint is 1 + an index */
    struct grid *grids;             /* [max_grids] */
    struct link *links;             /* [max_regions * (MAP_CELLS_PER_REGION - 1)] */
    struct reader *readers;         /* [max_readers] */
    struct slot *cells, *addresses; /* [table_size] each */
    uint32_t max_regions, max_grids, max_readers;
    uint32_t table_size, table_bits;
    uint32_t epoch;
    uint32_t region_count, region_free; /* high-water mark, list through next */
    uint32_t buffer_count, own_count, grid_count;
    uint32_t buffer_free, span_root; /* of outside buffers */
    uint32_t grid_free;              /* list through next */
    uint32_t link_count, link_free;
    uint32_t reader_count, reader_free;
    bool read_edges, write_edges, anti_edges; /* RAW, WAW, WAR are found */
    uint64_t probes;                          /* regions compared so far */
    uint64_t stamps;                          /* given to buffers so far */
#if NPURT_GRAPH_STREAM
    struct own_ring own_ring[STREAM_RINGS]; /* instead of own_count */
    uint32_t region_live, reader_live;      /* in use, what is left of completed tasks included */
    uint32_t region_limit, reader_limit;    /* a sweep is due */
#endif
};

#if NPURT_GRAPH_STREAM
/* The record at position i of the ring, counted from its tail. */
static inline struct buffer *own_ring_at(struct tensor_map *map, const struct own_ring *ring, uint32_t i)
{
    uint32_t at = ring->tail + i;
    if (at >= ring->capacity) at -= ring->capacity;
    return &map->own[ring->first + at];
}
#endif

/* Forgets everything; costs nothing but every 2^32nd time. */
void tensor_map_reset(struct tensor_map *map, bool read_edges, bool write_edges, bool anti_edges);

/* A buffer that the graph allocates, at a higher address than those before it. Returns its hint, 0 when there is no
 * room. */
uint32_t tensor_map_own(struct tensor_map *map, uint64_t addr, uint64_t size);

/* The graph's own buffer at addr; NULL when there is none. */
struct buffer *tensor_map_own_at(struct tensor_map *map, uint64_t addr);

/* The outside buffer that has the bytes [addr, addr + size): the one that has them already, a new one, or all that have
 * some of them, made one. Records of buffers that were found before may be free afterwards. NULL: no room. Pre: size is not
 * 0, and the sum does not overflow. */
struct buffer *tensor_map_claim(struct tensor_map *map, uint64_t addr, uint64_t size);

/* The graph's own buffer that the hint names, in one comparison. NULL: another lies there, or there is no hint. */
static inline struct buffer *tensor_map_hinted(struct tensor_map *map, uint64_t addr, uint32_t hint)
{
    return hint - 1 < map->own_count && map->own[hint - 1].addr == addr ? &map->own[hint - 1] : NULL;
}

/* Whom an access waits for that is of a region's very box. Both: its readers if it has any, else its writer. */
enum map_border { MAP_WAIT_WRITER = 1, MAP_WAIT_READERS = 2 };

/* Edges of all kinds are found. */
static inline bool tensor_map_finds_all(const struct tensor_map *map)
{
    return map->read_edges && map->write_edges && map->anti_edges;
}

/* Makes room for so many regions and readers more: accesses that take no more than that forget none. */
bool tensor_map_room(struct tensor_map *map, uint32_t regions, uint32_t readers);

/* The region of this very box, MAP_NONE when there is none; false when a region of another one meets it, unless that
 * is of completed tasks alone: those go. */
bool tensor_map_alone(struct tensor_map *map, struct buffer *buffer, const struct box *box, uint32_t *region);

/* Marks what regions the buffer has. */
static inline uint64_t tensor_map_stamp(struct tensor_map *map, struct buffer *buffer)
{
    buffer->stamp = (uint32_t)++map->stamps;
    return map->stamps;
}
/* It still has those. A new buffer's stamp is 0, and low bits come again after 2^32. */
static inline bool tensor_map_unchanged(const struct tensor_map *map, const struct buffer *buffer, uint64_t stamp)
{
    return buffer->stamp == (uint32_t)stamp && buffer->stamp != 0 && map->stamps - stamp <= UINT32_MAX;
}

/* Adds the producers that the region has for an access of its box. */
static inline void tensor_map_wait(struct tensor_map *map, uint32_t region, uint32_t border)
{
    const struct region *r = &map->regions[region];
    if (border & MAP_WAIT_READERS && r->reader != MAP_NONE) {
        edges_add(map->edges, r->reader);
        for (uint32_t i = r->readers; i != MAP_NONE; i = map->readers[i].next)
            edges_add(map->edges, map->readers[i].task);
    } else if (border & MAP_WAIT_WRITER && r->writer != MAP_NONE) {
        edges_add(map->edges, r->writer);
    }
}

/* A region for a box that no other meets, without writer and reader for now. Pre: there is room. */
uint32_t tensor_map_add(struct tensor_map *map, struct buffer *buffer, const struct box *box);
/* `task` has written the region's box, and who has read it before is of no interest any more. */
void tensor_map_write(struct tensor_map *map, uint32_t region, uint32_t task);
/* `task` has read it. Pre: there is room. */
void tensor_map_read(struct tensor_map *map, uint32_t region, uint32_t task);

/* Adds the producers of an access to edges, and remembers nothing: for an element that the orchestration itself reads or
 * writes. */
void tensor_map_query(struct tensor_map *map, struct buffer *buffer, const struct box *box, bool writes);

#if NPURT_GRAPH_STREAM
/* The buffer is given back: its regions and grids go. */
void tensor_map_release(struct tensor_map *map, struct buffer *buffer);
/* Drops what only completed tasks have left behind. Costs a pass over all regions; done when their number has doubled
 * since the last time. */
void tensor_map_sweep(struct tensor_map *map);
#endif

/* Adds the edges of an access by the task edges->consumer to `box` of a buffer, and remembers the access. Returns false
 * when there is no room for a region. */
bool tensor_map_access(struct tensor_map *map, struct buffer *buffer, const struct box *box, bool reads, bool writes);

/* The same for a write over the `size` bytes of a buffer that no access named before. */
bool tensor_map_fresh(struct tensor_map *map, struct buffer *buffer, uint64_t size);

static inline uint32_t tensor_map_address_slot(const struct tensor_map *map, uint64_t addr)
{
    return (uint32_t)(addr * UINT64_C(0x9e3779b97f4a7c15) >> (64 - map->table_bits));
}

/* The outside buffer of this very address when it has all those bytes, as most have that were met before; NULL: claim it. */
static inline struct buffer *tensor_map_met(const struct tensor_map *map, uint64_t addr, uint64_t size)
{
    const struct slot *slot = &map->addresses[tensor_map_address_slot(map, addr)];
    for (uint32_t i = slot->epoch == map->epoch ? slot->head : MAP_NONE; i != MAP_NONE; i = map->buffers[i].next)
        if (map->buffers[i].addr == addr)
            return map->spans[i].lo == addr && size <= map->spans[i].hi - addr ? &map->buffers[i] : NULL;
    return NULL;
}

#endif
