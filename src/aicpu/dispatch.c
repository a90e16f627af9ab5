/* Sending tasks to cores: payload first, then the number to DATA_MAIN_BASE. Payloads are filled for up to SEND_BATCH
 * cores before their numbers are stored in a burst, so that the cores start together and the stores, which are posted,
 * do not wait for lines of the next payload. */
#include "scheduler.h"

enum { CLUSTER_NONE = 0xffffffffu, TENSOR_SIZE = 128, ARG_LOCAL = 48, ARG_GLOBAL = 49 };

static void flush(struct scheduler *s)
{
    for (uint32_t i = 0; i < s->send_count; i++)
        port_reg_store(s->send[i].registers, s->reg_dmb, s->send[i].number);
    s->stores += s->send_count;
    s->send_count = 0;
}

/* The words of a payload that never change, set when it is first used in a run. */
static void fill_constants(struct dispatch_payload *p)
{
    memset(p->async_context, 0, sizeof p->async_context);
    p->args[ARG_LOCAL] = (int64_t)(uintptr_t)&p->block_idx;
    p->args[ARG_GLOBAL] = (int64_t)(uintptr_t)&p->sub_block_id;
}

/* Fills the payload, notes the block as sent, and queues the store of its number. `task_slot` chooses the kernel. */
static inline void send(struct scheduler *s, unsigned slot, uint32_t cluster, uint32_t task, uint32_t block,
                        unsigned task_slot)
{
    const struct image_task *t = &s->tasks[task];
    struct core_state *core = &s->core[cluster * CORE_SLOTS + slot];
    uint32_t number = core_send(core, task, block);
    struct dispatch_payload *p = &core->payload[number & 1];
    if (number <= DISPATCH_NUMBER_FIRST + 1) fill_constants(p);
    p->kernel = s->kernels[t->kernel[task_slot]].image;
    p->block_idx = (int32_t)block;
    p->block_num = t->block_num;
    p->sub_block_id = task_slot == 2;
    p->task = task;
    uint64_t payload = s->payloads + (uint64_t)t->payload * 64;
    int64_t *args = p->args;
    for (uint32_t i = 0; i < t->tensor_count; i++, payload += TENSOR_SIZE)
        *args++ = (int64_t)payload;
    const int64_t *scalars = (const int64_t *)(uintptr_t)payload;
    for (uint32_t i = 0; i < t->scalar_count; i++)
        *args++ = scalars[i];

    uint64_t bit = UINT64_C(1) << cluster % 64;
    if (core->phase == CORE_SENT) {
        s->idle[slot].word[cluster / 64] &= ~bit;
        s->busy[slot].word[cluster / 64] |= bit;
        s->busy_count++;
    } else {
        s->stageable[slot].word[cluster / 64] &= ~bit;
    }
    s->dispatches++;
    if (s->send_count == SEND_BATCH) flush(s);
    s->send[s->send_count++] = (struct send){core->registers, number};
}

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

static uint64_t free_word(const struct scheduler *s, const struct cluster_set *set, uint32_t word)
{
    return set->word[word] & ~s->reserved.word[word];
}

static uint32_t count_free(const struct scheduler *s, const struct cluster_set *set)
{
    uint32_t n = 0;
    for (uint32_t w = 0; w < CLUSTER_WORDS; w++)
        n += (uint32_t)__builtin_popcountll(free_word(s, set, w));
    return n;
}

/* Sends single-core tasks of the shape to the cores of set[slot] while there are both. */
static void dispatch_single(struct scheduler *s, enum image_shape shape, const struct cluster_set set[CORE_SLOTS])
{
    unsigned first = shape == SHAPE_AIC ? 0 : 1, last = shape == SHAPE_AIC ? 0 : 2;
    uint32_t room = 0;
    for (unsigned slot = first; slot <= last; slot++)
        room += count_free(s, &set[slot]);
    for (unsigned slot = first; slot <= last; slot++) {
        for (uint32_t w = 0; w < CLUSTER_WORDS; w++) {
            for (uint64_t bits = free_word(s, &set[slot], w); bits; bits &= bits - 1, room--) {
                struct taken taken;
                if (!take(s, shape, room, &taken)) return;
                unsigned task_slot = (unsigned)__builtin_ctz(s->tasks[taken.task].core_mask);
                send(s, slot, w * 64 + (uint32_t)__builtin_ctzll(bits), taken.task, taken.block, task_slot);
            }
        }
    }
}

/* Clusters of which all cores of the mask are idle. */
static struct cluster_set fitting(const struct scheduler *s, unsigned mask)
{
    struct cluster_set set;
    for (uint32_t w = 0; w < CLUSTER_WORDS; w++) {
        set.word[w] = UINT64_MAX;
        for (unsigned slot = 0; slot < CORE_SLOTS; slot++)
            if (mask >> slot & 1) set.word[w] &= s->idle[slot].word[w];
    }
    return set;
}

/* Keeps clusters for the MIX tasks that wait, at most half of the partition: those of which most needed cores are idle
 * already. Without it, single-core tasks would take every core as it becomes free, and no cluster would ever be. */
static void reserve(struct scheduler *s, unsigned mask, uint32_t waiting)
{
    uint32_t limit = (s->cluster_count + 1) / 2;
    uint32_t wanted = waiting < limit ? waiting : limit, kept = 0;
    for (uint32_t w = 0; w < CLUSTER_WORDS; w++)
        kept += (uint32_t)__builtin_popcountll(s->reserved.word[w]);
    if (kept > wanted) {
        s->reserved = (struct cluster_set){{0}};
        kept = 0;
    }
    for (int idle = __builtin_popcount(mask); idle >= 0 && kept < wanted; idle--) {
        for (uint32_t c = 0; c < s->cluster_count && kept < wanted; c++) {
            uint64_t bit = UINT64_C(1) << c % 64;
            int n = 0;
            for (unsigned slot = 0; slot < CORE_SLOTS; slot++)
                n += (mask >> slot & 1) && (s->idle[slot].word[c / 64] & bit);
            if (n != idle || (s->reserved.word[c / 64] & bit)) continue;
            s->reserved.word[c / 64] |= bit;
            kept++;
        }
    }
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
        if (mask >> slot & 1) send(s, slot, cluster, taken->task, taken->block, slot);
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

static bool has_work(const struct scheduler *s, enum image_shape shape)
{
    return s->ready[shape].count > 0 || s->claim[shape].next < s->claim[shape].end;
}

void dispatch_ready(struct scheduler *s)
{
    if (s->ready[SHAPE_DUMMY].count) completion_dummies(s);
    if (has_work(s, SHAPE_MIX) || s->spmd) dispatch_mix(s);
    if (has_work(s, SHAPE_AIC) || s->spmd) dispatch_single(s, SHAPE_AIC, s->idle);
    if (has_work(s, SHAPE_AIV) || s->spmd) dispatch_single(s, SHAPE_AIV, s->idle);
    flush(s);
}

void dispatch_stage(struct scheduler *s)
{
    if (has_work(s, SHAPE_AIC)) dispatch_single(s, SHAPE_AIC, s->stageable);
    if (has_work(s, SHAPE_AIV)) dispatch_single(s, SHAPE_AIV, s->stageable);
    flush(s);
}

bool dispatch_has_room(const struct scheduler *s, enum image_shape shape)
{
    if (shape == SHAPE_AIC) return count_free(s, &s->idle[0]) > 0;
    if (shape == SHAPE_AIV) return count_free(s, &s->idle[1]) + count_free(s, &s->idle[2]) > 0;
    struct cluster_set set = fitting(s, 7);
    return count_free(s, &set) > 0;
}
