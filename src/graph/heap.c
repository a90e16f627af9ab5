#include "heap.h"

void heap_init(struct heap *heap, uint64_t base, uint64_t size, graph_heap_grow grow, void *context)
{
    /* an unaligned base costs its first bytes */
    uint64_t skip = -base & (HEAP_ALIGN - 1);
    if (skip > size) skip = size;
    *heap = (struct heap){.base = base + skip,
                          .size = size - skip,
                          .final_base = base + skip,
                          .capacity = size - skip,
                          .grow = grow,
                          .grow_context = context};
}

static npurt_status heap_extend(struct heap *heap, uint64_t need)
{
    uint64_t base, capacity, want = need > 2 * heap->capacity ? need : 2 * heap->capacity;
    if (!heap->grow) return NPURT_ERROR_OUT_OF_DEVICE_MEMORY;
    npurt_status status = heap->grow(heap->grow_context, want, &base, &capacity);
    if (status != NPURT_OK && want > need) status = heap->grow(heap->grow_context, need, &base, &capacity);
    if (status != NPURT_OK) return status;
    if (capacity < need || base % HEAP_ALIGN != 0) return NPURT_ERROR_OUT_OF_DEVICE_MEMORY;
    heap->final_base = base;
    heap->capacity = capacity;
    return NPURT_OK;
}

npurt_status heap_alloc(struct heap *heap, uint64_t size, uint64_t *addr)
{
    uint64_t at = heap->used, need = at + ((size + HEAP_ALIGN - 1) & ~(uint64_t)(HEAP_ALIGN - 1));
    /* the last one need not fill its last kilobyte */
    if (at + size > heap->capacity) {
        npurt_status status = heap_extend(heap, need);
        if (status != NPURT_OK) return status;
    }
    *addr = at + size <= heap->size ? heap->base + at : HEAP_VIRTUAL + at;
    heap->used = need;
    return NPURT_OK;
}

void heap_relocate(const struct heap *heap, uint64_t *addr)
{
    if (*addr - heap->base < heap->size)
        *addr = heap->final_base + (*addr - heap->base);
    else if (*addr - HEAP_VIRTUAL < heap->used)
        *addr = heap->final_base + (*addr - HEAP_VIRTUAL);
}
