/* A template's body once more, with the tensors and scalars at hand. */
#include "template_op.h"

#include <string.h>

/* What an argument in one of the template's tensors holds and waits for. */
static npurt_status replay_access(struct graph *g, const struct template_body *body, const struct op_tensor *from,
                                  uint32_t i)
{
    struct templates *t = g->templates;
    const struct template_tensor *whole = &t->tensor[from->index];
    if (whole->own) store_hold(g, whole->buffer);
    if (unlikely(!from->tracked)) {
        uint32_t owner;
        graph_note_untracked(g, i, (npurt_access)from->access);
        if (!g->manual && whole->tensor.owner != NPURT_TASK_NONE && store_number(g, whole->tensor.owner, &owner))
            edges_add(&g->edges, owner);
        return NPURT_OK;
    }
    if (t->apart >> from->index & 1) {
        const uint32_t region = from->border ? template_cells(t, body)[from->cell - 1].region : MAP_NONE;
        if (region != MAP_NONE) tensor_map_wait(&g->map, region, from->border);
        return NPURT_OK;
    }
    const struct box box = box_moved(&from->box, template_shift(whole)); /* the argument moves as the tensor does */
    return graph_track(g, whole->buffer, &box, (npurt_access)from->access);
}

/* A buffer that this task allocates. */
static npurt_status replay_output(struct graph *g, const struct place *place, const struct op_tensor *from, uint32_t i,
                                  npurt_tensor *to)
{
    to->owner = store_id(place->number);
    npurt_status status = store_alloc(g, i, to);
    if (unlikely(status)) return status;
    if (unlikely(from->has_initial)) store_fill(g, to, from->initial);
    g->templates->buffer[from->index] = (struct template_buffer){to->addr, to->owner, to->hint, to->lease};
    store_hold(g, &g->map.own[to->hint - 1]);
    return NPURT_OK;
}

/* The task's argument i as it is this time. */
static inline npurt_status replay_tensor(struct graph *g, const struct template_body *body, const struct place *place,
                                         const struct op_tensor *from, uint32_t i, npurt_tensor *to)
{
    if (from->source == SOURCE_TENSOR) {
        template_describe(&g->templates->tensor[from->index], from, to);
        return replay_access(g, body, from, i);
    }
    *to = from->tensor;
    if (from->source == SOURCE_OUTPUT) return replay_output(g, place, from, i, to);
    const struct template_buffer *b = &g->templates->buffer[from->index];
    to->addr = b->addr;
    to->owner = b->owner;
    to->hint = b->hint;
    to->lease = b->lease;
    store_hold(g, &g->map.own[to->hint - 1]);
    return NPURT_OK;
}

/* The predicate goes where the scalars end. */
static void replay_predicate(struct op *op, const npurt_tensor *element, uint64_t *to)
{
    struct image_predicate p = *op_predicate(op);
    p.address = element->addr + element->start_offset * npurt_dtype_size((npurt_dtype)element->dtype);
    p.mark = predicate_mark(&p);
    memcpy(to, &p, sizeof p);
}

static npurt_status replay_task(struct graph *g, const struct template_body *body, struct op *op, uint32_t local)
{
    struct templates *t = g->templates;
    struct place place = {0};
    const bool shared = op->payload != 0 && (op->tensors & t->changed) == 0;
    npurt_status status = store_reserve(g, shared ? 0 : image_payload_size(&op->record), &place);
    if (unlikely(status)) return status;
    *place.task = op->record;
    place.task->payload = place.payload_unit;
    place.task->fanout_begin = place.number; /* as store_reserve leaves it: no edges, and of an image its own mark */
    place.task->fanout_count = 0;
    t->number[local] = place.number;
    const struct op_tensor *from = op_tensors(op);
    const uint32_t *edge = op_edges(op), tensors = op->tensor_count, scalar_count = op->scalar_count;
    uint64_t *scalars = (uint64_t *)(place.payload + tensors);
    for (uint32_t i = 0; i < op->edge_count; i++)
        edges_add(&g->edges, t->number[edge[i]]);
    if (shared) {
        store_share(g, &place, t->memory + op->payload);
        for (uint32_t i = 0; i < tensors; i++)
            if (unlikely(status = replay_access(g, body, &from[i], i))) return status;
        return store_commit(g, &place);
    }
    if (unlikely(op->has_predicate)) { /* before the tensors, as in a submission */
        npurt_tensor element;
        status = replay_tensor(g, body, &place, &from[tensors], tensors, &element);
        if (unlikely(status)) return status;
        replay_predicate(op, &element, scalars + scalar_count);
    }
    for (uint32_t i = 0; i < tensors; i++)
        if (unlikely(status = replay_tensor(g, body, &place, &from[i], i, &place.payload[i]))) return status;
    if (scalar_count) memcpy(scalars, op_scalars(op), scalar_count * sizeof *scalars);
    for (uint32_t bits = op->template_scalars; bits; bits &= bits - 1) {
        uint32_t j = (uint32_t)__builtin_ctz(bits);
        scalars[j] = t->scalars[op->template_scalar[j]];
    }
    return store_commit(g, &place);
}

npurt_status template_replay(struct graph *g, struct template_body *body)
{
    struct templates *t = g->templates;
    npurt_status status = NPURT_OK;
    uint32_t local = 0;
    template_cells_begin(g, body);
    for (uint32_t at = body->ops; at < body->ops_end && status == NPURT_OK;) {
        struct op *op = (struct op *)(t->memory + at);
        at += op->size;
        if (op->kind == OP_TASK) {
            status = replay_task(g, body, op, local++);
        } else if (op->kind == OP_ALLOC) {
            const struct op_tensor *made = op_tensors(op);
            npurt_tensor x = made->tensor;
            status = store_alloc(g, 0, &x);
            if (status == NPURT_OK && made->has_initial) store_fill(g, &x, made->initial);
            t->buffer[op_tensors(op)[0].index] = (struct template_buffer){x.addr, x.owner, x.hint, x.lease};
        } else if (op->kind == OP_SCOPE_BEGIN) {
            status = graph_scope_begin(g, (npurt_scope_mode)op->mode);
        } else {
            status = graph_scope_end(g);
        }
    }
    if (status == NPURT_OK) template_cells_end(g, body);
    return status;
}
