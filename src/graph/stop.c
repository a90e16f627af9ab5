#include "engine.h"

/* The table of an orchestration that is to end: whatever it calls latches why, on its own thread, and answers that. The
 * calls that go on cost nothing for it. */

static npurt_status stop(npurt_orch *orch)
{
    struct graph *g = (struct graph *)orch;
    return graph_refuse(g, g->stop, WORD("task "), NUMBER(g->task_count), WORD(": the orchestration was told to end"));
}

static npurt_status stop_submit(npurt_orch *o, const npurt_task *task, npurt_task_id *id)
{
    (void)task, (void)id;
    return stop(o);
}
static npurt_status stop_alloc(npurt_orch *o, const npurt_tensor_spec *spec, npurt_tensor *out)
{
    (void)spec, (void)out;
    return stop(o);
}
static npurt_status stop_scope_begin(npurt_orch *o, npurt_scope_mode mode)
{
    (void)mode;
    return stop(o);
}
static npurt_status stop_fail(npurt_orch *o, int32_t code, const char *text)
{
    (void)code, (void)text;
    return stop(o);
}
static uint32_t stop_cluster_count(npurt_orch *o)
{
    (void)stop(o);
    return ((struct graph *)o)->cluster_count;
}
static npurt_status stop_get(npurt_orch *o, const npurt_tensor *t, const uint32_t *index, uint64_t *bits)
{
    (void)t, (void)index, (void)bits;
    return stop(o);
}
static npurt_status stop_set(npurt_orch *o, const npurt_tensor *t, const uint32_t *index, uint64_t bits)
{
    (void)t, (void)index, (void)bits;
    return stop(o);
}
static npurt_status stop_template_begin(npurt_orch *o, const npurt_template *t, bool *submit)
{
    (void)t;
    *submit = false;
    return stop(o);
}

static const npurt_orch_ops stop_ops = {
    .size = sizeof(npurt_orch_ops),
    .submit = stop_submit,
    .alloc = stop_alloc,
    .scope_begin = stop_scope_begin,
    .scope_end = stop,
    .fail = stop_fail,
    .cluster_count = stop_cluster_count,
    .get = stop_get,
    .set = stop_set,
    .template_begin = stop_template_begin,
    .template_end = stop,
};

/* The orchestration reads the pointer at every call, as plain memory: it sees the one table or the other, whole. */
__attribute__((no_sanitize("thread"))) void graph_stop(struct graph *g, npurt_status status)
{
    g->stop = status;
    __atomic_store_n(&g->orch.ops, &stop_ops, __ATOMIC_RELEASE);
}

__attribute__((no_sanitize("thread"))) void graph_glance(const struct graph *g, struct graph_glance *out)
{
    *out = (struct graph_glance){.tasks = __atomic_load_n(&g->task_count, __ATOMIC_ACQUIRE), .refused = g->latched != NPURT_OK};
    if (out->tasks == 0 || out->tasks > g->max_tasks) return;
    const struct image_task *t = &g->tasks[out->tasks - 1];
    for (uint32_t slot = 0; slot < 3; slot++)
        out->kernel[slot] = t->core_mask >> slot & 1 ? t->kernel[slot] : -1;
}
