/* The graph engine on the device: tasks stream through rings (protocol/stream.h) while schedulers run them.
 *
 * The same submissions, checks and tensor map as for an image (graph.h); what differs is where a task goes. A ring gives
 * back, in order, what has completed: task slots and edges when their task is done, heap when in addition no open scope
 * and no task in flight holds the buffer. Whoever needs room and finds none retires what is done and waits for more.
 *
 * Liveness is proved, not timed. A task that was submitted depends only on tasks submitted before, so that whatever is in
 * flight ends without the orchestrator's help, and slots and edges come back by themselves. Only open scopes hold
 * memory for good: when nothing is in flight any more and an output still finds no room, it never will, and the refusal
 * names the scope and the heap size that gets past this point.
 *
 * Thread-safety: one thread, the orchestrator's. What schedulers touch goes through port.
 */
#ifndef NPURT_GRAPH_STREAM_H
#define NPURT_GRAPH_STREAM_H

#include "graph.h"
#include "../protocol/stream.h"

/* What the engine asks of whoever runs it. */
struct stream_host {
    void *context;
    const uint32_t *end; /* not 0: the run has ended; observed */
    /* The task's record is complete and edges to it may be followed from now on. */
    void (*admit)(void *context, uint32_t slot);
    /* Its producers have completed. */
    void (*ready)(void *context, uint32_t slot);
    /* All of its producers have been sent to cores, and may have completed since: it may be staged before they have. */
    void (*stage)(void *context, uint32_t slot, uint32_t number);
    /* Lets the schedulers go on until something may have completed, since there is none of `need`. */
    void (*wait)(void *context, const struct stream_need *need);
};

/* Makes an engine in its memory (control->engine). Costs a pass over the tables of the tensor map. NULL: the memory is
 * too small for the control's rings. */
struct graph *stream_create(const struct stream_control *control);

/* Begins a run: all rings empty, the tensor map too. `kernel_core` as in graph_begin_info. */
void stream_begin(struct graph *graph, const struct stream_control *control, const struct stream_host *host,
                  const uint32_t *kernel_core, uint32_t kernel_count);
/* The orchestration has returned: INVALID_ARGUMENT when it left scopes open, else what is latched. */
npurt_status stream_finish(struct graph *graph);

/* Of the refusal that is latched: enum stream_code, and for capacity errors ring and heap size. */
struct stream_refusal {
    uint32_t code, ring;
    uint64_t capacity;
};
struct stream_refusal stream_refusal_of(const struct graph *graph);

/* Tasks submitted, ticks waited, high-water marks, into the result. */
void stream_report(const struct graph *graph, struct stream_result *result);

/* One element of a tensor, bits in the low bytes; waits for the tasks that write it (get) or also read it (set). */
npurt_status stream_get(struct graph *graph, const npurt_tensor *tensor, const uint32_t *index, uint64_t *bits);
npurt_status stream_set(struct graph *graph, const npurt_tensor *tensor, const uint32_t *index, uint64_t bits);

/* Checks every invariant of rings, holds and tensor map; NULL when whole, else what is wrong. Slow. Pre: nobody
 * completes a task meanwhile. */
const char *stream_validate(const struct graph *graph);

#endif
