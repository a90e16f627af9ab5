/* What is kept of a template's body: its steps, and the boxes of the template's tensors that they touch. For the files
 * named template. */
#ifndef NPURT_GRAPH_TEMPLATE_OP_H
#define NPURT_GRAPH_TEMPLATE_OP_H

#include "engine.h"
#include "predicate.h"

enum op_kind { OP_TASK, OP_ALLOC, OP_SCOPE_BEGIN, OP_SCOPE_END };
enum source { SOURCE_OUTPUT, SOURCE_BUFFER, SOURCE_TENSOR };

/* One step of a body. Behind it, for a task: struct op_tensor[op_argument_count], u64 scalars, a struct image_predicate
 * if it has one, u32 edges (producers, by their place in the body). */
struct op {
    uint32_t size; /* of all of it */
    uint8_t kind;  /* enum op_kind */
    uint8_t mode;  /* of a scope */
    uint8_t tensor_count, scalar_count;
    uint32_t edge_count;
    uint32_t template_scalars; /* bit j: scalar j is the template's scalar template_scalar[j] */
    uint8_t template_scalar[NPURT_TASK_MAX_SCALARS];
    bool has_predicate; /* its element is one argument more, behind the tensors */
    uint8_t reserved[3];
    uint32_t payload; /* in the memory, of a use with the tensors of the recording; 0: none is kept (template_payload.c) */
    uint64_t tensors; /* of the template, that it describes: bit i, tensor i */
    struct image_task record;
};
_Static_assert(sizeof(struct op) % 8 == 0, "what follows is aligned");

struct op_tensor {
    npurt_tensor tensor; /* of an allocation, all but the address */
    uint16_t index;      /* into the template's tensors, or the body's buffers */
    uint8_t access;      /* npurt_access */
    uint8_t source;
    uint8_t tracked; /* dependencies are looked up */
    uint8_t has_initial;
    uint8_t border; /* of enum map_border, of its cell: whom from around the body it waits for */
    uint8_t reserved;
    uint16_t cell; /* 1 + index, 0: none */
    uint16_t reserved1[3];
    /* Seldom looked at in a replay, and so behind what is. */
    uint64_t initial; /* of an allocation */
    struct box box;   /* SOURCE_TENSOR, when it is tracked */
};

/* One box of one of the template's tensors, and what the body has done to it when it ends. */
struct template_cell {
    struct box box;        /* as recorded */
    uint16_t tensor;       /* of the template */
    uint16_t writer;       /* the last, by its place in the body; CELL_UNWRITTEN */
    uint32_t first, count; /* of cell_readers: its readers since, or all, oldest first */
    uint32_t region;       /* when it was last looked up; MAP_NONE */
};
enum { CELL_UNWRITTEN = 0xffff };

/* A template's tensor as its cells were last looked up. */
struct template_view {
    const struct buffer *buffer;
    uint64_t first; /* the tensor's first byte, from the address that the buffer's boxes count from */
    uint64_t stamp; /* of the buffer when the cells' regions were those that they say */
};

static inline uint32_t op_argument_count(const struct op *op)
{
    return op->tensor_count + op->has_predicate;
}
static inline struct op_tensor *op_tensors(struct op *op)
{
    return (struct op_tensor *)(op + 1);
}
static inline uint64_t *op_scalars(struct op *op)
{
    return (uint64_t *)(op_tensors(op) + op_argument_count(op));
}
static inline struct image_predicate *op_predicate(struct op *op)
{
    return (struct image_predicate *)(op_scalars(op) + op->scalar_count);
}
static inline uint32_t *op_edges(struct op *op)
{
    return (uint32_t *)(op_predicate(op) + op->has_predicate);
}

static inline struct template_cell *template_cells(const struct templates *t, const struct template_body *body)
{
    return (struct template_cell *)(t->memory + body->cells);
}

static inline struct template_view *template_views(const struct templates *t, const struct template_body *body)
{
    return (struct template_view *)(t->memory + body->views);
}
static inline uint16_t *template_readers(const struct templates *t, const struct template_body *body,
                                         uint32_t cell_count)
{
    return (uint16_t *)(template_cells(t, body) + cell_count);
}

/* How far a box of the tensor is in its buffer from where the recording has it in the tensor's: bytes. */
static inline uint64_t template_shift(const struct template_tensor *whole)
{
    return whole->base + whole->moved * npurt_dtype_size((npurt_dtype)whole->tensor.dtype);
}

/* The argument's descriptor in a use. */
static inline void template_describe(const struct template_tensor *whole, const struct op_tensor *from, npurt_tensor *to)
{
    *to = from->tensor;
    to->addr = whole->tensor.addr;
    to->size = whole->tensor.size;
    to->owner = whole->tensor.owner;
    to->hint = whole->tensor.hint;
    to->lease = whole->tensor.lease;
    to->start_offset = from->tensor.start_offset + whole->moved; /* not +=: what was just written is not read again */
}

/* template_payload.c: the recording is over: writes the payloads that replays with the same tensors can share, as long as
 * there is room. Pre: the tensors at hand are still the recording's. */
void template_payloads_keep(struct templates *templates, const struct template_body *body);

/* template_replay.c: the body once more, for the tensors at hand. */
npurt_status template_replay(struct graph *graph, struct template_body *body);

/* ---- template_cell.c */

/* The recording is over: finds the body's cells. Without room for them it has none. */
void template_cells_find(struct templates *templates, struct template_body *body);
/* Of the tensors at hand (bit i, tensor i) those that share bytes with another; or, without `bytes`, whose first and last
 * byte lie around one of another's. */
uint64_t template_shared_tensors(const struct templates *templates, uint64_t tensors, bool bytes);
/* Before a replay: which of the tensors at hand are accessed by their cells, and where these are in the tensor map. */
void template_cells_begin(struct graph *graph, struct template_body *body);
/* After it, and after the recording: the tensor map is told what the body has done to cells; or it tells which
 * tensors have such. */
void template_cells_end(struct graph *graph, struct template_body *body);

#endif
