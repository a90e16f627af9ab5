#include "edges.h"

/* A counting sort by producer. Begins hold the ends of the groups first; as consumers are placed from the last to the
 * first, each counts down to its group's begin and the groups come out ascending. */
uint32_t edges_flatten(struct edges *e, uint32_t task_count, uint32_t *ready)
{
    struct image_task *tasks = e->tasks;
    uint32_t end = 0, ready_count = 0;
    for (uint32_t i = 0; i < task_count; i++) {
        end += tasks[i].fanout_count;
        tasks[i].fanout_begin = end;
        if (tasks[i].fanin == 0) ready[ready_count++] = i;
    }
    uint32_t at = e->count;
    for (uint32_t i = task_count; i-- > 0;)
        for (uint32_t k = tasks[i].fanin; k > 0; k--)
            e->consumers[--tasks[e->producers[--at]].fanout_begin] = i;
    return ready_count;
}
