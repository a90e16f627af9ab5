/* Timed mode charges kernels what they state, and the scheduler keeps the cores busy: the decoder layer at full size,
 * compared with a schedule that costs nothing. */
#include "built.h"
#include "scene.h"
#include "schedules.h"

enum { MAKESPAN_SEEDS = 3 };

/* Runs on a card of every seed, beside the model of the reference's policy with as many threads. */
static void compare(const struct example *example, const char *size, npurt_runtime runtime, uint32_t percent,
                    double loads_limit)
{
    struct example_problem problem;
    struct run run;
    CHECK_EQ(example_prepare(example, example_find_case(example, size), 1, &problem), 0);
    problem.runtime = runtime;
    begin(&run, example);
    uint8_t *image = build(&run, &problem, GRAPH_ALL_EDGES);
    for (uint32_t seed = 1; seed <= MAKESPAN_SEEDS; seed++) {
        char target[256];
        npurt_callable *callable;
        npurt_timing timing;
        npurt_device_info info;
        snprintf(target, sizeof target, "%s?seed=%u", scene.target, seed);
        npurt_device *device = scene_open_target(target);
        SCENE_OK(npurt_device_get_info(device, &info));
        SCENE_OK(example_load(device, &problem, scene.folder, &callable));
        scene_run(callable, &problem, &timing);
        SCENE_OK(npurt_callable_unload(callable));
        SCENE_OK(npurt_device_close(device));
        const struct schedule_graph graph = schedule_graph_of(example, image, info.clusters);
        const struct ideal ideal = schedule_ideal(&graph);
        const struct reference_result reference = schedule_reference(&graph, timing.schedulers, seed);
        const double base = (double)ideal.makespan_ns, loads = (double)timing.register_loads / timing.tasks;
        printf("  %s on %s: ideal %.1f us; %u schedulers: %.1f us, %+.1f %%, %.2f loads of COND per task; "
               "reference-like %.1f us, %+.1f %%, %.1f loads\n",
               example->name, target, base / 1e3, timing.schedulers, (double)timing.device_wall_ns / 1e3,
               ((double)timing.device_wall_ns / base - 1) * 100, loads, (double)reference.makespan_ns / 1e3,
               ((double)reference.makespan_ns / base - 1) * 100, (double)reference.loads / timing.tasks);
        /* No schedule beats the critical path and the work of the busier kind of core. */
        CHECK(timing.device_wall_ns >= ideal.critical_ns && reference.makespan_ns >= ideal.critical_ns);
        for (uint32_t kind = 0; kind < 2; kind++)
            CHECK(timing.device_wall_ns >= ideal.busy_ns[kind] / graph.cores[kind]);
        CHECK(timing.device_wall_ns <= ideal.makespan_ns + ideal.makespan_ns * percent / 100);
        CHECK(loads <= loads_limit);
        free((void *)(uintptr_t)graph.duration);
    }
    free(image);
    end(&run);
    example_release(&problem);
}

TEST(decoder_layer_comes_near_its_ideal_makespan)
{
    compare(&decoder_layer, "full", NPURT_HOST_BUILD_GRAPH, 9, 6);
}

/* With one AICPU thread fewer to schedule, and what is built meanwhile. */
TEST(decoder_layer_that_is_built_on_the_device_does_too)
{
    compare(&decoder_layer, "full", NPURT_TENSORMAP_AND_RINGBUFFER, 9, 6);
}

/* Kernels of 1 us: the scheduler is what takes the time, and a load of COND most of that. */
TEST(short_kernels_cost_few_loads)
{
    compare(&matmul, "full", NPURT_HOST_BUILD_GRAPH, 160, 2);
}

int main(int argc, char **argv)
{
    return scene_main(argc, argv);
}
