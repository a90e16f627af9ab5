#include "element.h"

#include <string.h>

#include "../protocol/predicate.h"

__attribute__((cold)) static void refuse_outside(struct graph *g, const npurt_tensor *t, bool writes)
{
    const char *problem = graph_outside_problem(g, t);
    if (problem)
        graph_refuse(g, NPURT_ERROR_INVALID_ARGUMENT, ELEMENT_WORDS(g, writes), WORD(": the tensor's buffer of "),
                     NUMBER(t->size), WORD(" bytes at address "), NUMBER(t->addr), WORD(problem));
    else
        graph_refuse(g, NPURT_ERROR_LIMIT, ELEMENT_WORDS(g, writes), WORD(": no room for another buffer"));
}

bool element_find(struct graph *g, const npurt_tensor *t, const uint32_t *index, bool writes, struct buffer **buffer,
                  struct box *box)
{
    const npurt_status bad = NPURT_ERROR_INVALID_ARGUMENT;
    if (g->latched) return false;
    if (g->state != GRAPH_OPEN || !t || !index) {
        graph_refuse(g, bad, ELEMENT_WORDS(g, writes),
                     WORD(!t       ? ": tensor is NULL"
                          : !index ? ": index is NULL"
                                   : ": there is no graph"));
        return false;
    }
    const enum box_problem problem = box_of_tensor(t, box);
    if (problem == BOX_STRIDE_ZERO) {
        graph_refuse(g, bad, ELEMENT_WORDS(g, writes), WORD(": the tensor has "), STRIDE_WORDS(t));
        return false;
    }
    if (t->addr == 0 || problem != BOX_OK) {
        graph_refuse(g, bad, ELEMENT_WORDS(g, writes), WORD(": the tensor is no view of a buffer"));
        return false;
    }
    for (uint32_t d = 0; d < t->ndims; d++) {
        if (index[d] < t->shape[d]) continue;
        graph_refuse(g, bad, ELEMENT_WORDS(g, writes), WORD(": index "), NUMBER(index[d]), WORD(" in dimension "),
                     NUMBER(d), WORD(", which has "), NUMBER(t->shape[d]));
        return false;
    }
    const bool own = store_has(g, t->addr);
    *buffer = own ? tensor_map_own_at(&g->map, t->addr) : graph_outside(g, t);
    if (own && (!*buffer || t->size > (*buffer)->size || !store_leased(g, *buffer, t))) {
        graph_refuse(g, bad, ELEMENT_WORDS(g, writes), WORD(": the tensor's buffer was given back, or never allocated"));
        return false;
    }
    if (!*buffer) {
        refuse_outside(g, t, writes);
        return false;
    }
    const uint64_t at = t->addr - (*buffer)->addr + npurt_tensor_element(t, index);
    *box = (struct box){.lo = at, .hi = at + npurt_dtype_size((npurt_dtype)t->dtype)};
    box->run = box->hi - box->lo;
    return true;
}

static bool meets(uint64_t lo, uint64_t hi, uint64_t address, uint32_t size)
{
    return lo < address + size && address < hi;
}

/* The tensor has the element's bytes, or some of them. */
static bool tensor_meets(const npurt_tensor *t, uint64_t address, uint32_t size)
{
    struct box box;
    if (box_of_tensor(t, &box) != BOX_OK || !meets(t->addr + box.lo, t->addr + box.hi, address, size)) return false;
    if (address < t->addr + box.lo) return true; /* it begins within the element */
    const struct box element = {.lo = address - t->addr, .hi = address - t->addr + size, .run = size};
    const struct box_view a = box_view_of(&box), b = box_view_of(&element);
    return box_meets(&a, &b);
}

uint32_t element_argument(const struct image_task *task, const npurt_tensor *payload, const struct untracked *untracked,
                          uint64_t address, uint32_t size, bool writes)
{
    for (uint32_t left = writes ? untracked->given : untracked->writes; left; left &= left - 1) {
        const uint32_t i = (uint32_t)__builtin_ctz(left);
        if (i < task->tensor_count) {
            if (tensor_meets(&payload[i], address, size)) return i;
            continue;
        }
        struct image_predicate p;
        memcpy(&p, (const uint64_t *)(payload + task->tensor_count) + task->scalar_count, sizeof p);
        if (meets(p.address, p.address + npurt_dtype_size((npurt_dtype)p.dtype), address, size)) return i;
    }
    return GRAPH_NO_ARGUMENT;
}

#if !NPURT_GRAPH_STREAM

/* A task before that was given the element without dependencies, and its argument. */
static bool given(const struct graph *g, uint64_t address, uint32_t size, bool writes, uint32_t *task, uint32_t *argument)
{
    for (*task = 0; g->untracks && *task < g->task_count; ++*task) {
        *argument = element_argument(&g->tasks[*task], graph_task_tensors(g, *task), &g->task_untracked[*task], address,
                                     size, writes);
        if (*argument != GRAPH_NO_ARGUMENT) return true;
    }
    return false;
}

/* The first task that an access would wait for. Asking leaves no edge: the log and the counts are as before, and a mark
 * only means something while its consumer is being submitted. */
static bool awaited(struct graph *g, struct buffer *buffer, const struct box *box, bool writes, uint32_t *task)
{
    struct edges *e = &g->edges;
    const uint32_t before = e->count;
    const bool was_full = e->full;
    e->full = false;
    e->consumer = MAP_NONE; /* no task's number */
    tensor_map_query(&g->map, buffer, box, writes);
    const bool found = e->count > before || e->full;
    *task = e->count > before ? e->producers[before] : g->task_count - 1;
    while (e->count > before) {
        struct image_task *p = &e->tasks[e->producers[--e->count]];
        p->fanout_count--;
        p->fanout_begin = (uint32_t)(p - e->tasks);
    }
    e->full = was_full;
    return found;
}

__attribute__((cold)) static npurt_status refuse_given(struct graph *g, uint32_t task, uint32_t argument, bool writes)
{
    const bool predicate = argument == g->tasks[task].tensor_count;
    return graph_refuse(g, NPURT_ERROR_UNSUPPORTED, ELEMENT_WORDS(g, writes), WORD(": task "), NUMBER(task),
                        WORD(predicate ? " reads it in its predicate, argument "
                             : writes  ? " may read or write it, tensor "
                                       : " may write it, tensor "),
                        NUMBER(argument), WORD(", which has no dependencies, and no task runs before the graph is finished"));
}

/* One element, by the orchestration: no task has run. */
static npurt_status access_element(struct graph *g, const npurt_tensor *t, const uint32_t *index, uint64_t *bits,
                                   bool writes)
{
    const npurt_status no = NPURT_ERROR_UNSUPPORTED;
    struct buffer *buffer;
    struct box box;
    uint32_t task, argument;
    if (!element_find(g, t, index, writes, &buffer, &box)) return g->latched;
    if (store_has(g, t->addr))
        return graph_refuse(g, no, ELEMENT_WORDS(g, writes),
                            WORD(": the graph allocated its buffer, and no task runs before the graph is finished"));
    if (awaited(g, buffer, &box, writes, &task))
        return graph_refuse(g, no, ELEMENT_WORDS(g, writes), WORD(": task "), NUMBER(task),
                            WORD(writes ? " reads or writes it" : " writes it"),
                            WORD(", and no task runs before the graph is finished"));
    const uint64_t address = buffer->addr + box.lo;
    if (given(g, address, (uint32_t)box.run, writes, &task, &argument))
        return refuse_given(g, task, argument, writes);
    if (!g->element)
        return graph_refuse(g, no, ELEMENT_WORDS(g, writes), WORD(": nobody can reach it before the graph runs"));
    npurt_status status = g->element(g->element_context, address, bits, (uint32_t)box.run, writes);
    if (status == NPURT_OK) return NPURT_OK;
    return graph_refuse(g, status, ELEMENT_WORDS(g, writes), WORD(": its buffer can not be reached"));
}

npurt_status element_get(struct graph *g, const npurt_tensor *t, const uint32_t *index, uint64_t *bits)
{
    uint64_t value = 0;
    npurt_status status = access_element(g, t, index, &value, false);
    if (bits) *bits = status == NPURT_OK ? value : 0;
    return status;
}

npurt_status element_set(struct graph *g, const npurt_tensor *t, const uint32_t *index, uint64_t bits)
{
    return access_element(g, t, index, &bits, true);
}

#endif
