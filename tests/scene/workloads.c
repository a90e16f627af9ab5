/* Every workload one after the other on one device, each loaded, run twice and unloaded: cheap where opening a device is
 * dear, as it is under qemu-user. */
#include "scene.h"

TEST(every_workload_is_right_after_all_others)
{
    npurt_device *device = scene_open_target(scene.target);
    for (uint32_t i = 0; i < example_count; i++)
        scene_runs_every_case_but_full(device, example_all[i]);
    SCENE_OK(npurt_device_close(device));
}

int main(int argc, char **argv)
{
    return scene_main(argc, argv);
}
