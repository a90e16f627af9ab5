/* Conditions of blocks whose kernels have ended: from a slab's entries to the block's countdown.
 *
 * A slab that waits is in the list of the thread that owns its core, and nobody else touches it. Only its first entry
 * that has not held is looked at: a condition that has held once is not asked again. So a round costs one load per
 * waiting block, and a run without such blocks one test of a count. A pass looks at CONDITION_PASS at most, so that cores
 * are served meanwhile however many wait: who has been looked at goes to the list's end, and the first `looks_due` are those
 * of this round that are left.
 *
 * Who changes a counter through npurt_kernel_notify kicks all AICPU threads afterwards. A thread that is about to wait
 * has looked at every slab of its list since its port_wait_begin, with which the round began; what changes later kicks.
 * Whoever writes a counter without kicking is noticed when the wait ends by itself, after PORT_WAIT_MAX_MS. */
#include "protocol/condition.h"

#include "scheduler.h"

static const struct image_deferred *place_of(const struct scheduler *s, const struct image_task *t)
{
    return deferred_of(t, (void *)(uintptr_t)(s->payloads + (uint64_t)t->payload * 64));
}

static struct condition_slab *slab_of(const struct scheduler *s, uint32_t task, uint32_t block, unsigned slot)
{
    const struct image_task *t = &s->tasks[task];
    const struct image_deferred *deferred = place_of(s, t);
    return (struct condition_slab *)(uintptr_t)deferred->slabs + deferred_slab_index(t, block, slot);
}

bool condition_is_sound(const struct scheduler *s, const struct image_task *t)
{
    const struct image_deferred *deferred = place_of(s, t);
    port_cache_invalidate(deferred, sizeof *deferred);
    return t->core_mask != 0 && deferred->mark == deferred_mark(deferred->slabs) &&
           deferred->slabs % PROTOCOL_LINE == 0 &&
           port_is_memory(deferred->slabs, deferred_slabs(t) * sizeof(struct condition_slab));
}

void condition_begin(const struct scheduler *s, struct dispatch_payload *p)
{
    const uint64_t first = s->control->payload;
    p->stray = (struct condition_head){.report = (uint64_t)(uintptr_t)&s->head->stray,
                                       .mark = 1 + (uint32_t)(((uintptr_t)p - first) / sizeof *p)};
    condition_close(p);
}

void condition_close(struct dispatch_payload *p)
{
    p->async_address[0] = (uint64_t)(uintptr_t)&p->stray.count;
    p->async_address[1] = (uint64_t)(uintptr_t)&p->stray.error;
    p->async_address[2] = p->async_task = 0;
    p->async_room = 0;
}

void condition_send(const struct scheduler *s, struct dispatch_payload *p, uint32_t task, uint32_t block, unsigned slot)
{
    struct condition_slab *slab = slab_of(s, task, block, slot);
    slab->head = (struct condition_head){0};
    port_cache_clean(&slab->head, sizeof slab->head); /* dirty, it would be written over what the core registers */
    p->async_address[0] = (uint64_t)(uintptr_t)&slab->head.count;
    p->async_address[1] = (uint64_t)(uintptr_t)&slab->head.error;
    p->async_address[2] = (uint64_t)(uintptr_t)slab->entry;
    p->async_room = CONDITION_MAX;
    p->async_task = p->task;
}

/* ---- telling people */

static struct run_condition describe(const struct scheduler *s, const struct condition_slab *slab, uint32_t index)
{
    const struct image_task *t = &s->tasks[slab->task];
    const struct condition *c = &slab->entry[index];
    const unsigned task_slot = t->shape == SHAPE_MIX ? slab->slot : (unsigned)__builtin_ctz(t->core_mask);
    return (struct run_condition){.task = scheduler_task_name(s, slab->task),
                                  .block = slab->block,
                                  .kernel = t->kernel[task_slot],
                                  .index = index,
                                  .address = c->address,
                                  .expected = c->type == CONDITION_EVENT ? 1 : c->expected,
                                  .type = c->type,
                                  .engine = c->engine};
}

static uint32_t value_of(const struct condition *c)
{
    const uint32_t *word = (const uint32_t *)(uintptr_t)c->address;
    port_cache_invalidate(word, sizeof *word); /* an engine of the chip or the host may have written it */
    return port_observe32(word);
}

struct run_condition condition_first(const struct scheduler *s)
{
    struct run_condition first = {0};
    for (struct condition_slab *slab = s->waiting_first; slab; slab = (struct condition_slab *)(uintptr_t)slab->next) {
        const struct run_condition c = describe(s, slab, slab->at);
        if (first.waiting && c.task >= first.task) continue;
        first = c;
        first.value = value_of(&slab->entry[slab->at]);
        first.waiting = s->waiting_count;
    }
    return first;
}

struct run_condition condition_stray(const struct run_control *control, uint32_t mark)
{
    const struct dispatch_payload *p = (const struct dispatch_payload *)(uintptr_t)control->payload + (mark - 1);
    const struct kernel_entry *kernels = (const struct kernel_entry *)(uintptr_t)control->kernels;
    struct run_condition c = {.code = CONDITION_REGISTRATION_FAILED, .kernel = -1};
    if (mark == 0 || mark > 2 * 3 * control->block_dim) return c;
    port_cache_invalidate(&p->stray, sizeof p->stray);
    c.task = p->stray.task;
    c.block = (uint32_t)p->stray.block;
    c.address = p->stray.address;
    c.expected = p->stray.expected;
    for (uint32_t i = 0; i < control->kernel_count && c.kernel < 0; i++)
        if (kernels[i].core_type != KERNEL_ABSENT && kernels[i].image == p->stray.kernel) c.kernel = (int32_t)i;
    return c;
}

/* ---- a block has ended */

static bool is_sound(const struct condition *c)
{
    return c->address % sizeof(uint32_t) == 0 && c->type >= 0 && c->type < CONDITION_TYPES &&
           c->engine < CONDITION_ENGINES && port_is_memory(c->address, sizeof(uint32_t));
}

/* The run ends: what is wrong goes into the result, unless another was first. */
static void refuse(struct scheduler *s, const struct condition_slab *slab, uint32_t index, enum condition_code code)
{
    struct run_condition c = describe(s, slab, index < CONDITION_MAX ? index : 0);
    if (code != CONDITION_INVALID || index >= CONDITION_MAX) {
        c.index = index;
        c.address = slab->head.address;
        c.expected = slab->head.expected;
        c.type = 0;
        c.engine = 0;
    }
    c.code = code;
    c.said = (uint32_t)slab->head.error;
    s->condition = c;
    scheduler_end(s, RUN_BAD_CONDITION, code);
}

/* True when all that the kernel registered is as it should be. */
static bool check(struct scheduler *s, const struct condition_slab *slab)
{
    const uint32_t count = slab->head.count;
    const int32_t error = slab->head.error;
    if (count > CONDITION_MAX || error == CONDITION_OVERFLOW) {
        refuse(s, slab, CONDITION_MAX, CONDITION_OVERFLOW);
        return false;
    }
    if (error != 0) {
        refuse(s, slab, CONDITION_MAX, CONDITION_INVALID); /* npurt's own calls write no other */
        return false;
    }
    for (uint32_t i = 0; i < count; i++)
        if (!is_sound(&slab->entry[i])) {
            refuse(s, slab, i, CONDITION_INVALID);
            return false;
        }
    return true;
}

static bool holds(const struct condition *c)
{
    const uint32_t value = value_of(c);
    return c->type == CONDITION_EVENT ? value != 0 : value >= c->expected;
}

/* Goes on from the entry that did not hold last time. True when none is left. */
static bool advance(struct condition_slab *slab)
{
    while (slab->at < slab->head.count && holds(&slab->entry[slab->at]))
        slab->at++;
    return slab->at == slab->head.count;
}

static void enlist(struct scheduler *s, struct condition_slab *slab)
{
    slab->next = 0;
    if (s->waiting_last)
        s->waiting_last->next = (uint64_t)(uintptr_t)slab;
    else
        s->waiting_first = slab;
    s->waiting_last = slab;
}

bool condition_block_ended(struct scheduler *s, const struct core_work *work, unsigned slot,
                           struct dispatch_payload *payload)
{
    struct condition_slab *slab = slab_of(s, work->task, work->block, slot);
    condition_close(payload); /* the next task that gets it may be one that is not deferred */
    port_cache_invalidate(&slab->head, sizeof slab->head);
    if (slab->head.count == 0 && slab->head.error == 0) return true;
    port_cache_invalidate(slab->entry, sizeof slab->entry);
    slab->task = work->task;
    slab->block = work->block;
    slab->slot = slot;
    slab->at = 0;
    if (!check(s, slab)) return false; /* the run has ended */
    if (advance(slab)) return true;
    enlist(s, slab);
    s->waiting_count++;
    port_fetch_add32(&s->state[slab->task].conditions, 1);
    return false;
}

void condition_poll(struct scheduler *s, uint32_t most)
{
    const uint32_t count = s->looks_due < most ? s->looks_due : most;
    s->looks_due -= count;
    for (uint32_t i = 0; i < count; i++) {
        struct condition_slab *slab = s->waiting_first;
        const uint32_t at = slab->at, task = slab->task;
        const bool over = advance(slab);
        s->waiting_first = (struct condition_slab *)(uintptr_t)slab->next;
        if (!s->waiting_first) s->waiting_last = NULL;
        if (slab->at != at) {
            s->moved = true;
            port_fetch_add32(&s->head->met, slab->at - at);
        }
        if (!over) {
            enlist(s, slab);
            continue;
        }
        s->waiting_count--;
        port_fetch_sub32(&s->state[task].conditions, 1);
        completion_count(s, task);
    }
}

const char *condition_validate(const struct scheduler *s)
{
    uint32_t seen = 0;
    const struct condition_slab *last = NULL;
    for (const struct condition_slab *slab = s->waiting_first; slab && seen <= s->waiting_count; seen++) {
        if (slab->task >= s->task_count) return "a slab that waits is of no task";
        if (slab->at >= slab->head.count) return "a slab waits for nothing";
        last = slab;
        slab = (const struct condition_slab *)(uintptr_t)slab->next;
    }
    if (seen != s->waiting_count) return "waiting_count is not the number of slabs that wait";
    if (s->looks_due > s->waiting_count) return "more slabs are to be looked at than wait";
    if (last != s->waiting_last) return "the last slab that waits is another";
    return NULL;
}
