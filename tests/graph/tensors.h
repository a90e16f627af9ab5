/* Tensors over made-up addresses, and numbers from a seed. */
#ifndef NPURT_TESTS_GRAPH_TENSORS_H
#define NPURT_TESTS_GRAPH_TENSORS_H

#include <npurt/tensor.h>

/* A dense tensor of n bytes. */
static inline npurt_tensor world_bytes(uint64_t addr, uint32_t n)
{
    npurt_tensor t;
    npurt_tensor_init(&t, addr, NPURT_U8, 1, (uint32_t[]){n});
    return t;
}

static inline npurt_tensor world_matrix(uint64_t addr, uint32_t rows, uint32_t cols)
{
    npurt_tensor t;
    npurt_tensor_init(&t, addr, NPURT_U8, 2, (uint32_t[]){rows, cols});
    return t;
}

static inline npurt_tensor world_tile(const npurt_tensor *matrix, uint32_t row, uint32_t col, uint32_t rows,
                                      uint32_t cols)
{
    return npurt_tensor_view(matrix, (uint32_t[]){rows, cols}, (uint32_t[]){row, col});
}

static inline npurt_tensor world_slice(const npurt_tensor *bytes, uint32_t from, uint32_t to)
{
    return npurt_tensor_view(bytes, (uint32_t[]){to - from}, (uint32_t[]){from});
}

/* xorshift64*: the same numbers everywhere. */
static inline uint32_t world_random(uint64_t *state, uint32_t below)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return (uint32_t)(((*state * UINT64_C(0x2545f4914f6cdd1d)) >> 32) % below);
}

#endif
