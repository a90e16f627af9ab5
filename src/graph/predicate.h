/* Predicates of tasks, on their way from the submission to the payload. */
#ifndef NPURT_GRAPH_PREDICATE_H
#define NPURT_GRAPH_PREDICATE_H

#include "../protocol/predicate.h"
#include "engine.h"

/* The element it is about as a tensor of its own, and its box; or what is wrong. */
npurt_status predicate_check(struct graph *graph, const npurt_task *task, npurt_tensor *element, struct box *box);
void predicate_write(const npurt_task *task, const npurt_tensor *element, void *to);

#endif
