/* What orchestration and kernels of paged attention agree on. Arguments of the call:
 *     q      bf16 [batch·heads, dim]
 *     keys   bf16 [pages·block, dim]     page p holds rows p·block …
 *     values bf16 [pages·block, dim]
 *     table  u32  [batch, blocks]        block j of a sequence lies in page table[sequence][j]
 *     out    bf16 [batch·heads, dim]
 * Scalars: heads, block, softmax scale (f32), then one context length for all sequences, or one for each.
 *
 * The running state of a sequence is one f32 [heads, dim + 2] tensor: sums of weighted values, then the row's maximum,
 * then its sum of weights. A block's statistics are f32 [2, heads]: maxima, then sums. */
#ifndef PAGED_ATTENTION_LAYOUT_H
#define PAGED_ATTENTION_LAYOUT_H

enum { QK = 0, SOFTMAX = 1, PV = 2, UPDATE = 3 };
enum { UPDATE_FIRST = 1, UPDATE_LAST = 2 };

#endif
