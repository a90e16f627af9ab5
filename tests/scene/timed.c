/* Timed mode: a run is a function of binaries, inputs, machine and seed, and seeds differ. */
#include "scene.h"

enum { SEEDS = 50 };

static const char *seeded(uint32_t seed)
{
    static char target[256];
    snprintf(target, sizeof target, "%s%cseed=%u", scene.target, strchr(scene.target, '?') ? '&' : '?', seed);
    return target;
}

/* Trace hash of opening a card of this seed and running the problem on it. */
static uint64_t hash_of(struct example_problem *problem, uint32_t seed)
{
    npurt_device *device = scene_open_target(seeded(seed));
    npurt_callable *callable;
    uint64_t hash = 0;
    SCENE_OK(example_load(device, problem, scene.folder, &callable));
    scene_run(callable, problem, NULL);
    SCENE_OK(npurt_device_trace_hash(device, &hash));
    SCENE_OK(npurt_callable_unload(callable));
    SCENE_OK(npurt_device_close(device));
    return hash;
}

/* Runs every seed twice, the second time in reverse order. Returns how many hashes differ from all others. A card's
 * first open in a process installs the AICPU program, later ones find it there, and the trace shows it; so every card
 * is opened once before anything is compared. (Two processes are compared by command.c.) */
static uint32_t distinct_hashes(const struct example *example, const struct example_case *which)
{
    struct example_problem problem;
    uint64_t hash[SEEDS];
    uint32_t distinct = 0;
    CHECK_EQ(scene_prepare(example, which, 1, &problem), 0);
    for (uint32_t i = 0; i < SEEDS; i++)
        SCENE_OK(npurt_device_close(scene_open_target(seeded(i + 1))));
    for (uint32_t i = 0; i < SEEDS; i++)
        hash[i] = hash_of(&problem, i + 1);
    for (uint32_t i = SEEDS; i-- > 0;) {
        uint64_t again = hash_of(&problem, i + 1);
        if (again != hash[i])
            CHECK_FAIL("%s, %s: hash %016" PRIx64 ", then %016" PRIx64, example->name, seeded(i + 1), hash[i], again);
    }
    for (uint32_t i = 0; i < SEEDS; i++) {
        bool seen = false;
        for (uint32_t k = 0; k < i; k++)
            if (hash[k] == hash[i]) seen = true;
        if (!seen) distinct++;
    }
    example_release(&problem);
    printf("  %s: %u of %u hashes are distinct\n", example->name, distinct, (unsigned)SEEDS);
    return distinct;
}

TEST(vector_example_repeats_by_seed)
{
    CHECK(distinct_hashes(&vector_example, example_find_case(&vector_example, "small")) > 1);
}

TEST(random_graph_repeats_by_seed_and_differs_between_seeds)
{
    CHECK(distinct_hashes(&random_graph, example_find_case(&random_graph, "small")) >= 45);
}

/* Device time of one run on a card of seed 5, every kernel taking `duration`. */
static uint64_t wall_with(const struct example *as, uint32_t duration)
{
    struct example_kernel kernels[8];
    struct example example = *as;
    struct example_problem problem;
    npurt_callable *callable;
    npurt_timing timing;
    CHECK(as->kernel_count <= 8);
    for (uint32_t i = 0; i < as->kernel_count; i++) {
        kernels[i] = as->kernels[i];
        kernels[i].duration_ns = duration;
    }
    example.kernels = kernels;
    CHECK_EQ(example_prepare(&example, &as->cases[0], 1, &problem), 0);
    npurt_device *device = scene_open_target(seeded(5));
    SCENE_OK(example_load(device, &problem, scene.folder, &callable));
    scene_run(callable, &problem, &timing);
    SCENE_OK(npurt_callable_unload(callable));
    SCENE_OK(npurt_device_close(device));
    example_release(&problem);
    return timing.device_wall_ns;
}

/* Four tasks of the vector example lie on its longest path. The rest of the run is some tens of us, jitter included. */
TEST(kernels_take_the_time_they_state)
{
    const uint64_t one = wall_with(&vector_example, 1000000), three = wall_with(&vector_example, 3000000);
    printf("  %.3f ms with kernels of 1 ms, %.3f ms with kernels of 3 ms\n", (double)one * 1e-6, (double)three * 1e-6);
    CHECK(one >= 4000000 && one < 4300000);
    CHECK(three >= 12000000 && three < 12300000);
}

/* Two cards of one seed, for every workload. */
TEST(every_workload_repeats_by_seed)
{
    SCENE_OK(npurt_device_close(scene_open_target(seeded(3))));
    for (uint32_t i = 0; i < example_count; i++) {
        struct example_problem problem;
        CHECK_EQ(scene_prepare(example_all[i], example_find_case(example_all[i], "small"), 1, &problem), 0);
        uint64_t first = hash_of(&problem, 3), again = hash_of(&problem, 3);
        if (again != first)
            CHECK_FAIL("%s, %s: hash %016" PRIx64 ", then %016" PRIx64, example_all[i]->name, seeded(3), first, again);
        example_release(&problem);
    }
}

/* A graph of its own for every seed, right in every schedule. */
TEST(random_graphs_are_right_on_every_seed)
{
    for (uint32_t i = 1; i <= SEEDS; i++) {
        struct example_problem problem;
        struct example_case which = {"random", "", {20 + 4 * i}};
        CHECK_EQ(scene_prepare(&random_graph, &which, i, &problem), 0);
        hash_of(&problem, i);
        example_release(&problem);
    }
}

int main(int argc, char **argv)
{
    return scene_main(argc, argv);
}
