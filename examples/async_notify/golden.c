/* Async notify's golden: the ring's rounds, in double. */
#include "../golden.h"

#include "layout.h"

enum { RANKS, ELEMENTS, ROUNDS };

static int prepare(struct example_problem *problem)
{
    const uint64_t *p = problem->which->param;
    const uint32_t shape[2] = {(uint32_t)p[RANKS], (uint32_t)p[ELEMENTS]}, lines[2] = {shape[0], COUNTER_LINE};
    if (!example_add_tensor(problem, NPURT_ACCESS_INOUT, NPURT_U32, 2, lines)) return -1;
    float *x = example_add_tensor(problem, NPURT_ACCESS_INPUT, NPURT_F32, 2, shape);
    if (!x || !example_add_tensor(problem, NPURT_ACCESS_OUTPUT_EXISTING, NPURT_F32, 2, shape)) return -1;
    for (size_t i = 0; i < (size_t)shape[0] * shape[1]; i++)
        x[i] = example_random_f32(problem->seed, 0, i);
    example_add_scalar(problem, p[ROUNDS]);
    problem->task_count = (uint32_t)(3 * p[RANKS] * p[ROUNDS]);
    return 0;
}

static int check(struct example_problem *problem)
{
    const uint64_t *p = problem->which->param;
    const float *x = problem->tensor[1].host, *y = problem->tensor[2].host;
    const uint32_t *counter = problem->tensor[0].host;
    for (uint64_t r = 0; r < p[RANKS]; r++) {
        example_note(problem, 0, r * COUNTER_LINE, counter[r * COUNTER_LINE], (double)p[ROUNDS], 0, 0);
        const uint64_t from = (r + p[RANKS] * p[ROUNDS] - p[ROUNDS]) % p[RANKS]; /* whose numbers have come here */
        for (uint64_t i = 0; i < p[ELEMENTS]; i++) {
            const double value = golden_halved((double)x[from * p[ELEMENTS] + i], p[ROUNDS]);
            example_note(problem, 2, r * p[ELEMENTS] + i, (double)y[r * p[ELEMENTS] + i], value,
                         golden_halved_tolerance(), 0);
        }
    }
    return 0;
}

static const struct example_kernel kernels[] = {{0, NPURT_CORE_AIV, "send", NULL, 0},
                                                {1, NPURT_CORE_AIV, "receive", NULL, 0},
                                                {2, NPURT_CORE_AIV, "add_scalar", NULL, 0}};
static const struct example_case cases[] = {
    {"small", "2 ranks, 256 elements, 1 round: 6 tasks", {2, 256, 1}},
    {"ring", "8 ranks, 64 elements, 5 rounds: 120 tasks", {8, 64, 5}},
    {"full", "32 ranks, 4096 elements, 64 rounds: 6,144 tasks", {32, 4096, 64}},
};
const struct example async_notify = {
    .name = "async_notify",
    .summary = "ranks send to each other and wait for notifications, without dependencies between them",
    .kernels = kernels,
    .kernel_count = sizeof kernels / sizeof kernels[0],
    .cases = cases,
    .case_count = sizeof cases / sizeof cases[0],
    .prepare = prepare,
    .check = check,
};
