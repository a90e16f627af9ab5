/* The golden: every product and every sum in double, tile by tile. */
#include "../golden.h"

#include <stdlib.h>
#include <string.h>

/* A case's parameters: tiles in a pile of each kind, tiles of one task of each kind, elements per tile's edge. */
enum { PRODUCTS, SUMS, PRODUCT_GROUP, SUM_GROUP, TILE };
enum { A, B, C, X, Y, Z };

static int prepare(struct example_problem *problem)
{
    const uint64_t *param = problem->which->param;
    for (uint32_t i = A; i <= Z; i++) {
        uint32_t pile = (uint32_t)param[i <= C ? PRODUCTS : SUMS];
        uint32_t shape[3] = {pile, (uint32_t)param[TILE], (uint32_t)param[TILE]};
        void *memory = i == C || i == Z ? example_add_tensor(problem, NPURT_ACCESS_OUTPUT_EXISTING, NPURT_F32, 3, shape)
                                        : golden_add_random(problem, NPURT_ACCESS_INPUT, 3, shape, i);
        if (!memory) return -1;
    }
    example_add_scalar(problem, param[PRODUCT_GROUP]);
    example_add_scalar(problem, param[SUM_GROUP]);
    problem->task_count = (uint32_t)(param[PRODUCTS] / param[PRODUCT_GROUP] + param[SUMS] / param[SUM_GROUP]);
    return 0;
}

static int check(struct example_problem *problem)
{
    const uint32_t tile = (uint32_t)problem->which->param[TILE];
    const float *tensor[Z + 1];
    double *line = malloc(tile * sizeof line[0]);
    if (!line) return -1;
    for (uint32_t i = A; i <= Z; i++)
        tensor[i] = problem->tensor[i].host;
    for (size_t row = 0; row < (size_t)problem->tensor[C].shape[0] * tile; row++) {
        memset(line, 0, tile * sizeof line[0]);
        golden_add_product(line, tensor[A] + row * tile, tile, tensor[B] + row / tile * tile * tile, tile);
        for (uint32_t j = 0; j < tile; j++)
            example_note(problem, C, row * tile + j, (double)tensor[C][row * tile + j], line[j],
                         golden_product_tolerance(tile), 0);
    }
    for (size_t i = 0; i < example_tensor_elements(&problem->tensor[Z]); i++) /* one rounding */
        example_note(problem, Z, i, (double)tensor[Z][i], (double)tensor[X][i] + (double)tensor[Y][i], 0, 0x1p-24);
    free(line);
    return 0;
}

static const struct example_kernel kernels[] = {{0, NPURT_CORE_AIC, "gemm", NULL, 0},
                                                {1, NPURT_CORE_AIV, "sum", NULL, 0}};
static const struct example_case cases[] = {
    {"small", "20 products of 2 tiles and 40 sums of 5, tiles of 32x32: 60 tasks", {40, 200, 2, 5, 32}},
    {"full", "500 products and 500 sums of 4 tiles of 128x128", {2000, 2000, 4, 4, 128}},
    {"full_256_512", "256 products of 4 tiles and 512 sums of 5, tiles of 128x128", {1024, 2560, 4, 5, 128}},
    {"one", "1 product and 1 sum of 128x128", {1, 1, 1, 1, 128}},
};
const struct example alternating = {
    .name = "alternating",
    .summary = "independent products and sums in turn: both kinds of cores at once",
    .kernels = kernels,
    .kernel_count = 2,
    .cases = cases,
    .case_count = sizeof cases / sizeof cases[0],
    .prepare = prepare,
    .check = check,
};
