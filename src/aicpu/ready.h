/* A list of ready tasks, first in first out, linked through the tasks' states: no capacity, no allocation.
 *
 * A task is in one list at most. A list belongs to one scheduler; what passes between schedulers is a whole list
 * (balance.c).
 */
#ifndef NPURT_AICPU_READY_H
#define NPURT_AICPU_READY_H

#include <stdbool.h>

#include "workspace.h"

struct ready_list {
    uint32_t first, last; /* TASK_NONE when empty */
    uint32_t count;
};

static inline void ready_init(struct ready_list *list)
{
    *list = (struct ready_list){TASK_NONE, TASK_NONE, 0};
}

static inline void ready_push(struct ready_list *list, struct task_state *state, uint32_t task)
{
    state[task].link = TASK_NONE;
    if (list->count++ == 0)
        list->first = task;
    else
        state[list->last].link = task;
    list->last = task;
}

/* Pre: not empty. */
static inline uint32_t ready_pop(struct ready_list *list, const struct task_state *state)
{
    uint32_t task = list->first;
    list->first = state[task].link;
    if (--list->count == 0) list->last = TASK_NONE;
    return task;
}

/* Puts a task back at the front. */
static inline void ready_unpop(struct ready_list *list, struct task_state *state, uint32_t task)
{
    state[task].link = list->first;
    if (list->count++ == 0) list->last = task;
    list->first = task;
}

/* Cuts the first `count` tasks off into *cut. Pre: 0 < count ≤ list->count. Walks the tasks it cuts. */
static inline void ready_cut(struct ready_list *list, struct task_state *state, uint32_t count, struct ready_list *cut)
{
    uint32_t last = list->first;
    for (uint32_t i = 1; i < count; i++)
        last = state[last].link;
    *cut = (struct ready_list){list->first, last, count};
    list->first = state[last].link;
    list->count -= count;
    if (list->count == 0) list->last = TASK_NONE;
    state[last].link = TASK_NONE;
}

/* NULL when the list is whole, else what is wrong. */
static inline const char *ready_validate(const struct ready_list *list, const struct task_state *state,
                                         uint32_t task_count)
{
    uint32_t seen = 0, last = TASK_NONE;
    for (uint32_t task = list->first; seen < list->count; task = state[task].link, seen++) {
        if (task >= task_count) return "a link leads out of the tasks before the list's count is reached";
        last = task;
    }
    if (list->count == 0 && (list->first != TASK_NONE || list->last != TASK_NONE)) return "an empty list has an end";
    if (list->count > 0 && last != list->last) return "the last task is not at the end";
    if (list->count > 0 && state[last].link != TASK_NONE) return "the list goes on after its last task";
    return NULL;
}

#endif
