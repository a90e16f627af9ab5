/* Many tasks: what the engine keeps of them stays bounded. */
#include "stream_world.h"

enum { MILLION = 1000000 };

static uint32_t ran;
static void count(uint32_t ordinal, uint32_t slot)
{
    (void)ordinal, (void)slot;
    ran++;
}

static void begin(struct stream_control control)
{
    world_create(control);
    world_begin(1);
    world.unchecked = true;
    world.ran = count;
    ran = 0;
}

/* Slices of one buffer that are never met again: the map forgets them, or it would need a million regions. */
TEST(a_million_tasks_need_a_map_of_few_regions)
{
    struct stream_control control = world_rings(64, 64, 4096);
    control.max_regions = 2048;
    begin(control);
    npurt_tensor all;
    npurt_tensor_init(&all, WORLD_NOWHERE / 2, NPURT_U8, 2, (uint32_t[]){MILLION, 16});
    for (uint32_t i = 0; i < MILLION; i++) {
        world_access(i % 3 ? NPURT_ACCESS_INPUT : NPURT_ACCESS_INOUT,
                     npurt_tensor_view(&all, (uint32_t[]){1, 16}, (uint32_t[]){i, 0}));
        if (i % 100000 == 0) world_whole();
    }
    struct stream_result result = {0};
    stream_report(world.graph, &result);
    world_finish();
    CHECK_EQ(ran, MILLION);
    CHECK(result.regions_high <= 2048);
    CHECK(world.graph->map.link_count < 2048 * 8);
}

/* A million readers of one region, between few writers. */
TEST(a_million_readers_of_one_slice_need_few_places)
{
    struct stream_control control = world_rings(64, 4096, 4096);
    control.max_regions = 2048;
    begin(control);
    npurt_tensor all;
    npurt_tensor_init(&all, WORLD_NOWHERE / 2, NPURT_U8, 1, (uint32_t[]){4096});
    for (uint32_t i = 0; i < MILLION; i++)
        world_access(i % 100000 == 99999 ? NPURT_ACCESS_INOUT : NPURT_ACCESS_INPUT, all);
    world_finish();
    CHECK_EQ(ran, MILLION);
    CHECK(world.graph->map.reader_count <= world.graph->map.max_readers);
    CHECK(world.graph->map.region_live <= 2);
}

/* Outputs of inner scopes: a million of them through a few kilobytes, in every ring. */
TEST(a_million_outputs_go_through_four_heaps_of_8_kib)
{
    begin(world_rings(16, 16, 8192));
    for (uint32_t i = 0; i < MILLION / 4; i++) {
        for (uint32_t depth = 0; depth < 4; depth++) {
            world_scope(NPURT_SCOPE_AUTO);
            const npurt_tensor t = world_output(1 + i % 2000);
            if (depth == 3) world_access(NPURT_ACCESS_INOUT, t);
        }
        for (uint32_t depth = 0; depth < 4; depth++)
            world_scope_end();
        if (i % 50000 == 0) world_whole();
    }
    world_finish();
    CHECK_EQ(ran, MILLION / 4 * 5);
    for (uint32_t r = 0; r < STREAM_RINGS; r++)
        CHECK(world.graph->stream.heap[r].high <= 8192);
}

/* Many slices of an output, then the output goes: nothing of them may stay. */
TEST(what_the_map_knows_of_an_output_goes_with_it)
{
    struct stream_control control = world_rings(256, 1024, 65536);
    begin(control);
    for (uint32_t i = 0; i < 300; i++) {
        world_scope(NPURT_SCOPE_AUTO);
        const npurt_tensor t = world_output(32768);
        for (uint32_t k = 0; k < 100; k++)
            world_access(NPURT_ACCESS_INOUT,
                         npurt_tensor_view(&t, (uint32_t[]){40 + k % 3 * 200}, (uint32_t[]){k * 300}));
        world_scope_end();
        world_whole();
    }
    world_finish();
    CHECK(world.graph->map.grid_count <= 64);
}

TEST(more_regions_in_flight_than_the_map_has_are_waited_for)
{
    struct stream_control control = world_rings(256, 1024, 4096);
    control.max_regions = 32;
    begin(control);
    npurt_tensor all;
    npurt_tensor_init(&all, WORLD_NOWHERE / 2, NPURT_U8, 2, (uint32_t[]){1000, 16});
    for (uint32_t i = 0; i < 1000; i++) {
        npurt_tensor slice[16];
        npurt_task task;
        npurt_task_init_aiv(&task, 0);
        for (uint32_t k = 0; k < 16; k++) {
            slice[k] = npurt_tensor_view(&all, (uint32_t[]){1, 1}, (uint32_t[]){i, k});
            npurt_task_inout(&task, &slice[k]);
        }
        world_submit(&task);
        if (i % 50 == 0) world_whole();
    }
    CHECK(world.waits > 0);
    world_finish();
    CHECK_EQ(ran, 1000);
}

TEST_MAIN
