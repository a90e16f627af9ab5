/* The lines that blocks must have written, from the list of tasks alone. */
#include "../example.h"

#include "layout.h"

/* A case's parameters: which families, bits. */
enum { FAMILIES };

struct task {
    uint32_t flags, blocks, times;
};
enum { TASKS = 10, MIX = SPMD_MIX, SYNC = SPMD_SYNC, FAMILY_COUNT = 9 };

/* Up to one of no blocks; `times`: the whole family, that often. */
static const struct family {
    uint32_t times;
    struct task task[TASKS];
} families[FAMILY_COUNT] = {
    {1, {{MIX, 1, 1}}},
    {1, {{0, 4, 1}, {0, 16, 1}, {0, 24, 1}, {0, 48, 1}, {0, 96, 1}}},
    {1, {{MIX, 2, 1}, {MIX, 8, 1}, {MIX, 12, 1}, {MIX, 24, 1}, {MIX, 48, 1}}},
    {1, {{MIX, 48, 2}}},
    {1, {{MIX | SYNC, 2, 1}, {MIX | SYNC, 8, 1}, {MIX, 2, 1}, {MIX | SYNC, 12, 1}}},
    {1, {{SYNC, 4, 1}, {SYNC, 16, 1}, {0, 4, 1}, {SYNC, 24, 1}}},
    {1, {{MIX | SYNC, 1, 1}, {MIX | SYNC, 8, 1}, {MIX | SYNC, 9, 1}, {MIX | SYNC, 23, 1}, {MIX, 1, 1}}},
    {6, {{MIX, 4, 4}, {MIX | SYNC, 12, 2}, {SYNC, 8, 2}, {0, 4, 1}}},
    {1, {{MIX, 4, 6}, {MIX | SYNC, 6, 1}, {MIX, 4, 6}, {MIX | SYNC, 6, 1}, {MIX, 4, 6}}},
};

static uint32_t lines_of(const struct task *task)
{
    return task->blocks * (task->flags & SPMD_MIX ? 3 : 1);
}

/* Calls `each` for all tasks of the case, in order. */
static void for_tasks(const struct example_case *which, void (*each)(const struct task *, void *), void *context)
{
    for (uint32_t f = 0; f < FAMILY_COUNT; f++)
        for (uint32_t round = 0; which->param[FAMILIES] >> f & 1 && round < families[f].times; round++)
            for (const struct task *task = families[f].task; task->blocks != 0; task++)
                for (uint32_t time = 0; time < task->times; time++)
                    each(task, context);
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

struct walk {
    struct example_problem *problem;
    const float *line;
    uint64_t at; /* elements before the line */
    uint32_t depth;
};

static void compare(const struct task *task, void *context)
{
    struct walk *w = context;
    uint32_t cores = task->flags & SPMD_MIX ? 3 : 1;
    for (uint32_t i = 0; i < lines_of(task); i++, w->line += SPMD_LINE, w->at += SPMD_LINE) {
        double expected[SPMD_LINE] = {i / cores, task->blocks, i % cores == 2, w->depth};
        for (uint32_t k = SPMD_BLOCK_AGAIN; k < SPMD_LINE; k++)
            expected[k] = i / cores;
        for (uint32_t k = 0; k < SPMD_LINE; k++)
            example_note(w->problem, 0, w->at + k, (double)w->line[k], expected[k], 0, 0);
    }
    w->depth++;
}

static int check(struct example_problem *problem)
{
    struct walk w = {.problem = problem, .line = problem->tensor[0].host};
    for_tasks(problem->which, compare, &w);
    return 0;
}

static const struct example_kernel kernels[] = {{0, NPURT_CORE_AIC, "line", "cube_line", 0},
                                                {1, NPURT_CORE_AIV, "line", "vector_line", 0}};
static const struct example_case cases[] = {
    {"small", "spmd_basic: 1 MIX task of 1 block, 3 lines", {1 << 0}},
    {"full", "all of the below, one after the other: 100 tasks", {(1 << FAMILY_COUNT) - 1}},
    {"multiblock_aiv", "5 AIV tasks of 4, 16, 24, 48 and 96 blocks, 188 lines", {1 << 1}},
    {"multiblock_mix", "5 MIX tasks of 2, 8, 12, 24 and 48 blocks, 282 lines", {1 << 2}},
    {"batch_dispatch_oob", "2 MIX tasks of 48 blocks, 288 lines", {1 << 3}},
    {"sync_start", "4 MIX tasks of 2 to 12 blocks, 3 of them sync-start, 72 lines", {1 << 4}},
    {"sync_start_aiv", "4 AIV tasks of 4 to 24 blocks, 3 of them sync-start, 48 lines", {1 << 5}},
    {"sync_start_edge", "5 MIX tasks of 1 to 23 blocks, 4 of them sync-start, 126 lines", {1 << 6}},
    {"sync_start_stress", "54 tasks in 6 rounds, 24 of them sync-start, 840 lines", {1 << 7}},
    {"starvation", "18 MIX tasks of 4 blocks, 2 sync-start ones of 6 between, 252 lines", {1 << 8}},
};
const struct example spmd = {
    .name = "spmd",
    .summary = "tasks of 1 to 96 blocks on vector cores and on whole clusters, some sync-start",
    .kernels = kernels,
    .kernel_count = 2,
    .cases = cases,
    .case_count = sizeof cases / sizeof cases[0],
    .prepare = prepare,
    .check = check,
};
