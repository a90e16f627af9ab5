/* Staging consumers before their producers have ended.
 *
 * A producer with IMAGE_OPENS is handed out when all of its blocks have been sent. Who sends the last block walks its
 * consumers, and a gated one whose producers have then all been handed out may be sent as well:
 *
 *   - When it waits for that producer alone, which runs alone on one core: behind it on the same core, without a gate,
 *     because a core runs what it is sent in order. Its scheduler remembers it (follow) until the core has taken the
 *     producer.
 *   - Otherwise behind a gate: through a queue to whoever has an idle core, or one with a quick kernel and nothing behind
 *     it. Ordinary tasks come first.
 *
 * Whoever completes the last producer opens the gate: it stores the number of each block that waits behind it to the
 * doorbell of its core. Blocks of the task that found no core go the ordinary way then.
 *
 * Nobody is stranded, because all that anything waits for on a core was sent before it. A gated block waits for blocks
 * that have been sent, of tasks that were handed out; nothing is sent behind a gate that has not been passed, since that
 * is not acknowledged; and a block behind another waits for that. So of all blocks on cores the one sent first can end.
 * Blocks of a sync-start task count as sent when they are started, not when their cores are held.
 *
 * Never gated: sync-start tasks, each core of which would be kept idle until the last of them has one; predicated ones,
 * of which nobody knows yet whether they run. A dummy is handed out when all its producers are.
 */
#include "clusters.h"
#include "gating.h"
#include "send.h"

/* The number by which a gate knows its task. */
static uint32_t number_of(const struct scheduler *s, uint32_t task)
{
    return s->words ? s->words[task].number : task;
}

static uint32_t producers_left(const struct scheduler *s, uint32_t task)
{
    return port_observe32(s->words ? &s->words[task].fanin : &s->state[task].fanin_left);
}

static uint32_t core_of(uint32_t cluster, unsigned slot)
{
    return cluster * CORE_SLOTS + slot;
}

static struct gate_bell *bell_of(const struct scheduler *s, uint32_t core)
{
    return &s->gating->bell[s->cluster_first * CORE_SLOTS + core];
}

/* ---- handing out */

/* What waits for the one producer that runs alone on the core may be sent behind it. */
static bool can_follow(const struct scheduler *s, uint32_t task, uint32_t core)
{
    const struct image_task *t = &s->tasks[task];
    return core != GATE_NO_CORE && !s->core[core].followed && t->block_num == 1 &&
           t->shape == (core % CORE_SLOTS == 0 ? SHAPE_AIC : SHAPE_AIV) && producers_left(s, task) == 1;
}

static void offer(struct scheduler *s, enum image_shape shape, uint32_t task, uint32_t number)
{
    if (gate_queue_put(&s->gating->queue[shape], (uint64_t)number << 32 | task)) s->offered[shape] = true;
}

/* One more of the consumer's producers has been handed out: the one on `core`, if that is all of it. */
static void count_down(struct scheduler *s, uint32_t task, uint32_t core)
{
    if (port_fetch_sub32(&s->gates[task].left, 1) != 1) return;
    if (s->tasks[task].shape == SHAPE_DUMMY) {
        if (s->handed_count < HANDED_MAX) s->handed[s->handed_count++] = (struct handed){task, GATE_NO_CORE};
    } else if (can_follow(s, task, core)) {
        const struct core_state *on = &s->core[core];
        s->core[core].followed = true;
        s->follow[core] = (struct follow){on->work[on->phase == CORE_STAGED].number, task, number_of(s, task)};
    } else {
        offer(s, (enum image_shape)s->tasks[task].shape, task, number_of(s, task));
    }
}

void gate_publish(struct scheduler *s)
{
    while (s->handed_count > 0) {
        const struct handed h = s->handed[--s->handed_count];
        if (s->words) {
            uint32_t edge = stream_first_edge(port_fetch_add32(&s->words[h.task].fanout, STREAM_HANDED_OUT));
            for (; edge != STREAM_EDGE_NONE; edge = s->edge_nodes[edge - 1].next)
                count_down(s, s->edge_nodes[edge - 1].consumer, h.core);
        } else {
            const struct image_task *t = &s->tasks[h.task];
            for (uint32_t i = 0; i < t->fanout_count; i++)
                count_down(s, s->edges[t->fanout_begin + i], h.core);
        }
    }
}

void gate_sent(struct scheduler *s, uint32_t task, uint32_t core)
{
    const struct image_task *t = &s->tasks[task];
    if (!s->gates) return;
    if (t->block_num > 1 && port_fetch_sub32(&s->gates[task].unsent, 1) != 1) return;
    if (s->handed_count == HANDED_MAX) gate_publish(s);
    /* A deferred task may go on when its kernel has ended, and a block of several is not all of it. */
    const bool alone = t->block_num == 1 && t->shape != SHAPE_MIX && !(t->flags & IMAGE_DEFERRED);
    s->handed[s->handed_count++] = (struct handed){task, alone ? core : GATE_NO_CORE};
}

/* ---- opening */

static void ring(struct scheduler *s, uint32_t first)
{
    while (first != 0) {
        struct gate_bell *bell = &s->gating->bell[first - 1];
        const uint64_t registers = bell->registers;
        const uint32_t number = bell->number;
        first = bell->next;
        /* The other way round, whom the core wakes might not look at it. */
        port_publish32(&bell->rung, 1);
        port_reg_store(registers, s->reg_dmb + DMB_DOORBELL, number);
        s->stores++;
    }
}

bool gate_open(struct scheduler *s, uint32_t task)
{
    struct task_gate *gate = &s->gates[task];
    uint64_t word = port_observe64(&gate->word);
    while (!port_cas64(&gate->word, &word, gate_word((uint32_t)(word >> 32), GATE_OPEN))) {
    }
    switch ((enum gate_phase)(uint32_t)word) {
    case GATE_STAGING:
        return true;
    case GATE_STAGED: {
        const bool whole = gate->staged == s->tasks[task].block_num;
        ring(s, gate->bell); /* when that is all of the task, it may be gone now */
        return whole;
    }
    case GATE_SHUT:
    case GATE_OPEN:
        break;
    }
    return false;
}

bool gate_is_shut(struct scheduler *s, struct core_state *core)
{
    if (!core->shut) return false;
    if (port_observe32(&bell_of(s, (uint32_t)(core - s->core))->rung) == 0) return true;
    core->shut = false;
    if (core->phase == CORE_SENT) core->since = s->tick;
    return false;
}

/* ---- staging */

/* Makes the task this scheduler's to stage. False: its gate is open already, or it has long gone. */
static bool begin(struct scheduler *s, uint32_t task, uint32_t number)
{
    uint64_t word = gate_word(number, GATE_SHUT);
    if (!port_cas64(&s->gates[task].word, &word, gate_word(number, GATE_STAGING))) return false;
    s->gates[task].bell = s->gates[task].staged = 0;
    return true;
}

/* Leaves it to whoever completes the last producer, or opens it when that has been. */
static void finish(struct scheduler *s, uint32_t task, uint32_t number)
{
    struct task_gate *gate = &s->gates[task];
    const struct image_task *t = &s->tasks[task];
    const bool whole = gate->staged == t->block_num;
    const enum image_shape shape = (enum image_shape)t->shape;
    uint64_t word = gate_word(number, GATE_STAGING);
    s->staged += gate->staged;
    if (port_cas64(&gate->word, &word, gate_word(number, GATE_STAGED))) return;
    ring(s, gate->bell);
    if (!whole) ready_push(&s->ready[shape], s->state, task);
}

static void send_gated(struct scheduler *s, unsigned slot, uint32_t cluster, uint32_t task, uint32_t block,
                       unsigned task_slot)
{
    const uint32_t index = core_of(cluster, slot);
    struct core_state *core = &s->core[index];
    struct gate_bell *bell = bell_of(s, index);
    port_publish32(&bell->rung, 0);
    core->shut = true;
    bell->registers = core->registers;
    bell->number = core->next_number;
    bell->next = s->gates[task].bell;
    s->gates[task].bell = s->cluster_first * CORE_SLOTS + index + 1;
    send_block(s, slot, cluster, task, block, task_slot, DMB_GATED);
}

/* Sends blocks of the task behind its gate, as many as there are cores for. */
static void send_all(struct scheduler *s, uint32_t task)
{
    const struct image_task *t = &s->tasks[task];
    struct task_gate *gate = &s->gates[task];
    const enum image_shape shape = (enum image_shape)t->shape;
    const uint8_t opens = t->flags & IMAGE_OPENS;
    const uint32_t blocks = t->block_num;
    const unsigned mask = t->core_mask;
    for (uint32_t block = 0; block < blocks; block++, gate->staged++) {
        uint32_t cluster = 0, core = GATE_NO_CORE;
        unsigned slot = 0;
        if (shape == SHAPE_MIX) {
            if (!dispatch_find_cluster(s, mask, &cluster)) return;
            for (slot = 0; slot < CORE_SLOTS; slot++)
                if (mask >> slot & 1) send_gated(s, slot, cluster, task, block, slot);
        } else {
            if (!dispatch_find_core(s, shape, &slot, &cluster)) return;
            send_gated(s, slot, cluster, task, block, (unsigned)__builtin_ctz(mask));
            core = core_of(cluster, slot);
        }
        if (opens) gate_sent(s, task, core);
    }
}

static bool has_room(const struct scheduler *s, enum image_shape shape)
{
    uint32_t cluster;
    unsigned slot;
    return shape == SHAPE_MIX ? dispatch_find_cluster(s, 7, &cluster) : dispatch_find_core(s, shape, &slot, &cluster);
}

static void stage_shape(struct scheduler *s, enum image_shape shape)
{
    uint64_t candidate;
    while (has_room(s, shape) && gate_queue_take(&s->gating->queue[shape], &candidate)) {
        const uint32_t task = (uint32_t)candidate, number = (uint32_t)(candidate >> 32);
        if (!begin(s, task, number)) continue;
        send_all(s, task);
        finish(s, task, number);
    }
}

void gate_stage(struct scheduler *s)
{
    if (!dispatch_has_work(s, SHAPE_MIX))
        for (int shape = SHAPE_DUMMY - 1; shape >= 0; shape--)
            if (!dispatch_has_work(s, (enum image_shape)shape)) stage_shape(s, (enum image_shape)shape);
    send_flush(s);
    gate_publish(s);
    for (int shape = 0; shape < SHAPE_DUMMY; shape++) {
        if (!s->offered[shape]) continue;
        s->offered[shape] = false;
        if (s->count > 1) gating_call(s->head, (enum image_shape)shape);
    }
}

void gate_follow(struct scheduler *s, unsigned slot, uint32_t cluster)
{
    const uint32_t index = core_of(cluster, slot);
    struct core_state *core = &s->core[index];
    const struct follow follow = s->follow[index];
    if (core->phase == CORE_STAGED || core->phase == CORE_SENT) return; /* not yet */
    core->followed = false;
    if (core->phase != CORE_RUNNING || core->work[0].number != follow.after) return; /* too late */
    const enum image_shape shape = slot == 0 ? SHAPE_AIC : SHAPE_AIV;
    if (dispatch_has_work(s, shape)) {
        offer(s, shape, follow.task, follow.number);
        return;
    }
    if (!begin(s, follow.task, follow.number)) return;
    const struct image_task *t = &s->tasks[follow.task];
    s->gates[follow.task].staged = 1;
    send_block(s, slot, cluster, follow.task, 0, (unsigned)__builtin_ctz(t->core_mask), 0);
    if (t->flags & IMAGE_OPENS) gate_sent(s, follow.task, index);
    finish(s, follow.task, follow.number);
    send_flush(s);
    gate_publish(s);
}
