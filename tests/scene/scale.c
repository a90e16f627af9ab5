/* Wide graphs: many tasks ready at once, many live slices of one buffer. */
#include "scene.h"

#include "fixtures/wide.h"

/* Runs `tasks` slices for `rounds`, so often; checks every element each time; returns the best ns per submission. */
static double run_wide(uint32_t tasks, uint32_t rounds, uint32_t times)
{
    const npurt_kernel_desc kernel = {
        .id = 0, .core = NPURT_CORE_AIV, .binary = {.path = SCENE_FIXTURES "/wide_kernel.so"}};
    const npurt_param param = {.access = NPURT_ACCESS_OUTPUT_EXISTING, .dtype = NPURT_U32, .ndims = 1};
    const npurt_callable_desc desc = {.name = "wide",
                                      .orchestration = {.path = SCENE_FIXTURES "/wide.so"},
                                      .kernels = &kernel,
                                      .kernel_count = 1,
                                      .params = &param,
                                      .param_count = 1,
                                      .scalar_count = 2};
    const uint64_t scalar[2] = {tasks, rounds};
    const size_t elements = (size_t)tasks * WIDE;
    npurt_device *device = scene_open_target(scene.target);
    npurt_callable *callable;
    uint32_t *out = malloc(elements * sizeof out[0]);
    double best = 1e30;
    CHECK(out != NULL);
    SCENE_OK(npurt_callable_load(device, &desc, &callable));
    for (uint32_t n = 0; n < times; n++) {
        npurt_call_tensor tensor = {.host = out, .dtype = NPURT_U32, .ndims = 1, .shape = {(uint32_t)elements}};
        npurt_call_args args = {.tensors = &tensor, .tensor_count = 1, .scalars = scalar, .scalar_count = 2};
        npurt_timing timing;
        memset(out, 0xff, elements * sizeof out[0]);
        SCENE_OK(npurt_call(callable, &args, &timing));
        CHECK_EQ(timing.tasks, tasks * rounds);
        for (size_t i = 0; i < elements; i++) {
            uint32_t expected = 0;
            for (uint32_t round = 0; round < rounds; round++)
                expected = wide_value(expected, (uint32_t)(i / WIDE), round);
            if (out[i] != expected) CHECK_FAIL("element %zu is %u, not %u", i, out[i], expected);
        }
        double each = (double)timing.orchestration_ns / (double)timing.tasks;
        if (each < best) best = each;
    }
    SCENE_OK(npurt_callable_unload(callable));
    SCENE_OK(npurt_device_close(device));
    free(out);
    return best;
}

TEST(twenty_thousand_tasks_of_one_type_are_ready_at_once)
{
    run_wide(20000, 1, 2);
}

/* 2.5 allows for caches: ten times the slices no longer fit where the thousand did. A walk over them would be 10. */
TEST(submit_cost_does_not_grow_with_the_slices_of_a_buffer)
{
    double few = run_wide(1000, 3, 10), many = run_wide(10000, 3, 5);
    printf("  ns per submission: %.0f among 1,000 slices, %.0f among 10,000\n", few, many);
    CHECK(many < 2.5 * few);
}

int main(int argc, char **argv)
{
    return scene_main(argc, argv);
}
