/* Random graphs with everything that depends on when tasks complete: rings of sizes drawn from the seed, down to 4
 * slots, 4 edges and 4 KiB. What host_build_graph can run as well it does. A heap that is too small is named with a
 * capacity, and the rerun with that gets further. */
#include "scene.h"

#include "random_graph/generator.h"

enum { TASKS = 400, TRIES = 4 };

static npurt_device *device;
static npurt_callable *callable[2]; /* by runtime */

static uint32_t draw(uint64_t seed, uint64_t what, uint32_t below)
{
    return (uint32_t)(example_random(seed, 99, what) % below);
}

static void draw_rings(uint64_t seed, npurt_ring_options ring[NPURT_RINGS])
{
    for (uint32_t r = 0; r < NPURT_RINGS; r++)
        ring[r] = (npurt_ring_options){.task_window = 4u << draw(seed, 10 + r, 6),
                                       .edges = 4 + draw(seed, 20 + r, 1 + draw(seed, 30 + r, 200)),
                                       .heap_bytes = 4096u << draw(seed, 40 + r, 5)};
}

#define REPRODUCE      "; again: test_rings --target '%s' --aicpu-threads %u --first %" PRIu64 " --graphs 1"
#define REPRODUCE_ARGS scene.target, scene.aicpu_threads, problem->seed

static void check(struct example_problem *problem, const npurt_timing *timing)
{
    double max_abs_error;
    const int64_t mismatches = example_check(problem, &max_abs_error);
    if (mismatches != 0)
        CHECK_FAIL("runtime %d: %" PRId64 " elements differ" REPRODUCE, problem->runtime, mismatches, REPRODUCE_ARGS);
    CHECK_EQ(timing->tasks, problem->task_count);
}

static npurt_status call(struct example_problem *problem, const npurt_ring_options *ring, npurt_timing *timing)
{
    npurt_call_args args = {.tensors = problem->tensor,
                            .tensor_count = problem->tensor_count,
                            .scalars = problem->scalar,
                            .scalar_count = problem->scalar_count};
    if (ring) memcpy(args.ring, ring, sizeof args.ring);
    if (!callable[problem->runtime]) SCENE_OK(example_load(device, problem, scene.folder, &callable[problem->runtime]));
    example_restore(problem);
    return npurt_call(callable[problem->runtime], &args, timing);
}

/* The refusal of a heap: its ring, the capacity named and the task. False when the error is another. */
static bool refusal(uint32_t *ring, uint64_t *capacity, uint32_t *task)
{
    const npurt_error *e = npurt_error_last();
    const char *at = strstr(e->message, ": task ");
    return e->status == NPURT_ERROR_OUT_OF_DEVICE_MEMORY &&
           sscanf(e->hint, "heap_bytes of ring %u: %" SCNu64 " gets past", ring, capacity) == 2 && at &&
           sscanf(at, ": task %u, tensor", task) == 1;
}

/* Returns how often a heap was too small. */
static uint32_t stream(struct example_problem *problem)
{
    npurt_ring_options ring[NPURT_RINGS];
    uint32_t past[NPURT_RINGS] = {0}, which, task, refused = 0;
    uint64_t capacity;
    npurt_timing timing;
    problem->runtime = NPURT_TENSORMAP_AND_RINGBUFFER;
    draw_rings(problem->seed, ring);
    while (call(problem, ring, &timing) != NPURT_OK) {
        const npurt_error *e = npurt_error_last();
        if (!refusal(&which, &capacity, &task))
            CHECK_FAIL("%s: %s; %s" REPRODUCE, npurt_status_name(e->status), e->message, e->hint, REPRODUCE_ARGS);
        if (task < past[which] || capacity <= ring[which].heap_bytes)
            CHECK_FAIL("no further than before: %s; %s" REPRODUCE, e->message, e->hint, REPRODUCE_ARGS);
        past[which] = task + 1;
        ring[which].heap_bytes = capacity;
        if (++refused == TRIES) /* it is shown; now to the end of the graph */
            for (uint32_t r = 0; r < NPURT_RINGS; r++)
                ring[r].heap_bytes = 4 << 20;
    }
    check(problem, &timing);
    return refused;
}

TEST(random_graphs_stream_through_rings_of_any_size)
{
    uint32_t refused = 0;
    uint64_t tasks = 0;
    device = scene_open_target(scene.target);
    for (uint64_t seed = scene.first; seed < scene.first + scene.graphs; seed++) {
        const bool elements = seed % 2;
        const uint64_t options = elements ? GENERATE_ELEMENTS : 0u, sync = seed % 3 ? 0u : GENERATE_SYNC_START;
        const uint64_t more = sync | (seed % 2 ? GENERATE_PREDICATES : 0u) | (seed % 5 ? GENERATE_STAGING : 0u);
        const struct example_case which = {"rings", "", {1 + draw(seed, 1, TASKS), options | more}};
        struct example_problem one, *problem = &one;
        npurt_timing timing;
        CHECK_EQ(example_prepare(&random_graph, &which, seed, problem), 0);
        refused += stream(problem);
        if (!elements) {
            problem->runtime = NPURT_HOST_BUILD_GRAPH;
            if (call(problem, NULL, &timing) != NPURT_OK)
                CHECK_FAIL("%s" REPRODUCE, npurt_error_last()->message, REPRODUCE_ARGS);
            check(problem, &timing);
        }
        tasks += problem->task_count;
        example_release(problem);
    }
    for (uint32_t i = 0; i < 2; i++) {
        if (callable[i]) SCENE_OK(npurt_callable_unload(callable[i]));
        callable[i] = NULL;
    }
    SCENE_OK(npurt_device_close(device));
    printf("  %u graphs, %" PRIu64 " tasks, %u heaps too small\n", scene.graphs, tasks, refused);
    if (scene.graphs >= 20) CHECK(refused > 0);
}

int main(int argc, char **argv)
{
    return scene_main(argc, argv);
}
