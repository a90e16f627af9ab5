/* Which ready task goes to which core. */
#include "clusters.h"
#include "send.h"

enum { CLUSTER_NONE = 0xffffffffu };

/* A block to send. */
struct taken {
    uint32_t task, block;
    bool claimed; /* from the claim at hand, not from the ready list */
};

/* One block: of the SPMD task at hand, else of the next ready task. `room`: blocks that could be sent now. */
static inline bool take(struct scheduler *s, enum image_shape shape, uint32_t room, struct taken *taken)
{
    struct claim *claim = &s->claim[shape];
    for (;;) {
        if (claim->next < claim->end || (claim->slot != BOARD_NONE && board_claim(s, shape, room))) {
            *taken = (struct taken){claim->task, claim->next++, true};
            return true;
        }
        if (s->ready[shape].count == 0) {
            if (!s->spmd || !board_claim(s, shape, room)) return false;
            continue;
        }
        uint32_t task = ready_pop(&s->ready[shape], s->state);
        if (s->tasks[task].block_num == 1) {
            *taken = (struct taken){task, 0, false};
            return true;
        }
        board_post(s, shape, task, room);
    }
}

static uint64_t free_word(const struct scheduler *s, const struct cluster_set set[CORE_SLOTS], unsigned slot,
                          uint32_t word)
{
    return set[slot].word[word] & ~s->reserved.word[word] & ~s->keep[slot].word[word];
}

static uint32_t count_free(const struct scheduler *s, const struct cluster_set set[CORE_SLOTS], unsigned slot)
{
    uint32_t n = 0;
    for (uint32_t w = 0; w < CLUSTER_WORDS; w++)
        n += (uint32_t)__builtin_popcountll(free_word(s, set, slot, w));
    return n;
}

/* Sends single-core tasks of the shape to the cores of set[slot] while there are both. */
static void dispatch_single(struct scheduler *s, enum image_shape shape, const struct cluster_set set[CORE_SLOTS])
{
    unsigned first = shape == SHAPE_AIC ? 0 : 1, last = shape == SHAPE_AIC ? 0 : 2;
    uint32_t room = 0;
    for (unsigned slot = first; slot <= last; slot++)
        room += count_free(s, set, slot);
    for (unsigned slot = first; slot <= last; slot++) {
        for (uint32_t w = 0; w < CLUSTER_WORDS; w++) {
            for (uint64_t bits = free_word(s, set, slot, w); bits; bits &= bits - 1, room--) {
                struct taken taken;
                if (!take(s, shape, room, &taken)) return;
                unsigned task_slot = (unsigned)__builtin_ctz(s->tasks[taken.task].core_mask);
                uint32_t cluster = w * 64 + (uint32_t)__builtin_ctzll(bits);
                send_block(s, slot, cluster, taken.task, taken.block, task_slot, 0);
                if (__builtin_expect(s->tasks[taken.task].flags & IMAGE_OPENS, 0))
                    gate_sent(s, taken.task, cluster * CORE_SLOTS + slot);
            }
        }
    }
}

void dispatch_early(struct scheduler *s)
{
    if (s->sync || dispatch_has_work(s, SHAPE_MIX)) return; /* they come first */
    if (dispatch_has_work(s, SHAPE_AIC)) dispatch_single(s, SHAPE_AIC, s->idle);
    if (dispatch_has_work(s, SHAPE_AIV)) dispatch_single(s, SHAPE_AIV, s->idle);
    send_flush(s);
    if (s->count > 1) balance_offer(s);
}

/* Clusters of which all cores of the mask are idle and may be had by an ordinary MIX task. */
static struct cluster_set fitting(const struct scheduler *s, unsigned mask)
{
    struct cluster_set set = clusters_idle(s, mask);
    for (uint32_t w = 0; w < CLUSTER_WORDS; w++)
        for (unsigned slot = 0; slot < CORE_SLOTS; slot++)
            if (mask >> slot & 1) set.word[w] &= ~s->keep[slot].word[w];
    return set;
}

/* Keeps clusters for the MIX tasks that wait, at most half of the partition. Without it, single-core tasks would take
 * every core as it becomes free, and no cluster would ever be. */
static void reserve(struct scheduler *s, unsigned mask, uint32_t waiting)
{
    uint32_t limit = (s->cluster_count + 1) / 2;
    clusters_choose(s, mask, waiting < limit ? waiting : limit, &s->reserved);
}

/* The cores of the MIX task that is next, without taking it; 0 when none is known. */
static unsigned next_mix(struct scheduler *s)
{
    if (board_at_hand(s, SHAPE_MIX)) return s->claim[SHAPE_MIX].core_mask;
    if (s->ready[SHAPE_MIX].count) return s->tasks[s->ready[SHAPE_MIX].first].core_mask;
    return 0;
}

static void send_mix(struct scheduler *s, uint32_t cluster, const struct taken *taken)
{
    unsigned mask = s->tasks[taken->task].core_mask;
    for (unsigned slot = 0; slot < CORE_SLOTS; slot++)
        if (mask >> slot & 1) send_block(s, slot, cluster, taken->task, taken->block, slot, 0);
    if (__builtin_expect(s->tasks[taken->task].flags & IMAGE_OPENS, 0)) gate_sent(s, taken->task, cluster * CORE_SLOTS + (unsigned)__builtin_ctz(mask));
}

/* Gives back a block that was taken and has no cluster. */
static void untake(struct scheduler *s, const struct taken *taken)
{
    if (taken->claimed)
        s->claim[SHAPE_MIX].next--;
    else
        ready_unpop(&s->ready[SHAPE_MIX], s->state, taken->task);
}

static void dispatch_mix(struct scheduler *s)
{
    struct cluster_set none = {{0}};
    for (;;) {
        unsigned next = next_mix(s);
        if (next == 0 && !s->spmd) break;
        unsigned mask = next ? next : 7;
        struct cluster_set set = fitting(s, mask);
        uint32_t room = 0, cluster = CLUSTER_NONE;
        for (uint32_t w = 0; w < CLUSTER_WORDS; w++) {
            room += (uint32_t)__builtin_popcountll(set.word[w]);
            if (set.word[w] && cluster == CLUSTER_NONE) cluster = w * 64 + (uint32_t)__builtin_ctzll(set.word[w]);
        }
        if (room == 0) {
            if (next == 0) break;
            const struct claim *claim = &s->claim[SHAPE_MIX];
            reserve(s, mask, s->ready[SHAPE_MIX].count + claim->end - claim->next + (claim->slot != BOARD_NONE));
            return;
        }
        struct taken taken;
        if (!take(s, SHAPE_MIX, room, &taken)) break;
        if ((s->tasks[taken.task].core_mask & ~mask) != 0) {
            /* Another task than the one looked at (its blocks were gone): look again, with its cores. */
            untake(s, &taken);
            continue;
        }
        send_mix(s, cluster, &taken);
        uint64_t bit = UINT64_C(1) << cluster % 64;
        s->reserved.word[cluster / 64] &= ~bit;
    }
    s->reserved = none;
}

void dispatch_ready(struct scheduler *s)
{
    if (s->ready[SHAPE_DUMMY].count) completion_dummies(s);
    if (s->sync) sync_step(s);
    if (dispatch_has_work(s, SHAPE_MIX) || s->spmd) dispatch_mix(s);
    if (dispatch_has_work(s, SHAPE_AIC) || s->spmd) dispatch_single(s, SHAPE_AIC, s->idle);
    if (dispatch_has_work(s, SHAPE_AIV) || s->spmd) dispatch_single(s, SHAPE_AIV, s->idle);
    send_flush(s);
}

static void stage_single(struct scheduler *s, enum image_shape shape)
{
    const struct claim *claim = &s->claim[shape]; /* claimed blocks are this scheduler's already */
    const bool any = s->may_stage[shape] || claim->next < claim->end ||
                     s->ready[shape].count >= balance_cores(s->clusters, shape);
    dispatch_single(s, shape, any ? s->stageable : s->quick);
}

void dispatch_stage(struct scheduler *s)
{
    if (dispatch_has_work(s, SHAPE_AIC)) stage_single(s, SHAPE_AIC);
    if (dispatch_has_work(s, SHAPE_AIV)) stage_single(s, SHAPE_AIV);
    send_flush(s);
}

/* The first free core of the set that the shape can run on. */
static bool find_free(const struct scheduler *s, const struct cluster_set set[CORE_SLOTS], enum image_shape shape,
                      unsigned *slot, uint32_t *cluster)
{
    const unsigned last = shape == SHAPE_AIC ? 0 : 2;
    for (*slot = shape == SHAPE_AIC ? 0 : 1; *slot <= last; ++*slot)
        for (uint32_t w = 0; w < CLUSTER_WORDS; w++) {
            const uint64_t word = free_word(s, set, *slot, w);
            if (word == 0) continue;
            *cluster = w * 64 + (uint32_t)__builtin_ctzll(word);
            return true;
        }
    return false;
}

bool dispatch_find_core(const struct scheduler *s, enum image_shape shape, unsigned *slot, uint32_t *cluster)
{
    return find_free(s, s->idle, shape, slot, cluster) || find_free(s, s->quick, shape, slot, cluster);
}

bool dispatch_find_cluster(const struct scheduler *s, unsigned mask, uint32_t *cluster)
{
    const struct cluster_set set = fitting(s, mask);
    for (uint32_t w = 0; w < CLUSTER_WORDS; w++) {
        const uint64_t word = set.word[w] & ~s->reserved.word[w];
        if (word == 0) continue;
        *cluster = w * 64 + (uint32_t)__builtin_ctzll(word);
        return true;
    }
    return false;
}

uint32_t dispatch_second_room(const struct scheduler *s, enum image_shape shape)
{
    if (shape == SHAPE_AIC) return count_free(s, s->stageable, 0);
    if (shape == SHAPE_AIV) return count_free(s, s->stageable, 1) + count_free(s, s->stageable, 2);
    return 0;
}

uint32_t dispatch_room(const struct scheduler *s, enum image_shape shape)
{
    if (shape == SHAPE_AIC) return count_free(s, s->idle, 0);
    if (shape == SHAPE_AIV) return count_free(s, s->idle, 1) + count_free(s, s->idle, 2);
    struct cluster_set set = fitting(s, 7);
    for (uint32_t w = 0; w < CLUSTER_WORDS; w++)
        set.word[w] &= ~s->reserved.word[w];
    return clusters_count(&set);
}
