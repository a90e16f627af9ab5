/* What two accesses have in common, byte by byte: knows neither boxes nor regions. */
#ifndef NPURT_TESTS_GRAPH_ORACLE_H
#define NPURT_TESTS_GRAPH_ORACLE_H

#include "tensors.h"

#include <stdbool.h>

enum { ORACLE_TASKS = 64, ORACLE_BUFFERS = 2, ORACLE_SPACE = 4096 };

/* Which tasks have read and written each byte so far: bit i is task i. */
struct oracle_bytes {
    uint64_t read[ORACLE_BUFFERS][ORACLE_SPACE], written[ORACLE_BUFFERS][ORACLE_SPACE];
};

enum family {
    NESTED, /* boxes cut from one array per buffer, and dense ranges: comparisons are exact */
    ANY,    /* also steps, other shapes over the same buffer, and strides that overlap themselves */
    RENAMED = 2, /* or with one of these: every tensor's bytes come under an address of their own */
};

static inline npurt_tensor oracle_tensor(enum family family, uint32_t buffer, uint32_t which, uint64_t *seed)
{
    static const struct {
        npurt_dtype dtype;
        uint32_t ndims, shape[NPURT_MAX_DIMS];
    } arrays[] = {{NPURT_U8, 2, {64, 64}}, {NPURT_F32, 2, {16, 32}},       {NPURT_I16, 3, {8, 10, 12}},
                  {NPURT_U8, 1, {1000}},   {NPURT_BF16, 4, {4, 6, 8, 10}}, {NPURT_U8, 5, {3, 4, 5, 6, 7}}};
    npurt_tensor t;
    uint32_t shape[NPURT_MAX_DIMS], offset[NPURT_MAX_DIMS];
    if ((family & 1) == ANY && world_random(seed, 4) == 0) which = world_random(seed, 6);
    npurt_tensor_init(&t, 0x10000 + 0x10000 * buffer, arrays[which].dtype, arrays[which].ndims, arrays[which].shape);
    t.size = ORACLE_SPACE;
    if (which % 2) t.start_offset = 9; /* the array begins somewhere in its buffer */
    uint32_t aligned = world_random(seed, 3);
    for (uint32_t d = 0; d < t.ndims; d++) {
        uint32_t n = t.shape[d], quarter = n / 4 ? n / 4 : 1;
        if (aligned) { /* mostly tiles, so that regions are met again */
            shape[d] = world_random(seed, 8) == 0 ? n : quarter;
            offset[d] = world_random(seed, n / shape[d]) * shape[d];
        } else {
            offset[d] = world_random(seed, n);
            shape[d] = 1 + world_random(seed, n - offset[d]);
        }
    }
    t = npurt_tensor_view(&t, shape, offset);
    if ((family & 1) == ANY) {
        uint32_t d = world_random(seed, t.ndims);
        if (world_random(seed, 4) == 0) t = npurt_tensor_slice(&t, d, 0, t.shape[d], 1 + world_random(seed, 3));
        if (world_random(seed, 16) == 0) t.strides[0] = t.strides[t.ndims - 1]; /* overlaps itself */
        npurt_tensor_refresh(&t);
    }
    return npurt_tensor_transpose(&t, world_random(seed, t.ndims), world_random(seed, t.ndims));
}

/* The same bytes under another address: that of one of their buffer's bytes before them, and with any size that has them all. */
static inline npurt_tensor oracle_renamed(npurt_tensor t, uint64_t *seed)
{
    const uint32_t element = npurt_dtype_size((npurt_dtype)t.dtype);
    const uint64_t down = world_random(seed, 4) ? world_random(seed, (uint32_t)t.start_offset + 1) : t.start_offset;
    t.addr += down * element;
    t.start_offset -= down;
    t.size -= down * element;
    npurt_tensor_refresh(&t);
    const uint64_t least = (t.start_offset + t.extent) * element;
    if (world_random(seed, 2)) t.size = least + world_random(seed, (uint32_t)(t.size - least) + 1);
    return t;
}

/* Adds a task's access to the bytes; returns the tasks it conflicts with. */
static inline uint64_t oracle_touch(struct oracle_bytes *bytes, uint32_t buffer, const npurt_tensor *t, uint32_t task, bool reads,
                      bool writes)
{
    uint32_t at[NPURT_MAX_DIMS] = {0}, element = npurt_dtype_size((npurt_dtype)t->dtype);
    uint64_t conflicts = 0, bit = UINT64_C(1) << task;
    for (;;) {
        uint64_t offset = t->start_offset;
        for (uint32_t d = 0; d < t->ndims; d++)
            offset += (uint64_t)at[d] * t->strides[d];
        for (uint64_t b = offset * element; b < (offset + 1) * element; b++) {
            conflicts |= bytes->written[buffer][b];
            if (writes) conflicts |= bytes->read[buffer][b];
            if (reads) bytes->read[buffer][b] |= bit;
            if (writes) bytes->written[buffer][b] |= bit;
        }
        uint32_t d = t->ndims;
        while (d > 0 && ++at[d - 1] == t->shape[d - 1])
            at[--d] = 0;
        if (d == 0) return conflicts & ~bit;
    }
}

#endif
