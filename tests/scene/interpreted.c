/* Every workload through the interpreter: orchestrations, kernels and goldens agree before any device is involved. */
#include "check.h"

#include "interpreter.h"

#include <limits.h>

static void agrees_case(const struct example *example, const struct example_case *which, uint64_t seed)
{
    struct interpreter_kernels kernels;
    struct example_problem problem;
    char folder[PATH_MAX], message[512] = "";
    uint32_t tasks = 0;
    double max_abs_error;
    CHECK(example_folder(folder, sizeof folder));
    if (interpreter_kernels_open(&kernels, example, folder, message, sizeof message) != 0) CHECK_FAIL("%s", message);
    CHECK_EQ(example_prepare(example, which, seed, &problem), 0);
    example_restore(&problem);
    int result = interpreter_run(&kernels, &problem, folder, &tasks, message, sizeof message);
    int64_t mismatches = result == 0 ? example_check(&problem, &max_abs_error) : 0;
    uint32_t promised = problem.task_count;
    example_release(&problem);
    interpreter_kernels_close(&kernels);
    CHECK_STR(message, "");
    CHECK_EQ(result, 0);
    CHECK_EQ(tasks, promised);
    if (mismatches != 0)
        CHECK_FAIL("%s %s seed %llu: %lld mismatches, largest error %g", example->name, which->name,
                   (unsigned long long)seed, (long long)mismatches, max_abs_error);
    if (seed == 1) printf("  %s %s: largest error %g\n", example->name, which->name, max_abs_error);
}

static void agrees(const char *name, const char *which, uint64_t seed)
{
    const struct example *example = example_find(name);
    agrees_case(example, example_find_case(example, which), seed);
}

TEST(every_workload_agrees_with_its_golden)
{
    for (uint32_t i = 0; i < example_count; i++)
        for (uint32_t k = 0; k < example_all[i]->case_count; k++)
            if (!example_case_is_full(&example_all[i]->cases[k]))
                agrees(example_all[i]->name, example_all[i]->cases[k].name, 1);
}

TEST(other_inputs_agree_too)
{
    for (uint64_t seed = 2; seed <= 5; seed++)
        for (uint32_t i = 0; i < example_count; i++)
            agrees(example_all[i]->name, "small", seed);
}

TEST(random_graphs_agree_with_their_golden)
{
    for (uint64_t seed = 1; seed <= 100; seed++)
        agrees("random_graph", "small", seed);
    for (uint64_t seed = 1; seed <= 20; seed++)
        agrees("random_graph", "full", seed);
}

TEST(random_graphs_that_read_and_write_elements_agree)
{
    const struct example_case which = {"elements", "", {300, 1}};
    for (uint64_t seed = 1; seed <= 100; seed++)
        agrees_case(&random_graph, &which, seed);
}

/* The check is no formality: one wrong element is seen. */
TEST(golden_sees_one_wrong_element)
{
    for (uint32_t i = 0; i < example_count; i++) {
        const struct example *example = example_all[i];
        struct interpreter_kernels kernels;
        struct example_problem problem;
        char folder[PATH_MAX], message[512] = "";
        double max_abs_error;
        CHECK(example_folder(folder, sizeof folder));
        CHECK_EQ(interpreter_kernels_open(&kernels, example, folder, message, sizeof message), 0);
        CHECK_EQ(example_prepare(example, example_find_case(example, "small"), 1, &problem), 0);
        example_restore(&problem);
        CHECK_EQ(interpreter_run(&kernels, &problem, folder, NULL, message, sizeof message), 0);
        uint32_t last = problem.tensor_count - 1;
        uint64_t size = npurt_dtype_size(problem.tensor[last].dtype),
                 at = example_tensor_bytes(&problem.tensor[last]) / 2;
        ((uint8_t *)problem.tensor[last].host)[at / size * size + size - 1] ^= 0x40; /* the top byte: a large change */
        int64_t mismatches = example_check(&problem, &max_abs_error);
        example_release(&problem);
        interpreter_kernels_close(&kernels);
        CHECK_EQ(mismatches, 1);
    }
}

TEST_MAIN
