/* What the scalars of a task say (layout.h), for kernels. */
#ifndef PAGED_ATTENTION_STEP_H
#define PAGED_ATTENTION_STEP_H

#include <npurt/kernel.h>

#include "../layout.h"

struct step {
    NPURT_GM const int64_t *args;
    uint32_t first, block, heads;
};

static inline struct step step_of(NPURT_GM const int64_t *args)
{
    struct step step;
    step.args = args;
    step.first = npurt_kernel_u32(args, STEP_FIRST);
    step.block = npurt_kernel_u32(args, STEP_BLOCK);
    step.heads = npurt_kernel_u32(args, STEP_HEADS);
    return step;
}

static inline float step_scale(const struct step *step)
{
    return npurt_kernel_f32(step->args, STEP_SCALE);
}

/* Tokens of sequence s from the task's first block on; 0: it has ended before. */
static inline uint32_t step_rest(const struct step *step, uint32_t s)
{
    uint32_t length = npurt_kernel_u32(step->args, STEP_LENGTHS + s), before = step->first * step->block;
    return length > before ? length - before : 0;
}

/* Those of them that lie in the task's `width` tokens. */
static inline uint32_t step_valid(const struct step *step, uint32_t s, uint32_t width)
{
    uint32_t rest = step_rest(step, s);
    return rest < width ? rest : width;
}

#endif
