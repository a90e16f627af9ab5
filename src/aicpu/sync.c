/* Sync-start: all blocks of a task start together.
 *
 * One such task gathers at a time, in the slot of the head. Its poster opens the slot; from then on every scheduler
 * claims blocks for the cores it has, as they become idle, and holds them back: the payload is filled, the number is
 * not stored (CORE_HELD). Who claims the last block has thereby freed the slot, and that is the start: whoever holds
 * blocks of a generation that is no longer open stores their numbers. Nobody waits for an answer of anybody, so there is
 * nothing that an aborted run, or a thread that went to sleep anywhere in here, could leave others hanging in. Only
 * kernels wait for each other: so when the run ends, what has started starts everywhere, and what has not is closed
 * before its cores are let go, so that it never does.
 *
 * It gathers within the time of two tasks per core: what runs and what is staged behind it ends by itself, and while
 * blocks are left no other task gets a core that could take one (scheduler.keep). The others are not starved by a
 * sequence of sync-start tasks: a scheduler that has started n cores together sends n ordinary blocks, if it has them,
 * before it claims for the next one. */
#include "scheduler.h"

/* Ordinary tasks of the shape wait for cores, here or for whoever has some. */
static bool waits(const struct scheduler *s, enum image_shape shape)
{
    return dispatch_has_work(s, shape) || (s->count > 1 && port_observe64(&s->head->shelf[shape]) != 0);
}

/* Ordinary tasks that could run on the cores of a task with this mask have their turn. Never with blocks held, which
 * might be what they wait for. */
static bool others_first(const struct scheduler *s, unsigned mask)
{
    if (s->held_count > 0 || s->dispatches >= s->owed_until) return false;
    return waits(s, SHAPE_MIX) || ((mask & 1) && waits(s, SHAPE_AIC)) || ((mask & 6) && waits(s, SHAPE_AIV));
}

/* The blocks held are those of a task that has started. */
static bool has_started(const struct scheduler *s, uint64_t word)
{
    return (uint32_t)(word >> 32) != s->held_generation || (uint32_t)word == SLOT_FREE;
}

static void start(struct scheduler *s)
{
    uint32_t count = s->held_count;
    hold_start(s);
    s->owed_until = s->dispatches + count;
}

/* Makes the next of this scheduler's own the one that gathers. */
static void post(struct scheduler *s)
{
    struct slot *slot = &s->head->sync;
    if (!slot_take(slot)) return;
    uint32_t task = ready_pop(&s->sync_ready, s->state);
    const struct image_task *t = &s->tasks[task];
    slot_open(slot, task, 0, t->block_num, t->core_mask);
    if (s->count > 1) port_kick(PORT_AGENT_ALL_AICPU);
}

/* Claims what there are cores for. True when the slot is worth another look: the task has started, or the word was not
 * the slot's any more. */
static bool gather(struct scheduler *s, uint64_t word)
{
    struct slot *slot = &s->head->sync;
    struct slot_view seen = slot_look(slot, word);
    if (others_first(s, seen.core_mask)) {
        hold_keep_none(s);
        return false;
    }
    uint32_t room = hold_room(s, seen.core_mask);
    uint32_t count = room < seen.left ? room : seen.left;
    if (count > 0) {
        if (!slot_claim(slot, &word, &seen, count)) return true;
        hold_blocks(s, seen.task, seen.next, count);
        s->held_generation = seen.generation;
    }
    if (count < seen.left) {
        hold_keep(s, seen.core_mask, seen.left - count);
        return false;
    }
    start(s);
    if (s->count > 1) port_kick(PORT_AGENT_ALL_AICPU);
    return true;
}

void sync_step(struct scheduler *s)
{
    for (;;) {
        uint64_t word = port_observe64(&s->head->sync.word);
        if (s->held_count > 0 && has_started(s, word)) start(s);
        if ((uint32_t)word == SLOT_FREE && s->sync_ready.count > 0) {
            post(s);
            word = port_observe64(&s->head->sync.word);
        }
        if (!slot_is_open(word)) {
            hold_keep_none(s);
            return;
        }
        if (!gather(s, word)) return;
    }
}

void sync_shelf_emptied(const struct scheduler *s)
{
    if (s->sync && slot_is_open(port_observe64(&s->head->sync.word))) port_kick(PORT_AGENT_ALL_AICPU);
}

void sync_end(struct scheduler *s)
{
    if (s->held_count == 0) return;
    uint64_t word = port_observe64(&s->head->sync.word);
    while (!has_started(s, word) && slot_is_open(word) && !slot_close(&s->head->sync, &word)) {
    }
    if (has_started(s, word))
        hold_start(s);
    else
        hold_drop(s);
}
