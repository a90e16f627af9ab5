/* The one operation of random graphs, exact in 32-bit integers and sensitive to every order that matters: an output
 * element becomes (old · 0x9e3779b1 when kept) + mixture, where the mixture depends on all elements of all inputs. So a
 * task that sees anything but what its predecessors left, or that runs on the wrong side of another writer, changes the
 * result.
 *
 * Entries inputsN_outputsM, for N views read and M written. Scalars: salt, mode (generator.h). The rows of an output
 * are dealt out to the blocks and, inside a block, to the cores that run. */
#ifndef RANDOM_GRAPH_MIX_H
#define RANDOM_GRAPH_MIX_H

#include <npurt/kernel.h>

#include "../generator.h"

static inline NPURT_GM uint32_t *element(NPURT_GM const npurt_tensor *t, uint32_t row, uint32_t column)
{
    return (NPURT_GM uint32_t *)npurt_kernel_data(t) + (size_t)row * t->strides[0] +
           (t->ndims > 1 ? (size_t)column * t->strides[1] : 0);
}
static inline uint32_t columns_of(NPURT_GM const npurt_tensor *t)
{
    return t->ndims > 1 ? t->shape[1] : 1;
}

/* Depends on the value of every element and on its place. */
static inline uint32_t digest(NPURT_GM const npurt_tensor *t, uint32_t input)
{
    uint32_t sum = 0, odd = 2 * input + 1;
    for (uint32_t row = 0; row < t->shape[0]; row++)
        for (uint32_t column = 0; column < columns_of(t); column++, odd += 2)
            sum += *element(t, row, column) * odd;
    return (sum ^ (sum >> 15)) * 0x85ebca6bu;
}

static inline void mix(NPURT_GM int64_t *args, uint32_t inputs, uint32_t outputs, uint32_t own_slot)
{
    const uint32_t salt = npurt_kernel_u32(args, 0);
    const uint32_t mode = npurt_kernel_u32(args, 1);
    const uint32_t slots = mode >> MODE_SLOTS_SHIFT, before = slots & ((1u << own_slot) - 1);
    const uint32_t cores = (slots & 1) + (slots >> 1 & 1) + (slots >> 2 & 1);
    const uint32_t own_core = (before & 1) + (before >> 1 & 1);
    const uint32_t lanes = cores * (uint32_t)npurt_kernel_block_num(args);
    const uint32_t lane = cores * (uint32_t)npurt_kernel_block_idx(args) + own_core;

    uint32_t all = salt;
    for (uint32_t i = 0; i < inputs; i++)
        all = all * 31 + digest(npurt_kernel_tensor(args, i), i);
    for (uint32_t o = 0; o < outputs; o++) {
        NPURT_GM const npurt_tensor *t = npurt_kernel_tensor(args, inputs + o);
        const uint32_t columns = columns_of(t);
        for (uint32_t row = lane; row < t->shape[0]; row += lanes) {
            for (uint32_t column = 0; column < columns; column++) {
                NPURT_GM uint32_t *to = element(t, row, column);
                uint32_t mixture = (all ^ (row * columns + column)) * 0xc2b2ae35u + o;
                *to = mode & (uint32_t)MODE_KEEP << o ? *to * 0x9e3779b1u + mixture : mixture;
            }
        }
    }
}

#define MIX_ENTRY(n, m, own_slot)                                                                                      \
    NPURT_KERNEL void inputs##n##_outputs##m(NPURT_GM int64_t *args);                                                  \
    void inputs##n##_outputs##m(NPURT_GM int64_t *args)                                                                \
    {                                                                                                                  \
        mix(args, n, m, own_slot);                                                                                     \
    }
#define MIX_ENTRIES(own_slot)                                                                                          \
    MIX_ENTRY(0, 1, own_slot)                                                                                          \
    MIX_ENTRY(0, 2, own_slot)                                                                                          \
    MIX_ENTRY(1, 1, own_slot)                                                                                          \
    MIX_ENTRY(1, 2, own_slot)                                                                                          \
    MIX_ENTRY(2, 1, own_slot)                                                                                          \
    MIX_ENTRY(2, 2, own_slot)                                                                                          \
    MIX_ENTRY(3, 1, own_slot)                                                                                          \
    MIX_ENTRY(3, 2, own_slot)

#endif
