/* Boxes: the bytes that a tensor touches in its buffer, in a canonical form that can be compared.
 *
 * A box is `run` contiguous bytes, repeated along up to five outer dimensions: count rows, pitch bytes apart, outermost
 * (largest pitch) first. Dimensions of one row are dropped and dimensions that continue each other are merged, so that
 * a view, its transpose and its reshape have the same box. A box without outer dimensions is dense.
 *
 * A box is regular when the rows of each dimension lie beside each other: what is inside a row is not longer than the
 * pitch. Between two regular boxes box_meets is exact whenever, at each pitch, the rows of both fit into that pitch:
 * that is so for all boxes cut from one array, and for a dense box against any other. Where it can not tell it says
 * yes.
 */
#ifndef NPURT_GRAPH_REGION_H
#define NPURT_GRAPH_REGION_H

#include <stdbool.h>
#include <npurt/tensor.h>

struct box_dim {
    uint64_t pitch; /* bytes */
    uint32_t count; /* >= 2 */
    uint32_t reserved;
};

struct box {
    uint64_t lo, hi; /* bytes from the start of the buffer: the first one, one past the last one */
    uint64_t run;
    uint32_t outer;     /* dimensions in use, 0: dense */
    uint32_t irregular; /* 1: rows overlap or interleave; only lo and hi can be relied on */
    struct box_dim dim[NPURT_MAX_DIMS];
};

/* Offsets and extents beyond this are outside any buffer; with it no sum of six of them times 8 overflows. */
enum { BOX_REACH_BITS = 56 };

/* What is wrong with a tensor. */
enum box_problem { BOX_OK, BOX_BAD_DTYPE, BOX_BAD_NDIMS, BOX_EMPTY, BOX_STRIDE_ZERO, BOX_OUTSIDE };

/* Checks *t and computes its box. Costs one pass over the dimensions when *t is dense in order; dim[] is then left as
 * it was. extent and is_contiguous of *t are not read: they are the caller's and may be stale. */
enum box_problem box_of_tensor(const npurt_tensor *t, struct box *box);

/* The dimension that a problem is about: the innermost one with a size, or a stride, of 0. */
static inline uint32_t box_problem_dimension(const npurt_tensor *t, enum box_problem problem)
{
    uint32_t d = t->ndims - 1;
    while (d > 0 && (problem == BOX_EMPTY ? t->shape[d] : t->strides[d]) != 0)
        d--;
    return d;
}

/* The same for a tensor that is dense in order, which most are; false: it is not, or something is wrong with it. */
static inline bool box_of_dense(const npurt_tensor *t, struct box *box)
{
    const uint64_t element = npurt_dtype_size((npurt_dtype)t->dtype);
    uint64_t run = 1;
    if (t->ndims - 1 >= NPURT_MAX_DIMS) return false;
    for (uint32_t d = t->ndims; d-- > 0;) {
        if (t->strides[d] != run) return false; /* so that run has 32 bits here, and 64 below */
        run *= t->shape[d];
    }
    if (run == 0 || (run | t->start_offset) >> BOX_REACH_BITS != 0) return false;
    box->lo = t->start_offset * element;
    box->run = run * element;
    box->hi = box->lo + box->run;
    box->outer = box->irregular = 0;
    return element != 0 && box->hi <= t->size;
}

/* The same box where it begins `shift` bytes further on. */
static inline struct box box_moved(const struct box *box, uint64_t shift)
{
    struct box moved = *box;
    moved.lo += shift;
    moved.hi += shift;
    return moved;
}

/* A borrowed box in parts, as the tensor map keeps it. */
struct box_view {
    uint64_t lo, hi, run;
    const struct box_dim *dim;
    uint32_t outer, irregular;
};

static inline struct box_view box_view_of(const struct box *b)
{
    return (struct box_view){b->lo, b->hi, b->run, b->dim, b->outer, b->irregular};
}

/* Same bytes. May say no to two irregular boxes of the same bytes. */
static inline bool box_equal(const struct box_view *a, const struct box_view *b)
{
    if (a->lo != b->lo || a->hi != b->hi || a->run != b->run || a->outer != b->outer) return false;
    for (uint32_t d = 0; d < a->outer; d++)
        if (a->dim[d].pitch != b->dim[d].pitch || a->dim[d].count != b->dim[d].count) return false;
    return true;
}
/* A byte in common; yes when it can not tell. */
bool box_meets(const struct box_view *a, const struct box_view *b);
/* Every byte of b is one of a; no when it can not tell. */
bool box_covers(const struct box_view *a, const struct box_view *b);

#endif
