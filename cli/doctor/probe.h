/* What the doctor's kernels write and its orchestration submits, shared with the command that checks both.
 *
 * One row per core that ran: who it is, and two results over the PROBE_WORDS words of the input. Every number is exact, so
 * that the host can compute it in its own way and compare for equality. */
#ifndef CLI_DOCTOR_PROBE_H
#define CLI_DOCTOR_PROBE_H

enum { PROBE_WORDS = 64, PROBE_ROW = 16 };

/* Columns of a row, u32 each. */
enum {
    PROBE_MARK,  /* PROBE_MARK_XOR ^ nonce: the row was written in this run */
    PROBE_CORE,  /* npurt_kernel_core() */
    PROBE_TYPE,  /* npurt_core that the kernel was loaded for */
    PROBE_BLOCK,
    PROBE_SUB_BLOCK,
    PROBE_HASH, /* h = nonce; for each word: h = (h ^ word) * 16777619 */
    PROBE_SUM,  /* bits of the binary32 sum of (word mod 256) * (index + 1): below 2^24, so exact */
};
#define PROBE_MARK_XOR 0x600dc0deu

enum { PROBE_KERNEL_AIC, PROBE_KERNEL_AIV };

/* Scalar 0; scalar 1: count, scalar 2: nonce. Tensors: words (input), rows (output). */
enum {
    PROBE_AIC_BLOCKS, /* one task of `count` blocks */
    PROBE_AIV_BLOCKS,
    PROBE_MIX_BLOCKS, /* row 3 * block + slot, slot 0 the AIC, 1 and 2 the AIVs */
    PROBE_TASKS,      /* `count` tasks on AIVs that do not depend on each other */
};

#endif
