/* Deferred notify's golden: the rounds, in double, and the events. */
#include "../golden.h"

#include "layout.h"

enum { CHUNKS, ELEMENTS, ROUNDS };

static int prepare(struct example_problem *problem)
{
    const uint64_t *p = problem->which->param;
    const uint32_t shape[2] = {(uint32_t)p[CHUNKS], (uint32_t)p[ELEMENTS]};
    const uint32_t lines[2] = {(uint32_t)(p[ROUNDS] * (p[CHUNKS] + 1)), EVENT_LINE};
    if (!example_add_tensor(problem, NPURT_ACCESS_INOUT, NPURT_U32, 2, lines)) return -1;
    float *x = example_add_tensor(problem, NPURT_ACCESS_INPUT, NPURT_F32, 2, shape);
    if (!x || !example_add_tensor(problem, NPURT_ACCESS_OUTPUT_EXISTING, NPURT_F32, 2, shape)) return -1;
    for (size_t i = 0; i < (size_t)shape[0] * shape[1]; i++)
        x[i] = example_random_f32(problem->seed, 0, i);
    example_add_scalar(problem, p[ROUNDS]);
    problem->task_count = (uint32_t)(3 * p[ROUNDS]);
    return 0;
}

static int check(struct example_problem *problem)
{
    const uint64_t *p = problem->which->param;
    const uint32_t *event = problem->tensor[0].host;
    const float *x = problem->tensor[1].host, *y = problem->tensor[2].host;
    for (uint64_t line = 0; line < p[ROUNDS] * (p[CHUNKS] + 1); line++) {
        const uint64_t chunk = line % (p[CHUNKS] + 1); /* the last one counts */
        const uint64_t wanted = chunk == p[CHUNKS] ? p[CHUNKS] : chunk + 1;
        example_note(problem, 0, line * EVENT_LINE, event[line * EVENT_LINE], (double)wanted, 0, 0);
    }
    for (uint64_t i = 0; i < p[CHUNKS] * p[ELEMENTS]; i++) {
        const double value = golden_halved((double)x[i], p[ROUNDS]);
        example_note(problem, 2, i, (double)y[i], value, golden_halved_tolerance(), 0);
    }
    return 0;
}

static const struct example_kernel kernels[] = {{0, NPURT_CORE_AIV, "start", NULL, 0},
                                                {1, NPURT_CORE_AIV, "copy", NULL, 0},
                                                {2, NPURT_CORE_AIV, "add_scalar", NULL, 0}};
static const struct example_case cases[] = {
    {"small", "4 chunks of 256, 1 transfer: 3 tasks", {4, 256, 1}},
    {"most", "63 chunks of 16, 8 transfers: 24 tasks, 64 conditions each third", {63, 16, 8}},
    {"full", "63 chunks of 1024, 500 transfers: 1,500 tasks", {63, 1024, 500}},
};
const struct example deferred_notify = {
    .name = "deferred_notify",
    .summary = "transfers that their task only starts: it is complete when the engine's events are set",
    .kernels = kernels,
    .kernel_count = sizeof kernels / sizeof kernels[0],
    .cases = cases,
    .case_count = sizeof cases / sizeof cases[0],
    .prepare = prepare,
    .check = check,
};
