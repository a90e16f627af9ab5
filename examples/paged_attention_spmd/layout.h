/* What orchestration and kernels of attention on whole clusters agree on. The call's arguments are paged_attention's.
 *
 * One MIX task, a block per sequence. Its cube core and its two vector cores work on one run of cache blocks after the
 * other and hand results over in global memory:
 *
 *     cube      QK(0) QK(1)      PV(0) QK(2)      PV(1) …
 *     vector          softmax(0)       update(0) softmax(1) …        each for half of the heads
 *
 * FLAGS: a word, in a line of its own, per hand-over of a block: how many runs have been handed over. Scores lie in two
 * places in turn, because the next run's are computed while the last one's are read; the rest has one. */
#ifndef PAGED_ATTENTION_SPMD_LAYOUT_H
#define PAGED_ATTENTION_SPMD_LAYOUT_H

#include "../paged_attention/layout.h"

enum { CLEAR, CUBE, VECTOR }; /* kernel ids */

enum {
    PIPE_Q,
    PIPE_KEYS,
    PIPE_VALUES,
    PIPE_TABLE,
    PIPE_FLAGS,   /* u32 [batch·FLAG_COUNT, FLAG_LINE] */
    PIPE_SCORES,  /* f32 [batch·2·heads, width] */
    PIPE_WEIGHTS, /* bf16 [batch·heads, width] */
    PIPE_PARTIAL, /* f32 [batch·heads, dim] */
    PIPE_OUT
};
enum { PIPE_BLOCK, PIPE_HEADS, PIPE_SCALE, PIPE_LENGTH_COUNT, PIPE_LENGTHS }; /* scalars; one length, or one for each */
enum { FLAG_SCORES, FLAG_WEIGHTS, FLAG_PARTIAL = FLAG_WEIGHTS + 2, FLAG_COUNT, FLAG_LINE = 16 };

#endif
