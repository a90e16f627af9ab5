/* Staging consumers before their producers have ended.
 *
 * A producer with IMAGE_OPENS is handed out when all of its blocks have been sent. Who sends the last block remembers that,
 * and in a pass with nothing else to do, if that block is still out, walks the consumers: a gated one whose producers have
 * then all been handed out may be sent as well:
 *
 *   - When it waits for that producer alone, which runs alone on one core: behind it on the same core, without a gate,
 *     because a core runs what it is sent in order. Its scheduler remembers it (follow) until the core has taken the
 *     producer.
 *   - Otherwise behind a gate: here, or through a queue wherever there is an idle core, or one with a quick kernel and
 *     nothing behind it. Ordinary tasks come first.
 *
 * While the block is out the producer has not completed, so neither it nor its consumers have gone from their slots. What
 * is too late, or forgotten because there is too much of it, is sent when it is ready, as without all this.
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
 * of which nobody knows yet whether they run. A deferred task never opens: its conditions may wait for one that has no
 * core. A dummy is handed out when all its producers are.
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

/* ---- opening */

static void ring(struct scheduler *s, uint32_t first)
{
    while (first != 0) {
        struct gate_bell *bell = &s->gating->bell[first - 1];
        const uint64_t registers = bell->registers;
        const uint32_t number = bell->number;
        uint32_t *last = &s->gating->rung[bell->owner].first, core = first;
        first = bell->next;
        /* The register last: whom the core wakes must find all this. */
        port_publish32(&bell->rung, 1);
        bell->link = 0;
        while (!port_cas32(last, &bell->link, core)) {
        }
        port_reg_store(registers, s->reg_dmb + DMB_DOORBELL, number);
        s->stores++;
    }
}

bool gate_open(struct scheduler *s, uint32_t task)
{
    struct task_gate *gate = &s->gates[task];
    const uint32_t number = number_of(s, task);
    uint64_t word = gate_word(number, GATE_SHUT);
    while (!port_cas64(&gate->word, &word, gate_word(number, GATE_OPEN))) {
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

bool gate_is_shut(const struct scheduler *s, const struct core_state *core)
{
    return core->shut && port_observe32(&bell_of(s, (uint32_t)(core - s->core))->rung) == 0;
}

/* From now on the core has nothing to say until its bell has rung. */
static void set_shut(struct scheduler *s, unsigned slot, uint32_t cluster)
{
    s->shut[slot].word[cluster / 64] |= UINT64_C(1) << cluster % 64;
    s->shut_count++;
}

void gate_look(struct scheduler *s)
{
    uint32_t *list = &s->gating->rung[s->index].first;
    if (port_observe32(list) == 0) return;
    for (uint32_t rung = port_exchange32(list, 0); rung != 0;) {
        const uint32_t index = rung - 1 - s->cluster_first * CORE_SLOTS, cluster = index / CORE_SLOTS;
        struct core_state *core = &s->core[index];
        uint64_t *word = &s->shut[index % CORE_SLOTS].word[cluster / 64];
        rung = s->gating->bell[rung - 1].link;
        core->shut = false;
        if (!(*word >> cluster % 64 & 1)) continue;
        core->since = s->tick;
        *word &= ~(UINT64_C(1) << cluster % 64);
        s->shut_count--;
    }
}

void gate_moved(struct scheduler *s, unsigned slot, uint32_t cluster)
{
    struct core_state *core = &s->core[core_of(cluster, slot)];
    if (core->phase == CORE_STAGED) return;
    if (core->phase == CORE_SENT && gate_is_shut(s, core))
        set_shut(s, slot, cluster);
    else
        core->shut = false;
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
    if (whole) return;
    ready_push(&s->ready[shape], s->state, task);
    s->opened = true;
}

static void send_gated(struct scheduler *s, unsigned slot, uint32_t cluster, uint32_t task, uint32_t block,
                       unsigned task_slot)
{
    const uint32_t index = core_of(cluster, slot);
    struct core_state *core = &s->core[index];
    struct gate_bell *bell = bell_of(s, index);
    gate_look(s); /* before the bell is used again */
    port_publish32(&bell->rung, 0);
    core->shut = true;
    bell->registers = core->registers;
    bell->number = core->next_number;
    bell->owner = s->index;
    bell->next = s->gates[task].bell;
    s->gates[task].bell = s->cluster_first * CORE_SLOTS + index + 1;
    send_block(s, slot, cluster, task, block, task_slot, DMB_GATED);
    if (core->phase == CORE_SENT) set_shut(s, slot, cluster);
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
        uint32_t cluster = 0;
        unsigned slot = 0;
        if (shape == SHAPE_MIX) {
            if (!dispatch_find_cluster(s, mask, &cluster)) return;
            for (slot = 0; slot < CORE_SLOTS; slot++)
                if (mask >> slot & 1) send_gated(s, slot, cluster, task, block, slot);
        } else {
            if (!dispatch_find_core(s, shape, &slot, &cluster)) return;
            send_gated(s, slot, cluster, task, block, (unsigned)__builtin_ctz(mask));
        }
        if (opens) gate_sent(s, task, core_of(cluster, shape == SHAPE_MIX ? (unsigned)__builtin_ctz(mask) : slot));
    }
}

static bool has_room(const struct scheduler *s, enum image_shape shape)
{
    uint32_t cluster;
    unsigned slot;
    return shape == SHAPE_MIX ? dispatch_find_cluster(s, 7, &cluster) : dispatch_find_core(s, shape, &slot, &cluster);
}

/* Stages what there are cores for. */
static void stage(struct scheduler *s, uint32_t task, uint32_t number)
{
    if (!begin(s, task, number)) return;
    send_all(s, task);
    finish(s, task, number);
}

/* Ordinary tasks of the shape wait for cores: here, with a peer that says so, or on the shelf. */
static bool others_wait(const struct scheduler *s, enum image_shape shape)
{
    if (dispatch_has_work(s, shape)) return true;
    if (s->count == 1) return false;
    return balance_is_loaded(s->head, shape) || port_observe64(&s->head->shelf[shape]) != 0;
}

/* ---- handing out */

/* What waits for the one producer that runs alone on the core may be sent behind it. */
static bool can_follow(const struct scheduler *s, uint32_t task, const struct handed *h)
{
    const struct image_task *t = &s->tasks[task];
    return h->alone && !s->core[h->core].followed && t->block_num == 1 &&
           t->shape == (h->core % CORE_SLOTS == 0 ? SHAPE_AIC : SHAPE_AIV) && producers_left(s, task) == 1;
}

static void offer(struct scheduler *s, enum image_shape shape, uint32_t task, uint32_t number)
{
    if (gating_put(s->gating, shape, number, task)) s->offered[shape] = true;
}

static void note(struct scheduler *s, const struct handed *h)
{
    if (s->handed_count == HANDED_MAX) return;
    s->handed[(s->handed_first + s->handed_count++) % HANDED_MAX] = *h;
}

/* One more of the consumer's producers has been handed out. */
static void count_down(struct scheduler *s, uint32_t task, const struct handed *h)
{
    if (port_fetch_sub32(&s->gates[task].left, 1) != 1) return;
    if (s->tasks[task].shape == SHAPE_DUMMY) {
        note(s, &(struct handed){.task = task, .core = h->core, .number = h->number});
    } else if (can_follow(s, task, h)) {
        s->core[h->core].followed = true;
        s->follow[h->core] = (struct follow){h->number, task, number_of(s, task)};
    } else {
        const enum image_shape shape = (enum image_shape)s->tasks[task].shape;
        if (has_room(s, shape) && !others_wait(s, shape))
            stage(s, task, number_of(s, task));
        else
            offer(s, shape, task, number_of(s, task));
    }
}

/* The block that was sent last has not been seen to end: so its task has not. */
static bool is_out(const struct scheduler *s, const struct handed *h)
{
    const struct core_state *core = &s->core[h->core];
    switch ((enum core_phase)core->phase) {
    case CORE_STAGED:
        return core->work[0].number == h->number || core->work[1].number == h->number;
    case CORE_SENT:
    case CORE_RUNNING:
        return core->work[0].number == h->number;
    default:
        return false;
    }
}

/* Looks at up to `most` consumers of what was handed out; returns how many are left of that. */
static uint32_t publish(struct scheduler *s, struct handed *h, uint32_t most)
{
    if (s->words) {
        if (!h->begun) h->next = stream_first_edge(port_fetch_add32(&s->words[h->task].fanout, STREAM_HANDED_OUT));
        h->begun = true;
        for (; most > 0 && h->next != STREAM_EDGE_NONE; most--) {
            const struct stream_edge edge = s->edge_nodes[h->next - 1];
            h->next = edge.next;
            count_down(s, edge.consumer, h);
        }
    } else {
        const struct image_task *t = &s->tasks[h->task];
        for (; most > 0 && h->next < t->fanout_count; most--)
            count_down(s, s->edges[t->fanout_begin + h->next++], h);
    }
    return most;
}

static void publish_some(struct scheduler *s)
{
    uint32_t most = HANDED_EDGES;
    while (s->handed_count > 0 && most > 0) {
        struct handed h = s->handed[s->handed_first % HANDED_MAX];
        if (is_out(s, &h)) {
            most = publish(s, &h, most);
            if (most == 0) {
                s->handed[s->handed_first % HANDED_MAX] = h;
                return;
            }
        }
        s->handed_first++;
        s->handed_count--;
    }
}

void gate_sent(struct scheduler *s, uint32_t task, uint32_t core)
{
    const struct image_task *t = &s->tasks[task];
    const struct core_state *on = &s->core[core];
    if (!s->gates) return;
    if (t->block_num > 1 && port_fetch_sub32(&s->gates[task].unsent, 1) != 1) return;
    /* A deferred task may go on when its kernel has ended. */
    const bool alone = t->block_num == 1 && t->shape != SHAPE_MIX && !(t->flags & IMAGE_DEFERRED);
    note(s, &(struct handed){
                .task = task, .core = core, .number = on->work[on->phase == CORE_STAGED].number, .alone = alone});
}

/* ---- passes */

static void stage_shape(struct scheduler *s, enum image_shape shape)
{
    uint64_t candidate;
    while (has_room(s, shape) && gating_take(s->gating, shape, &candidate))
        stage(s, (uint32_t)candidate, (uint32_t)(candidate >> 32));
}

bool gate_stage(struct scheduler *s)
{
    s->opened = false;
    if (s->handed_count) publish_some(s);
    const bool any = port_observe32(&s->gating->waiting) != 0 && !others_wait(s, SHAPE_MIX); /* they need all kinds of cores */
    for (int shape = SHAPE_DUMMY - 1; shape >= 0 && any; shape--)
        if (!others_wait(s, (enum image_shape)shape)) stage_shape(s, (enum image_shape)shape);
    send_flush(s);
    for (int shape = 0; shape < SHAPE_DUMMY; shape++) {
        if (!s->offered[shape]) continue;
        s->offered[shape] = false;
        if (s->count > 1) gating_call(s->head, (enum image_shape)shape);
    }
    return s->handed_count > 0 || s->opened;
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
}
