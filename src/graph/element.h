/* Elements of tensors that the orchestration itself reads or writes, and first contents of buffers. */
#ifndef NPURT_GRAPH_ELEMENT_H
#define NPURT_GRAPH_ELEMENT_H

#include "engine.h"

/* Where the sentence of a refusal begins. */
#define ELEMENT_WORDS(g, writes)                                                                                       \
    WORD((writes) ? "element written after task " : "element read after task "), NUMBER((g)->task_count)

/* Checks tensor and index; the element's box in its buffer, and the buffer. False: the graph is refused. */
bool element_find(struct graph *graph, const npurt_tensor *t, const uint32_t *index, bool writes,
                  struct buffer **buffer, struct box *box);

#if !NPURT_GRAPH_STREAM
npurt_status element_get(struct graph *graph, const npurt_tensor *t, const uint32_t *index, uint64_t *bits);
npurt_status element_set(struct graph *graph, const npurt_tensor *t, const uint32_t *index, uint64_t bits);
#endif

#endif
