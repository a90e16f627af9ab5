#include "predicate.h"

#define REFUSE(g, ...)                                                                                                 \
    graph_refuse(g, NPURT_ERROR_INVALID_ARGUMENT, WORD("task "), NUMBER((g)->task_count), WORD(": its predicate "),    \
                 __VA_ARGS__)

static npurt_status check_index(struct graph *g, const npurt_tensor *t, const uint32_t *index)
{
    if (!index) return REFUSE(g, WORD("has no index"));
    for (uint32_t d = 0; d < t->ndims; d++)
        if (index[d] >= t->shape[d])
            return REFUSE(g, WORD("is about element "), NUMBER(index[d]), WORD(" of dimension "), NUMBER(d),
                          WORD(", which has "), NUMBER(t->shape[d]));
    return NPURT_OK;
}

npurt_status predicate_check(struct graph *g, const npurt_task *task, npurt_tensor *element, struct box *box)
{
    const npurt_tensor *t = task->predicate.tensor;
    uint32_t owner;
    if (task->tensor_count == NPURT_TASK_MAX_TENSORS)
        return graph_refuse(g, NPURT_ERROR_LIMIT, WORD("task "), NUMBER(g->task_count), WORD(": "),
                            NUMBER(task->tensor_count), WORD(" tensors and a predicate, which counts as one more"));
    if (task->predicate.compare < NPURT_EQUAL || task->predicate.compare > NPURT_GREATER_EQUAL)
        return REFUSE(g, WORD("compares in an unknown way, "), NUMBER(task->predicate.compare));
    if (!t) return REFUSE(g, WORD("has no tensor"));
    if (t->addr == 0) return REFUSE(g, WORD("is about a tensor without a buffer: address 0"));
    enum box_problem problem = box_of_tensor(t, box);
    if (problem == BOX_BAD_DTYPE) return REFUSE(g, WORD("is about a tensor of an unknown dtype "), NUMBER(t->dtype));
    if (problem == BOX_BAD_NDIMS)
        return REFUSE(g, WORD("is about a tensor of "), NUMBER(t->ndims), WORD(" dimensions"));
    if (problem == BOX_STRIDE_ZERO) return REFUSE(g, WORD("is about a tensor with "), STRIDE_WORDS(t));
    if (problem) return REFUSE(g, WORD("is about a tensor that is empty or reaches outside of its buffer"));
    if (t->owner != NPURT_TASK_NONE && !store_number(g, t->owner, &owner))
        return REFUSE(g, WORD("is about a tensor of task "), NUMBER(t->owner),
                      WORD(", which does not exist in this graph"));
    npurt_status status = check_index(g, t, task->predicate.index);
    if (status) return status;
    *element = *t;
    element->start_offset = npurt_tensor_element(t, task->predicate.index) / npurt_dtype_size((npurt_dtype)t->dtype);
    element->ndims = element->shape[0] = element->strides[0] = 1;
    element->extent = 1;
    box_of_tensor(element, box);
    return NPURT_OK;
}

void predicate_write(const npurt_task *task, const npurt_tensor *element, void *to)
{
    struct image_predicate p = {.address = element->addr +
                                           element->start_offset * npurt_dtype_size((npurt_dtype)element->dtype),
                                .bits = task->predicate.bits,
                                .dtype = element->dtype,
                                .compare = (uint8_t)task->predicate.compare};
    p.mark = predicate_mark(&p);
    memcpy(to, &p, sizeof p);
}
