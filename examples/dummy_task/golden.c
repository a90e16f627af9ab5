/* What comes out when dummies change nothing and let nobody pass early. Exact: numbers are 64ths below 512. */
#include "../example.h"

/* A case's parameter. */
enum { PRODUCERS };
enum { X, DIRECT, CHAIN, BARRIER, WIDTH = 16 };

static int prepare(struct example_problem *problem)
{
    uint32_t producers = (uint32_t)problem->which->param[PRODUCERS], row[2] = {1, WIDTH};
    float *x = example_add_tensor(problem, NPURT_ACCESS_INPUT, NPURT_F32, 2, row);
    if (!x || !example_add_tensor(problem, NPURT_ACCESS_OUTPUT_EXISTING, NPURT_F32, 2, row) ||
        !example_add_tensor(problem, NPURT_ACCESS_OUTPUT_EXISTING, NPURT_F32, 2, row) ||
        !example_add_tensor(problem, NPURT_ACCESS_OUTPUT_EXISTING, NPURT_F32, 2, (uint32_t[]){producers, WIDTH}))
        return -1;
    for (uint32_t i = 0; i < WIDTH; i++)
        x[i] = (float)(example_random(problem->seed, 0, i) % 4096) / 64;
    example_add_scalar(problem, producers);
    problem->task_count = 3 + 6 + producers + 2;
    return 0;
}

static int check(struct example_problem *problem)
{
    const float *x = problem->tensor[X].host;
    for (uint32_t scene = DIRECT; scene <= BARRIER; scene++) {
        const float *got = problem->tensor[scene].host;
        for (uint32_t row = 0; row < problem->tensor[scene].shape[0]; row++)
            for (uint32_t i = 0; i < WIDTH; i++) {
                double expected = (double)x[i] + 1 + (scene == BARRIER ? row : 1);
                example_note(problem, scene, row * WIDTH + i, (double)got[row * WIDTH + i], expected, 0, 0);
            }
    }
    return 0;
}

static const struct example_kernel kernels[] = {{0, NPURT_CORE_AIV, "add_scalar", NULL, 0}};
static const struct example_case cases[] = {
    {"small", "a dummy, a chain of 4, a barrier behind 2 producers: 13 tasks", {2}},
    {"full", "the barrier behind 391 producers: 402 tasks", {391}},
    {"barrier_64", "the barrier behind 64 producers: 75 tasks", {64}},
    {"barrier_65", "the barrier behind 65 producers: 76 tasks", {65}},
    {"barrier_200", "the barrier behind 200 producers: 211 tasks", {200}},
};
const struct example dummy_task = {
    .name = "dummy_task",
    .summary = "tasks without a kernel as links and as barriers",
    .kernels = kernels,
    .kernel_count = 1,
    .cases = cases,
    .case_count = sizeof cases / sizeof cases[0],
    .prepare = prepare,
    .check = check,
};
