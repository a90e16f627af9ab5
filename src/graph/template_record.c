/* What a submission worked out, as steps of a template's body. */
#include "template_op.h"

#include <string.h>

static uint32_t round_up(uint64_t n)
{
    return (uint32_t)((n + 7) & ~UINT64_C(7));
}

/* The body will be submitted as it is, now and later. */
static void give_up(struct graph *g)
{
    struct templates *t = g->templates;
    t->used = t->recording->boundary;
    t->recording->state = TEMPLATE_PLAIN;
    t->recording = NULL;
    g->edges.record = NULL;
}

static struct op *take_op(struct graph *g, uint64_t size)
{
    struct templates *t = g->templates;
    size = round_up(size);
    if (size > TEMPLATE_MEMORY - t->used) {
        give_up(g);
        return NULL;
    }
    struct op *op = (struct op *)(t->memory + t->used);
    t->used += (uint32_t)size;
    memset(op, 0, sizeof *op);
    op->size = (uint32_t)size;
    return op;
}

/* The body's buffer that begins where the tensor's does. */
static bool find_buffer(const struct templates *t, const npurt_tensor *x, uint16_t *index)
{
    for (uint32_t i = t->buffers; i-- > 0;)
        if (t->buffer[i].addr == x->addr && t->buffer[i].lease == x->lease && t->buffer[i].owner == x->owner) {
            *index = (uint16_t)i;
            return true;
        }
    return false;
}

/* How many of the template's tensors the tensor is a part of, and the last of them. */
static uint32_t find_tensor(const struct templates *t, const npurt_tensor *x, const struct box *box, uint16_t *index)
{
    uint32_t found = 0;
    for (uint32_t i = 0; i < t->recording->tensor_count; i++) {
        const npurt_tensor *whole = &t->tensor[i].tensor;
        const uint64_t element = npurt_dtype_size((npurt_dtype)whole->dtype);
        if (whole->addr != x->addr || box->lo < whole->start_offset * element ||
            box->hi > (whole->start_offset + whole->extent) * element)
            continue;
        *index = (uint16_t)i;
        found++;
    }
    return found;
}

static bool note_buffer(struct graph *g, const npurt_tensor *x, uint16_t *index)
{
    struct templates *t = g->templates;
    if (t->buffers == TEMPLATE_MAX_TASKS) {
        give_up(g);
        return false;
    }
    *index = (uint16_t)t->buffers;
    t->buffer[t->buffers++] = (struct template_buffer){x->addr, x->owner, x->hint, x->lease};
    return true;
}

static void record_initial(const npurt_tensor_spec *spec, struct op_tensor *out)
{
    out->has_initial = spec->has_initial;
    out->initial = spec->initial;
}

void template_record_alloc(struct graph *g, const npurt_tensor_spec *spec, const npurt_tensor *x)
{
    struct op *op = take_op(g, sizeof *op + sizeof(struct op_tensor));
    if (!op) return;
    op->kind = OP_ALLOC;
    op->tensor_count = 1;
    op_tensors(op)[0].tensor = *x;
    record_initial(spec, &op_tensors(op)[0]);
    note_buffer(g, x, &op_tensors(op)[0].index);
}

void template_record_scope(struct graph *g, bool begin, npurt_scope_mode mode)
{
    struct op *op = take_op(g, sizeof *op);
    if (!op) return;
    op->kind = begin ? OP_SCOPE_BEGIN : OP_SCOPE_END;
    op->mode = (uint8_t)mode;
}

/* Where a tensor argument comes from; false when a replay could not tell. */
static bool record_tensor(struct graph *g, const npurt_tensor *x, npurt_access access, const struct box *box,
                          struct op_tensor *out)
{
    struct templates *t = g->templates;
    out->tensor = *x;
    out->access = (uint8_t)access;
    if (access == NPURT_ACCESS_OUTPUT_NEW) {
        out->source = SOURCE_OUTPUT;
        return note_buffer(g, x, &out->index);
    }
    const uint32_t tensors = find_tensor(t, x, box, &out->index);
    out->source = tensors ? SOURCE_TENSOR : SOURCE_BUFFER;
    if (!tensors) return find_buffer(t, x, &out->index);
    out->box = *box;
    out->tracked = !g->manual && access != NPURT_ACCESS_NO_DEP && !x->manual_dep;
    /* of another dtype its offset, in elements, could not be moved by the template tensor's */
    return tensors == 1 && x->dtype == t->tensor[out->index].tensor.dtype;
}

/* An explicit dependency on a task from around the body is another task's at the next use. */
static bool after_is_inside(const struct graph *g, const npurt_task *task)
{
    for (uint32_t i = 0; i < task->after_count; i++) {
        uint32_t number;
        if (!store_number(g, task->after[i], &number) ||
            edges_index(number) < g->edges.record_first[edges_ring(number)])
            return false;
    }
    return true;
}

/* A scalar of another template than the one at hand may be one that this has not. */
static bool scalars_are_inside(const struct template_body *body, const npurt_task *task)
{
    for (uint32_t bits = task->template_scalars; bits; bits &= bits - 1) {
        uint32_t j = (uint32_t)__builtin_ctz(bits);
        if (j >= task->scalar_count || task->template_scalar[j] >= body->scalar_count) return false;
    }
    return true;
}

void template_record_task(struct graph *g, const npurt_task *task, uint32_t number, const struct image_task *record,
                          const npurt_tensor *payload, const npurt_tensor *element, const struct box *box)
{
    struct templates *t = g->templates;
    struct template_body *body = t->recording;
    const uint32_t edges = g->edges.record_count, arguments = task->tensor_count + task->has_predicate;
    const uint32_t ring = edges_ring(number), since = edges_index(number) - g->edges.record_first[ring];
    struct op *op = take_op(g, sizeof *op + arguments * sizeof(struct op_tensor) + task->scalar_count * sizeof(uint64_t) +
                                   task->has_predicate * sizeof(struct image_predicate) + edges * sizeof(uint32_t));
    if (!op) return;
    if (body->task_count == TEMPLATE_MAX_TASKS || since >= TEMPLATE_MAX_TASKS || !after_is_inside(g, task) ||
        !scalars_are_inside(body, task) || task->deferred) {
        give_up(g);
        return;
    }
    op->kind = OP_TASK;
    op->tensor_count = (uint8_t)task->tensor_count;
    op->scalar_count = (uint8_t)task->scalar_count;
    op->has_predicate = task->has_predicate;
    op->edge_count = edges;
    op->template_scalars = task->template_scalars;
    memcpy(op->template_scalar, task->template_scalar, sizeof op->template_scalar);
    op->record = *record;
    for (uint32_t i = 0; i < arguments; i++) {
        const bool is_element = i == task->tensor_count;
        const npurt_access access = is_element ? NPURT_ACCESS_INPUT : task->tensor[i].access;
        struct op_tensor *to = &op_tensors(op)[i];
        to->has_initial = 0;
        if (access == NPURT_ACCESS_OUTPUT_NEW) record_initial(task->tensor[i].spec, to);
        if (!record_tensor(g, is_element ? element : &payload[i], access, &box[i], to)) {
            if (t->recording) give_up(g); /* a tensor that is neither the template's nor the body's */
            return;
        }
    }
    /* a predicate follows the scalars, here as there */
    memcpy(op_scalars(op), payload + task->tensor_count,
           task->scalar_count * sizeof(uint64_t) + task->has_predicate * sizeof(struct image_predicate));
    for (uint32_t i = 0; i < edges; i++) {
        uint32_t producer = g->edges.record[i];
        op_edges(op)[i] = t->local[edges_ring(producer)]
                                  [edges_index(producer) - g->edges.record_first[edges_ring(producer)]];
    }
    t->local[ring][since] = (uint16_t)body->task_count++;
}
