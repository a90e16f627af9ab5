/* Device memory of one device: which bytes of its window are taken. Host bookkeeping only; HBM itself is never touched.
 *
 * Every block of the window, free or taken, is one node of a treap ordered by address, in which each node knows the
 * largest free block below it: so one descent finds the lowest free block that is large enough, the block that holds an
 * address, or the taken block that starts at one. Sizes are multiples of HEAP_UNIT and what is taken is exactly what is
 * charged. Not thread-safe.
 */
#ifndef NPUEMU_HEAP_H
#define NPUEMU_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { HEAP_UNIT = 512 }; /* alignment of every device allocation (docs/reference/cann-abi.md) */

/* Whose a block is. The card's own (queues, programs, names) can be neither addressed nor freed by a caller. */
enum heap_owner { HEAP_CALLER, HEAP_CARD };

struct heap_block {
    uint64_t address, size;
    uint64_t largest_free; /* in the subtree */
    uint64_t payload;      /* bytes asked for; 0: the block is free */
    struct heap_block *left, *right;
    struct heap_block *below, *above; /* neighbours by address; `above` also links unused nodes */
    uint32_t priority;
    enum heap_owner owner;
};

struct heap {
    struct heap_block *root, *unused, *slab;
    uint64_t base, size;
    uint64_t taken; /* bytes */
    uint32_t random;
};

/* false when host memory is exhausted. */
bool heap_init(struct heap *heap, uint64_t base, uint64_t size);
void heap_fini(struct heap *heap);

/* Takes `size` bytes, rounded up to HEAP_UNIT, at a multiple of `alignment` (a power of two, at least HEAP_UNIT).
 * Returns the address, 0 when no free block is large enough. */
uint64_t heap_take(struct heap *heap, uint64_t size, uint64_t alignment, enum heap_owner owner);

/* Gives back the owner's block that starts at `address`; false when there is none. *size: its bytes as charged. */
bool heap_give(struct heap *heap, uint64_t address, enum heap_owner owner, uint64_t *size);

/* Whether [address, address+size) lies within the payload of one of the callers' blocks. When not, *block_address and
 * *block_size say which of them holds `address` (0, 0: none). */
bool heap_holds(const struct heap *heap, uint64_t address, uint64_t size, uint64_t *block_address,
                uint64_t *block_size);

/* Checks every invariant; NULL, or what is wrong. */
const char *heap_check(const struct heap *heap);

#endif
