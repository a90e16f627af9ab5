/* Buffers from outside of the graph (tensor_map.h): found by an address, and made one where their bytes are. */
#include "map_region.h"

static bool outside_covers(const struct tensor_map *map, uint32_t i, uint64_t lo, uint64_t hi)
{
    return map->spans[i].lo <= lo && hi <= map->spans[i].hi;
}

static uint64_t span_length(const struct tensor_map *map, uint32_t i)
{
    return map->spans[i].hi - map->spans[i].lo;
}

/* Buffers are hashed by the address that their boxes count from. */
static void hash_insert(struct tensor_map *map, uint32_t i)
{
    struct slot *slot = &map->addresses[tensor_map_address_slot(map, map->buffers[i].addr)];
    map->buffers[i].next = slot->epoch == map->epoch ? slot->head : MAP_NONE;
    *slot = (struct slot){i, map->epoch};
}

static void hash_remove(struct tensor_map *map, uint32_t i)
{
    uint32_t *at = &map->addresses[tensor_map_address_slot(map, map->buffers[i].addr)].head;
    while (*at != i)
        at = &map->buffers[*at].next;
    *at = map->buffers[i].next;
}

static struct buffer *make(struct tensor_map *map, uint64_t lo, uint64_t hi)
{
    uint32_t i = map->buffer_free;
    if (i != MAP_NONE)
        map->buffer_free = map->buffers[i].next;
    else if (map->buffer_count < map->max_regions)
        i = map->buffer_count++;
    else
        return NULL;
    map->buffers[i] = (struct buffer){.addr = lo, .loose = MAP_NONE, .grids = MAP_NONE};
    map->spans[i] = (struct span){.lo = lo, .hi = hi};
    hash_insert(map, i);
    span_insert(map->spans, &map->span_root, i);
    return &map->buffers[i];
}

/* Lets the boxes of a buffer count from a lower address. A buffer of many regions gets an address so low that its length
 * has to double before this is due again: descending addresses would move every region each time. Pages keep their places,
 * so that tiles stay aligned. */
static void lower(struct tensor_map *map, uint32_t i, uint64_t lo, uint64_t hi)
{
    struct buffer *buffer = &map->buffers[i];
    uint64_t down = buffer->addr - lo;
    if (buffer->grid_count != 0) down = (down + (hi - lo) + 4095) & ~UINT64_C(4095);
    if (down > buffer->addr) down = buffer->addr;
    hash_remove(map, i);
    buffer->addr -= down;
    hash_insert(map, i);
    map_region_move_all(map, buffer, buffer, down);
}

/* The buffer is a part of another one from now on. */
static void absorb(struct tensor_map *map, struct buffer *into, uint32_t i)
{
    struct buffer *buffer = &map->buffers[i];
    hash_remove(map, i);
    span_remove(map->spans, &map->span_root, i);
    map_region_move_all(map, buffer, into, buffer->addr - into->addr);
    map->spans[i].hi = 0;
    *buffer = (struct buffer){.next = map->buffer_free, .loose = MAP_NONE, .grids = MAP_NONE};
    map->buffer_free = i;
}

/* The longest stays, so that a region that moves is afterwards in a buffer of twice the length: it moves seldom. */
struct buffer *tensor_map_claim(struct tensor_map *map, uint64_t addr, uint64_t size)
{
    uint64_t lo = addr, hi = addr + size;
    const uint32_t last = span_below(map->spans, map->span_root, hi);
    if (last == SPAN_NONE || map->spans[last].hi <= lo) return make(map, lo, hi);
    if (outside_covers(map, last, lo, hi)) return &map->buffers[last];

    uint32_t keep = last;
    if (map->spans[last].hi > hi) hi = map->spans[last].hi;
    for (uint32_t i = last; i != SPAN_NONE && map->spans[i].hi > addr;
         i = span_below(map->spans, map->span_root, map->spans[i].lo)) {
        if (span_length(map, i) > span_length(map, keep)) keep = i;
        if (map->spans[i].lo < lo) lo = map->spans[i].lo;
    }
    struct buffer *buffer = &map->buffers[keep];
    if (lo < buffer->addr) lower(map, keep, lo, hi);
    for (;;) { /* from the end: those above, then those below */
        uint32_t i = span_below(map->spans, map->span_root, hi);
        if (i == keep) i = span_below(map->spans, map->span_root, map->spans[keep].lo);
        if (i == SPAN_NONE || map->spans[i].hi <= lo) break;
        absorb(map, buffer, i);
    }
    map->spans[keep].lo = lo;
    map->spans[keep].hi = hi;
    return buffer;
}
