#include "engine.h"

#include <string.h>

enum op_kind { OP_TASK, OP_ALLOC, OP_SCOPE_BEGIN, OP_SCOPE_END };
enum source { SOURCE_OUTPUT, SOURCE_BUFFER, SOURCE_TENSOR };

/* One step of a body. Behind it, for a task: struct op_tensor[tensor_count], u64 scalars, u32 edges (producers, by their
 * place in the body). */
struct op {
    uint32_t size; /* of all of it */
    uint8_t kind;  /* enum op_kind */
    uint8_t mode;  /* of a scope */
    uint8_t tensor_count, scalar_count;
    uint32_t edge_count;
    uint32_t template_scalars; /* bit j: scalar j is the template's scalar template_scalar[j] */
    uint8_t template_scalar[NPURT_TASK_MAX_SCALARS];
    struct image_task record;
};

struct op_tensor {
    npurt_tensor tensor; /* of an allocation, all but the address */
    struct box box;      /* SOURCE_TENSOR, when it is tracked */
    uint16_t index;      /* into the template's tensors, or the body's buffers */
    uint8_t access;      /* npurt_access */
    uint8_t source;
    uint8_t tracked; /* dependencies are looked up */
    uint8_t has_initial;
    uint8_t reserved[2];
    uint64_t initial; /* of an allocation */
};

static uint32_t round_up(uint64_t n)
{
    return (uint32_t)((n + 7) & ~UINT64_C(7));
}

static struct op_tensor *op_tensors(struct op *op)
{
    return (struct op_tensor *)(op + 1);
}
static uint64_t *op_scalars(struct op *op)
{
    return (uint64_t *)(op_tensors(op) + op->tensor_count);
}
static uint32_t *op_edges(struct op *op)
{
    return (uint32_t *)(op_scalars(op) + op->scalar_count);
}

void templates_reset(struct graph *g)
{
    struct templates *t = g->templates;
    t->used = t->count = 0;
    t->open = false;
    t->recording = NULL;
    g->edges.record = NULL;
}

/* ---- recording ---- */

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
    if (access == NPURT_ACCESS_OUTPUT) {
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
                          const npurt_tensor *payload, const struct box *box)
{
    struct templates *t = g->templates;
    struct template_body *body = t->recording;
    const uint32_t edges = g->edges.record_count;
    const uint32_t ring = edges_ring(number), since = edges_index(number) - g->edges.record_first[ring];
    struct op *op = take_op(g, sizeof *op + task->tensor_count * sizeof(struct op_tensor) +
                                   task->scalar_count * sizeof(uint64_t) + edges * sizeof(uint32_t));
    if (!op) return;
    if (body->task_count == TEMPLATE_MAX_TASKS || since >= TEMPLATE_MAX_TASKS || !after_is_inside(g, task) ||
        !scalars_are_inside(body, task) || task->has_predicate || task->deferred) {
        give_up(g);
        return;
    }
    op->kind = OP_TASK;
    op->tensor_count = (uint8_t)task->tensor_count;
    op->scalar_count = (uint8_t)task->scalar_count;
    op->edge_count = edges;
    op->template_scalars = task->template_scalars;
    memcpy(op->template_scalar, task->template_scalar, sizeof op->template_scalar);
    op->record = *record;
    for (uint32_t i = 0; i < task->tensor_count; i++) {
        op_tensors(op)[i].has_initial = 0;
        if (task->tensor[i].access == NPURT_ACCESS_OUTPUT) record_initial(task->tensor[i].spec, &op_tensors(op)[i]);
        if (!record_tensor(g, &payload[i], task->tensor[i].access, &box[i], &op_tensors(op)[i])) {
            if (t->recording) give_up(g); /* a tensor that is neither the template's nor the body's */
            return;
        }
    }
    memcpy(op_scalars(op), task->scalar, task->scalar_count * sizeof(uint64_t));
    for (uint32_t i = 0; i < edges; i++) {
        uint32_t producer = g->edges.record[i];
        op_edges(op)[i] = t->local[edges_ring(producer)]
                                  [edges_index(producer) - g->edges.record_first[edges_ring(producer)]];
    }
    t->local[ring][since] = (uint16_t)body->task_count++;
}

/* ---- replay ---- */

/* The task's argument as it is this time. */
static void patch(const struct templates *t, const struct template_body *body, const struct op_tensor *from,
                  npurt_tensor *to)
{
    *to = from->tensor;
    if (from->source == SOURCE_BUFFER) {
        const struct template_buffer *b = &t->buffer[from->index];
        to->addr = b->addr;
        to->owner = b->owner;
        to->hint = b->hint;
        to->lease = b->lease;
        return;
    }
    const npurt_tensor *now = &t->tensor[from->index].tensor;
    const npurt_tensor *then = (const npurt_tensor *)(t->memory + body->boundary) + from->index;
    to->addr = now->addr;
    to->size = now->size;
    to->owner = now->owner;
    to->hint = now->hint;
    to->lease = now->lease;
    to->start_offset = now->start_offset + (from->tensor.start_offset - then->start_offset);
}

static npurt_status replay_tensor(struct graph *g, const struct template_body *body, const struct place *place,
                                  const struct op_tensor *from, uint32_t i)
{
    struct templates *t = g->templates;
    npurt_tensor *to = &place->payload[i];
    if (from->source == SOURCE_OUTPUT) {
        *to = from->tensor;
        to->owner = store_id(place->number);
        npurt_status status = store_alloc(g, i, to);
        if (unlikely(status)) return status;
        if (unlikely(from->has_initial)) store_fill(g, to, from->initial);
        t->buffer[from->index] = (struct template_buffer){to->addr, to->owner, to->hint, to->lease};
        store_hold(g, &g->map.own[to->hint - 1]);
        return NPURT_OK;
    }
    patch(t, body, from, to);
    if (from->source == SOURCE_BUFFER) {
        store_hold(g, &g->map.own[to->hint - 1]);
        return NPURT_OK;
    }
    const struct template_tensor *whole = &t->tensor[from->index];
    if (whole->own) store_hold(g, whole->buffer);
    if (!from->tracked) {
        uint32_t owner;
        if (!g->manual && to->owner != NPURT_TASK_NONE && store_number(g, to->owner, &owner))
            edges_add(&g->edges, owner);
        return NPURT_OK;
    }
    struct box box = from->box;
    const uint64_t shift =
        (to->start_offset - from->tensor.start_offset) * npurt_dtype_size((npurt_dtype)to->dtype);
    box.lo += shift;
    box.hi += shift;
    return graph_track(g, whole->buffer, &box, (npurt_access)from->access);
}

static npurt_status replay_task(struct graph *g, const struct template_body *body, struct op *op, uint32_t local)
{
    struct templates *t = g->templates;
    struct place place = {0};
    npurt_status status = store_reserve(g, &place);
    if (unlikely(status)) return status;
    const uint32_t payload_unit = place.payload_unit;
    const struct image_task place_of = *place.task; /* its edges so far are none, and of an image marked so */
    *place.task = op->record;
    place.task->payload = payload_unit;
    place.task->fanin = place_of.fanin;
    place.task->fanout_begin = place_of.fanout_begin;
    place.task->fanout_count = place_of.fanout_count;
    t->number[local] = place.number;
    const uint32_t *edge = op_edges(op);
    for (uint32_t i = 0; i < op->edge_count; i++)
        edges_add(&g->edges, t->number[edge[i]]);
    for (uint32_t i = 0; i < op->tensor_count; i++)
        if (unlikely(status = replay_tensor(g, body, &place, &op_tensors(op)[i], i))) return status;
    uint64_t *scalars = (uint64_t *)(place.payload + op->tensor_count);
    memcpy(scalars, op_scalars(op), op->scalar_count * sizeof *scalars);
    for (uint32_t bits = op->template_scalars; bits; bits &= bits - 1) {
        uint32_t j = (uint32_t)__builtin_ctz(bits);
        scalars[j] = t->scalars[op->template_scalar[j]];
    }
    return store_commit(g, &place);
}

static npurt_status replay(struct graph *g, const struct template_body *body)
{
    struct templates *t = g->templates;
    npurt_status status = NPURT_OK;
    uint32_t local = 0;
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
    return status;
}

/* ---- begin and end ---- */

static npurt_status refuse(struct graph *g, npurt_status status, uint64_t key, const char *what, uint64_t number,
                           const char *rest)
{
    return graph_refuse(g, status, WORD("template "), NUMBER(key), WORD(" after task "), NUMBER(g->task_count),
                        WORD(": "), WORD(what), NUMBER(number), WORD(rest));
}

/* Takes the template's tensors over, each with its buffer. */
static npurt_status take_tensors(struct graph *g, const npurt_template *given)
{
    struct templates *t = g->templates;
    if ((given->tensor_count && !given->tensors) || (given->scalar_count && !given->scalars))
        return refuse(g, NPURT_ERROR_INVALID_ARGUMENT, given->key, "tensors or scalars are NULL, of which there are ",
                      given->tensor_count ? given->tensor_count : given->scalar_count, "");
    if (given->tensor_count > NPURT_TEMPLATE_MAX_TENSORS)
        return refuse(g, NPURT_ERROR_LIMIT, given->key, "", given->tensor_count,
                      " tensors, more than NPURT_TEMPLATE_MAX_TENSORS");
    if (given->scalar_count > NPURT_TEMPLATE_MAX_SCALARS)
        return refuse(g, NPURT_ERROR_LIMIT, given->key, "", given->scalar_count,
                      " scalars, more than NPURT_TEMPLATE_MAX_SCALARS");
    for (uint32_t i = 0; i < given->tensor_count; i++) {
        struct template_tensor *to = &t->tensor[i];
        struct box box;
        const npurt_tensor *x = given->tensors[i];
        if (!x || x->addr == 0 || box_of_tensor(x, &box) != BOX_OK)
            return refuse(g, NPURT_ERROR_INVALID_ARGUMENT, given->key, "tensor ", i, " is NULL, or no view of a buffer");
        to->tensor = *x;
        npurt_tensor_refresh(&to->tensor);
        npurt_status status = graph_find_buffer(g, i, x, &to->buffer, &to->own);
        if (status != NPURT_OK) return status;
    }
    t->scalars = given->scalars;
    return NPURT_OK;
}

/* The use's tensors, and the mode of the scope around it, are as they were in the recording. */
static bool is_alike(const struct graph *g, const struct template_body *body, const npurt_template *given)
{
    const struct templates *t = g->templates;
    if (g->manual != body->manual) return false;
    if (given->tensor_count != body->tensor_count || given->scalar_count != body->scalar_count) return false;
    const npurt_tensor *then = (const npurt_tensor *)(t->memory + body->boundary);
    for (uint32_t i = 0; i < body->tensor_count; i++) {
        const npurt_tensor *now = &t->tensor[i].tensor;
        if (now->dtype != then[i].dtype || now->ndims != then[i].ndims || now->manual_dep != then[i].manual_dep ||
            memcmp(now->shape, then[i].shape, now->ndims * sizeof now->shape[0]) != 0 ||
            memcmp(now->strides, then[i].strides, now->ndims * sizeof now->strides[0]) != 0)
            return false;
    }
    return true;
}

static void begin_recording(struct graph *g, const npurt_template *given)
{
    struct templates *t = g->templates;
    const uint64_t size = given->tensor_count * sizeof(npurt_tensor);
    if (t->count == TEMPLATE_MAX || size > TEMPLATE_MEMORY - t->used) return;
    struct template_body *body = &t->body[t->count++];
    *body = (struct template_body){.key = given->key,
                                   .state = TEMPLATE_PLAIN,
                                   .manual = g->manual,
                                   .tensor_count = given->tensor_count,
                                   .scalar_count = given->scalar_count,
                                   .boundary = t->used};
    npurt_tensor *kept = (npurt_tensor *)(t->memory + t->used);
    for (uint32_t i = 0; i < given->tensor_count; i++)
        kept[i] = t->tensor[i].tensor;
    t->used += (uint32_t)size;
    body->ops = t->used;
    t->buffers = 0;
    t->recording = body;
    edges_record(&g->edges, t->number, g->task_count);
}

npurt_status template_begin(struct graph *g, const npurt_template *given, bool *submit)
{
    struct templates *t = g->templates;
    if (submit) *submit = false;
    if (g->latched) return g->latched;
    if (!given || !submit || given->key == 0)
        return refuse(g, NPURT_ERROR_INVALID_ARGUMENT, 0, "a template needs a key, which is not ", 0, "");
    if (t->open)
        return refuse(g, NPURT_ERROR_INVALID_ARGUMENT, given->key, "begun inside of a template, of which there may be ", 1,
                      " at a time");
    npurt_status status = take_tensors(g, given);
    if (status != NPURT_OK) return status;
    status = graph_scope_begin(g, g->manual ? NPURT_SCOPE_MANUAL : NPURT_SCOPE_AUTO);
    if (status != NPURT_OK) return status;
    struct template_body *body = NULL;
    for (uint32_t i = 0; i < t->count && !body; i++)
        if (t->body[i].key == given->key) body = &t->body[i];
    if (body && body->state == TEMPLATE_RECORDED && is_alike(g, body, given)) {
        status = replay(g, body);
        return status == NPURT_OK ? graph_scope_end(g) : status;
    }
    if (!body) begin_recording(g, given);
    t->key = given->key;
    t->depth = g->depth;
    t->open = *submit = true;
    return NPURT_OK;
}

npurt_status template_end(struct graph *g)
{
    struct templates *t = g->templates;
    if (g->latched) return g->latched;
    if (!t->open)
        return refuse(g, NPURT_ERROR_INVALID_ARGUMENT, 0, "ended without a begin: open are ", 0, "");
    if (g->depth != t->depth)
        return refuse(g, NPURT_ERROR_INVALID_ARGUMENT, t->key, "ended with scopes of its body still open: ",
                      g->depth - t->depth, "");
    if (t->recording) {
        t->recording->ops_end = t->used;
        t->recording->state = TEMPLATE_RECORDED;
        t->recording = NULL;
        g->edges.record = NULL;
    }
    t->open = false;
    return graph_scope_end(g);
}

bool template_scope_is_own(const struct graph *g)
{
    return g->templates->open && g->depth == g->templates->depth;
}
