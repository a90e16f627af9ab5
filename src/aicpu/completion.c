/* From a value of COND to the tasks that become ready by it. */
#include "pace.h"

/* Blocks that may still be out when their task counts as complete: none. tests/planted builds the program with one. */
#if !defined(NPURT_PLANTED_BLOCKS_OUT)
#define NPURT_PLANTED_BLOCKS_OUT 0
#endif

/* Consumers released before those that became ready by it are sent: to release one costs a line of another thread's, and
 * who completes a task with a hundred consumers would keep every core waiting until the last. */
enum { RELEASED_AT_ONCE = 8 };

/* Whoever completes the task's producer is the only one to look at its count: it has one, and no gate, to which others come. */
static inline bool has_lone_producer(const struct scheduler *s, uint32_t task)
{
    return s->tasks[task].fanin == 1 && !(s->tasks[task].flags & IMAGE_GATED);
}

/* A producer of the task or join has completed; true when it was the last. */
static inline bool count_down(struct scheduler *s, uint32_t node)
{
    uint32_t *fanin = &s->state[node].fanin_left;
    const bool shared = s->count > 1 && !has_lone_producer(s, node);
    const uint32_t left = shared ? port_fetch_sub32(fanin, 1) : (*fanin)--;
    if (left == 0) scheduler_end(s, RUN_BAD_IMAGE, node); /* more edges lead to it than its fanin says */
    return left == 1;
}

/* A producer of the task has completed. */
static inline void release(struct scheduler *s, uint32_t task)
{
#if defined(NPURT_PLANTED_LOST_TASK) /* its producers' releases are lost: tests/planted */
    if (task == NPURT_PLANTED_LOST_TASK) return;
#endif
    if (count_down(s, task)) scheduler_ready(s, task);
}

/* A producer of the join has completed: with the last of them, its consumers' only one. */
static void release_join(struct scheduler *s, uint32_t join)
{
    if (!count_down(s, join)) return;
    const struct image_task *t = &s->tasks[join];
    const uint32_t *edge = s->edges + t->fanout_begin, *end = edge + t->fanout_count;
    for (; edge < end; edge++) {
        if (*edge >= s->task_count) {
            scheduler_end(s, RUN_BAD_IMAGE, join); /* joins lead to tasks */
            return;
        }
        release(s, *edge);
        if ((end - edge) % RELEASED_AT_ONCE == 0) dispatch_early(s);
    }
}

/* Turns a closed list of edges round: the newest consumer was pushed in front, and the oldest is released first. */
static inline uint32_t in_order(struct scheduler *s, uint32_t edge)
{
    uint32_t before = STREAM_EDGE_NONE;
    while (edge != STREAM_EDGE_NONE) {
        uint32_t next = s->edge_nodes[edge - 1].next;
        s->edge_nodes[edge - 1].next = before;
        before = edge;
        edge = next;
    }
    return before;
}

/* In a ring: a producer of the slot's task or of the join has completed; true when it was the last. */
static inline bool count_slot(struct scheduler *s, uint32_t node)
{
    uint32_t *fanin = &s->words[node].fanin;
    if (node < s->task_count && has_lone_producer(s, node)) {
        *fanin = 0;
        return true;
    }
    return port_fetch_sub32(fanin, 1) == 1;
}

/* In a ring: the edges are a list that closes, so that the orchestrator adds none any more. An edge is its consumer's,
 * which lives until it is released. */
static inline uint32_t close_list(struct scheduler *s, uint32_t node)
{
    return in_order(s, stream_first_edge(port_exchange32(&s->words[node].fanout, STREAM_CLOSED)));
}

/* The last producer of the join has completed. */
static void complete_join(struct scheduler *s, uint32_t join)
{
    const uint32_t number = s->words[join].number;
    uint32_t edge = close_list(s, join), released = 0;
    while (edge != STREAM_EDGE_NONE) {
        const struct stream_edge e = s->edge_nodes[edge - 1];
        if (++released % RELEASED_AT_ONCE == 0) dispatch_early(s);
        if (count_slot(s, e.consumer)) scheduler_ready(s, e.consumer);
        edge = e.next;
    }
    port_publish32(&s->words[join].done, number);
}

/* The task's last word gives its slot back. */
static inline void complete_slot(struct scheduler *s, uint32_t slot)
{
    const uint32_t number = s->words[slot].number;
    uint32_t edge = close_list(s, slot), released = 0;
    while (edge != STREAM_EDGE_NONE) {
        const struct stream_edge e = s->edge_nodes[edge - 1];
        if (++released % RELEASED_AT_ONCE == 0) dispatch_early(s);
        if (count_slot(s, e.consumer)) {
            if (e.consumer < s->task_count)
                scheduler_ready(s, e.consumer);
            else
                complete_join(s, e.consumer);
        }
        edge = e.next;
    }
    port_publish32(&s->words[slot].done, number);
}

static inline void complete_task(struct scheduler *s, uint32_t task)
{
    if (s->words) {
        s->completed++;
        complete_slot(s, task);
        return;
    }
    const struct image_task *t = &s->tasks[task];
    const uint32_t *edge = s->edges + t->fanout_begin, *end = edge + t->fanout_count;
    s->completed++;
    for (; edge < end; edge++) {
        if (*edge < s->task_count)
            release(s, *edge);
        else
            release_join(s, *edge);
        if ((end - edge) % RELEASED_AT_ONCE == 0) dispatch_early(s);
    }
    s->state[task].link = TASK_DONE; /* after the releases: a host that looks in between must not miss one */
}

static inline void count_block(struct scheduler *s, const struct image_task *t, uint32_t task)
{
    if (t->block_num > 1 || t->shape == SHAPE_MIX) {
        /* The cores of one MIX block belong to one scheduler; blocks of one task may be anywhere. */
        uint32_t *subtasks = &s->state[task].subtasks_left;
        bool shared = s->count > 1 && t->block_num > 1;
        uint32_t left = shared ? port_fetch_sub32(subtasks, 1) : (*subtasks)--;
        if (left != 1 + NPURT_PLANTED_BLOCKS_OUT) return;
    }
    complete_task(s, task);
}

void completion_count(struct scheduler *s, uint32_t task)
{
    count_block(s, &s->tasks[task], task);
}

/* One core has finished one block of the task. */
static inline void complete_block(struct scheduler *s, const struct core_work *work, unsigned slot,
                                  struct core_state *core)
{
    const struct image_task *t = &s->tasks[work->task];
    if (__builtin_expect(t->flags & IMAGE_DEFERRED, 0) &&
        !condition_block_ended(s, work, slot, &core->payload[work->number & 1]))
        return;
    count_block(s, t, work->task);
}

void completion_dummies(struct scheduler *s)
{
    while (s->ready[SHAPE_DUMMY].count)
        complete_task(s, ready_pop(&s->ready[SHAPE_DUMMY], s->state));
}

static inline bool poll(struct scheduler *s, unsigned slot, uint32_t cluster)
{
    struct core_state *core = &s->core[cluster * CORE_SLOTS + slot];
    struct core_work ended[2];
    uint32_t cond = port_reg_load(core->registers, s->reg_cond);
    s->loads++;
    uint32_t count = core_observe(core, cond, ended);
    uint64_t bit = UINT64_C(1) << cluster % 64;
    if (count) {
        pace_ended(s, core, slot, ended[0].task, count);
        s->quick[slot].word[cluster / 64] &= ~bit;
    }
    if (core->phase == CORE_IDLE) {
        s->busy[slot].word[cluster / 64] &= ~bit;
        s->stageable[slot].word[cluster / 64] &= ~bit;
        s->idle[slot].word[cluster / 64] |= bit;
        s->busy_count--;
    } else if (core->phase == CORE_STAGED) {
        s->tick_stale = true;
    } else if (core->phase == CORE_RUNNING) {
        s->tick_stale = true;
        s->stageable[slot].word[cluster / 64] |= bit;
        if (*pace_of(s, slot, core->work[0].task)) s->quick[slot].word[cluster / 64] |= bit;
    }
    recorder_ended(core, ended, count, s->stamp);
    if (__builtin_expect(core->shut, 0)) gate_moved(s, slot, cluster);
    if (__builtin_expect(core->followed, 0)) gate_follow(s, slot, cluster);
    for (uint32_t i = 0; i < count; i++)
        complete_block(s, &ended[i], slot, core);
    return core->phase == CORE_RUNNING;
}

void completion_poll(struct scheduler *s)
{
    struct cluster_set busy[CORE_SLOTS];
    uint32_t completed = s->completed;
    memcpy(busy, s->busy, sizeof busy); /* a core that gets a task meanwhile has nothing to say yet */
    for (unsigned slot = 0; slot < CORE_SLOTS; slot++) {
        for (uint32_t w = 0; w < CLUSTER_WORDS; w++) {
            for (uint64_t bits = busy[slot].word[w] & ~s->shut[slot].word[w]; bits; bits &= bits - 1) {
                bool running = poll(s, slot, w * 64 + (uint32_t)__builtin_ctzll(bits));
                if (s->completed != completed) {
                    completed = s->completed;
                    dispatch_ready(s);
                    if (s->count > 1 && balance_fetch(s)) dispatch_ready(s);
                    dispatch_stage(s);
                } else if (running) {
                    dispatch_stage(s);
                }
            }
        }
    }
}
