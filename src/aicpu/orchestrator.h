/* The orchestrator: the AICPU thread on which a graph that streams is built.
 *
 *     load → stream_begin → the user's orchestration → stream_finish → told how many tasks there are
 *               │ admit, ready: to the schedulers' inboxes, in lists
 *               └ wait: for room, until something has completed
 *
 * With a thread for itself it gives ready tasks to whoever is hungry, else in lists of some length to everybody in turn.
 * As the only thread it is a scheduler too: it makes a pass every few tasks, and while it waits.
 */
#ifndef NPURT_AICPU_ORCHESTRATOR_H
#define NPURT_AICPU_ORCHESTRATOR_H

#include "graph/stream.h"
#include "scheduler.h"

enum {
    GIVE_LENGTH = 16, /* tasks in a list for a scheduler that is not hungry: a gift costs two shared lines and a kick */
    LOOK_TASKS = 8,   /* submitted between looks at what schedulers want of shorter lists */
    TURN_TASKS = 8,   /* submitted between passes of the only thread */
};

struct orchestrator {
    const struct run_control *control;
    const struct stream_control *stream;
    struct stream_result *result;
    struct workspace_head *head;
    const struct image_task *tasks;
    struct task_state *state;
    struct scheduler *in_turn; /* the only thread's; NULL */
    uint32_t schedulers;       /* that may be given tasks */
    uint32_t next;             /* of them, whose turn it is */
    uint32_t admitted, since_pass;
    bool spmd; /* the schedulers know that there are tasks of several blocks */
    bool sync; /* and that some start together */
    bool gated; /* and that some may be staged early */
    bool given[SHAPE_COUNT]; /* the first task of the shape: nobody is hungry yet who still adopts cores */
    bool armed; /* waiting was announced: the engine has looked once more since */
    port_token token;
    struct ready_list ready[SHAPE_COUNT]; /* not given yet */
    struct stream_host host;
    uint32_t kernel_core[NPURT_MAX_KERNELS];
};
_Static_assert(WORKSPACE_ORCHESTRATOR + sizeof(struct orchestrator) <= WORKSPACE_GATING, "its part of the workspace");

/* The stream_control of a run, NULL when it is none, or none of this protocol. */
const struct stream_control *orchestrator_control(const struct run_control *control);

/* Builds and, with `in_turn`, runs the graph. Pre: in_turn is initialised. */
void orchestrator_run(const struct run_control *control, const struct stream_control *stream, uint32_t schedulers,
                      struct scheduler *in_turn);

#endif
