/* Orchestrations that read and write elements, and buffers with initial values, in both runtimes on the emulated card.
 */
#include "check.h"
#include "host/world.h"

enum { N = 1000 };
static npurt_device *device;
static npurt_callable *callable;
static uint32_t x[N], y[N];

static void set_up(npurt_runtime runtime)
{
    world_runtime = runtime;
    printf("  %s\n", runtime == NPURT_HOST_BUILD_GRAPH ? "host_build_graph" : "tensormap_and_ringbuffer");
    if (npurt_device_open("emu:a5?hbm=2GiB", NULL, &device) != NPURT_OK) CHECK_FAIL("%s", npurt_error_last()->message);
    CHECK_EQ(world_load(device, &callable), NPURT_OK);
    for (uint32_t i = 0; i < N; i++)
        x[i] = i + 6; /* x[1]: 7 tasks */
    memset(y, 0xee, sizeof y);
}

static void tear_down(void)
{
    CHECK_EQ(npurt_callable_unload(callable), NPURT_OK);
    CHECK_EQ(npurt_device_close(device), NPURT_OK);
}

static void call(uint64_t mode, uint64_t argument)
{
    if (world_call(callable, x, y, N, mode, argument, NULL) != NPURT_OK) CHECK_FAIL("%s", npurt_error_last()->message);
}

#define BOTH(runtime) for (int runtime = NPURT_HOST_BUILD_GRAPH; runtime <= NPURT_TENSORMAP_AND_RINGBUFFER; runtime++)

TEST(an_orchestration_decides_by_an_element_and_writes_one_of_a_host_tensor)
{
    BOTH(r)
    {
        set_up((npurt_runtime)r);
        for (uint32_t round = 0; round < 3; round++) {
            x[1] = 3 + round;
            call(FIXTURE_ELEMENTS, 0);
            CHECK_EQ(y[0], 100 + 3 + round);
            for (uint32_t i = 1; i < N; i++)
                CHECK_EQ(y[i], x[i] + 3 + round);
            CHECK_EQ(x[0], 6); /* an input: the caller's memory is not written */
        }
        tear_down();
    }
}

TEST(elements_of_device_memory_are_those_that_the_run_before_has_written)
{
    BOTH(r)
    {
        uint64_t at[3];
        npurt_run *run[2];
        npurt_timing timing;
        set_up((npurt_runtime)r);
        for (int i = 0; i < 3; i++)
            CHECK_EQ(npurt_memory_alloc(device, sizeof x, "of the test", &at[i]), NPURT_OK);
        x[1] = 2; /* and 400 after the first run */
        CHECK_EQ(npurt_memory_copy_in(device, at[0], x, sizeof x), NPURT_OK);
        CHECK_EQ(npurt_memory_set(device, at[1], 0, sizeof x), NPURT_OK);
        CHECK_EQ(world_launch(callable, at[0], at[1], N, FIXTURE_CHAIN, 398, 0, &run[0]), NPURT_OK);
        CHECK_EQ(world_launch(callable, at[1], at[2], N, FIXTURE_ELEMENTS, 0, 0, &run[1]), NPURT_OK);
        CHECK_EQ(npurt_wait(run[0], NULL), NPURT_OK);
        CHECK_EQ(npurt_wait(run[1], &timing), NPURT_OK);
        CHECK_EQ(timing.tasks, 400);
        CHECK_EQ(npurt_memory_copy_out(device, y, at[2], sizeof y), NPURT_OK);
        CHECK_EQ(y[0], 100 + 400);
        CHECK_EQ(y[2], x[2] + 398 + 400);
        CHECK_EQ(npurt_memory_copy_out(device, y, at[1], sizeof y), NPURT_OK);
        CHECK_EQ(y[0], 100); /* written where it is */
        for (int i = 0; i < 3; i++)
            CHECK_EQ(npurt_memory_free(device, at[i]), NPURT_OK);
        tear_down();
    }
}

TEST(a_buffer_begins_with_its_initial_value_in_every_run)
{
    static const uint64_t initial[] = {0, 0x01010101, 0x01020304, UINT64_C(0xffffffff00000005)};
    BOTH(r)
    {
        set_up((npurt_runtime)r);
        for (uint32_t k = 0; k < 8; k++) { /* no run in between leaves it there: another one has used the memory */
            call(FIXTURE_INITIAL, initial[k % 4]);
            for (uint32_t i = 0; i < N; i++)
                CHECK_EQ(y[i], (uint32_t)initial[k % 4] + 1);
            call(FIXTURE_CHAIN, 3);
        }
        tear_down();
    }
}

TEST(what_a_task_writes_can_be_read_where_the_graph_is_built_on_the_device)
{
    set_up(NPURT_TENSORMAP_AND_RINGBUFFER);
    CHECK_EQ(world_call(callable, x, y, N, FIXTURE_LOOKS, 20, NULL), NPURT_ERROR_ORCHESTRATION);
    CHECK_HAS(npurt_error_last()->message, "returned 27");
    tear_down();
    set_up(NPURT_HOST_BUILD_GRAPH);
    CHECK_EQ(world_call(callable, x, y, N, FIXTURE_LOOKS, 20, NULL), NPURT_ERROR_UNSUPPORTED);
    CHECK_HAS(npurt_error_last()->message,
              "element read after task 1: task 0 writes it, and no task runs before the graph is finished");
    CHECK_EQ(y[0], 0xeeeeeeee);
    call(FIXTURE_CHAIN, 1);
    tear_down();
}

TEST(an_index_outside_of_the_shape_is_refused_with_its_dimension)
{
    BOTH(r)
    {
        set_up((npurt_runtime)r);
        CHECK_EQ(world_call(callable, x, y, N, FIXTURE_LOOKS, N, NULL), NPURT_ERROR_GRAPH);
        CHECK_HAS(npurt_error_last()->message, "index 1000 in dimension 0, which has 1000");
        call(FIXTURE_CHAIN, 1);
        tear_down();
    }
}

TEST_MAIN
