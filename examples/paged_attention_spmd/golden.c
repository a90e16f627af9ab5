/* Inputs and check are paged attention's. */
#include "../paged_attention/golden.h"

#include "layout.h"

static int prepare(struct example_problem *problem)
{
    if (paged_attention_prepare(problem) != 0) return -1;
    problem->task_count = 2;
    return 0;
}

static const struct example_kernel kernels[] = {{CLEAR, NPURT_CORE_AIV, "clear", NULL, 0},
                                                {CUBE, NPURT_CORE_AIC, "cube", NULL, 0},
                                                {VECTOR, NPURT_CORE_AIV, "vector", NULL, 0}};
static const struct example_case cases[] = {
    {"small",
     "6 sequences of 1 to 300 tokens, 16 heads of 64, runs of 2 blocks of 32: 6 blocks",
     {6, 16, 64, 32, 1, 2, 0, 33, 17, 300, 1, 64, 255}},
    {"full",
     "256 sequences of 8,192 tokens, 16 heads of 128, runs of 8 blocks of 128: 256 blocks",
     {256, 16, 128, 128, 1, 8, 0, 8192}},
};
const struct example paged_attention_spmd = {
    .name = "paged_attention_spmd",
    .summary = "paged attention in one task: cube and vector cores of a cluster pass runs to each other",
    .kernels = kernels,
    .kernel_count = 3,
    .cases = cases,
    .case_count = 2,
    .cores_talk = true,
    .prepare = prepare,
    .check = paged_attention_check,
};
