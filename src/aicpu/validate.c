/* The invariants of a scheduler, for tests (NPURT_VALIDATE checks them every 64 passes) and for a debugger. */
#include "scheduler.h"

static bool has(const struct cluster_set *set, uint32_t cluster)
{
    return (set->word[cluster / 64] >> cluster % 64 & 1) != 0;
}

static const char *check_core(const struct scheduler *s, uint32_t cluster, unsigned slot)
{
    uint8_t phase = s->core[cluster * CORE_SLOTS + slot].phase;
    bool busy = phase == CORE_SENT || phase == CORE_RUNNING || phase == CORE_STAGED;
    if (has(&s->idle[slot], cluster) != (phase == CORE_IDLE)) return "the idle set differs from the cores' phases";
    if (has(&s->busy[slot], cluster) != busy) return "the busy set differs from the cores' phases";
    if (has(&s->stageable[slot], cluster) != (phase == CORE_RUNNING))
        return "the stageable set differs from the cores' phases";
    if (has(&s->quick[slot], cluster) && phase != CORE_RUNNING) return "a core runs no kernel, and that is quick";
    if (s->core[cluster * CORE_SLOTS + slot].shut && phase != CORE_SENT && phase != CORE_STAGED)
        return "a core waits at a gate for nothing";
    if (has(&s->shut[slot], cluster) != (phase == CORE_SENT && s->core[cluster * CORE_SLOTS + slot].shut))
        return "the set of cores at gates differs from their states";
    if (has(&s->held[slot], cluster) != (phase == CORE_HELD)) return "the held set differs from the cores' phases";
    return NULL;
}

const char *scheduler_validate(const struct scheduler *s)
{
    const char *problem;
    uint32_t busy = 0, held = 0, shut = 0;
    for (uint32_t i = 0; i < s->cluster_count * CORE_SLOTS; i++) {
        if ((problem = check_core(s, i / CORE_SLOTS, i % CORE_SLOTS)) != NULL) return problem;
        busy += has(&s->busy[i % CORE_SLOTS], i / CORE_SLOTS);
        held += has(&s->held[i % CORE_SLOTS], i / CORE_SLOTS);
        shut += has(&s->shut[i % CORE_SLOTS], i / CORE_SLOTS);
    }
    if (busy != s->busy_count) return "busy_count is not the number of busy cores";
    if (shut != s->shut_count) return "shut_count is not the number of cores at gates";
    if (held != s->held_count) return "held_count is not the number of held cores";
    for (int shape = 0; shape < SHAPE_COUNT; shape++)
        if ((problem = ready_validate(&s->ready[shape], s->state, s->task_count)) != NULL) return problem;
    if ((problem = ready_validate(&s->sync_ready, s->state, s->task_count)) != NULL) return problem;
    for (int shape = 0; shape < SHAPE_DUMMY; shape++)
        if (s->claim[shape].next > s->claim[shape].end) return "a claim ends before it begins";
    for (int shape = 0; shape < SHAPE_DUMMY; shape++)
        if (s->count == 1 && s->claim[shape].slot != BOARD_NONE) return "a lone scheduler has a task on a board";
    if ((problem = condition_validate(s)) != NULL) return problem;
    if (s->completed_told > s->completed) return "more tasks were told of than completed";
    if (s->send_count != 0) return "numbers wait to be stored between passes";
    return NULL;
}
