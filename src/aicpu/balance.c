/* Handing work over. A scheduler with idle cores and no tasks for them sets its hungry bit of the shape and kicks those
 * whose loaded bit is set; a scheduler with more tasks than cores sets its loaded bit and, when it sees hungry bits,
 * takes one off and pushes a part of its list into that peer's inbox. Nobody takes from another's list, so a task is
 * never in two hands.
 *
 * The bits lag on purpose: loaded stays set when the list runs empty, hungry when a few tasks come by, so that a chain
 * or a steady flow costs no shared writes. A stale bit costs one kick or one gift too many. */
#include "scheduler.h"

enum { LOADED_SHIFT = 16 };

static uint32_t hungry_bit(const struct scheduler *s)
{
    return 1u << s->index;
}
static uint32_t loaded_bit(const struct scheduler *s)
{
    return 1u << (s->index + LOADED_SHIFT);
}

/* Clears and sets bits; returns the word before. */
static uint32_t change(uint32_t *word, uint32_t clear, uint32_t set)
{
    uint32_t value = port_observe32(word);
    while (!port_cas32(word, &value, (value & ~clear) | set)) {
    }
    return value;
}

void balance_take(struct scheduler *s)
{
    struct workspace_peer *self = &s->head->peer[s->index];
    if (port_observe32(&self->inbox) == 0) return;
    uint32_t entry = port_exchange32(&self->inbox, 0);
    while (entry != 0) {
        uint32_t task = entry - 1, next = s->state[task].link;
        uint32_t shape = s->tasks[task].shape;
        scheduler_ready(s, task);
        if (shape < SHAPE_DUMMY) s->hungry[shape] = false; /* the giver cleared the bit */
        entry = next == TASK_NONE ? 0 : next + 1;
    }
}

/* Pushes the list to the peer. A list pushed before it is still whole behind it: the inbox is only pushed to, or taken
 * as a whole. */
void balance_give(struct workspace_head *work, struct task_state *state, uint32_t index, const struct ready_list *list)
{
    struct workspace_peer *peer = &work->peer[index];
    uint32_t head = port_observe32(&peer->inbox);
    do {
        state[list->last].link = head ? head - 1 : TASK_NONE;
    } while (!port_cas32(&peer->inbox, &head, list->first + 1));
    port_kick(port_observe32(&peer->agent));
}

void balance_feed(struct workspace_head *head, struct task_state *state, enum image_shape shape,
                  struct ready_list *list, uint32_t hungry)
{
    uint32_t part = list->count / ((uint32_t)__builtin_popcount(hungry) + 1);
    if (part == 0) part = 1;
    if (part > DONATION_MAX) part = DONATION_MAX;
    for (; hungry && list->count; hungry &= hungry - 1) {
        uint32_t bit = hungry & -hungry;
        if (!(change(&head->balance[shape], bit, 0) & bit)) continue; /* another has fed it */
        struct ready_list gift;
        ready_cut(list, state, part < list->count ? part : list->count, &gift);
        balance_give(head, state, (uint32_t)__builtin_ctz(bit), &gift);
    }
}

static void share_surplus(struct scheduler *s, enum image_shape shape)
{
    uint32_t *word = &s->head->balance[shape];
    uint32_t value = port_observe32(word);
    if ((value & (hungry_bit(s) | loaded_bit(s))) != loaded_bit(s)) {
        value = change(word, hungry_bit(s), loaded_bit(s));
        s->hungry[shape] = false;
    }
    uint32_t hungry = value & 0xffffu & ~hungry_bit(s);
    if (hungry) balance_feed(s->head, s->state, shape, &s->ready[shape], hungry);
}

static void become_hungry(struct scheduler *s, enum image_shape shape)
{
    uint32_t value = change(&s->head->balance[shape], loaded_bit(s), hungry_bit(s));
    s->hungry[shape] = true;
    for (uint32_t loaded = value >> LOADED_SHIFT & ~hungry_bit(s); loaded; loaded &= loaded - 1)
        port_kick(port_observe32(&s->head->peer[__builtin_ctz(loaded)].agent));
}

bool balance_peers_full(const struct scheduler *s, enum image_shape shape)
{
    for (uint32_t i = 0; i < s->count; i++)
        if (i != s->index && !(port_observe32(&s->head->peer[i].full) >> shape & 1)) return false;
    return true;
}

/* Of single-core tasks, which alone are staged. */
static void tell_full(struct scheduler *s)
{
    uint32_t full = 0;
    for (int shape = SHAPE_AIC; shape <= SHAPE_AIV; shape++)
        if (!dispatch_has_room(s, (enum image_shape)shape)) full |= 1u << shape;
    if (full == s->full) return;
    s->full = full;
    port_publish32(&s->head->peer[s->index].full, full);
}

bool balance_share(struct scheduler *s)
{
    bool again = false;
    if (s->count > 1) tell_full(s);
    for (int shape = 0; shape < SHAPE_DUMMY; shape++) {
        if (s->ready[shape].count) {
            share_surplus(s, (enum image_shape)shape);
        } else if (!s->hungry[shape] && dispatch_has_room(s, (enum image_shape)shape)) {
            become_hungry(s, (enum image_shape)shape);
            /* Of this bit and a post on the board, one is seen: look at the board once more. */
            again |= s->spmd && port_fetch_add32(&s->board[shape].count, 0) > 0;
        }
    }
    return again;
}
