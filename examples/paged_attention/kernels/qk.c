/* Scores of each sequence's tokens in the task's blocks; AIC. Tensors: q, keys, page table rows, scores. */
#include "attention.h"
#include "step.h"

NPURT_KERNEL void kernel_entry(NPURT_GM int64_t *args);
void kernel_entry(NPURT_GM int64_t *args)
{
    const struct step step = step_of(args);
    NPURT_GM const npurt_tensor *tq = npurt_kernel_tensor(args, 0), *tp = npurt_kernel_tensor(args, 2),
                                *ts = npurt_kernel_tensor(args, 3);
    NPURT_GM const uint16_t *q = npurt_kernel_data(tq), *keys = npurt_kernel_data(npurt_kernel_tensor(args, 1));
    NPURT_GM const uint32_t *pages = npurt_kernel_data(tp);
    NPURT_GM float *scores = npurt_kernel_data(ts);
    uint32_t dim = tq->shape[tq->ndims - 1], width = ts->shape[1];

    for (uint32_t s = 0; s < tp->shape[0]; s++)
        attention_scores(q + (size_t)s * step.heads * dim, keys, pages + (size_t)s * tp->strides[0] + step.first,
                         step.block, step.heads, dim, step_valid(&step, s, width), width,
                         scores + (size_t)s * step.heads * width);
}
