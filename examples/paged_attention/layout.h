/* What golden, orchestration and kernels of paged attention agree on. Arguments of the call:
 *     q      bf16 [batch·heads, dim], or [batch, 1, heads, dim]
 *     keys   bf16 [pages·block, dim], or [pages, block, 1, dim]     page p holds rows p·block …
 *     values bf16 like keys
 *     table  u32  [batch, blocks]        block j of a sequence lies in page table[sequence][j]
 *     out    bf16 like q
 * Scalars: those named below, then one context length for all sequences, or one for each.
 *
 * A task works on a group of sequences and on a run of their blocks. All four kernels have the same scalars, in the order
 * of enum step_scalar. A "row" is one head of one sequence of the group; a run is `width` = blocks · block tokens wide:
 *     scores f32 [rows, width] · weights bf16 [rows, width] · statistics f32 [rows, 2], maximum and sum of weights
 *     partial f32 [rows, dim] · state f32 [rows, dim + 2], sums of weighted values, maximum, sum of weights */
#ifndef PAGED_ATTENTION_LAYOUT_H
#define PAGED_ATTENTION_LAYOUT_H

enum { QK = 0, SOFTMAX = 1, PV = 2, UPDATE = 3 };

/* Of the call. */
enum {
    CALL_HEADS,
    CALL_BLOCK,  /* tokens of a page */
    CALL_SCALE,  /* of scores, f32 */
    CALL_GROUP,  /* sequences of one task, at most MAX_GROUP */
    CALL_RUN,    /* blocks of one task */
    CALL_MANUAL, /* 1: dependencies are named, not found */
    CALL_LENGTHS
};

/* Of a task. STEP_LENGTHS: the context length of each sequence of the group. */
enum step_scalar { STEP_FIRST /* block */, STEP_BLOCK, STEP_HEADS, STEP_SCALE, STEP_LENGTHS };

enum { MAX_GROUP = 16 };

#endif
