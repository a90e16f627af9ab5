/* The golden: each tile of C's first content and its products, in double. */
#include "../golden.h"

#include <stdlib.h>

/* A case's parameters: groups, products per group, tiles per product, elements per tile's edge. */
enum { GROUPS, STEPS, PILE, TILE };
enum { A, B, C };

static int prepare(struct example_problem *problem)
{
    const uint64_t *param = problem->which->param;
    uint32_t groups = (uint32_t)param[GROUPS], steps = (uint32_t)param[STEPS], pile = (uint32_t)param[PILE];
    uint32_t factor[3] = {groups * steps * pile, (uint32_t)param[TILE], (uint32_t)param[TILE]};
    uint32_t sum[3] = {groups * pile, factor[1], factor[2]};
    if (!golden_add_random(problem, NPURT_ACCESS_INPUT, 3, factor, A) ||
        !golden_add_random(problem, NPURT_ACCESS_INPUT, 3, factor, B) ||
        !golden_add_random(problem, NPURT_ACCESS_INOUT, 3, sum, C))
        return -1;
    example_add_scalar(problem, steps);
    example_add_scalar(problem, pile);
    problem->task_count = 2 * groups * steps;
    return 0;
}

static int check(struct example_problem *problem)
{
    const uint64_t *param = problem->which->param;
    const uint32_t tile = (uint32_t)param[TILE], steps = (uint32_t)param[STEPS], pile = (uint32_t)param[PILE];
    const size_t elements = (size_t)tile * tile;
    const float *a = problem->tensor[A].host, *b = problem->tensor[B].host, *c = problem->tensor[C].host;
    const float *before = problem->initial[C];
    double *line = malloc(tile * sizeof line[0]), tolerance = golden_product_tolerance(steps * tile);
    if (!line) return -1;
    for (uint32_t t = 0; t < problem->tensor[C].shape[0]; t++) {
        for (uint32_t row = 0; row < tile; row++) {
            const size_t at = t * elements + row * tile;
            for (uint32_t j = 0; j < tile; j++)
                line[j] = before[at + j];
            for (uint32_t k = 0; k < steps; k++) {
                const size_t factor = (size_t)(t / pile * steps + k) * pile + t % pile;
                golden_add_product(line, a + factor * elements + row * tile, tile, b + factor * elements, tile);
            }
            for (uint32_t j = 0; j < tile; j++)
                example_note(problem, C, at + j, (double)c[at + j], line[j], tolerance, 0);
        }
    }
    free(line);
    return 0;
}

static const struct example_kernel kernels[] = {{0, NPURT_CORE_AIC, "gemm", NULL, 0},
                                                {1, NPURT_CORE_AIV, "add", NULL, 0}};
static const struct example_case cases[] = {
    {"small", "8 groups of 4 products of a tile of 64x64: 64 tasks", {8, 4, 1, 64}},
    {"full", "250 groups of 2 products of 4 tiles of 128x128: 500 products, 500 additions", {250, 2, 4, 128}},
};
const struct example benchmark_bgemm = {
    .name = "benchmark_bgemm",
    .summary = "C += A*B by groups: short chains of additions behind many products",
    .kernels = kernels,
    .kernel_count = 2,
    .cases = cases,
    .case_count = sizeof cases / sizeof cases[0],
    .prepare = prepare,
    .check = check,
};
