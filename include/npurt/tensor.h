/* Tensor descriptors, as orchestrations submit them and kernels receive them.
 *
 * A tensor is a strided view of a device buffer: element (i0, …) lies at
 *     addr + (start_offset + sum(i_d * strides[d])) * npurt_dtype_size(dtype).
 * Views, slices, transposes and reshapes make new descriptors over the same buffer and never copy data. The 128-byte
 * layout is byte-compatible with the reference runtime's (docs/reference/runtime-abi.md), so that kernels built for it
 * can read ours. Strides are positive and in elements; there is no broadcast stride 0.
 *
 * The functions below never fail, and are exact wherever the descriptor can hold the result. A stride that does not fit its
 * 32 bits is set to 0; an offset, extent or size that does not fit 64 bits is UINT64_MAX; an impossible dimension leaves a
 * tensor of 0 dimensions. Each of these is no tensor of any buffer: a submission with it is refused (INVALID_ARGUMENT), and
 * the message names the argument and the dimension.
 */
#ifndef NPURT_TENSOR_H
#define NPURT_TENSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#define NPURT_STATIC_ASSERT static_assert
#else
#define NPURT_STATIC_ASSERT _Static_assert
#endif

enum { NPURT_MAX_DIMS = 5 };

/* Element types. The numbers are the reference runtime's. */
typedef enum npurt_dtype {
    NPURT_F32 = 0, NPURT_F16 = 1, NPURT_I32 = 2, NPURT_I16 = 3, NPURT_I8 = 4, NPURT_U8 = 5, NPURT_BF16 = 6,
    NPURT_I64 = 7, NPURT_U64 = 8, NPURT_U16 = 9, NPURT_U32 = 10,
    NPURT_DTYPE_COUNT = 11
} npurt_dtype;

/* Size of one element in bytes; 0 for an unknown type. */
static inline uint32_t npurt_dtype_size(npurt_dtype dtype)
{
    static const uint8_t size[NPURT_DTYPE_COUNT] = {4, 2, 4, 2, 1, 1, 2, 8, 8, 2, 4};
    return (uint32_t)dtype < NPURT_DTYPE_COUNT ? size[dtype] : 0;
}

/* A task's number: (ring << 32) | index. */
typedef uint64_t npurt_task_id;
#define NPURT_TASK_NONE UINT64_MAX

typedef struct npurt_tensor {
    /* first cache line */
    uint64_t addr;         /* device address of the buffer (not of the first element) */
    uint64_t size;         /* of the buffer, bytes */
    npurt_task_id owner;   /* the task that allocated the buffer, NPURT_TASK_NONE for an outside buffer */
    uint64_t start_offset; /* elements */
    int32_t version;
    uint32_t ndims;        /* 1 … NPURT_MAX_DIMS */
    uint8_t dtype;         /* npurt_dtype */
    uint8_t manual_dep;    /* 1: dependencies are not looked up for this tensor */
    uint8_t is_contiguous;
    uint8_t reserved0;
    uint32_t shape[NPURT_MAX_DIMS];
    /* second cache line */
    uint64_t extent;       /* elements from the first to one past the last: 1 + sum((shape-1)*stride) */
    uint32_t strides[NPURT_MAX_DIMS]; /* elements, not 0; of a dimension of one element any */
    uint32_t hint;         /* of the graph engine: where it keeps this buffer; 0 unknown. Views take it along */
    uint32_t lease;        /* of the graph engine: tells this buffer from an earlier one in the same place; 0 unknown */
    uint8_t reserved1[28];
} npurt_tensor;

NPURT_STATIC_ASSERT(sizeof(npurt_tensor) == 128, "tensor descriptor");
NPURT_STATIC_ASSERT(offsetof(npurt_tensor, owner) == 16, "tensor descriptor");
NPURT_STATIC_ASSERT(offsetof(npurt_tensor, start_offset) == 24, "tensor descriptor");
NPURT_STATIC_ASSERT(offsetof(npurt_tensor, dtype) == 40, "tensor descriptor");
NPURT_STATIC_ASSERT(offsetof(npurt_tensor, shape) == 44, "tensor descriptor");
NPURT_STATIC_ASSERT(offsetof(npurt_tensor, extent) == 64, "tensor descriptor");
NPURT_STATIC_ASSERT(offsetof(npurt_tensor, strides) == 72, "tensor descriptor");

/* a + b, and a * b, of offsets and sizes: UINT64_MAX when they do not fit 64 bits. */
static inline uint64_t npurt_tensor_sum(uint64_t a, uint64_t b) { return a > UINT64_MAX - b ? UINT64_MAX : a + b; }
static inline uint64_t npurt_tensor_product(uint64_t a, uint64_t b)
{
    uint64_t product;
    return __builtin_mul_overflow(a, b, &product) ? UINT64_MAX : product;
}

/* Sets shape and row-major strides, and is_contiguous; `ndims` is at most NPURT_MAX_DIMS. Returns the number of elements. */
static inline uint64_t npurt_tensor_pack(npurt_tensor *t, uint32_t ndims, const uint32_t *shape)
{
    uint64_t n = 1;
    t->is_contiguous = 1;
    for (uint32_t d = ndims; d-- > 0;) {
        t->shape[d] = shape[d];
        t->strides[d] = (uint32_t)n;
        if (n > UINT32_MAX) {
            t->strides[d] = shape[d] == 1;
            if (shape[d] != 1) t->is_contiguous = 0;
        }
        n = npurt_tensor_product(n, shape[d]);
    }
    return n;
}

/* Sets *t to a contiguous row-major tensor over a whole buffer at `addr`. `shape` has `ndims` entries. */
static inline void npurt_tensor_init(npurt_tensor *t, uint64_t addr, npurt_dtype dtype, uint32_t ndims,
                                     const uint32_t *shape)
{
    /* Every field in order: C++17 knows no designated initializers. */
    npurt_tensor whole = {addr, 0, NPURT_TASK_NONE, 0, 0, ndims, (uint8_t)dtype, 0, 1, 0, {0}, 0, {0}, 0, 0, {0}};
    *t = whole;
    if (ndims > NPURT_MAX_DIMS) {
        t->ndims = 0;
        return;
    }
    t->extent = npurt_tensor_pack(t, ndims, shape);
    t->size = npurt_tensor_product(t->extent, npurt_dtype_size(dtype));
}

/* Number of elements of the view. */
static inline uint64_t npurt_tensor_elements(const npurt_tensor *t)
{
    uint64_t n = 1;
    for (uint32_t d = 0; d < t->ndims; d++) {
        if (t->shape[d] == 0) return 0;
        n = npurt_tensor_product(n, t->shape[d]);
    }
    return n;
}

/* Where element `index` (t->ndims entries, inside of the shape) lies in the buffer: bytes from t->addr. */
static inline uint64_t npurt_tensor_element(const npurt_tensor *t, const uint32_t *index)
{
    uint64_t at = t->start_offset;
    for (uint32_t d = 0; d < t->ndims; d++)
        at = npurt_tensor_sum(at, (uint64_t)index[d] * t->strides[d]);
    return npurt_tensor_product(at, npurt_dtype_size((npurt_dtype)t->dtype));
}

/* Recomputes extent and is_contiguous after shape or strides were set by hand. */
static inline void npurt_tensor_refresh(npurt_tensor *t)
{
    uint64_t extent = 1, dense = 1;
    bool contiguous = true;
    t->extent = 0;
    t->is_contiguous = 1;
    for (uint32_t d = 0; d < t->ndims; d++)
        if (t->shape[d] == 0) return;
    for (uint32_t d = t->ndims; d-- > 0;) {
        if (t->strides[d] == 0 || (t->shape[d] != 1 && t->strides[d] != dense)) contiguous = false;
        extent = npurt_tensor_sum(extent, (uint64_t)(t->shape[d] - 1) * t->strides[d]);
        dense = npurt_tensor_product(dense, t->shape[d]);
    }
    t->extent = extent;
    t->is_contiguous = contiguous;
}

/* The box of `shape` elements at `offset` (both of t->ndims entries) inside *t. The caller keeps it inside: a
 * submission with a tensor that leaves its buffer is refused. */
static inline npurt_tensor npurt_tensor_view(const npurt_tensor *t, const uint32_t *shape, const uint32_t *offset)
{
    npurt_tensor v = *t;
    for (uint32_t d = 0; d < t->ndims; d++) {
        v.start_offset = npurt_tensor_sum(v.start_offset, (uint64_t)offset[d] * t->strides[d]);
        v.shape[d] = shape[d];
    }
    npurt_tensor_refresh(&v);
    return v;
}

/* Elements start, start+step, … below end of dimension `dim`; step >= 1 (0 is taken for a stride of 0). */
static inline npurt_tensor npurt_tensor_slice(const npurt_tensor *t, uint32_t dim, uint32_t start, uint32_t end,
                                              uint32_t step)
{
    npurt_tensor v = *t;
    if (dim >= t->ndims || dim >= NPURT_MAX_DIMS) {
        v.ndims = 0;
        return v;
    }
    const uint64_t stride = (uint64_t)t->strides[dim] * step;
    v.start_offset = npurt_tensor_sum(v.start_offset, (uint64_t)start * t->strides[dim]);
    v.shape[dim] = end <= start ? 0 : step == 0 ? end - start : 1 + (end - start - 1) / step;
    v.strides[dim] = stride <= UINT32_MAX ? (uint32_t)stride : v.shape[dim] == 1 ? t->strides[dim] : 0;
    npurt_tensor_refresh(&v);
    return v;
}

/* Dimensions x and y exchanged. */
static inline npurt_tensor npurt_tensor_transpose(const npurt_tensor *t, uint32_t x, uint32_t y)
{
    npurt_tensor v = *t;
    if (x >= t->ndims || y >= t->ndims || x >= NPURT_MAX_DIMS || y >= NPURT_MAX_DIMS) {
        v.ndims = 0;
        return v;
    }
    v.shape[x] = t->shape[y]; v.strides[x] = t->strides[y];
    v.shape[y] = t->shape[x]; v.strides[y] = t->strides[x];
    npurt_tensor_refresh(&v);
    return v;
}

/* A contiguous tensor seen in another shape of as many elements. Returns false, *out untouched, when the source is not
 * contiguous or the element counts differ. */
static inline bool npurt_tensor_reshape(const npurt_tensor *t, uint32_t ndims, const uint32_t *shape, npurt_tensor *out)
{
    if (ndims < 1 || ndims > NPURT_MAX_DIMS || t->ndims < 1 || t->ndims > NPURT_MAX_DIMS || !t->is_contiguous) return false;
    npurt_tensor v = *t;
    v.ndims = ndims;
    (void)npurt_tensor_pack(&v, ndims, shape);
    const uint64_t n = npurt_tensor_elements(&v);
    if (n == UINT64_MAX || n != npurt_tensor_elements(t)) return false;
    npurt_tensor_refresh(&v);
    *out = v;
    return true;
}

#ifdef __cplusplus
}
#endif
#endif
