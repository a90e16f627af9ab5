/* The doctor's kernels: whoever runs them says who it is, and computes something that can be checked. */
#include <npurt/kernel.h>
#include "probe.h"

NPURT_KERNEL void probe_aic(NPURT_GM int64_t *args);
NPURT_KERNEL void probe_aiv(NPURT_GM int64_t *args);

static void write_row(NPURT_GM int64_t *args, uint32_t type)
{
    NPURT_GM const uint32_t *words = npurt_kernel_data(npurt_kernel_tensor(args, 0));
    const uint32_t nonce = npurt_kernel_u32(args, 0), slots = npurt_kernel_u32(args, 1);
    const uint32_t block = (uint32_t)npurt_kernel_block_idx(args), sub_block = (uint32_t)npurt_kernel_sub_block(args);
    const uint32_t slot = slots == 3 ? type + sub_block : 0; /* AIC 0, AIV0 1, AIV1 2 */
    NPURT_GM uint32_t *row = npurt_kernel_data(npurt_kernel_tensor(args, 1));
    union {
        float f;
        uint32_t u;
    } sum = {.f = 0};
    uint32_t hash = nonce;

    row += (block * slots + slot) * PROBE_ROW;
    for (uint32_t i = 0; i < PROBE_WORDS; i++) {
        hash = (hash ^ words[i]) * 16777619u;
        sum.f += (float)(words[i] & 255) * (float)(i + 1);
    }
    row[PROBE_CORE] = (uint32_t)npurt_kernel_core();
    row[PROBE_TYPE] = type;
    row[PROBE_BLOCK] = block;
    row[PROBE_SUB_BLOCK] = sub_block;
    row[PROBE_HASH] = hash;
    row[PROBE_SUM] = sum.u;
    row[PROBE_MARK] = PROBE_MARK_XOR ^ nonce;
}

void probe_aic(NPURT_GM int64_t *args)
{
    write_row(args, 0);
}

void probe_aiv(NPURT_GM int64_t *args)
{
    write_row(args, 1);
}
