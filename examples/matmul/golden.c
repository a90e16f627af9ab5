/* Matmul's golden: the three loops over whole matrices, in double. */
#include "../example.h"

#include <stdlib.h>

/* A case's parameters: tiles per dimension and elements per tile's edge. */
enum { GRID, TILE };

/* Elements are below 1 in size. A sum of n products in f32, in any order, is off by at most n · 2^-24 · sum|a·b| (first
 * order), and sum|a·b| < n; but that bound is never near. Errors add up like a random walk of n steps of 2^-24 times
 * partial sums of about sqrt(n)/3: about n · 2^-24 / 3. We allow six times that, and a lost or doubled product is about
 * 1/3 off, four orders of magnitude more. */
static double tolerance_for(uint32_t n)
{
    return 2.0 * n * 0x1p-24;
}

static int prepare(struct example_problem *problem)
{
    uint32_t grid = (uint32_t)problem->which->param[GRID], tile = (uint32_t)problem->which->param[TILE];
    uint32_t shape[2] = {grid * tile, grid * tile};
    float *a = example_add_tensor(problem, NPURT_ACCESS_INPUT, NPURT_F32, 2, shape);
    float *b = example_add_tensor(problem, NPURT_ACCESS_INPUT, NPURT_F32, 2, shape);
    if (!a || !b || !example_add_tensor(problem, NPURT_ACCESS_OUTPUT_EXISTING, NPURT_F32, 2, shape)) return -1;
    for (size_t i = 0; i < (size_t)shape[0] * shape[1]; i++) {
        a[i] = example_random_f32(problem->seed, 0, i);
        b[i] = example_random_f32(problem->seed, 1, i);
    }
    example_add_scalar(problem, tile);
    problem->task_count = 2 * grid * grid * grid;
    return 0;
}

static int64_t check(struct example_problem *problem, double *max_abs_error)
{
    const float *a = problem->tensor[0].host, *b = problem->tensor[1].host, *c = problem->tensor[2].host;
    uint32_t n = problem->tensor[0].shape[0];
    double *line = malloc(n * sizeof line[0]);
    int64_t mismatches = 0;
    if (!line) return -1;
    for (uint32_t i = 0; i < n; i++) {
        for (uint32_t j = 0; j < n; j++)
            line[j] = 0;
        for (uint32_t k = 0; k < n; k++)
            for (uint32_t j = 0; j < n; j++)
                line[j] += (double)a[(size_t)i * n + k] * b[(size_t)k * n + j];
        for (uint32_t j = 0; j < n; j++) {
            double error = fabs(line[j] - c[(size_t)i * n + j]);
            example_note_error(error, tolerance_for(n), &mismatches, max_abs_error);
        }
    }
    free(line);
    return mismatches;
}

static const struct example_kernel kernels[] = {{0, NPURT_CORE_AIC, "gemm", NULL}, {1, NPURT_CORE_AIV, "add", NULL}};
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
