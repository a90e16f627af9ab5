/* The lines that blocks must have written, from the list of tasks alone. */
#include "../example.h"

#include "layout.h"

/* A case's parameters: which families, bits. */
enum { FAMILIES };

struct family {
    uint32_t first, count, times; /* part of `tasks`, and how often it comes */
};
struct task {
    uint32_t flags, blocks;
};

enum { BASIC, MULTIBLOCK_AIV, MULTIBLOCK_MIX, BATCH_OOB, FAMILY_COUNT };
static const struct task tasks[] = {
    {SPMD_MIX, 1},                                                                  /* basic */
    {0, 4},         {0, 16},        {0, 24},        {0, 48},        {0, 96},        /* multiblock, AIV */
    {SPMD_MIX, 2},  {SPMD_MIX, 8},  {SPMD_MIX, 12}, {SPMD_MIX, 24}, {SPMD_MIX, 48}, /* multiblock, MIX */
    {SPMD_MIX, 48}, {SPMD_MIX, 48}, /* more blocks than any device has clusters */
};
static const struct family families[FAMILY_COUNT] = {
    [BASIC] = {0, 1, 1}, [MULTIBLOCK_AIV] = {1, 5, 1}, [MULTIBLOCK_MIX] = {6, 5, 1}, [BATCH_OOB] = {11, 2, 1}};

static uint32_t lines_of(const struct task *task)
{
    return task->blocks * (task->flags & SPMD_MIX ? 3 : 1);
}

/* Calls `each` for all tasks of the case, in order. */
static void for_tasks(const struct example_case *which, void (*each)(const struct task *, void *), void *context)
{
    for (uint32_t f = 0; f < FAMILY_COUNT; f++)
        for (uint32_t time = 0; which->param[FAMILIES] >> f & 1 && time < families[f].times; time++)
            for (uint32_t i = 0; i < families[f].count; i++)
                each(&tasks[families[f].first + i], context);
}

static void count_lines(const struct task *task, void *context)
{
    *(uint32_t *)context += lines_of(task);
}

static void add_code(const struct task *task, void *context)
{
    struct example_problem *problem = context;
    example_add_scalar(problem, (uint64_t)task->blocks << SPMD_BLOCKS_SHIFT | task->flags);
    problem->task_count++;
}

static int prepare(struct example_problem *problem)
{
    uint32_t lines = 0;
    for_tasks(problem->which, count_lines, &lines);
    if (!example_add_tensor(problem, NPURT_ACCESS_INOUT, NPURT_F32, 2, (uint32_t[]){lines, SPMD_LINE})) return -1;
    for_tasks(problem->which, add_code, problem);
    return 0;
}

struct comparison {
    const float *line;
    uint32_t depth;
    int64_t mismatches;
    double max_abs_error;
};

static void compare(const struct task *task, void *context)
{
    struct comparison *c = context;
    uint32_t cores = task->flags & SPMD_MIX ? 3 : 1;
    for (uint32_t i = 0; i < lines_of(task); i++, c->line += SPMD_LINE) {
        double expected[SPMD_LINE] = {i / cores, task->blocks, i % cores == 2, c->depth};
        for (uint32_t k = SPMD_BLOCK_AGAIN; k < SPMD_LINE; k++)
            expected[k] = i / cores;
        for (uint32_t k = 0; k < SPMD_LINE; k++)
            example_note_error(fabs(expected[k] - c->line[k]), 0, &c->mismatches, &c->max_abs_error);
    }
    c->depth++;
}

static int64_t check(struct example_problem *problem, double *max_abs_error)
{
    struct comparison c = {.line = problem->tensor[0].host};
    for_tasks(problem->which, compare, &c);
    *max_abs_error = c.max_abs_error;
    return c.mismatches;
}

static const struct example_kernel kernels[] = {{0, NPURT_CORE_AIC, "line", "cube_line", 0},
                                                {1, NPURT_CORE_AIV, "line", "vector_line", 0}};
static const struct example_case cases[] = {
    {"small", "spmd_basic: 1 MIX task of 1 block, 3 lines", {1 << BASIC}},
    {"full", "all of the below, one after the other: 13 tasks", {(1 << FAMILY_COUNT) - 1}},
    {"multiblock_aiv", "5 AIV tasks of 4, 16, 24, 48 and 96 blocks, 188 lines", {1 << MULTIBLOCK_AIV}},
    {"multiblock_mix", "5 MIX tasks of 2, 8, 12, 24 and 48 blocks, 282 lines", {1 << MULTIBLOCK_MIX}},
    {"batch_dispatch_oob", "2 MIX tasks of 48 blocks, 288 lines", {1 << BATCH_OOB}},
};
const struct example spmd = {
    .name = "spmd",
    .summary = "tasks of 1 to 96 blocks on vector cores and on whole clusters",
    .kernels = kernels,
    .kernel_count = 2,
    .cases = cases,
    .case_count = sizeof cases / sizeof cases[0],
    .prepare = prepare,
    .check = check,
};
