/* Each core says who it is in a line of its own. Tensor: lines. Scalars: the task's first line, cores per block, first
 * line of the task before (none: the same as its own). */
#include <npurt/kernel.h>

#include "../layout.h"

NPURT_KERNEL void cube_line(NPURT_GM int64_t *args);
NPURT_KERNEL void vector_line(NPURT_GM int64_t *args);

static void write_line(NPURT_GM int64_t *args, uint32_t core)
{
    NPURT_GM float *lines = npurt_kernel_data(npurt_kernel_tensor(args, 0));
    uint64_t first = npurt_kernel_u64(args, 0), cores = npurt_kernel_u64(args, 1),
             before = npurt_kernel_u64(args, 2);
    uint32_t block = (uint32_t)npurt_kernel_block_idx(args);
    float depth = before == first ? 0 : lines[before * SPMD_LINE + SPMD_DEPTH] + 1;
    NPURT_GM float *line = lines + (first + block * cores + core) * SPMD_LINE;
    line[SPMD_BLOCK] = (float)block;
    line[SPMD_BLOCKS] = (float)npurt_kernel_block_num(args);
    line[SPMD_SUB_BLOCK] = (float)npurt_kernel_sub_block(args);
    line[SPMD_DEPTH] = depth;
    for (uint32_t i = SPMD_BLOCK_AGAIN; i < SPMD_LINE; i++)
        line[i] = (float)block;
}

void cube_line(NPURT_GM int64_t *args)
{
    write_line(args, 0);
}

void vector_line(NPURT_GM int64_t *args)
{
    bool mix = npurt_kernel_u64(args, 1) > 1;
    write_line(args, mix ? 1 + (uint32_t)npurt_kernel_sub_block(args) : 0);
}
