/* The tasks of a run, for dumps and stall reports: one small face before wherever they are kept.
 *
 * A source numbers its tasks from 0 to count-1, in submission order; that number is a task's place. People are told a
 * task's number, which counts submissions: the same, unless tasks are no more at hand (tasks_number). What the flight
 * recorder writes down of a task is found by `find`. A runtime that keeps tasks in another form gets a source of its
 * own, and nothing else changes: waits.c and dump.c know only this. */
#ifndef HOST_TASKS_H
#define HOST_TASKS_H

#include <npurt/tensor.h>
#include "../protocol/recorder.h"

struct npurt_run;

enum { TASKS_NOWHERE = -1 };

struct task_facts {
    npurt_task_id id;
    int16_t kernel[3]; /* per core slot AIC, AIV0, AIV1; -1 none */
    uint8_t shape;     /* enum image_shape */
    uint8_t core_mask;
    uint16_t block_num;
    uint32_t fanin; /* producers that it was submitted with */
    uint32_t tensor_count, scalar_count;
    const npurt_tensor *tensor; /* NULL: its arguments are not at hand */
    const uint64_t *scalar;
};

struct task_source {
    uint32_t count;
    uint32_t total;         /* submitted so far; more than count when some are no more at hand */
    const uint32_t *number; /* [count] of the submission, ascending; NULL: the place */
    const struct task_state *state; /* [count], or NULL: nobody knows how far they are */
    void *own;
    void (*facts)(const struct task_source *source, uint32_t place, struct task_facts *out);
    /* Places of those that wait for it; every one is below `count`. */
    const uint32_t *(*consumers)(const struct task_source *source, uint32_t place, uint32_t *count);
    int64_t (*find)(const struct task_source *source, uint32_t recorded);    /* a place, or TASKS_NOWHERE */
    int64_t (*owner)(const struct task_source *source, npurt_task_id owner); /* of a tensor: the same */
    void (*close)(struct task_source *source);
};

/* The tasks of a bound run's graph image: from the host's memory, or when that holds another graph by now and the
 * device can be read, from the device. False: neither. On success tasks_close is due. */
bool tasks_of_image(const struct npurt_run *run, bool readable, struct task_source *out);
/* The source's states, from those of the image's tasks and, behind them, joins: a task that waits for a join is told to wait
 * for as many as the join does. NULL is legal. `state` is borrowed while the source is open. */
void tasks_use_states(struct task_source *source, struct task_state *state);
/* The tasks of a run that builds its graph on the device: from there, with their states. Pre: the device can be read.
 * False: none is at hand. On success tasks_close is due. */
bool tasks_of_rings(const struct npurt_run *run, struct task_source *out);
void tasks_close(struct task_source *source); /* one that was never opened is legal */

static inline uint32_t tasks_number(const struct task_source *source, uint32_t place)
{
    return source->number ? source->number[place] : place;
}

#endif
