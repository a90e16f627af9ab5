/* SPMD tasks: blocks are claimed by fetch-add on the task's next_block, by any scheduler that knows the task. The one
 * whose ready list held it shows it on the board of its shape while it has unclaimed blocks; whoever claims the last
 * takes it off. A scheduler that read the task from the board too late claims a block beyond the last, which is
 * nothing. A full board keeps nobody from running the task: its owner alone goes on. */
#include "scheduler.h"

static void board_remove(struct workspace_board *board, uint32_t task)
{
    for (unsigned i = 0; i < BOARD_SLOTS; i++) {
        uint32_t entry = task + 1;
        if (port_observe32(&board->task[i]) == entry && port_cas32(&board->task[i], &entry, 0)) {
            port_fetch_sub32(&board->count, 1);
            return;
        }
    }
}

/* Claims blocks of the task at hand; false, and none at hand, when all are claimed. */
static bool claim_blocks(struct scheduler *s, enum image_shape shape, uint32_t room)
{
    struct claim *claim = &s->claim[shape];
    uint32_t task = claim->task, total = s->tasks[task].block_num;
    uint32_t *next = &s->state[task].next_block, first;
    if (room == 0) room = 1;
    if (s->count > 1) {
        first = port_fetch_add32(next, room);
    } else {
        first = *next;
        *next += room;
    }
    if (first >= total) {
        claim->task = TASK_NONE;
        claim->next = claim->end = 0;
        return false;
    }
    claim->next = first;
    claim->end = room < total - first ? first + room : total;
    if (s->count > 1 && claim->end == total) board_remove(&s->head->board[shape], task);
    return true;
}

bool board_claim(struct scheduler *s, enum image_shape shape, uint32_t room)
{
    if (s->claim[shape].task != TASK_NONE && claim_blocks(s, shape, room)) return true;
    if (!s->spmd || s->ready[shape].count) return false;
    struct workspace_board *board = &s->head->board[shape];
    if (port_observe32(&board->count) == 0) return false;
    for (unsigned i = 0; i < BOARD_SLOTS; i++) {
        uint32_t entry = port_observe32(&board->task[i]);
        if (entry == 0) continue;
        s->claim[shape].task = entry - 1;
        if (claim_blocks(s, shape, room)) return true;
    }
    return false;
}

void board_post(struct scheduler *s, enum image_shape shape, uint32_t task)
{
    s->claim[shape] = (struct claim){task, 0, 0};
    if (s->count == 1) return;
    struct workspace_board *board = &s->head->board[shape];
    for (unsigned i = 0; i < BOARD_SLOTS; i++) {
        uint32_t empty = 0;
        if (port_observe32(&board->task[i]) != 0 || !port_cas32(&board->task[i], &empty, task + 1)) continue;
        port_fetch_add32(&board->count, 1);
        /* A read by addition, as in balance_share: of this post and a peer's hungry bit, one sees the other. */
        uint32_t hungry = port_fetch_add32(&s->head->balance[shape], 0) & 0xffffu & ~(1u << s->index);
        for (; hungry; hungry &= hungry - 1)
            port_kick(port_observe32(&s->head->peer[__builtin_ctz(hungry)].agent));
        return;
    }
}
