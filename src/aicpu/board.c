/* SPMD tasks: a scheduler that takes one from its ready list claims as many blocks as it has cores for and shows the
 * rest on the board of the shape, where every scheduler with room claims some (struct board_slot in workspace.h). Who
 * claims the last block frees the slot. A full board keeps nobody from running the task: its owner alone goes on. */
#include "scheduler.h"

static uint64_t slot_word(uint64_t generation, uint32_t low)
{
    return generation << 32 | low;
}

void board_init(struct scheduler *s)
{
    memset(s->board, 0, SHAPE_DUMMY * sizeof *s->board);
}

/* Claims up to `room` blocks of the task in the slot, if there is one. */
static bool claim_blocks(struct scheduler *s, enum image_shape shape, uint8_t index, uint32_t room)
{
    struct workspace_board *board = &s->board[shape];
    struct board_slot *slot = &board->slot[index];
    uint64_t word = port_observe64(&slot->word);
    for (;;) {
        if ((uint32_t)word == BOARD_FREE || (uint32_t)word == BOARD_FILLING) return false;
        uint64_t content = port_observe64(&slot->content);
        uint32_t first = (uint32_t)word - 1, left = (uint32_t)(content >> 32 & 0xffff) - first;
        bool last = room >= left;
        uint64_t next = slot_word(word >> 32, last ? BOARD_FREE : (uint32_t)word + room);
        if (!port_cas64(&slot->word, &word, next)) continue;
        s->claim[shape] = (struct claim){.task = (uint32_t)content,
                                         .next = first,
                                         .end = first + (last ? left : room),
                                         .core_mask = (uint8_t)(content >> 48),
                                         .slot = last ? BOARD_NONE : index};
        if (last) port_fetch_sub32(&board->count, 1);
        return true;
    }
}

bool board_claim(struct scheduler *s, enum image_shape shape, uint32_t room)
{
    struct claim *claim = &s->claim[shape];
    if (room == 0) room = 1;
    if (claim->slot != BOARD_NONE) {
        if (claim_blocks(s, shape, claim->slot, room)) return true;
        claim->slot = BOARD_NONE;
    }
    if (!s->spmd || s->ready[shape].count) return false;
    if (port_observe32(&s->board[shape].count) == 0) return false;
    for (uint8_t i = 0; i < BOARD_SLOTS; i++)
        if (claim_blocks(s, shape, i, room)) return true;
    return false;
}

bool board_at_hand(struct scheduler *s, enum image_shape shape)
{
    struct claim *claim = &s->claim[shape];
    if (claim->next < claim->end) return true;
    if (claim->slot == BOARD_NONE) return false;
    struct board_slot *slot = &s->board[shape].slot[claim->slot];
    uint64_t word = port_observe64(&slot->word);
    if ((uint32_t)word == BOARD_FREE || (uint32_t)word == BOARD_FILLING) {
        claim->slot = BOARD_NONE;
        return false;
    }
    claim->core_mask = (uint8_t)(port_observe64(&slot->content) >> 48);
    return true;
}

/* A free slot, now filling; BOARD_NONE when there is none. */
static uint8_t take_slot(struct workspace_board *board, uint64_t *generation)
{
    for (uint8_t i = 0; i < BOARD_SLOTS; i++) {
        uint64_t word = port_observe64(&board->slot[i].word);
        if ((uint32_t)word != BOARD_FREE) continue;
        *generation = (word >> 32) + 1;
        if (port_cas64(&board->slot[i].word, &word, slot_word(*generation, BOARD_FILLING))) return i;
    }
    return BOARD_NONE;
}

void board_post(struct scheduler *s, enum image_shape shape, uint32_t task, uint32_t room)
{
    const struct image_task *t = &s->tasks[task];
    struct claim *claim = &s->claim[shape];
    struct workspace_board *board = &s->board[shape];
    uint64_t generation;
    *claim = (struct claim){.task = task, .end = t->block_num, .core_mask = t->core_mask, .slot = BOARD_NONE};
    if (s->count == 1 || room >= t->block_num) return;
    uint8_t index = take_slot(board, &generation);
    if (index == BOARD_NONE) return;
    claim->slot = index;
    claim->end = room;
    port_fetch_add32(&board->count, 1);
    port_publish64(&board->slot[index].content,
                   task | (uint64_t)t->block_num << 32 | (uint64_t)t->core_mask << 48);
    port_publish64(&board->slot[index].word, slot_word(generation, room + 1));
    /* A read by addition, as in balance_share: of this post and a peer's hungry bit, one sees the other. */
    uint32_t hungry = port_fetch_add32(&s->head->balance[shape], 0) & 0xffffu & ~(1u << s->index);
    for (; hungry; hungry &= hungry - 1)
        port_kick(port_observe32(&s->head->peer[__builtin_ctz(hungry)].agent));
}
