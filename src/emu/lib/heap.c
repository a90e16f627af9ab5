#include "heap.h"

#include <stdlib.h>

enum { SLAB_NODES = 254 };

static uint64_t free_in(const struct heap_block *block)
{
    return block ? block->largest_free : 0;
}

static void refresh(struct heap_block *block)
{
    uint64_t largest = block->payload ? 0 : block->size;

    if (free_in(block->left) > largest) largest = free_in(block->left);
    if (free_in(block->right) > largest) largest = free_in(block->right);
    block->largest_free = largest;
}

/* Recomputes largest_free from the node at `address` up to the root. */
static void refresh_path(struct heap_block *block, uint64_t address)
{
    if (address < block->address)
        refresh_path(block->left, address);
    else if (address > block->address)
        refresh_path(block->right, address);
    refresh(block);
}

/* ---- nodes: taken from slabs, which live until heap_fini -------------------------------------------------------- */

static struct heap_block *node_new(struct heap *heap)
{
    struct heap_block *node = heap->unused;

    if (!node) {
        struct heap_block *slab = calloc(SLAB_NODES, sizeof *slab);
        if (!slab) return NULL;
        slab[0].above = heap->slab; /* node 0 links the slabs */
        heap->slab = slab;
        for (int i = 1; i < SLAB_NODES; i++) {
            slab[i].above = heap->unused;
            heap->unused = &slab[i];
        }
        node = heap->unused;
    }
    heap->unused = node->above;
    heap->random ^= heap->random << 13;
    heap->random ^= heap->random >> 17;
    heap->random ^= heap->random << 5;
    *node = (struct heap_block){.priority = heap->random};
    return node;
}

static void node_delete(struct heap *heap, struct heap_block *node)
{
    node->above = heap->unused;
    heap->unused = node;
}

/* ---- treap ------------------------------------------------------------------------------------------------------ */

/* Splits by address: everything below `address` goes to *low. */
static void split(struct heap_block *block, uint64_t address, struct heap_block **low, struct heap_block **high)
{
    if (!block) {
        *low = *high = NULL;
    } else if (block->address < address) {
        split(block->right, address, &block->right, high);
        refresh(block);
        *low = block;
    } else {
        split(block->left, address, low, &block->left);
        refresh(block);
        *high = block;
    }
}

static struct heap_block *merge(struct heap_block *low, struct heap_block *high)
{
    if (!low) return high;
    if (!high) return low;
    if (low->priority > high->priority) {
        low->right = merge(low->right, high);
        refresh(low);
        return low;
    }
    high->left = merge(low, high->left);
    refresh(high);
    return high;
}

static void insert(struct heap *heap, struct heap_block *block)
{
    struct heap_block *low, *high;

    refresh(block);
    split(heap->root, block->address, &low, &high);
    heap->root = merge(merge(low, block), high);
}

static struct heap_block *erase(struct heap_block *block, uint64_t address)
{
    if (block->address == address) return merge(block->left, block->right);
    if (address < block->address)
        block->left = erase(block->left, address);
    else
        block->right = erase(block->right, address);
    refresh(block);
    return block;
}

/* The block that starts at or last before `address`. */
static struct heap_block *block_at(const struct heap *heap, uint64_t address)
{
    struct heap_block *block = heap->root, *found = NULL;

    while (block) {
        if (block->address > address) {
            block = block->left;
        } else {
            found = block;
            block = block->right;
        }
    }
    return found;
}

static uint64_t align_up(uint64_t value, uint64_t alignment)
{
    return (value + alignment - 1) & ~(alignment - 1);
}

/* The lowest free block that holds `size` bytes at the alignment. Descends only where a block is large enough; with an
 * alignment above the unit a block may still not fit and the search goes on. */
static struct heap_block *first_fit(struct heap_block *block, uint64_t size, uint64_t alignment)
{
    struct heap_block *found;

    if (free_in(block) < size) return NULL;
    found = first_fit(block->left, size, alignment);
    if (found) return found;
    if (!block->payload) {
        uint64_t gap = align_up(block->address, alignment) - block->address;
        if (gap < block->size && block->size - gap >= size) return block;
    }
    return first_fit(block->right, size, alignment);
}

/* ---- what callers see ------------------------------------------------------------------------------------------- */

bool heap_init(struct heap *heap, uint64_t base, uint64_t size)
{
    struct heap_block *all;

    *heap = (struct heap){.base = base, .size = size, .random = 2463534242u};
    all = node_new(heap);
    if (!all) return false;
    all->address = base;
    all->size = size;
    refresh(all);
    heap->root = all;
    return true;
}

void heap_fini(struct heap *heap)
{
    struct heap_block *slab = heap->slab;

    while (slab) {
        struct heap_block *next = slab[0].above;
        free(slab);
        slab = next;
    }
    *heap = (struct heap){0};
}

/* Cuts `block` at `address`; the upper part becomes a free block of its own. false when host memory is exhausted. */
static bool cut(struct heap *heap, struct heap_block *block, uint64_t address)
{
    struct heap_block *upper = node_new(heap);

    if (!upper) return false;
    upper->address = address;
    upper->size = block->address + block->size - address;
    upper->below = block;
    upper->above = block->above;
    if (block->above) block->above->below = upper;
    block->above = upper;
    block->size -= upper->size;
    refresh_path(heap->root, block->address);
    insert(heap, upper);
    return true;
}

static void join_above(struct heap *heap, struct heap_block *block)
{
    struct heap_block *upper = block->above;

    heap->root = erase(heap->root, upper->address);
    block->size += upper->size;
    block->above = upper->above;
    if (upper->above) upper->above->below = block;
    node_delete(heap, upper);
}

uint64_t heap_take(struct heap *heap, uint64_t size, uint64_t alignment, enum heap_owner owner)
{
    struct heap_block *block;
    uint64_t bytes, address;

    if (size == 0 || size > heap->size) return 0;
    bytes = align_up(size, HEAP_UNIT);
    block = first_fit(heap->root, bytes, alignment);
    if (!block) return 0;
    address = align_up(block->address, alignment);
    if (address > block->address) {
        if (!cut(heap, block, address)) return 0;
        block = block->above;
    }
    if (block->size > bytes && !cut(heap, block, address + bytes)) {
        if (block->below && !block->below->payload) {
            block = block->below;
            join_above(heap, block);
            refresh_path(heap->root, block->address);
        }
        return 0;
    }
    block->payload = size;
    block->owner = owner;
    refresh_path(heap->root, address);
    heap->taken += bytes;
    return address;
}

bool heap_give(struct heap *heap, uint64_t address, enum heap_owner owner, uint64_t *size)
{
    struct heap_block *block = block_at(heap, address);

    if (!block || block->address != address || !block->payload || block->owner != owner) return false;
    *size = block->size;
    heap->taken -= block->size;
    block->payload = 0;
    if (block->above && !block->above->payload) join_above(heap, block);
    if (block->below && !block->below->payload) {
        block = block->below;
        join_above(heap, block);
    }
    refresh_path(heap->root, block->address);
    return true;
}

bool heap_holds(const struct heap *heap, uint64_t address, uint64_t size, uint64_t *block_address, uint64_t *block_size)
{
    const struct heap_block *block = block_at(heap, address);

    *block_address = *block_size = 0;
    if (!block || !block->payload || block->owner != HEAP_CALLER || address - block->address >= block->size)
        return false;
    *block_address = block->address;
    *block_size = block->payload;
    return address - block->address <= block->payload && size <= block->payload - (address - block->address);
}

/* ---- validator -------------------------------------------------------------------------------------------------- */

static const char *check_node(const struct heap_block *block, uint64_t *nodes)
{
    uint64_t largest = block->payload ? 0 : block->size;
    const char *problem;

    ++*nodes;
    for (int side = 0; side < 2; side++) {
        const struct heap_block *child = side ? block->right : block->left;
        if (!child) continue;
        if (side ? child->address <= block->address : child->address >= block->address) return "order";
        if (child->priority > block->priority) return "priority";
        problem = check_node(child, nodes);
        if (problem) return problem;
        if (child->largest_free > largest) largest = child->largest_free;
    }
    return largest == block->largest_free ? NULL : "largest_free";
}

const char *heap_check(const struct heap *heap)
{
    uint64_t nodes = 0, listed = 0, at = heap->base, taken = 0;
    const struct heap_block *block;
    const char *problem = check_node(heap->root, &nodes);

    if (problem) return problem;
    for (block = block_at(heap, heap->base); block; block = block->above) {
        if (block->address != at) return "a gap between blocks";
        if (block->size == 0 || block->size % HEAP_UNIT || block->payload > block->size) return "size";
        if (block->above && block->above->below != block) return "neighbours";
        if (block->above && !block->payload && !block->above->payload) return "two free blocks side by side";
        if (block->payload) taken += block->size;
        at += block->size;
        listed++;
    }
    if (at != heap->base + heap->size) return "end";
    if (listed != nodes) return "list and tree differ";
    return taken == heap->taken ? NULL : "taken";
}
