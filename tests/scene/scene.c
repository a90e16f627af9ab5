/* Every workload on one device: the target, the engine and the number of AICPU threads come from the command line. */
#include "scene.h"

#include "random_graph/generator.h"

TEST(every_workload_is_right)
{
    for (uint32_t i = 0; i < example_count; i++) {
        npurt_device *device = scene_open_target(scene.target);
        scene_runs_every_case_but_full(device, example_all[i]);
        SCENE_OK(npurt_device_close(device));
    }
}

/* Other keys, values and pages every time, in the buffers of the round before; from the third round on (two may be in
 * flight) nothing new is taken on the device. */
TEST(ten_rounds_of_attention_on_one_callable)
{
    npurt_device *device = scene_open_target(scene.target);
    npurt_callable *callable = NULL;
    uint64_t in_use[10];
    for (uint32_t round = 0; round < 10; round++) {
        struct example_problem problem;
        CHECK_EQ(scene_prepare(&paged_attention, example_find_case(&paged_attention, "small"), round, &problem), 0);
        if (!callable) SCENE_OK(example_load(device, &problem, scene.folder, &callable));
        scene_run(callable, &problem, NULL);
        SCENE_OK(npurt_device_hbm_in_use(device, &in_use[round]));
        if (round > 2) CHECK_EQ(in_use[round], in_use[2]);
        example_release(&problem);
    }
    SCENE_OK(npurt_callable_unload(callable));
    SCENE_OK(npurt_device_close(device));
}

/* Sizes that a case brings are those of its rings, and a call's own go before them. */
TEST(a_case_brings_the_sizes_of_its_rings)
{
    npurt_device *device = scene_open_target(scene.target);
    npurt_callable *callable;
    struct example_problem problem;
    const uint64_t more = 1 << 20;
    uint64_t before, in_use[2];
    CHECK_EQ(scene_prepare(&paged_attention, example_find_case(&paged_attention, "ringbuffer"), 1, &problem), 0);
    SCENE_OK(example_load(device, &problem, scene.folder, &callable));
    SCENE_OK(npurt_device_hbm_in_use(device, &before));
    scene_run(callable, &problem, NULL);
    SCENE_OK(npurt_device_hbm_in_use(device, &in_use[0]));
    npurt_call_args args = {.tensors = problem.tensor,
                            .tensor_count = problem.tensor_count,
                            .scalars = problem.scalar,
                            .scalar_count = problem.scalar_count};
    for (uint32_t r = 0; r < NPURT_RINGS; r++)
        args.ring[r].heap_bytes = example_case_ring(problem.example, problem.which)->heap_bytes + more;
    SCENE_OK(npurt_call(callable, &args, NULL));
    SCENE_OK(npurt_device_hbm_in_use(device, &in_use[1]));
    printf("  device memory: %" PRIu64 " bytes of a run, %" PRIu64 " with heaps of %" PRIu64 " more\n",
           in_use[0] - before, in_use[1] - before, more);
    if (scene.runtime == NPURT_TENSORMAP_AND_RINGBUFFER) {
        CHECK(in_use[0] - before < 32 * more); /* the heaps of the defaults: at least four times as much */
        CHECK(in_use[1] - in_use[0] >= NPURT_RINGS * more && in_use[1] - in_use[0] < 2 * NPURT_RINGS * more);
    } else {
        CHECK_EQ(in_use[1], in_use[0]);
    }
    SCENE_OK(npurt_callable_unload(callable));
    SCENE_OK(npurt_device_close(device));
    example_release(&problem);
}

/* One device and one callable for all: also a test of many different graphs after one another. */
TEST(random_graphs_match_the_sequential_interpreter)
{
    npurt_device *device = scene_open_target(scene.target);
    npurt_callable *callable = NULL;
    uint64_t tasks = 0;
    for (uint32_t i = 0; i < scene.graphs; i++) {
        /* Mostly small, some large: many shapes, and every 20th of full size. */
        uint64_t part = example_random(7, 0, i) % 1000;
        struct example_case which = {"random", "", {i % 20 == 19 ? 2000 : 1 + part * part * 1999 / 998001,
                                                     (i % 2 ? GENERATE_PREDICATES | GENERATE_SYNC_START : 0) |
                                                         (i % 3 ? GENERATE_STAGING : 0)}};
        struct example_problem problem;
        CHECK_EQ(scene_prepare(&random_graph, &which, 1000 + i, &problem), 0);
        if (!callable) SCENE_OK(example_load(device, &problem, scene.folder, &callable));
        scene_run(callable, &problem, NULL);
        tasks += problem.task_count;
        example_release(&problem);
    }
    if (callable) SCENE_OK(npurt_callable_unload(callable));
    SCENE_OK(npurt_device_close(device));
    printf("  %u graphs, %" PRIu64 " tasks\n", scene.graphs, tasks);
}

int main(int argc, char **argv)
{
    return scene_main(argc, argv);
}
