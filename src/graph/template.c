#include "template_op.h"

#include <string.h>

void templates_reset(struct graph *g)
{
    struct templates *t = g->templates;
    t->used = t->count = 0;
    t->records = t->replays = 0;
    t->open = false;
    t->recording = NULL;
    t->apart = 0;
    g->edges.record = NULL;
}

static npurt_status refuse(struct graph *g, npurt_status status, uint64_t key, const char *what, uint64_t number,
                           const char *rest)
{
    return graph_refuse(g, status, WORD("template "), NUMBER(key), WORD(" after task "), NUMBER(g->task_count),
                        WORD(": "), WORD(what), NUMBER(number), WORD(rest));
}

/* A buffer that was found before another tensor's may have become a part of a longer one since. */
static npurt_status find_buffers(struct graph *g, uint32_t count)
{
    struct templates *t = g->templates;
    npurt_status status = NPURT_OK;
    for (uint32_t i = 0; i < count && status == NPURT_OK; i++) {
        struct template_tensor *x = &t->tensor[i];
        status = graph_find_buffer(g, i, &x->tensor, &x->buffer, &x->own);
        if (status == NPURT_OK) x->base = x->tensor.addr - x->buffer->addr;
    }
    return status;
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
        to->moved = 0;
        const npurt_tensor *x = given->tensors[i];
        const enum box_problem problem = x ? box_of_tensor(x, &to->box) : BOX_OUTSIDE;
        if (problem == BOX_STRIDE_ZERO)
            return graph_refuse(g, NPURT_ERROR_INVALID_ARGUMENT, WORD("template "), NUMBER(given->key),
                                WORD(" after task "), NUMBER(g->task_count), WORD(", tensor "), NUMBER(i), WORD(": "),
                                STRIDE_WORDS(x));
        if (problem != BOX_OK || x->addr == 0)
            return refuse(g, NPURT_ERROR_INVALID_ARGUMENT, given->key, "tensor ", i, " is NULL, or no view of a buffer");
        to->tensor = *x;
        npurt_tensor_refresh(&to->tensor);
    }
    t->scalars = given->scalars;
    const npurt_status status = find_buffers(g, given->tensor_count);
    return status == NPURT_OK ? find_buffers(g, given->tensor_count) : status;
}

/* No byte belongs to two of the use's tensors: what the body's tasks do to one tells nothing about another. */
static bool is_apart(const struct graph *g, const npurt_template *given)
{
    const uint32_t n = given->tensor_count;
    return n < 2 || template_shared_tensors(g->templates, UINT64_MAX >> (64 - n), true) == 0;
}

/* The use's tensors, and the mode of the scope around it, are as they were in the recording, wherever the tensors begin now. */
static bool is_alike(struct graph *g, const struct template_body *body, const npurt_template *given)
{
    struct templates *t = g->templates;
    if (g->manual != body->manual) return false;
    if (given->tensor_count != body->tensor_count || given->scalar_count != body->scalar_count) return false;
    const npurt_tensor *then = (const npurt_tensor *)(t->memory + body->boundary);
    t->changed = 0;
    for (uint32_t i = 0; i < body->tensor_count; i++) {
        const npurt_tensor *now = &t->tensor[i].tensor;
        if (now->dtype != then[i].dtype || now->ndims != then[i].ndims || now->manual_dep != then[i].manual_dep ||
            memcmp(now->shape, then[i].shape, now->ndims * sizeof now->shape[0]) != 0 ||
            memcmp(now->strides, then[i].strides, now->ndims * sizeof now->strides[0]) != 0)
            return false;
        t->tensor[i].moved = now->start_offset - then[i].start_offset;
        if (t->tensor[i].moved != 0 || now->addr != then[i].addr || now->size != then[i].size ||
            now->owner != then[i].owner || now->hint != then[i].hint || now->lease != then[i].lease)
            t->changed |= UINT64_C(1) << i;
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
    const bool apart = is_apart(g, given);
    if (body && body->state == TEMPLATE_RECORDED && apart && is_alike(g, body, given)) {
        status = template_replay(g, body);
        if (status == NPURT_OK) t->replays++;
        return status == NPURT_OK ? graph_scope_end(g) : status;
    }
    if (!body && apart) begin_recording(g, given);
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
        struct template_body *body = t->recording;
        body->ops_end = t->used;
        body->state = TEMPLATE_RECORDED;
        template_cells_find(t, body);
        const npurt_status status = find_buffers(g, body->tensor_count); /* since the body's accesses */
        if (status != NPURT_OK) return status;
        template_cells_end(g, body);
        template_payloads_keep(t, body);
        t->recording = NULL;
        t->records++;
        g->edges.record = NULL;
    }
    t->open = false;
    return graph_scope_end(g);
}

bool template_scope_is_own(const struct graph *g)
{
    return g->templates->open && g->depth == g->templates->depth;
}
