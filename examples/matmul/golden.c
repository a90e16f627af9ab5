/* Matmul's golden: the three loops over whole matrices, in double. */
#include "../golden.h"

#include <stdlib.h>
#include <string.h>

/* A case's parameters: tiles per dimension and elements per tile's edge. */
enum { GRID, TILE };

static int prepare(struct example_problem *problem)
{
    uint32_t grid = (uint32_t)problem->which->param[GRID], tile = (uint32_t)problem->which->param[TILE];
    uint32_t shape[2] = {grid * tile, grid * tile};
    if (!golden_add_random(problem, NPURT_ACCESS_INPUT, 2, shape, 0) ||
        !golden_add_random(problem, NPURT_ACCESS_INPUT, 2, shape, 1) ||
        !example_add_tensor(problem, NPURT_ACCESS_OUTPUT_EXISTING, NPURT_F32, 2, shape))
        return -1;
    example_add_scalar(problem, tile);
    problem->task_count = 2 * grid * grid * grid;
    return 0;
}

static int check(struct example_problem *problem)
{
    const float *a = problem->tensor[0].host, *b = problem->tensor[1].host, *c = problem->tensor[2].host;
    uint32_t n = problem->tensor[0].shape[0];
    double *line = malloc(n * sizeof line[0]);
    if (!line) return -1;
    for (uint32_t i = 0; i < n; i++) {
        memset(line, 0, n * sizeof line[0]);
        golden_add_product(line, a + (size_t)i * n, n, b, n);
        for (uint32_t j = 0; j < n; j++) {
            const size_t at = (size_t)i * n + j;
            example_note(problem, 2, at, (double)c[at], line[j], golden_product_tolerance(n), 0);
        }
    }
    free(line);
    return 0;
}

static const struct example_kernel kernels[] = {{0, NPURT_CORE_AIC, "gemm", NULL, 0},
                                                {1, NPURT_CORE_AIV, "add", NULL, 0}};
static const struct example_case cases[] = {
    {"small", "4x4x4 tiles of 64x64, 128 tasks", {4, 64}},
    {"full", "16x16x16 tiles of 64x64, 8,192 tasks", {16, 64}},
};
const struct example matmul = {
    .name = "matmul",
    .summary = "C = A*B in tiles: products on cube cores, sums on vector cores",
    .kernels = kernels,
    .kernel_count = 2,
    .cases = cases,
    .case_count = 2,
    .prepare = prepare,
    .check = check,
};
