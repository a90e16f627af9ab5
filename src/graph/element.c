#include "element.h"

#include <string.h>

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
    if (t->addr == 0 || box_of_tensor(t, box) != BOX_OK) {
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
    *buffer = tensor_map_buffer(&g->map, t->addr, t->hint, own);
    if (!*buffer || (own && (t->size > (*buffer)->size || !store_leased(g, *buffer, t)))) {
        graph_refuse(
            g, *buffer || own ? bad : NPURT_ERROR_LIMIT, ELEMENT_WORDS(g, writes),
            WORD(own ? ": the tensor's buffer was given back, or never allocated" : ": no room for another buffer"));
        return false;
    }
    const uint64_t at = npurt_tensor_element(t, index);
    *box = (struct box){.lo = at, .hi = at + npurt_dtype_size((npurt_dtype)t->dtype)};
    box->run = box->hi - box->lo;
    return true;
}

#if !NPURT_GRAPH_STREAM

/* A task that was given the buffer, when some task was given something that is not remembered. */
static bool given(const struct graph *g, uint64_t addr, uint32_t *task)
{
    for (*task = 0; g->unseen && *task < g->task_count; ++*task) {
        const npurt_tensor *t = graph_task_tensors(g, *task);
        for (uint32_t i = 0; i < g->tasks[*task].tensor_count; i++)
            if (t[i].addr == addr) return true;
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

/* One element, by whoever built the graph: no task has run. */
static npurt_status access_element(struct graph *g, const npurt_tensor *t, const uint32_t *index, uint64_t *bits,
                                   bool writes)
{
    const npurt_status no = NPURT_ERROR_UNSUPPORTED;
    struct buffer *buffer;
    struct box box;
    uint32_t task;
    if (!element_find(g, t, index, writes, &buffer, &box)) return g->latched;
    if (store_has(g, t->addr))
        return graph_refuse(g, no, ELEMENT_WORDS(g, writes),
                            WORD(": the graph allocated its buffer, and no task runs before the graph is finished"));
    if (awaited(g, buffer, &box, writes, &task))
        return graph_refuse(g, no, ELEMENT_WORDS(g, writes), WORD(": task "), NUMBER(task),
                            WORD(writes ? " reads or writes it" : " writes it"),
                            WORD(", and no task runs before the graph is finished"));
    if (given(g, t->addr, &task))
        return graph_refuse(g, no, ELEMENT_WORDS(g, writes), WORD(": task "), NUMBER(task),
                            WORD(" was given its buffer, and dependencies are not looked up for every task before"));
    if (!g->element)
        return graph_refuse(g, no, ELEMENT_WORDS(g, writes), WORD(": nobody can reach it before the graph runs"));
    npurt_status status = g->element(g->element_context, t->addr, box.lo, bits, (uint32_t)box.run, writes);
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
