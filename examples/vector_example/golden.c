/* The vector example's golden: the closed formula in double. */
#include "../example.h"

/* A case's parameters. */
enum { ROWS, COLUMNS };

/* |a|, |b| < 1, so |c| < 2 and |f| < 3·4 + 2 = 14. Five roundings of 2^-24 each to values of at most 14, each carried
 * on with a factor of at most 2·4 + 1 = 9: below 5 · 9 · 14 · 2^-24 = 3.8e-5. */
static const double tolerance = 4e-5;

static int prepare(struct example_problem *problem)
{
    uint32_t shape[2] = {(uint32_t)problem->which->param[ROWS], (uint32_t)problem->which->param[COLUMNS]};
    float *a = example_add_tensor(problem, NPURT_ACCESS_INPUT, NPURT_F32, 2, shape);
    float *b = example_add_tensor(problem, NPURT_ACCESS_INPUT, NPURT_F32, 2, shape);
    if (!a || !b || !example_add_tensor(problem, NPURT_ACCESS_OUTPUT_EXISTING, NPURT_F32, 2, shape)) return -1;
    for (size_t i = 0; i < (size_t)shape[0] * shape[1]; i++) {
        a[i] = example_random_f32(problem->seed, 0, i);
        b[i] = example_random_f32(problem->seed, 1, i);
    }
    problem->task_count = 5;
    return 0;
}

static int check(struct example_problem *problem)
{
    const float *a = problem->tensor[0].host, *b = problem->tensor[1].host, *f = problem->tensor[2].host;
    size_t n = (size_t)problem->which->param[ROWS] * problem->which->param[COLUMNS];
    for (size_t i = 0; i < n; i++) {
        double c = (double)a[i] + b[i];
        example_note(problem, 2, i, (double)f[i], (c + 1) * (c + 2) + c, tolerance, 0);
    }
    return 0;
}

static const struct example_kernel kernels[] = {{0, NPURT_CORE_AIV, "add", NULL, 0},
                                                {1, NPURT_CORE_AIV, "add_scalar", NULL, 0},
                                                {2, NPURT_CORE_AIV, "multiply", NULL, 0}};
static const struct example_case cases[] = {
    {"small", "128x128", {128, 128}},
    {"full", "1024x1024", {1024, 1024}},
};
const struct example vector_example = {
    .name = "vector_example",
    .summary = "(a+b+1)(a+b+2) + a+b: five tasks on vector cores, six edges",
    .kernels = kernels,
    .kernel_count = 3,
    .cases = cases,
    .case_count = 2,
    .prepare = prepare,
    .check = check,
};
