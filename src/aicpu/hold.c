/* Cores held for blocks that start together, and cores kept from others for them. A task with one core per block has a
 * mask of one bit; one of an AIV runs on either of a cluster. */
#include "clusters.h"
#include "send.h"

static bool is_mix(unsigned mask)
{
    return (mask & (mask - 1)) != 0;
}

/* The core slots on which a block, or one core of it, may run. */
static unsigned slots_of(unsigned mask)
{
    return is_mix(mask) || mask == 1 ? mask : 6;
}

uint32_t hold_room(const struct scheduler *s, unsigned mask)
{
    if (is_mix(mask)) {
        struct cluster_set set = clusters_idle(s, mask);
        return clusters_count(&set);
    }
    return mask == 1 ? clusters_count(&s->idle[0]) : clusters_count(&s->idle[1]) + clusters_count(&s->idle[2]);
}

static void hold_core(struct scheduler *s, unsigned slot, uint32_t cluster, uint32_t task, uint32_t block,
                      unsigned task_slot)
{
    struct core_state *core = &s->core[cluster * CORE_SLOTS + slot];
    uint64_t bit = UINT64_C(1) << cluster % 64;
    send_prepare(s, core, slot, task, block, task_slot);
    core->phase = CORE_HELD;
    s->idle[slot].word[cluster / 64] &= ~bit;
    s->keep[slot].word[cluster / 64] &= ~bit;
    s->held[slot].word[cluster / 64] |= bit;
    s->held_count++;
}

static void hold_mix(struct scheduler *s, uint32_t task, unsigned mask, uint32_t block, uint32_t end)
{
    struct cluster_set set = clusters_idle(s, mask);
    for (uint32_t w = 0; w < CLUSTER_WORDS; w++)
        for (uint64_t bits = set.word[w]; bits && block < end; bits &= bits - 1, block++)
            for (unsigned slot = 0; slot < CORE_SLOTS; slot++)
                if (mask >> slot & 1) hold_core(s, slot, w * 64 + (uint32_t)__builtin_ctzll(bits), task, block, slot);
}

void hold_blocks(struct scheduler *s, uint32_t task, uint32_t block, uint32_t count)
{
    unsigned mask = s->tasks[task].core_mask, slots = slots_of(mask), task_slot = (unsigned)__builtin_ctz(mask);
    uint32_t end = block + count;
    if (is_mix(mask)) {
        hold_mix(s, task, mask, block, end);
        return;
    }
    for (unsigned slot = 0; slot < CORE_SLOTS; slot++)
        for (uint32_t w = 0; w < CLUSTER_WORDS && (slots >> slot & 1); w++)
            for (uint64_t bits = s->idle[slot].word[w]; bits && block < end; bits &= bits - 1, block++)
                hold_core(s, slot, w * 64 + (uint32_t)__builtin_ctzll(bits), task, block, task_slot);
}

void hold_start(struct scheduler *s)
{
    send_flush(s);
    for (unsigned slot = 0; slot < CORE_SLOTS; slot++) {
        for (uint32_t w = 0; w < CLUSTER_WORDS; w++) {
            for (uint64_t bits = s->held[slot].word[w]; bits; bits &= bits - 1) {
                struct core_state *core = &s->core[(w * 64 + (uint32_t)__builtin_ctzll(bits)) * CORE_SLOTS + slot];
                core->phase = CORE_SENT;
                core->since = s->tick;
                send_queue(s, core, core->work[0].number);
                const struct image_task *t = &s->tasks[core->work[0].task];
                if (t->flags & IMAGE_OPENS && (t->shape != SHAPE_MIX || slot == (unsigned)__builtin_ctz(t->core_mask)))
                    gate_sent(s, core->work[0].task, (uint32_t)(core - s->core));
            }
            s->busy[slot].word[w] |= s->held[slot].word[w];
            s->held[slot].word[w] = 0;
        }
    }
    send_flush(s);
    s->busy_count += s->held_count;
    s->held_count = 0;
}

void hold_drop(struct scheduler *s)
{
    for (unsigned slot = 0; slot < CORE_SLOTS; slot++) {
        for (uint32_t w = 0; w < CLUSTER_WORDS; w++) {
            for (uint64_t bits = s->held[slot].word[w]; bits; bits &= bits - 1)
                s->core[(w * 64 + (uint32_t)__builtin_ctzll(bits)) * CORE_SLOTS + slot].phase = CORE_IDLE;
            s->idle[slot].word[w] |= s->held[slot].word[w];
            s->held[slot].word[w] = 0;
        }
    }
    s->held_count = 0;
}

void hold_keep_none(struct scheduler *s)
{
    memset(s->keep, 0, sizeof s->keep);
}

void hold_keep(struct scheduler *s, unsigned mask, uint32_t blocks)
{
    struct cluster_set set;
    unsigned slots = slots_of(mask);
    memset(&set, is_mix(mask) ? 0 : 0xff, sizeof set);
    if (is_mix(mask)) {
        set = s->keep[__builtin_ctz(mask)];
        clusters_choose(s, mask, blocks < s->cluster_count ? blocks : s->cluster_count, &set);
    }
    for (unsigned slot = 0; slot < CORE_SLOTS; slot++)
        s->keep[slot] = slots >> slot & 1 ? set : (struct cluster_set){{0}};
}
