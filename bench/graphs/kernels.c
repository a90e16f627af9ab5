/* Near-empty kernels: a few loads and stores on one cell each; and one with work of a given amount. */
#include <npurt/kernel.h>

#include "work.h"

static inline NPURT_GM uint32_t *cell(NPURT_GM int64_t *args, uint32_t i)
{
    return npurt_kernel_data(npurt_kernel_tensor(args, i));
}

/* args: inout cell */
NPURT_KERNEL void add_one(NPURT_GM int64_t *args) { *cell(args, 0) += 1; }

/* args: 1, 2 or 3 input cells, then the output cell: the inputs' sum, plus 1 */
NPURT_KERNEL void sum1(NPURT_GM int64_t *args) { *cell(args, 1) = *cell(args, 0) + 1; }
NPURT_KERNEL void sum2(NPURT_GM int64_t *args) { *cell(args, 2) = *cell(args, 0) + *cell(args, 1) + 1; }
NPURT_KERNEL void sum3(NPURT_GM int64_t *args)
{
    *cell(args, 3) = *cell(args, 0) + *cell(args, 1) + *cell(args, 2) + 1;
}

/* args: 3 input cells, the output cell, turns: sum3 after so much work */
NPURT_KERNEL void work3(NPURT_GM int64_t *args)
{
    work(npurt_kernel_u32(args, 0));
    sum3(args);
}

/* args: inout cell, scalar */
NPURT_KERNEL void add_scalar(NPURT_GM int64_t *args) { *cell(args, 0) += npurt_kernel_u32(args, 0); }
