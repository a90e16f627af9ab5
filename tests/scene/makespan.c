/* Timed mode charges kernels what they state, and the scheduler keeps the cores busy: the decoder layer at full size,
 * compared with a schedule that costs nothing. */
#include "built.h"
#include "scene.h"

/* List scheduling without any overhead: a task that is ready waits for a core of its kind, first come, first served, in
 * the order of submission. Every task is of one core and one block. */
struct ideal {
    uint64_t makespan_ns, critical_ns; /* with the cores there are; with as many as one likes */
    uint64_t busy_ns[2];               /* sum of durations per kind of core */
};

static uint32_t duration_of(const struct example *example, const struct image_task *task)
{
    const int32_t id = task->kernel[task->shape == SHAPE_AIC ? NPURT_AIC : NPURT_AIV0];
    for (uint32_t i = 0; i < example->kernel_count; i++)
        if (example->kernels[i].id == (uint32_t)id) return example->kernels[i].duration_ns;
    CHECK_FAIL("no kernel %d", id);
}

static struct ideal ideal_of(const struct example *example, const uint8_t *image, const uint32_t cores[2])
{
    const struct image_header *header = (const struct image_header *)image;
    const struct image_task *task = (const struct image_task *)(image + header->tasks_offset);
    const uint32_t *edge = (const uint32_t *)(image + header->edges_offset), count = header->task_count;
    struct state {
        uint64_t ready, end, earliest;
        uint32_t waiting;
        bool started, done;
    } *state = calloc(count, sizeof *state);
    struct ideal ideal = {0};
    uint32_t busy[2] = {0}, left = count;
    uint64_t now = 0;
    CHECK(state != NULL);
    for (uint32_t i = 0; i < count; i++)
        state[i].waiting = task[i].fanin;
    while (left > 0) {
        /* Starts what is ready and has a core, then goes to the next end. */
        uint64_t next = UINT64_MAX;
        for (uint32_t kind = 0; kind < 2; kind++)
            while (busy[kind] < cores[kind]) {
                uint32_t first = UINT32_MAX;
                for (uint32_t i = 0; i < count; i++)
                    if (!state[i].started && state[i].waiting == 0 && (task[i].shape == SHAPE_AIV) == kind &&
                        (first == UINT32_MAX || state[i].ready < state[first].ready))
                        first = i;
                if (first == UINT32_MAX) break;
                state[first].started = true;
                state[first].end = now + duration_of(example, &task[first]);
                busy[kind]++;
            }
        for (uint32_t i = 0; i < count; i++)
            if (state[i].started && !state[i].done && state[i].end < next) next = state[i].end;
        CHECK(next != UINT64_MAX);
        now = next;
        for (uint32_t i = 0; i < count; i++) {
            if (!state[i].started || state[i].done || state[i].end != now) continue;
            const uint64_t duration = duration_of(example, &task[i]);
            state[i].done = true;
            state[i].earliest += duration;
            if (state[i].earliest > ideal.critical_ns) ideal.critical_ns = state[i].earliest;
            ideal.busy_ns[task[i].shape == SHAPE_AIV] += duration;
            busy[task[i].shape == SHAPE_AIV]--;
            left--;
            for (uint32_t k = 0; k < task[i].fanout_count; k++) {
                struct state *to = &state[edge[task[i].fanout_begin + k]];
                if (state[i].earliest > to->earliest) to->earliest = state[i].earliest;
                if (--to->waiting == 0) to->ready = now;
            }
        }
    }
    ideal.makespan_ns = now;
    free(state);
    return ideal;
}

enum { MAKESPAN_SEEDS = 3 };

/* Runs on a card of every seed; the slowest is measured. */
static void compare(npurt_runtime runtime, uint32_t percent)
{
    struct example_problem problem;
    struct run run;
    npurt_device_info info;
    CHECK_EQ(example_prepare(&decoder_layer, example_find_case(&decoder_layer, "full"), 1, &problem), 0);
    problem.runtime = runtime;
    begin(&run, &decoder_layer);
    uint8_t *image = build(&run, &problem, GRAPH_ALL_EDGES);
    for (uint32_t seed = 1; seed <= MAKESPAN_SEEDS; seed++) {
        char target[256];
        npurt_callable *callable;
        npurt_timing timing;
        snprintf(target, sizeof target, "%s?seed=%u", scene.target, seed);
        npurt_device *device = scene_open_target(target);
        SCENE_OK(npurt_device_get_info(device, &info));
        const uint32_t cores[2] = {info.clusters, 2 * info.clusters};
        const struct ideal ideal = ideal_of(&decoder_layer, image, cores);
        SCENE_OK(example_load(device, &problem, scene.folder, &callable));
        scene_run(callable, &problem, &timing);
        SCENE_OK(npurt_callable_unload(callable));
        SCENE_OK(npurt_device_close(device));
        printf("  ideal %.1f us (critical path %.1f us, work per AIC %.1f us, per AIV %.1f us); on %s %.1f us, %.1f %% "
               "more, %.2f loads of COND per task\n",
               (double)ideal.makespan_ns / 1e3, (double)ideal.critical_ns / 1e3,
               (double)ideal.busy_ns[0] / cores[0] / 1e3, (double)ideal.busy_ns[1] / cores[1] / 1e3, target,
               (double)timing.device_wall_ns / 1e3,
               ((double)timing.device_wall_ns / (double)ideal.makespan_ns - 1) * 100,
               (double)timing.register_loads / timing.tasks);
        /* No schedule beats the critical path and the work of the busier kind of core. */
        CHECK(timing.device_wall_ns >= ideal.critical_ns);
        CHECK(timing.device_wall_ns >= ideal.busy_ns[0] / cores[0]);
        CHECK(timing.device_wall_ns <= ideal.makespan_ns + ideal.makespan_ns * percent / 100);
    }
    free(image);
    end(&run);
    example_release(&problem);
}

TEST(decoder_layer_comes_near_its_ideal_makespan)
{
    compare(NPURT_HOST_BUILD_GRAPH, 10);
}

/* With one AICPU thread fewer to schedule, and what is built meanwhile. */
TEST(decoder_layer_that_is_built_on_the_device_does_too)
{
    compare(NPURT_TENSORMAP_AND_RINGBUFFER, 12);
}

int main(int argc, char **argv)
{
    return scene_main(argc, argv);
}
