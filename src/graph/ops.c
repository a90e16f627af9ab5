#include "element.h"

#include <string.h>

/* The table that orchestrations call through: *orch is the first member of a struct graph. */
static struct graph *graph_of(npurt_orch *orch)
{
    return (struct graph *)orch;
}
_Static_assert(offsetof(struct graph, orch) == 0, "graph_of");

static npurt_status orch_submit(npurt_orch *orch, const npurt_task *task, npurt_task_id *id)
{
    return graph_submit(graph_of(orch), task, id);
}

static npurt_status orch_alloc(npurt_orch *orch, const npurt_tensor_spec *spec, npurt_tensor *out)
{
    return graph_alloc(graph_of(orch), spec, out);
}

static npurt_status orch_scope_begin(npurt_orch *orch, npurt_scope_mode mode)
{
    return graph_scope_begin(graph_of(orch), mode);
}

static npurt_status orch_scope_end(npurt_orch *orch)
{
    return graph_scope_end(graph_of(orch));
}

/* 0 means no code in graph_user_code; who fails with it is heard all the same. */
static npurt_status orch_fail(npurt_orch *orch, int32_t code, const char *text)
{
    struct graph *g = graph_of(orch);
    if (g->latched) return g->latched;
    g->user_code = code != 0 ? code : -1;
    return graph_refuse(g, NPURT_ERROR_ORCHESTRATION, WORD(text ? text : ""));
}

static uint32_t orch_cluster_count(npurt_orch *orch)
{
    return graph_of(orch)->cluster_count;
}

/* What a body does must not depend on data: a replay does not look at any. */
static npurt_status refuse_in_template(struct graph *g)
{
    return graph_refuse(g, NPURT_ERROR_INVALID_ARGUMENT, WORD("element read or written after task "),
                        NUMBER(g->task_count), WORD(": not in a template"));
}

static npurt_status orch_get(npurt_orch *orch, const npurt_tensor *t, const uint32_t *index, uint64_t *bits)
{
    struct graph *g = graph_of(orch);
    if (g->templates->open) return refuse_in_template(g);
#if NPURT_GRAPH_STREAM
    return stream_get(g, t, index, bits);
#else
    return element_get(g, t, index, bits);
#endif
}

static npurt_status orch_set(npurt_orch *orch, const npurt_tensor *t, const uint32_t *index, uint64_t bits)
{
    struct graph *g = graph_of(orch);
    if (g->templates->open) return refuse_in_template(g);
#if NPURT_GRAPH_STREAM
    return stream_set(g, t, index, bits);
#else
    return element_set(g, t, index, bits);
#endif
}

static npurt_status orch_template_begin(npurt_orch *orch, const npurt_template *t, bool *submit)
{
    return template_begin(graph_of(orch), t, submit);
}

static npurt_status orch_template_end(npurt_orch *orch)
{
    return template_end(graph_of(orch));
}

const npurt_orch_ops graph_orch_ops = {
    .size = sizeof(npurt_orch_ops),
    .submit = orch_submit,
    .alloc = orch_alloc,
    .scope_begin = orch_scope_begin,
    .scope_end = orch_scope_end,
    .fail = orch_fail,
    .cluster_count = orch_cluster_count,
    .get = orch_get,
    .set = orch_set,
    .template_begin = orch_template_begin,
    .template_end = orch_template_end,
};
