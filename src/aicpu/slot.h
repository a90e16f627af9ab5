/* A place where schedulers claim blocks of one task: on a board (board.c), or for a start together (sync.c).
 *
 *     free ──taken by a poster──▶ filling ──content, then opened──▶ open ──claims…, the last──▶ free
 *                                                                    └──▶ closed, for the rest of a run that has ended
 *
 * The slot carries all that a claim needs, so that whoever comes too late, when the task's place in the task table may
 * already be another's, has touched nothing but the slot. Its word changes by compare-and-swap only (while it is
 * filling: by its poster), and the generation in it goes up when a poster takes it: a swap of a word that was read
 * before fails afterwards. So the content that was read between a word and a swap of it that succeeds belongs to it.
 */
#ifndef NPURT_AICPU_SLOT_H
#define NPURT_AICPU_SLOT_H

#include <stdbool.h>

#include "port/port.h"
#include "protocol/protocol.h"

struct slot {
    uint64_t word;    /* generation << 32 | SLOT_…, or 1 + the first block that nobody has claimed */
    uint64_t content; /* task | block_num << 32 | core_mask << 48; writer: the poster, while it is filling */
    uint32_t reserved[12];
};
_Static_assert(sizeof(struct slot) == PROTOCOL_LINE, "slot");
enum { SLOT_FREE = 0 };
#define SLOT_FILLING 0xffffffffu
#define SLOT_CLOSED  0xfffffffeu

/* A slot as it was seen. */
struct slot_view {
    uint32_t generation, task, next, left; /* blocks: the first unclaimed, and how many */
    uint8_t core_mask;
};

static inline bool slot_is_open(uint64_t word)
{
    return (uint32_t)word != SLOT_FREE && (uint32_t)word < SLOT_CLOSED;
}

/* Pre: the word is open and was read before. What is returned is true of the slot if a swap of the word succeeds. */
static inline struct slot_view slot_look(const struct slot *slot, uint64_t word)
{
    uint64_t content = port_observe64(&slot->content);
    uint32_t next = (uint32_t)word - 1;
    return (struct slot_view){.generation = (uint32_t)(word >> 32),
                              .task = (uint32_t)content,
                              .next = next,
                              .left = (uint32_t)(content >> 32 & 0xffff) - next,
                              .core_mask = (uint8_t)(content >> 48)};
}

/* Claims `count` blocks of what was seen, count ≤ left; false when the slot has changed, and *word is what it is now.
 */
static inline bool slot_claim(struct slot *slot, uint64_t *word, const struct slot_view *seen, uint32_t count)
{
    uint64_t next = count == seen->left ? *word >> 32 << 32 | SLOT_FREE : *word + count;
    return port_cas64(&slot->word, word, next);
}

/* No more of it can be claimed. False when the slot has changed, and *word is what it is now. Pre: the word is open. */
static inline bool slot_close(struct slot *slot, uint64_t *word)
{
    return port_cas64(&slot->word, word, *word >> 32 << 32 | SLOT_CLOSED);
}

/* Takes a free slot, which is then the caller's to open; false when another was faster, or it is not free. */
static inline bool slot_take(struct slot *slot)
{
    uint64_t word = port_observe64(&slot->word);
    if ((uint32_t)word != SLOT_FREE) return false;
    return port_cas64(&slot->word, &word, ((word >> 32) + 1) << 32 | SLOT_FILLING);
}

/* Pre: the caller has taken the slot; next < block_num. */
static inline void slot_open(struct slot *slot, uint32_t task, uint32_t next, uint16_t block_num, uint8_t core_mask)
{
    uint64_t word = port_observe64(&slot->word);
    port_publish64(&slot->content, task | (uint64_t)block_num << 32 | (uint64_t)core_mask << 48);
    port_publish64(&slot->word, word >> 32 << 32 | (next + 1));
}

#endif
