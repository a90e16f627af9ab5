/* What golden, orchestration and kernels of spmd agree on.
 *
 * The call has one tensor, f32 [lines, 16]: a line is one cache line. Each core of each block of each task writes a line
 * of its own; a task's lines follow those of the task before, a block's lines are AIC, AIV0, AIV1 or the one AIV.
 * One scalar per task: blocks << SPMD_BLOCKS_SHIFT, and the flags. */
#ifndef SPMD_LAYOUT_H
#define SPMD_LAYOUT_H

enum { SPMD_MIX = 1 /* all cores of a cluster; else one AIV */, SPMD_SYNC = 2 /* blocks start together */,
       SPMD_BLOCKS_SHIFT = 2 };

/* A line: 4 numbers of its writer, then the block's again to its end. SPMD_DEPTH counts the tasks before it: a task reads
 * it from the first line of the task before and adds 1. */
enum { SPMD_BLOCK, SPMD_BLOCKS, SPMD_SUB_BLOCK, SPMD_DEPTH, SPMD_BLOCK_AGAIN, SPMD_LINE = 16 };

#endif
