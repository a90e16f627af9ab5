/* The heap of a graph's outputs: addresses in order, 1024-byte aligned.
 *
 * What fits into the memory that the graph began with gets its real address. What does not gets a virtual one, from a
 * range that no device has, and the heap is made to grow; as growing moves what was handed out before, addresses of
 * both kinds are only numbers that name a place in the heap until the graph is finished. Then, if anything is out of
 * its place, heap_relocate gives every stored descriptor its final address. Orchestrations never see the difference;
 * they only must not compute with addresses.
 */
#ifndef NPURT_GRAPH_HEAP_H
#define NPURT_GRAPH_HEAP_H

#include "graph.h"

enum { HEAP_ALIGN = 1024 };
#define HEAP_VIRTUAL (UINT64_C(1) << 62)

struct heap {
    uint64_t base, size;           /* what the graph began with */
    uint64_t final_base, capacity; /* where it is now */
    uint64_t used;
    graph_heap_grow grow;
    void *grow_context;
};

void heap_init(struct heap *heap, uint64_t base, uint64_t size, graph_heap_grow grow, void *context);

/* `size` > 0 bytes; *addr is real or virtual. Else the status of growing, or OUT_OF_DEVICE_MEMORY. */
npurt_status heap_alloc(struct heap *heap, uint64_t size, uint64_t *addr);

/* *addr was handed out, or is inside of what was. */
static inline bool heap_has(const struct heap *heap, uint64_t addr)
{
    return addr - heap->base < heap->size || addr - HEAP_VIRTUAL < heap->used;
}

/* Some byte of [lo, hi) lies in the memory of the heap, before it grew or since. */
static inline bool heap_meets(const struct heap *heap, uint64_t lo, uint64_t hi)
{
    return (lo < heap->base + heap->size && heap->base < hi) ||
           (lo < heap->final_base + heap->capacity && heap->final_base < hi);
}

/* Some handed-out address is not the final one. */
static inline bool heap_moved(const struct heap *heap)
{
    return heap->final_base != heap->base || heap->used > heap->size;
}

/* The final address of *addr, which is left alone when it does not lie in the heap. */
void heap_relocate(const struct heap *heap, uint64_t *addr);

#endif
