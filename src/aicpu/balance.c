/* Sharing work. A scheduler keeps what becomes ready in its own list, and first has it run on its own cores. One with idle
 * cores and no tasks for them sets its hungry bit of the shape and kicks those whose loaded bit is set; one with more
 * tasks than cores sets its loaded bit and, when it sees hungry bits, puts all that it has left on the shelf of the shape
 * (shelf.h), takes bits off and calls these peers. Who is called, or becomes hungry, takes as many as it has idle cores and
 * puts the rest back, calling others. So a task goes to a core that is idle, wherever it is; and which task comes first
 * is one order for all.
 *
 * Second tasks are taken, and staged, only while more wait than all schedulers have cores, or behind kernels that take
 * little (pace.h): what is staged is its core's for good. So that everybody can tell, a scheduler whose kernels take long
 * keeps a task per core of its own and puts what is more on the shelf, hungry peers or not.
 *
 * The bits lag on purpose: loaded stays set when the list runs empty, so that a chain or a steady flow costs no shared
 * writes. A stale bit costs one kick too many. */
#include "scheduler.h"
#include "shelf.h"

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
    uint32_t inbox = port_exchange32(&self->inbox, 0), entry = inbox & ~INBOX_CALLS;
    while (entry != 0) {
        uint32_t task = entry - 1, next = s->state[task].link;
        uint32_t shape = s->tasks[task].shape;
        scheduler_ready(s, task);
        if (shape < SHAPE_DUMMY) s->hungry[shape] = false; /* the giver cleared the bit */
        entry = next == TASK_NONE ? 0 : next + 1;
    }
    for (int shape = 0; shape < SHAPE_DUMMY; shape++) {
        if (!(inbox & INBOX_CALL << shape)) continue;
        s->called[shape] = s->shelf_seen[shape] = true;
        s->hungry[shape] = false; /* likewise */
    }
}

/* Pushes the list to the peer. A list pushed before it is still whole behind it: the inbox is only pushed to, or taken
 * as a whole. */
void balance_give(struct workspace_head *work, struct task_state *state, uint32_t index, const struct ready_list *list)
{
    struct workspace_peer *peer = &work->peer[index];
    uint32_t head = port_observe32(&peer->inbox);
    do {
        state[list->last].link = head & ~INBOX_CALLS ? (head & ~INBOX_CALLS) - 1 : TASK_NONE;
    } while (!port_cas32(&peer->inbox, &head, (head & INBOX_CALLS) | (list->first + 1)));
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

/* Calls up to `count` of the hungry peers to the shelf, those after this scheduler first, and takes their bits off, and
 * this scheduler's. It is also the second half of what orders a filling of the shelf and a hungry bit: one is seen. */
static void call_peers(struct scheduler *s, enum image_shape shape, uint32_t count)
{
    uint32_t *word = &s->head->balance[shape], value = port_observe32(word), called;
    do {
        uint32_t hungry = value & 0xffffu & ~hungry_bit(s), after = hungry & -hungry_bit(s);
        called = 0;
        for (uint32_t i = 0; i < count && hungry; i++) {
            uint32_t bit = after ? after & -after : hungry & -hungry;
            called |= bit;
            hungry &= ~bit;
            after &= ~bit;
        }
    } while (!port_cas32(word, &value, value & ~called & ~hungry_bit(s)));
    s->hungry[shape] = false;
    for (; called; called &= called - 1) {
        struct workspace_peer *peer = &s->head->peer[__builtin_ctz(called)];
        uint32_t inbox = port_observe32(&peer->inbox);
        while (!port_cas32(&peer->inbox, &inbox, inbox | INBOX_CALL << shape)) {
        }
        port_kick(port_observe32(&peer->agent));
    }
}

/* Takes tasks from the shelf: `want`, or a part of what is there when that is much. */
static bool pull(struct scheduler *s, enum image_shape shape, uint32_t want)
{
    uint64_t *shelf = &s->head->shelf[shape], word = 0;
    struct ready_list list, mine;
    port_cas64(shelf, &word, 0); /* a look that is ordered after the hungry bit */
    s->shelf_seen[shape] = shelf_take(shelf, word, &list);
    if (!s->shelf_seen[shape]) return false;
    s->called[shape] = false;
    if (want < list.count / (4 * s->count)) want = list.count / (4 * s->count);
    if (want > DONATION_MAX) want = DONATION_MAX;
    if (want < list.count) {
        ready_cut(&list, s->state, want, &mine);
        shelf_put(shelf, s->state, list, true);
    } else {
        mine = list;
        list.count = 0;
        s->shelf_seen[shape] = false;
        sync_shelf_emptied(s);
    }
    if (s->ready[shape].count)
        shelf_join(&s->ready[shape], s->state, &mine);
    else
        s->ready[shape] = mine;
    if (list.count > 0 || s->hungry[shape]) call_peers(s, shape, list.count);
    return true;
}

bool balance_fetch(struct scheduler *s)
{
    bool fetched = false;
    for (int i = SHAPE_AIC; i <= SHAPE_AIV; i++) {
        const enum image_shape shape = (enum image_shape)i;
        if (!s->shelf_seen[shape] || s->ready[shape].count > 0) continue;
        const uint32_t room = dispatch_room(s, shape);
        if (room > 0) fetched |= pull(s, shape, room);
    }
    return fetched;
}

/* Finds out whether second tasks may be staged, and takes some. */
static void look_for_second(struct scheduler *s, enum image_shape shape)
{
    uint32_t room = dispatch_second_room(s, shape), own = s->ready[shape].count;
    if (room == 0) return;
    uint64_t word = port_observe64(&s->head->shelf[shape]);
    if (word == 0) s->shelf_seen[shape] = false;
    if (shelf_count(word) + own < balance_cores(s->clusters, shape)) return;
    s->may_stage[shape] = true;
    if (own < room) pull(s, shape, room - own);
}

/* What is kept of the list when nobody is hungry: all, or a task per core. */
static uint32_t kept_of(const struct scheduler *s, enum image_shape shape)
{
    const uint32_t count = s->ready[shape].count, own = balance_cores(s->cluster_count, shape);
    if (shape == SHAPE_MIX || !s->slow[shape] || s->count == 1 || count < 2 * own) return count;
    const uint64_t word = port_observe64(&s->head->shelf[shape]);
    return shelf_count(word) < balance_cores(s->clusters, shape) ? own : count;
}

static void share_surplus(struct scheduler *s, enum image_shape shape)
{
    uint32_t *word = &s->head->balance[shape];
    uint32_t value = port_observe32(word);
    if ((value & (hungry_bit(s) | loaded_bit(s))) != loaded_bit(s)) {
        value = change(word, hungry_bit(s), loaded_bit(s));
        s->hungry[shape] = false;
    }
    const bool hungry = (value & 0xffffu & ~hungry_bit(s)) != 0;
    const uint32_t keep = hungry ? 0 : kept_of(s, shape), count = s->ready[shape].count - keep;
    if (count == 0) return;
    struct ready_list kept;
    ready_init(&kept);
    if (keep > 0) ready_cut(&s->ready[shape], s->state, keep, &kept);
    const uint32_t all = balance_cores(s->clusters, shape);
    const uint32_t there = shelf_put(&s->head->shelf[shape], s->state, s->ready[shape], false);
    s->ready[shape] = kept;
    s->shelf_seen[shape] = true;
    call_peers(s, shape, count);
    /* From now on second tasks may be taken, also by who has nothing to look at before a long kernel ends. */
    if (shape != SHAPE_MIX && there >= all && there - count < all && s->slow[shape]) port_kick(PORT_AGENT_ALL_AICPU);
}

static void become_hungry(struct scheduler *s, enum image_shape shape)
{
    uint32_t value = change(&s->head->balance[shape], loaded_bit(s), hungry_bit(s));
    s->hungry[shape] = true;
    for (uint32_t loaded = value >> LOADED_SHIFT & ~hungry_bit(s); loaded; loaded &= loaded - 1)
        port_kick(port_observe32(&s->head->peer[__builtin_ctz(loaded)].agent));
    /* A peer that has looked at the bits before this one was set kicks nobody here: its post on the board, or its offer of
     * tasks to stage, is found in this pass, which may have begun before the first of the kind was announced. */
    scheduler_learn_kinds(s);
}

void balance_offer(struct scheduler *s)
{
    for (int shape = SHAPE_AIC; shape <= SHAPE_AIV; shape++)
        if (s->ready[shape].count) share_surplus(s, (enum image_shape)shape);
}

/* This scheduler was called and has not come: others may be hungry. */
static void pass_on_call(struct scheduler *s, enum image_shape shape)
{
    s->called[shape] = false;
    const uint32_t count = shelf_count(port_observe64(&s->head->shelf[shape]));
    if (count > 0) call_peers(s, shape, count);
}

bool balance_share(struct scheduler *s)
{
    bool again = false;
    for (int i = 0; i < SHAPE_DUMMY; i++) {
        const enum image_shape shape = (enum image_shape)i;
        if (s->ready[shape].count == 0 && s->hungry[shape] && !s->shelf_seen[shape]) continue; /* it will be called */
        const uint32_t room = s->ready[shape].count ? 0 : dispatch_room(s, shape);
        if (s->ready[shape].count) {
            share_surplus(s, shape);
        } else if (room > 0 && s->shelf_seen[shape] && pull(s, shape, room)) {
            again = true;
        } else if (room > 0 && !s->hungry[shape]) {
            become_hungry(s, shape);
            again |= pull(s, shape, room);
            /* Of this bit and a post on the board, one is seen: look at the board once more. */
            again |= s->spmd && port_fetch_add32(&s->board[shape].count, 0) > 0;
        }
        if (s->called[shape]) pass_on_call(s, shape);
        if (s->ready[shape].count > 0 && !s->shelf_seen[shape]) continue;
        if (shape != SHAPE_MIX)
            look_for_second(s, shape);
        else if (s->shelf_seen[shape] && s->ready[shape].count == 0 && room == 0)
            again |= pull(s, shape, 1); /* somebody has to gather a cluster's cores for it */
    }
    return again;
}
