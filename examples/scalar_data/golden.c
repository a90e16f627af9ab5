/* Scalar data's golden: what the elements are after each step, written down again. All numbers are multiples of 1/64
 * and small, so that f32 is exact: no tolerance. */
#include "../example.h"

#include "layout.h"

#include <string.h>

enum { ELEMENTS, READS_BACK };
enum { ELEMENTS_MAX = 256 };

static int prepare(struct example_problem *problem)
{
    const uint64_t *p = problem->which->param;
    const uint32_t config[2] = {1, 4}, x[2] = {1, (uint32_t)p[ELEMENTS]};
    const uint32_t y[2] = {p[READS_BACK] ? ROWS : ROWS_PORTABLE, x[1]};
    float *c = example_add_tensor(problem, NPURT_ACCESS_INPUT, NPURT_F32, 2, config);
    float *v = example_add_tensor(problem, NPURT_ACCESS_INOUT, NPURT_F32, 2, x);
    if (!c || !v || !example_add_tensor(problem, NPURT_ACCESS_OUTPUT_EXISTING, NPURT_F32, 2, y)) return -1;
    for (uint32_t i = 0; i < 4; i++)
        c[i] = (float)(1 + example_random(problem->seed, 0, i) % 31) / 8;
    for (uint32_t i = 0; i < x[1]; i++)
        v[i] = (float)(int32_t)(example_random(problem->seed, 1, i) % 1024) / 64 - 8;
    example_add_scalar(problem, p[READS_BACK]);
    problem->task_count = 2;
    if (!p[READS_BACK]) return 0;
    problem->task_count += 5; /* and the loop's */
    for (float value = v[LOOP] + c[1]; value < LIMIT; value += STEP)
        problem->task_count++;
    return 0;
}

static void compare(struct example_problem *problem, uint32_t row, const double *want)
{
    const uint64_t n = problem->which->param[ELEMENTS];
    const float *y = (const float *)problem->tensor[2].host + row * n;
    for (uint64_t i = 0; i < n; i++)
        example_note(problem, 2, row * n + i, (double)y[i], want[i], 0, 0);
}

static int check(struct example_problem *problem)
{
    const uint64_t n = problem->which->param[ELEMENTS];
    const float *config = problem->tensor[0].host, *given = problem->initial[1];
    const double a = (double)config[0], b = (double)config[1];
    double x[ELEMENTS_MAX], want[ELEMENTS_MAX] = {0}, work[ELEMENTS_MAX] = {0};
    for (uint64_t i = 0; i < n; i++)
        x[i] = i == 0 ? a * b : (double)given[i];
    for (uint64_t i = 0; i < n; i++)
        want[i] = x[i] + a;
    compare(problem, ROW_INITIAL, want);
    for (uint64_t i = 0; i < n; i++)
        work[i] = x[i] + b;
    compare(problem, ROW_CONFIG, work);
    if (!problem->which->param[READS_BACK]) return 0;

    const double probe = work[PROBE];
    for (uint64_t i = 0; i < n; i++)
        want[i] = work[i] + probe; /* before the change */
    compare(problem, ROW_OLD, want);
    work[PROBE] = probe + CHANGE;
    compare(problem, ROW_NEW, work);
    work[MARK] = work[PROBE];
    while (work[LOOP] < LIMIT)
        for (uint64_t i = 0; i < n; i++)
            work[i] += STEP;
    compare(problem, ROW_LOOP, work);
    for (uint64_t i = 0; i < n; i++)
        want[i] = (double)i * b;
    compare(problem, ROW_SET, want);
    return 0;
}

static const struct example_kernel kernels[] = {{0, NPURT_CORE_AIV, "nothing", NULL, 0},
                                                {1, NPURT_CORE_AIV, "add", NULL, 0},
                                                {2, NPURT_CORE_AIV, "add_scalar", NULL, 0}};
static const struct example_case cases[] = {
    {"small", "elements of arguments, and initial values: 2 tasks, on both runtimes", {64, 0}},
    {"round_trip", "elements that tasks write and read, and a loop over them", {64, 1}},
};
const struct example scalar_data = {
    .name = "scalar_data",
    .summary = "an orchestration that reads and writes elements, and decides by them",
    .kernels = kernels,
    .kernel_count = sizeof kernels / sizeof kernels[0],
    .cases = cases,
    .case_count = sizeof cases / sizeof cases[0],
    .reads_back = "round_trip",
    .elements = true,
    .prepare = prepare,
    .check = check,
};
