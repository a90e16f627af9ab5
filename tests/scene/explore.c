/* Explore mode: every workload is right in orders drawn from seeds, uniformly and by PCT. */
#include "scene.h"

static void is_right(const struct example *example, const struct example_case *which, const char *draw, uint32_t seed)
{
    char target[256];
    npurt_callable *callable;
    struct example_problem problem;
    snprintf(target, sizeof target, "%s%cmode=explore&explore=%s&seed=%u", scene.target,
             strchr(scene.target, '?') ? '&' : '?', draw, seed);
    CHECK_EQ(scene_prepare(example, which, seed, &problem), 0);
    npurt_device *device = scene_open_target(target);
    example_restore(&problem);
    SCENE_OK(example_load(device, &problem, scene.folder, &callable));
    const npurt_status status = example_call(callable, &problem, NULL);
    if (status != NPURT_OK)
        CHECK_FAIL("%s %s on %s: %s: %s", example->name, which->name, target, npurt_status_name(status),
                   npurt_error_last()->message);
    double max_abs_error;
    const int64_t mismatches = example_check(&problem, &max_abs_error);
    if (mismatches != 0)
        CHECK_FAIL("%s %s on %s: %" PRId64 " elements differ, largest error %g", example->name, which->name, target,
                   mismatches, max_abs_error);
    SCENE_OK(npurt_callable_unload(callable));
    SCENE_OK(npurt_device_close(device));
    example_release(&problem);
}

TEST(every_workload_is_right_in_any_order)
{
    static const char *const draw[] = {"uniform", "pct:3"};
    for (uint32_t seed = 1; seed <= scene.seeds; seed++)
        for (uint32_t d = 0; d < 2; d++)
            for (uint32_t i = 0; i < example_count; i++)
                is_right(example_all[i], example_find_case(example_all[i], "small"), draw[d], seed);
}

int main(int argc, char **argv)
{
    return scene_main(argc, argv);
}
