/* SPMD tasks: a scheduler that takes one from its ready list claims as many blocks as it has cores for and shows the
 * rest on the board of the shape, where every scheduler with room claims some. A full board keeps nobody from running
 * the task: its owner alone goes on. */
#include "scheduler.h"

void board_init(struct scheduler *s)
{
    memset(s->board, 0, SHAPE_DUMMY * sizeof *s->board);
}

/* Claims up to `room` blocks of the task in the slot, if there is one. */
static bool claim_blocks(struct scheduler *s, enum image_shape shape, uint8_t index, uint32_t room)
{
    struct workspace_board *board = &s->board[shape];
    struct slot *slot = &board->slot[index];
    uint64_t word = port_observe64(&slot->word);
    while (slot_is_open(word)) {
        struct slot_view seen = slot_look(slot, word);
        uint32_t count = room < seen.left ? room : seen.left;
        if (!slot_claim(slot, &word, &seen, count)) continue;
        bool last = count == seen.left;
        s->claim[shape] = (struct claim){.task = seen.task,
                                         .next = seen.next,
                                         .end = seen.next + count,
                                         .core_mask = seen.core_mask,
                                         .slot = last ? BOARD_NONE : index};
        if (last) port_fetch_sub32(&board->count, 1);
        return true;
    }
    return false;
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
    const struct slot *slot = &s->board[shape].slot[claim->slot];
    uint64_t word = port_observe64(&slot->word);
    if (!slot_is_open(word)) {
        claim->slot = BOARD_NONE;
        return false;
    }
    claim->core_mask = slot_look(slot, word).core_mask;
    return true;
}

void board_post(struct scheduler *s, enum image_shape shape, uint32_t task, uint32_t room)
{
    const struct image_task *t = &s->tasks[task];
    struct claim *claim = &s->claim[shape];
    struct workspace_board *board = &s->board[shape];
    const uint32_t first = t->flags & IMAGE_GATED ? s->gates[task].staged : 0; /* some were sent before it was ready */
    *claim = (struct claim){
        .task = task, .next = first, .end = t->block_num, .core_mask = t->core_mask, .slot = BOARD_NONE};
    if (s->count == 1 || room >= t->block_num - first) return;
    uint8_t i = 0;
    while (i < BOARD_SLOTS && !slot_take(&board->slot[i]))
        i++;
    if (i == BOARD_SLOTS) return;
    claim->slot = i;
    claim->end = first + room;
    port_fetch_add32(&board->count, 1);
    slot_open(&board->slot[i], task, first + room, t->block_num, t->core_mask);
    /* A read by addition, as in balance_share: of this post and a peer's hungry bit, one sees the other. */
    uint32_t hungry = port_fetch_add32(&s->head->balance[shape], 0) & 0xffffu & ~(1u << s->index);
    for (; hungry; hungry &= hungry - 1)
        port_kick(port_observe32(&s->head->peer[__builtin_ctz(hungry)].agent));
}
