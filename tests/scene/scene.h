/* What the scene programs share: the device under test from the command line, and calls that explain themselves.
 *
 *     scene [--target emu:a5] [--runtime tensormap_and_ringbuffer] [--aicpu-threads 2] [--graphs 500] [--first 1]
 *           [--seeds 2] [--binaries FOLDER] [--timeout-ms 500] [NAME…]
 */
#ifndef TESTS_SCENE_H
#define TESTS_SCENE_H

#include "check.h"

#include "example.h"

#include <limits.h>

static struct {
    const char *target;
    npurt_runtime runtime;
    uint32_t aicpu_threads;
    const char *binaries;  /* of the device programs; NULL: the product's */
    uint32_t timeout_ms;   /* of the scheduler; the other limits follow. 0: the defaults */
    uint32_t graphs;       /* random graphs to compare */
    uint64_t first;        /* seed of the first, where a program draws more than the graph from it */
    uint32_t seeds;        /* orders to draw */
    char folder[PATH_MAX]; /* of the examples */
} scene = {.target = "emu:a5", .graphs = 50, .first = 1, .seeds = 2};

#define SCENE_OK(call)                                                                                                 \
    do {                                                                                                               \
        npurt_status scene_status = (call);                                                                            \
        if (scene_status != NPURT_OK) {                                                                                \
            const npurt_error *e = npurt_error_last();                                                                 \
            CHECK_FAIL("%s on %s: %s: %s; %s; followed: %s", #call, scene.target, npurt_status_name(scene_status),     \
                       e->message, e->hint, e->fallout);                                                               \
        }                                                                                                              \
    } while (0)

static inline npurt_device *scene_open_target(const char *target)
{
    npurt_device_options options = {.aicpu_threads = scene.aicpu_threads, .binaries = scene.binaries};
    if (scene.timeout_ms) {
        options.scheduler_timeout_ms = scene.timeout_ms;
        options.op_timeout_ms = scene.timeout_ms + 1000;
        options.sync_timeout_ms = scene.timeout_ms + 3000;
    }
    npurt_device *device = NULL;
    SCENE_OK(npurt_device_open(target, &options, &device));
    return device;
}

/* example_prepare, for the runtime under test. */
static inline int scene_prepare(const struct example *example, const struct example_case *which, uint64_t seed,
                                struct example_problem *problem)
{
    const int failed = example_prepare(example, which, seed, problem);
    problem->runtime = scene.runtime;
    return failed;
}

/* One run of a problem and its comparison. */
static inline void scene_run(npurt_callable *callable, struct example_problem *problem, npurt_timing *timing)
{
    npurt_timing own;
    double max_abs_error;
    if (!timing) timing = &own;
    example_restore(problem);
    SCENE_OK(example_call(callable, problem, timing));
    int64_t mismatches = example_check(problem, &max_abs_error);
    if (mismatches != 0)
        CHECK_FAIL("%s %s, inputs of seed %" PRIu64 ", %u tasks, on %s: %" PRId64 " elements differ, largest error %g",
                   problem->example->name, problem->which->name, problem->seed, problem->task_count, scene.target,
                   mismatches, max_abs_error);
    CHECK_EQ(timing->tasks, problem->task_count);
}

/* Loads, runs twice (a second run must not see the first), checks that the second took no more device memory. */
static inline void scene_runs_right(npurt_device *device, const struct example *example, const struct example_case *which)
{
    npurt_callable *callable;
    struct example_problem problem;
    uint64_t first, second;
    CHECK_EQ(scene_prepare(example, which, 1, &problem), 0);
    SCENE_OK(example_load(device, &problem, scene.folder, &callable));
    scene_run(callable, &problem, NULL);
    SCENE_OK(npurt_device_hbm_in_use(device, &first));
    scene_run(callable, &problem, NULL);
    SCENE_OK(npurt_device_hbm_in_use(device, &second));
    CHECK_EQ(second, first);
    SCENE_OK(npurt_callable_unload(callable));
    example_release(&problem);
}

static inline void scene_runs_every_case_but_full(npurt_device *device, const struct example *example)
{
    for (uint32_t i = 0; i < example->case_count; i++)
        if (!example_case_is_full(&example->cases[i]) && example_case_runs(example, &example->cases[i], scene.runtime))
            scene_runs_right(device, example, &example->cases[i]);
}

static inline int scene_main(int argc, char **argv)
{
    int at = 1;
    for (; at + 1 < argc && strncmp(argv[at], "--", 2) == 0; at += 2) {
        if (strcmp(argv[at], "--target") == 0)
            scene.target = argv[at + 1];
        else if (strcmp(argv[at], "--aicpu-threads") == 0)
            scene.aicpu_threads = (uint32_t)strtoul(argv[at + 1], NULL, 10);
        else if (strcmp(argv[at], "--runtime") == 0 && strcmp(argv[at + 1], "host_build_graph") == 0)
            scene.runtime = NPURT_HOST_BUILD_GRAPH;
        else if (strcmp(argv[at], "--runtime") == 0 && strcmp(argv[at + 1], "tensormap_and_ringbuffer") == 0)
            scene.runtime = NPURT_TENSORMAP_AND_RINGBUFFER;
        else if (strcmp(argv[at], "--binaries") == 0)
            scene.binaries = argv[at + 1];
        else if (strcmp(argv[at], "--timeout-ms") == 0)
            scene.timeout_ms = (uint32_t)strtoul(argv[at + 1], NULL, 10);
        else if (strcmp(argv[at], "--graphs") == 0)
            scene.graphs = (uint32_t)strtoul(argv[at + 1], NULL, 10);
        else if (strcmp(argv[at], "--first") == 0)
            scene.first = strtoull(argv[at + 1], NULL, 10);
        else if (strcmp(argv[at], "--seeds") == 0)
            scene.seeds = (uint32_t)strtoul(argv[at + 1], NULL, 10);
        else {
            fprintf(stderr, "unknown option %s %s\n", argv[at], argv[at + 1]);
            return 2;
        }
    }
    for (int i = at; i < argc; i++)
        if (strncmp(argv[i], "--", 2) == 0 && strcmp(argv[i], "--list") != 0) {
            fprintf(stderr, "option %s behind the names of tests: options come first\n", argv[i]);
            return 2;
        }
    if (!example_folder(scene.folder, sizeof scene.folder)) {
        fprintf(stderr, "no examples in %s\n", scene.folder);
        return 2;
    }
    argv[at - 1] = argv[0];
    return check_main(argc - at + 1, argv + at - 1);
}

#endif
