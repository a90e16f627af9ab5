/* Every workload at its full size, once each. */
#include "scene.h"

#include <time.h>

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void runs_right(const struct example *example, const struct example_case *which)
{
    npurt_device *device = scene_open_target(scene.target);
    npurt_callable *callable;
    npurt_timing timing;
    struct example_problem problem;
    double begin = seconds();
    CHECK_EQ(scene_prepare(example, which, 1, &problem), 0);
    SCENE_OK(example_load(device, &problem, scene.folder, &callable));
    scene_run(callable, &problem, &timing);
    printf("  %s %s: %u tasks, %.2f s on the device, %.1f s in all\n", example->name, which->name, timing.tasks,
           (double)timing.device_wall_ns * 1e-9, seconds() - begin);
    SCENE_OK(npurt_callable_unload(callable));
    SCENE_OK(npurt_device_close(device));
    example_release(&problem);
}

TEST(every_full_size_is_right)
{
    for (uint32_t i = 0; i < example_count; i++)
        for (uint32_t k = 0; k < example_all[i]->case_count; k++)
            if (example_case_is_full(&example_all[i]->cases[k]) && example_case_runs(example_all[i], &example_all[i]->cases[k], scene.runtime))
                runs_right(example_all[i], &example_all[i]->cases[k]);
}

int main(int argc, char **argv)
{
    return scene_main(argc, argv);
}
