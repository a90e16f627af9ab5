/* Mixed shapes' golden: the three operations in double, over whole tensors; nothing of tasks or cores. */
#include "../golden.h"

#include <stdlib.h>
#include <string.h>

/* A case's parameters. */
enum { ITERATIONS, TILE };
enum { INPUTS = 6, OUTPUTS = 9 };

enum operation { PRODUCT, SUM, BY_ELEMENT };
static const enum operation output[OUTPUTS] = {PRODUCT, SUM, BY_ELEMENT, PRODUCT, SUM, SUM, BY_ELEMENT, PRODUCT, SUM};

static int prepare(struct example_problem *problem)
{
    uint32_t iterations = (uint32_t)problem->which->param[ITERATIONS], tile = (uint32_t)problem->which->param[TILE];
    uint32_t shape[2] = {iterations * tile, tile};
    for (uint32_t i = 0; i < INPUTS; i++)
        if (!golden_add_random(problem, NPURT_ACCESS_INPUT, 2, shape, i)) return -1;
    for (uint32_t i = 0; i < OUTPUTS; i++)
        if (!example_add_tensor(problem, NPURT_ACCESS_OUTPUT_EXISTING, NPURT_F32, 2, shape)) return -1;
    example_add_scalar(problem, tile);
    problem->task_count = 5 * iterations;
    return 0;
}

static int check(struct example_problem *problem)
{
    uint32_t tile = (uint32_t)problem->which->param[TILE], rows = problem->tensor[0].shape[0];
    double *line = malloc(tile * sizeof line[0]);
    if (!line) return -1;
    for (uint32_t o = 0; o < OUTPUTS; o++) {
        const float *x = problem->tensor[2 * output[o]].host, *y = problem->tensor[2 * output[o] + 1].host;
        const float *got = problem->tensor[INPUTS + o].host;
        /* A sum of products, or one rounding. */
        const double absolute = output[o] == PRODUCT ? golden_product_tolerance(tile) : 0;
        const double relative = output[o] == PRODUCT ? 0 : 0x1p-24;
        for (uint32_t row = 0; row < rows; row++, x += tile, got += tile) {
            memset(line, 0, tile * sizeof line[0]);
            if (output[o] == PRODUCT) golden_add_product(line, x, tile, y + (size_t)(row / tile) * tile * tile, tile);
            for (uint32_t j = 0; j < tile; j++) {
                double other = y[(size_t)row * tile + j];
                if (output[o] != PRODUCT) line[j] = output[o] == SUM ? x[j] + other : x[j] * other;
                example_note(problem, INPUTS + o, (uint64_t)row * tile + j, (double)got[j], line[j], absolute,
                             relative);
            }
        }
    }
    free(line);
    return 0;
}

static const struct example_kernel kernels[] = {{0, NPURT_CORE_AIC, "gemm", NULL, 0},
                                                {1, NPURT_CORE_AIV, "elementwise", "add_at_0", 0},
                                                {2, NPURT_CORE_AIV, "elementwise", "add_at_3", 0},
                                                {3, NPURT_CORE_AIV, "elementwise", "multiply_at_3", 0},
                                                {4, NPURT_CORE_AIV, "elementwise", "multiply_at_6", 0}};
static const struct example_case cases[] = {
    {"small", "4 iterations on tiles of 32x32, 20 tasks", {4, 32}},
    {"full", "4 iterations on tiles of 128x128, 20 tasks", {4, 128}},
    {"one", "1 iteration on tiles of 32x32, 5 tasks", {1, 32}},
};
const struct example mixed_shapes = {
    .name = "mixed_shapes",
    .summary = "all five ways to use a cluster's cores, side by side",
    .kernels = kernels,
    .kernel_count = 5,
    .cases = cases,
    .case_count = sizeof cases / sizeof cases[0],
    .prepare = prepare,
    .check = check,
};
