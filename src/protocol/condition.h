/* Conditions that kernels register while they run: their block counts as finished only when all of them hold.
 *
 * A deferred task (IMAGE_DEFERRED) has a slab for each core of each block, in memory that its submission took. A slab
 * passes from hand to hand and has one owner at a time:
 *
 *     AICPU thread: condition_send, empty → core: the kernel registers → FIN → AICPU thread: holds already, or
 *     waits in the thread's list → holds → the block is counted
 *
 * The first two lines of the layout are the reference's (count, error, then entries at offset 64), so that kernels
 * built for it find what they expect through the async words of a dispatch_payload.
 */
#ifndef NPURT_CONDITION_H
#define NPURT_CONDITION_H

#include "image.h"
#include "protocol.h"

enum { CONDITION_MAX = 64 }; /* of one block on one core; the reference's number */

/* The reference's numbers. */
enum condition_code {
    CONDITION_INVALID = 101,             /* its address, alignment, type or engine */
    CONDITION_OVERFLOW = 102,            /* more than CONDITION_MAX */
    CONDITION_REGISTRATION_FAILED = 103, /* in a task that is not deferred */
};

enum condition_type {
    CONDITION_COUNTER = 0, /* holds when the u32 at `address` is at least `expected` */
    CONDITION_EVENT = 1,   /* holds when it is not 0 */
    CONDITION_TYPES = 2,
};
enum { CONDITION_ENGINES = 4 }; /* SDMA, ROCE, URMA, CCU: whose event it is */

struct condition {
    uint64_t address;
    uint32_t expected;
    uint32_t engine;
    int32_t type;
    uint32_t reserved;
};
PROTOCOL_ASSERT(sizeof(struct condition) == 24, "condition");

struct condition_slab {
    struct condition_head head;
    uint8_t reserved0[16];
    struct condition entry[CONDITION_MAX];
    /* Writer: the AICPU thread that owns the core, once the kernel has ended. */
    uint64_t next;        /* waiting slabs are a list: the next one's address, 0 none */
    uint32_t task, block; /* as in the scheduler's task table */
    uint32_t at;          /* entries before this one have held */
    uint32_t slot;        /* of the core: AIC, AIV0, AIV1 */
    uint8_t reserved1[40];
};
PROTOCOL_ASSERT(offsetof(struct condition_slab, entry) == PROTOCOL_LINE, "condition_slab");
PROTOCOL_ASSERT(offsetof(struct condition_slab, next) == 25 * PROTOCOL_LINE, "condition_slab");
PROTOCOL_ASSERT(sizeof(struct condition_slab) == 26 * PROTOCOL_LINE, "condition_slab");

/* At the end of a deferred task's payload. */
struct image_deferred {
    uint64_t slabs; /* device address of a struct condition_slab per core of each block */
    uint32_t mark;  /* deferred_mark: whoever follows an address of an image wants to know that it was meant as one */
    uint32_t reserved;
};
_Static_assert(sizeof(struct image_deferred) == 16, "image_deferred");

static inline uint32_t deferred_mark(uint64_t slabs)
{
    return (uint32_t)(slabs * UINT64_C(0x9e3779b97f4a7c15) >> 32) ^ 0x44454652u;
}

static inline void deferred_write(struct image_deferred *deferred, uint64_t slabs)
{
    *deferred = (struct image_deferred){.slabs = slabs, .mark = deferred_mark(slabs)};
}

/* Where it is, in the task's payload. Pre: the task's flags are all set. */
static inline struct image_deferred *deferred_of(const struct image_task *t, void *payload)
{
    return (struct image_deferred *)((char *)payload + image_payload_size(t) - sizeof(struct image_deferred));
}

/* Slabs of a task. */
static inline uint32_t deferred_slabs(const struct image_task *t)
{
    return t->block_num * (uint32_t)__builtin_popcount(t->core_mask);
}

/* Which of them is that of a block's core. `slot`: of the core; a single kernel runs on any core of its kind. */
static inline uint32_t deferred_slab_index(const struct image_task *t, uint32_t block, unsigned slot)
{
    const uint32_t cores = (uint32_t)__builtin_popcount(t->core_mask);
    return block * cores + (cores > 1 ? (uint32_t)__builtin_popcount(t->core_mask & ((1u << slot) - 1)) : 0);
}

#endif
