/* Elements of tensors that the orchestration itself reads or writes, and first contents of buffers. */
#ifndef NPURT_GRAPH_ELEMENT_H
#define NPURT_GRAPH_ELEMENT_H

#include "engine.h"

/* Where the sentence of a refusal begins. */
#define ELEMENT_WORDS(g, writes)                                                                                       \
    WORD((writes) ? "element written after task " : "element read after task "), NUMBER((g)->task_count)

/* Checks tensor and index; the element's box in its buffer, and the buffer: box.lo bytes from buffer->addr. False: the graph
 * is refused. */
bool element_find(struct graph *graph, const npurt_tensor *t, const uint32_t *index, bool writes,
                  struct buffer **buffer, struct box *box);

/* The first of the task's arguments, of which the tensor map remembers nothing, that the element may be in: it is written
 * there (or, when it `writes` the element, read). GRAPH_NO_ARGUMENT: none. */
enum { GRAPH_NO_ARGUMENT = 0xff };
uint32_t element_argument(const struct image_task *task, const npurt_tensor *payload, const struct untracked *untracked,
                          uint64_t address, uint32_t size, bool writes);

#if !NPURT_GRAPH_STREAM
npurt_status element_get(struct graph *graph, const npurt_tensor *t, const uint32_t *index, uint64_t *bits);
npurt_status element_set(struct graph *graph, const npurt_tensor *t, const uint32_t *index, uint64_t bits);
#endif

#endif
