/* A block's part of the task: its sequence and its places for hand-overs. */
#ifndef PAGED_ATTENTION_SPMD_PIPE_H
#define PAGED_ATTENTION_SPMD_PIPE_H

#include <npurt/kernel.h>

#include "../layout.h"

struct pipe {
    NPURT_GM const uint32_t *pages;
    NPURT_GM uint32_t *flags;
    NPURT_GM float *scores, *partial;
    NPURT_GM uint16_t *weights;
    uint32_t sequence, length, block, heads, dim, width, runs;
};

static inline struct pipe pipe_of(NPURT_GM const int64_t *args)
{
    NPURT_GM const npurt_tensor *q = npurt_kernel_tensor(args, PIPE_Q), *table = npurt_kernel_tensor(args, PIPE_TABLE);
    struct pipe pipe;
    pipe.sequence = (uint32_t)npurt_kernel_block_idx(args);
    const bool one_length = npurt_kernel_u32(args, PIPE_LENGTH_COUNT) == 1;
    pipe.length = npurt_kernel_u32(args, PIPE_LENGTHS + (one_length ? 0 : pipe.sequence));
    pipe.block = npurt_kernel_u32(args, PIPE_BLOCK);
    pipe.heads = npurt_kernel_u32(args, PIPE_HEADS);
    pipe.dim = q->shape[q->ndims - 1];
    pipe.width = npurt_kernel_tensor(args, PIPE_SCORES)->shape[1];
    pipe.runs = (pipe.length + pipe.width - 1) / pipe.width;
    pipe.pages = (NPURT_GM const uint32_t *)npurt_kernel_data(table) + (size_t)pipe.sequence * table->strides[0];
    pipe.flags = (NPURT_GM uint32_t *)npurt_kernel_data(npurt_kernel_tensor(args, PIPE_FLAGS)) +
                 (size_t)pipe.sequence * FLAG_COUNT * FLAG_LINE;
    pipe.scores = (NPURT_GM float *)npurt_kernel_data(npurt_kernel_tensor(args, PIPE_SCORES)) +
                  (size_t)pipe.sequence * 2 * pipe.heads * pipe.width;
    pipe.weights = (NPURT_GM uint16_t *)npurt_kernel_data(npurt_kernel_tensor(args, PIPE_WEIGHTS)) +
                   (size_t)pipe.sequence * pipe.heads * pipe.width;
    pipe.partial = (NPURT_GM float *)npurt_kernel_data(npurt_kernel_tensor(args, PIPE_PARTIAL)) +
                   (size_t)pipe.sequence * pipe.heads * pipe.dim;
    return pipe;
}

/* Tokens of run r. */
static inline uint32_t pipe_valid(const struct pipe *pipe, uint32_t r)
{
    uint32_t rest = pipe->length - r * pipe->width;
    return rest < pipe->width ? rest : pipe->width;
}
static inline NPURT_GM const uint32_t *pipe_pages(const struct pipe *pipe, uint32_t r)
{
    return pipe->pages + r * (pipe->width / pipe->block);
}
static inline NPURT_GM float *pipe_scores(const struct pipe *pipe, uint32_t r)
{
    return pipe->scores + (size_t)(r & 1) * pipe->heads * pipe->width;
}

/* Hands `size` bytes over as those of one more run, `runs` in all. */
static inline void pipe_push(const struct pipe *pipe, uint32_t flag, NPURT_GM const void *data, size_t size, uint32_t runs)
{
    npurt_kernel_clean(data, size);
    npurt_kernel_publish(pipe->flags + (size_t)flag * FLAG_LINE, runs);
}
/* Waits until `runs` runs have been handed over; then `size` bytes of the last can be read. */
static inline void pipe_pop(const struct pipe *pipe, uint32_t flag, NPURT_GM const void *data, size_t size, uint32_t runs)
{
    while (npurt_kernel_observe(pipe->flags + (size_t)flag * FLAG_LINE) < runs)
        npurt_kernel_pause();
    npurt_kernel_invalidate(data, size);
}

#endif
