#include "engine.h"
#include "predicate.h"

#include <npurt/callable.h>
#include "../protocol/condition.h"

#include <string.h>

/* A submission is checked whole before anything is changed; after that only a full pool can refuse it.
 *
 *     graph_submit   room → check_kernels → check_tensors (boxes, outputs) → check_after → edges → payload → task
 */

/* Where a sentence about a tensor argument begins. */
#define TENSOR_WORDS(g, i) WORD("task "), NUMBER((g)->task_count), WORD(", tensor "), NUMBER(i), WORD(": ")

__attribute__((cold)) static npurt_status refuse_task(struct graph *g, npurt_status status, const char *what,
                                                      uint64_t number, const char *rest)
{
    return graph_refuse(g, status, WORD("task "), NUMBER(g->task_count), WORD(": "), WORD(what), NUMBER(number),
                        WORD(rest));
}

/* The kernel in one slot is of the right kind. */
static npurt_status check_kernel(struct graph *g, uint32_t slot, int32_t kernel)
{
    static const char *const slot_name[NPURT_CORE_SLOTS] = {" in slot AIC", " in slot AIV0", " in slot AIV1"};
    if (kernel < 0)
        return graph_refuse(g, NPURT_ERROR_INVALID_ARGUMENT, WORD("task "), NUMBER(g->task_count),
                            WORD(": kernel id -"), NUMBER(-(int64_t)kernel), WORD(slot_name[slot]),
                            WORD("; -1 is none"));
    bool known = !g->kernel_core ? kernel < NPURT_MAX_KERNELS
                                 : (uint32_t)kernel < g->kernel_count && g->kernel_core[kernel] != KERNEL_ABSENT;
    if (!known)
        return graph_refuse(g, NPURT_ERROR_INVALID_ARGUMENT, WORD("task "), NUMBER(g->task_count), WORD(": kernel id "),
                            NUMBER(kernel), WORD(slot_name[slot]), WORD(" is not one of the callable's"));
    if (g->kernel_core && (g->kernel_core[kernel] == NPURT_CORE_AIC) != (slot == NPURT_AIC))
        return graph_refuse(g, NPURT_ERROR_INVALID_ARGUMENT, WORD("task "), NUMBER(g->task_count), WORD(": kernel id "),
                            NUMBER(kernel), WORD(slot_name[slot]),
                            WORD(slot == NPURT_AIC ? " is a kernel for AIV" : " is a kernel for AIC"));
    return NPURT_OK;
}

static npurt_status check_kernels(struct graph *g, const npurt_task *task, struct image_task *out)
{
    uint32_t mask = 0;
    for (uint32_t slot = 0; slot < NPURT_CORE_SLOTS; slot++) {
        int32_t kernel = task->kernel[slot];
        out->kernel[slot] = -1;
        if (kernel == -1) continue;
        npurt_status status = check_kernel(g, slot, kernel);
        if (unlikely(status)) return status;
        out->kernel[slot] = (int16_t)kernel;
        mask |= 1u << slot;
    }
    if (mask == 1u << NPURT_AIV1) { /* a lone vector kernel runs on any vector core */
        out->kernel[NPURT_AIV0] = out->kernel[NPURT_AIV1];
        out->kernel[NPURT_AIV1] = -1;
        mask = 1u << NPURT_AIV0;
    }
    out->core_mask = (uint8_t)mask;
    out->shape = mask == 0                  ? SHAPE_DUMMY
                 : (mask & (mask - 1)) != 0 ? SHAPE_MIX
                 : mask == 1u << NPURT_AIC  ? SHAPE_AIC
                                            : SHAPE_AIV;
    return NPURT_OK;
}

/* Says what is wrong with tensor argument i. */
__attribute__((cold)) static npurt_status refuse_tensor(struct graph *g, uint32_t i, const npurt_tensor *t,
                                                        enum box_problem problem)
{
    const npurt_status bad = NPURT_ERROR_INVALID_ARGUMENT;
    switch (problem) {
    case BOX_BAD_DTYPE:
        return graph_refuse(g, bad, TENSOR_WORDS(g, i), WORD("unknown dtype "), NUMBER(t->dtype));
    case BOX_BAD_NDIMS:
        return graph_refuse(g, bad, TENSOR_WORDS(g, i), NUMBER(t->ndims), WORD(" dimensions, not 1 to "),
                            NUMBER(NPURT_MAX_DIMS));
    case BOX_EMPTY:
        return graph_refuse(g, bad, TENSOR_WORDS(g, i), WORD("a dimension of size 0: dimension "),
                            NUMBER(box_problem_dimension(t, problem)));
    case BOX_STRIDE_ZERO:
        return graph_refuse(g, bad, TENSOR_WORDS(g, i), STRIDE_WORDS(t));
    default:
        return graph_refuse(g, bad, TENSOR_WORDS(g, i), WORD("reaches outside of its buffer of "), NUMBER(t->size),
                            WORD(" bytes"));
    }
}

/* All blocks of a sync-start task must find a core at the same time. A cluster_count of 0: it is not known. */
static npurt_status check_sync_start(struct graph *g, const npurt_task *task, struct image_task *out)
{
    static const char *const unit[SHAPE_DUMMY] = {" AIC cores", " AIV cores", " clusters"};
    if (out->shape == SHAPE_DUMMY || task->block_num <= 1) return NPURT_OK;
    uint32_t capacity = image_shape_capacity(out->shape, g->cluster_count);
    if (g->cluster_count != 0 && task->block_num > capacity) {
        g->sync_start_refused = true;
        return graph_refuse(g, NPURT_ERROR_INVALID_ARGUMENT, WORD("task "), NUMBER(g->task_count),
                            WORD(": sync start of "), NUMBER(task->block_num), WORD(" blocks on a device of "),
                            NUMBER(capacity), WORD(unit[out->shape]), WORD(", where they can not run together"));
    }
    out->flags |= IMAGE_SYNC_START;
    return NPURT_OK;
}

__attribute__((cold)) static npurt_status refuse_full(struct graph *g)
{
    return refuse_task(g, NPURT_ERROR_LIMIT, "more than ", g->map.max_regions, " buffers or live regions of them");
}

/* A fresh contiguous tensor of the heap; `what` begins the sentence of a refusal. */
static npurt_status allocate(struct graph *g, const npurt_tensor_spec *spec, npurt_task_id owner, uint32_t i,
                             npurt_tensor *out)
{
    uint64_t element = npurt_dtype_size(spec->dtype), elements = 1;
    unsigned char initial;
    memcpy(&initial, &spec->has_initial, 1);
    if (unlikely(initial > 1))
        return graph_refuse(g, NPURT_ERROR_INVALID_ARGUMENT, TENSOR_WORDS(g, i), WORD("has_initial is "),
                            NUMBER(initial), WORD(", neither true nor false"));
    *out = g->blank;
    out->owner = owner;
    out->ndims = spec->ndims;
    out->dtype = (uint8_t)spec->dtype;
    if (unlikely(element == 0)) return refuse_tensor(g, i, out, BOX_BAD_DTYPE);
    if (unlikely(spec->ndims - 1 >= NPURT_MAX_DIMS)) return refuse_tensor(g, i, out, BOX_BAD_NDIMS);
    for (uint32_t d = spec->ndims; d-- > 0;) {
        uint32_t count = spec->shape[d];
        if (unlikely(count == 0)) return refuse_tensor(g, i, out, BOX_EMPTY);
        if (unlikely(elements > UINT32_MAX)) {
            if (count > 1)
                return graph_refuse(g, NPURT_ERROR_INVALID_ARGUMENT, TENSOR_WORDS(g, i),
                                    WORD("the stride of dimension "), NUMBER(d), WORD(", "), NUMBER(elements),
                                    WORD(" elements, does not fit 32 bits"));
            out->shape[d] = out->strides[d] = 1;
            continue;
        }
        out->shape[d] = count;
        out->strides[d] = (uint32_t)elements;
        elements *= count;
    }
    /* so large that no heap has it, so that its bytes can still be told */
    if (unlikely(elements > GRAPH_BYTES_MAX / 8)) elements = GRAPH_BYTES_MAX / 8;
    out->size = elements * element;
    out->extent = elements;
    npurt_status status = store_alloc(g, i, out);
    if (unlikely(status)) return status;
    if (unlikely(out->hint == 0)) return refuse_full(g);
    if (unlikely(spec->has_initial)) store_fill(g, out, spec->initial);
    return NPURT_OK;
}

/* Boxes of all accessed tensors; outputs are allocated into the payload. */
static npurt_status check_tensors(struct graph *g, const npurt_task *task, const struct place *place, struct box *box)
{
    npurt_tensor *payload = place->payload;
    for (uint32_t i = 0; i < task->tensor_count; i++) {
        npurt_access access = task->tensor[i].access;
        const npurt_tensor *t = task->tensor[i].tensor;
        if (access == NPURT_ACCESS_OUTPUT_NEW) {
            if (unlikely(!task->tensor[i].spec))
                return graph_refuse(g, NPURT_ERROR_INVALID_ARGUMENT, TENSOR_WORDS(g, i),
                                    WORD("an output without a spec"));
            npurt_status status = allocate(g, task->tensor[i].spec, store_id(place->number), i, &payload[i]);
            if (unlikely(status)) return status;
            store_hold(g, &g->map.own[payload[i].hint - 1]);
            continue;
        }
        if (unlikely(access > NPURT_ACCESS_NO_DEP))
            return graph_refuse(g, NPURT_ERROR_INVALID_ARGUMENT, TENSOR_WORDS(g, i), WORD("unknown access "),
                                NUMBER(access));
        if (unlikely(!t)) return graph_refuse(g, NPURT_ERROR_INVALID_ARGUMENT, TENSOR_WORDS(g, i), WORD("is NULL"));
        if (unlikely(t->addr == 0))
            return graph_refuse(g, NPURT_ERROR_INVALID_ARGUMENT, TENSOR_WORDS(g, i), WORD("has no buffer: address 0"));
        if (unlikely(!box_of_dense(t, &box[i]))) {
            enum box_problem problem = box_of_tensor(t, &box[i]);
            if (unlikely(problem)) return refuse_tensor(g, i, t, problem);
        }
        uint32_t owner;
        if (unlikely(t->owner != NPURT_TASK_NONE && !store_number(g, t->owner, &owner)))
            return graph_refuse(g, NPURT_ERROR_INVALID_ARGUMENT, TENSOR_WORDS(g, i), WORD("belongs to task "),
                                NUMBER(t->owner), WORD(", which does not exist in this graph"));
    }
    return NPURT_OK;
}

static npurt_status check_after(struct graph *g, const npurt_task *task)
{
    if (task->after_count != 0 && !task->after)
        return refuse_task(g, NPURT_ERROR_INVALID_ARGUMENT, "a list of ", task->after_count, " dependencies is NULL");
    for (uint32_t i = 0; i < task->after_count; i++) {
        uint32_t number;
        if (!store_number(g, task->after[i], &number))
            return refuse_task(g, NPURT_ERROR_INVALID_ARGUMENT, "depends on task ", task->after[i],
                               ", which was not submitted before");
    }
    return NPURT_OK;
}

/* A tensor in the heap of outputs that is no view of one: it begins inside of one, says that it is larger, or is left
 * of one that was given back. */
__attribute__((cold)) static npurt_status refuse_own(struct graph *g, uint32_t i, const npurt_tensor *t,
                                                     const struct buffer *buffer)
{
    if (buffer ? !store_leased(g, buffer, t) : t->lease != 0)
        graph_refuse(g, NPURT_ERROR_INVALID_ARGUMENT, TENSOR_WORDS(g, i),
                     WORD("its buffer was given back when the scope ended that allocated it"));
    else if (buffer)
        graph_refuse(g, NPURT_ERROR_INVALID_ARGUMENT, TENSOR_WORDS(g, i), WORD("says that its buffer has "),
                     NUMBER(t->size), WORD(" bytes; the output was allocated with "), NUMBER(buffer->size));
    else
        graph_refuse(g, NPURT_ERROR_INVALID_ARGUMENT, TENSOR_WORDS(g, i), WORD("address "), NUMBER(t->addr),
                     WORD(" is in the heap of outputs, but no output begins there"));
    return g->latched;
}

/* The tensor is a view of a living buffer of the graph's own; NULL: none lies at its address. */
static inline bool is_view(const struct graph *g, const npurt_tensor *t, const struct buffer *buffer)
{
    return buffer && t->size <= buffer->size && store_leased(g, buffer, t);
}

/* The address is not above it: store_has and the heaps' own are. */
static bool is_beyond(const npurt_tensor *t)
{
    return t->addr > GRAPH_BYTES_MAX || t->size > GRAPH_BYTES_MAX - t->addr;
}

struct buffer *graph_outside(struct graph *g, const npurt_tensor *t)
{
    struct buffer *buffer = tensor_map_met(&g->map, t->addr, t->size);
    if (likely(buffer != NULL)) return buffer;
    if (is_beyond(t) || store_meets(g, t->addr, t->addr + t->size)) return NULL;
    return tensor_map_claim(&g->map, t->addr, t->size);
}

__attribute__((cold)) const char *graph_outside_problem(const struct graph *g, const npurt_tensor *t)
{
    if (is_beyond(t)) return " ends beyond the addresses of any device";
    return store_meets(g, t->addr, t->addr + t->size) ? " reaches into the heap of outputs" : NULL;
}

__attribute__((cold)) static npurt_status refuse_outside(struct graph *g, uint32_t i, const npurt_tensor *t)
{
    const char *problem = graph_outside_problem(g, t);
    if (!problem) return refuse_full(g);
    return graph_refuse(g, NPURT_ERROR_INVALID_ARGUMENT, TENSOR_WORDS(g, i), WORD("its buffer of "), NUMBER(t->size),
                        WORD(" bytes at address "), NUMBER(t->addr), WORD(problem));
}

npurt_status graph_find_buffer(struct graph *g, uint32_t i, const npurt_tensor *t, struct buffer **buffer, bool *own)
{
    *buffer = tensor_map_hinted(&g->map, t->addr, t->hint);
    *own = *buffer || store_has(g, t->addr);
    if (!*own) return likely((*buffer = graph_outside(g, t)) != NULL) ? NPURT_OK : refuse_outside(g, i, t);
    if (!*buffer) *buffer = tensor_map_own_at(&g->map, t->addr);
    return likely(is_view(g, t, *buffer)) ? NPURT_OK : refuse_own(g, i, t, *buffer);
}

static inline npurt_status track_access(struct graph *g, struct buffer *buffer, const struct box *box,
                                        npurt_access access)
{
    const bool reads = access != NPURT_ACCESS_OUTPUT_EXISTING, writes = access != NPURT_ACCESS_INPUT;
    while (unlikely(!tensor_map_access(&g->map, buffer, box, reads, writes)))
        if (!store_more_room(g)) return g->latched ? g->latched : refuse_full(g);
    return NPURT_OK;
}

npurt_status graph_track(struct graph *g, struct buffer *buffer, const struct box *box, npurt_access access)
{
    return track_access(g, buffer, box, access);
}

static npurt_status track_fresh(struct graph *g, const npurt_tensor *t)
{
    while (unlikely(!tensor_map_fresh(&g->map, &g->map.own[t->hint - 1], t->size)))
        if (!store_more_room(g)) return g->latched ? g->latched : refuse_full(g);
    return NPURT_OK;
}

/* The tensor's address is not that of a buffer which has all its bytes. */
static __attribute__((noinline)) npurt_status track_outside(struct graph *g, npurt_access access, const npurt_tensor *t,
                                                            uint32_t i, const struct box *box)
{
    struct buffer *buffer = graph_outside(g, t);
    if (!buffer) return refuse_outside(g, i, t);
    const struct box moved = box_moved(box, t->addr - buffer->addr);
    return track_access(g, buffer, &moved, access);
}

/* An access that the map does not see: its task waits for the buffer's, unless the scope is MANUAL. */
static npurt_status track_none(struct graph *g, const npurt_tensor *t, uint32_t i, npurt_access access)
{
    uint32_t owner;
    graph_note_untracked(g, i, access);
    if (!g->manual && t->owner != NPURT_TASK_NONE && store_number(g, t->owner, &owner)) edges_add(&g->edges, owner);
    return NPURT_OK;
}

/* What a task waits for because of tensor i, and the buffer that it holds. */
static inline __attribute__((always_inline)) npurt_status track(struct graph *g, npurt_access access,
                                                                const npurt_tensor *t, uint32_t i,
                                                                const struct box *box)
{
    struct buffer *buffer = tensor_map_hinted(&g->map, t->addr, t->hint);
    const bool own = buffer || store_has(g, t->addr);
    if (own) {
        if (unlikely(!buffer)) buffer = tensor_map_own_at(&g->map, t->addr);
        if (unlikely(!is_view(g, t, buffer))) return refuse_own(g, i, t, buffer);
        store_hold(g, buffer);
    }
    if (unlikely(g->manual || access == NPURT_ACCESS_NO_DEP || t->manual_dep)) return track_none(g, t, i, access);
    if (!own && unlikely(!(buffer = tensor_map_met(&g->map, t->addr, t->size)))) return track_outside(g, access, t, i, box);
    return track_access(g, buffer, box, access);
}

/* The flags of a struct that was not initialised hold any byte, which a bool must not be read from. */
static inline bool flags_are_bools(const npurt_task *task)
{
    uint32_t bytes;
    memcpy(&bytes, &task->sync_start, sizeof bytes);
    return likely((bytes & 0xfefefefeu) == 0);
}
_Static_assert(offsetof(npurt_task, deferred) == offsetof(npurt_task, sync_start) + 1 &&
                   offsetof(npurt_task, has_predicate) == offsetof(npurt_task, sync_start) + 2 &&
                   offsetof(npurt_task, stage_consumers) == offsetof(npurt_task, sync_start) + 3,
               "flags_are_bools");

__attribute__((cold)) static uint64_t odd_flag(const npurt_task *task)
{
    const unsigned char *byte = (const unsigned char *)&task->sync_start;
    while (*byte <= 1)
        byte++;
    return *byte;
}

static npurt_status check_task(struct graph *g, const npurt_task *task)
{
    if (g->state != GRAPH_OPEN)
        return graph_refuse(g, NPURT_ERROR_INVALID_ARGUMENT, WORD("task submitted outside of a graph"));
    if (task->error == NPURT_ERROR_LIMIT)
        return graph_refuse(g, NPURT_ERROR_LIMIT, WORD("task "), NUMBER(g->task_count), WORD(": more than "),
                            NUMBER(NPURT_TASK_MAX_TENSORS), WORD(" tensors or "), NUMBER(NPURT_TASK_MAX_SCALARS),
                            WORD(" scalars"));
    if (task->error == NPURT_ERROR_INVALID_ARGUMENT)
        return graph_refuse(g, NPURT_ERROR_INVALID_ARGUMENT, WORD("task "), NUMBER(g->task_count),
                            WORD(": a tensor was added after a scalar"));
    if (task->error)
        return refuse_task(g, NPURT_ERROR_INVALID_ARGUMENT, "its error is ", (uint32_t)task->error,
                           ", which no builder sets: was it begun with npurt_task_init?");
    if (!flags_are_bools(task))
        return refuse_task(g, NPURT_ERROR_INVALID_ARGUMENT, "", odd_flag(task),
                           " in sync_start, deferred, has_predicate or stage_consumers, which are true or false: was it "
                           "begun with npurt_task_init?");
    if (task->tensor_count > NPURT_TASK_MAX_TENSORS)
        return refuse_task(g, NPURT_ERROR_LIMIT, "", task->tensor_count, " tensors, more than NPURT_TASK_MAX_TENSORS");
    if (task->scalar_count > NPURT_TASK_MAX_SCALARS)
        return refuse_task(g, NPURT_ERROR_LIMIT, "", task->scalar_count, " scalars, more than NPURT_TASK_MAX_SCALARS");
    if (task->block_num > NPURT_TASK_MAX_BLOCKS)
        return refuse_task(g, NPURT_ERROR_LIMIT, "block_num ", task->block_num, ", more than NPURT_TASK_MAX_BLOCKS");
    return NPURT_OK;
}

__attribute__((cold)) static npurt_status refuse_no_task(struct graph *g)
{
    if (g->latched) return g->latched;
    return graph_refuse(g, NPURT_ERROR_INVALID_ARGUMENT, WORD("task "), NUMBER(g->task_count), WORD(": is NULL"));
}

/* Edges and payload of all tensor arguments. */
static npurt_status track_all(struct graph *g, const npurt_task *task, npurt_tensor *payload, const struct box *box)
{
    for (uint32_t i = 0; i < task->tensor_count; i++) {
        const npurt_access access = task->tensor[i].access;
        npurt_status status;
        if (access == NPURT_ACCESS_OUTPUT_NEW) {
            status = track_fresh(g, &payload[i]);
        } else {
            const npurt_tensor *t = task->tensor[i].tensor; /* near, which the payload may not be */
            payload[i] = *t;
            status = track(g, access, t, i, &box[i]);
        }
        if (unlikely(status)) return status;
    }
    return NPURT_OK;
}

/* Before the arguments: what the task writes itself is no reason for it to wait. The element's box is one more than
 * the tensors'. */
static npurt_status track_predicate(struct graph *g, const npurt_task *task, struct image_task *out,
                                    npurt_tensor *payload, npurt_tensor *element, struct box *box)
{
    npurt_status status = predicate_check(g, task, element, &box[task->tensor_count]);
    if (status == NPURT_OK)
        status = track(g, NPURT_ACCESS_INPUT, element, task->tensor_count, &box[task->tensor_count]);
    if (status != NPURT_OK) return status;
    uint64_t *scalars = (uint64_t *)(payload + task->tensor_count);
    predicate_write(task, element, scalars + task->scalar_count);
    out->flags |= IMAGE_PREDICATE;
    return NPURT_OK;
}

/* Slabs for the conditions of a deferred task: an output that nobody sees, and that the task alone holds. */
static npurt_status take_slabs(struct graph *g, struct image_task *out, const struct place *place, uint64_t *address)
{
    if (out->shape == SHAPE_DUMMY) return NPURT_OK;
    const npurt_tensor_spec spec = {
        .dtype = NPURT_U8, .ndims = 1, .shape = {deferred_slabs(out) * (uint32_t)sizeof(struct condition_slab)}};
    npurt_tensor slabs;
    npurt_status status = allocate(g, &spec, store_id(place->number), GRAPH_SLABS, &slabs);
    if (status != NPURT_OK) return status;
    const struct buffer *buffer = &g->map.own[slabs.hint - 1];
    store_hold(g, buffer);
    store_keep(g, buffer);
    out->flags |= IMAGE_DEFERRED;
    *address = slabs.addr;
    return NPURT_OK;
}

/* Last, because an output's descriptor may be written over that of an input. */
static void hand_out(const npurt_task *task, const npurt_tensor *payload)
{
    for (uint32_t i = 0; i < task->tensor_count; i++)
        if (task->tensor[i].access == NPURT_ACCESS_OUTPUT_NEW && task->tensor[i].out) *task->tensor[i].out = payload[i];
}

/* As image_payload_size will say. */
static inline uint64_t payload_size(const npurt_task *task)
{
    uint64_t size = task->tensor_count * sizeof(npurt_tensor) + task->scalar_count * sizeof(uint64_t);
    if (unlikely(task->has_predicate)) size += sizeof(struct image_predicate);
    return unlikely(task->deferred) ? size + sizeof(struct image_deferred) : size;
}

npurt_status graph_submit(struct graph *g, const npurt_task *task, npurt_task_id *id)
{
    if (unlikely(!task)) return refuse_no_task(g);
    struct box box[NPURT_TASK_MAX_TENSORS];
    npurt_tensor element; /* of the predicate, when it has one */
    const uint32_t tensors = task->tensor_count, scalars = task->scalar_count;
    struct place place = {0};
    uint64_t slabs = 0;
    npurt_status status;

    if (unlikely(g->latched)) return g->latched;
    if (unlikely(status = check_task(g, task))) return status;
    if (unlikely(status = store_reserve(g, payload_size(task), &place))) return status;
    struct image_task *out = place.task;
    if (unlikely(status = check_kernels(g, task, out))) return status;
    out->flags = 0;
    if (unlikely(task->sync_start) && unlikely(status = check_sync_start(g, task, out))) return status;
    /* Nobody knows yet whether a predicated one runs, and of a dummy its producers decide. A deferred one may wait for what
     * another task does that has no core yet: its consumers would have them all. */
    if (unlikely(task->stage_consumers) && out->shape != SHAPE_DUMMY && !task->has_predicate && !task->deferred) {
        out->flags |= IMAGE_OPENS;
        g->opens = true;
    }
    if (unlikely(status = check_tensors(g, task, &place, box))) return status;
    if (unlikely(status = check_after(g, task))) return status;

    out->payload = place.payload_unit;
    out->block_num = (uint16_t)(out->shape == SHAPE_DUMMY || task->block_num == 0 ? 1 : task->block_num);
    out->tensor_count = (uint8_t)tensors;
    out->scalar_count = (uint8_t)scalars;
    memset(out->reserved, 0, sizeof out->reserved);
    if (unlikely(task->deferred) && unlikely(status = take_slabs(g, out, &place, &slabs))) return status;
    for (uint32_t i = 0; i < task->after_count; i++) {
        uint32_t number = 0;
        (void)store_number(g, task->after[i], &number);
        edges_add(&g->edges, number);
    }
    if (unlikely(task->has_predicate) &&
        unlikely(status = track_predicate(g, task, out, place.payload, &element, box)))
        return status;
    if (unlikely(status = track_all(g, task, place.payload, box))) return status;
    if (scalars != 0) memcpy(place.payload + tensors, task->scalar, scalars * sizeof task->scalar[0]);
    if (unlikely(slabs)) deferred_write(deferred_of(out, place.payload), slabs);
    if (unlikely(g->templates->recording))
        template_record_task(g, task, place.number, out, place.payload, &element, box);
    hand_out(task, place.payload);
    if (id) *id = store_id(place.number);
    return store_commit(g, &place);
}

npurt_status graph_alloc(struct graph *g, const npurt_tensor_spec *spec, npurt_tensor *out)
{
    if (g->latched) return g->latched;
    if (g->state != GRAPH_OPEN)
        return graph_refuse(g, NPURT_ERROR_INVALID_ARGUMENT, WORD("tensor allocated outside of a graph"));
    if (!spec || !out)
        return graph_refuse(g, NPURT_ERROR_INVALID_ARGUMENT, WORD("tensor allocated after task "),
                            NUMBER(g->task_count), WORD(": spec or out is NULL"));
    npurt_status status = allocate(g, spec, NPURT_TASK_NONE, 0, out);
    if (status == NPURT_OK && g->templates->recording) template_record_alloc(g, spec, out);
    return status;
}
