/* Task slots and edges: taken, waited for, given back in order. */
#include "stream_world.h"

enum { WINDOW = 4, EDGES = 4, HEAP = 4096 };

static uint32_t order[4096], order_count; /* ordinals as they completed */
static void note_order(uint32_t ordinal, uint32_t slot)
{
    (void)slot;
    order[order_count++] = ordinal;
}

static uint32_t in_ring(uint32_t r)
{
    return world.graph->edges.ring[r].head - world.graph->edges.ring[r].tail;
}

TEST(the_fifth_task_of_a_ring_of_four_waits_for_the_first)
{
    world_start(WINDOW, EDGES, HEAP);
    for (uint32_t i = 0; i < WINDOW; i++)
        world_dummy(NULL, 0);
    CHECK_EQ(world.waits, 0);
    CHECK_EQ(world.completed, 0);
    CHECK_EQ(in_ring(0), WINDOW);
    world_dummy(NULL, 0);
    CHECK(world.waits > 0);
    CHECK(world.completed > 0);
    world_finish();
    CHECK_EQ(world.completed, 5);
}

/* The second to fourth complete; the first does not: no slot is free. */
TEST(slots_come_back_in_the_order_of_submission)
{
    world_start(WINDOW, EDGES, HEAP);
    for (uint32_t i = 0; i < WINDOW; i++)
        world_dummy(NULL, 0);
    const uint32_t first = world.ready[0];
    world_complete(1);
    world_complete(2);
    CHECK_EQ(world.ready[0], first);
    world_complete(1);
    CHECK_EQ(world.ready_count, 1);
    world_whole();
    CHECK(!stream_more_room(world.graph) || world.completed == 4); /* which lets the first complete */
    CHECK_EQ(in_ring(0), 0);
    world_finish();
}

TEST(a_slot_whose_first_task_is_not_done_is_not_taken)
{
    world_start(WINDOW, EDGES, HEAP);
    order_count = 0;
    world.ran = note_order;
    for (uint32_t i = 0; i < 64; i++) {
        world_dummy(NULL, 0);
        CHECK(in_ring(0) <= WINDOW);
        for (uint32_t k = 0; k < world.ready_count; k++) /* who is ready is who was admitted to that slot last */
            CHECK(world.graph->stream.words[world.ready[k]].done != world.graph->stream.words[world.ready[k]].number);
    }
    world_finish();
    CHECK_EQ(order_count, 64);
}

TEST(ids_count_per_ring_and_tell_the_ring)
{
    npurt_task_id id[2 * STREAM_RINGS];
    world_start(WINDOW, EDGES, HEAP);
    for (uint32_t depth = 0; depth < 2 * STREAM_RINGS; depth++) {
        id[depth] = world_dummy(depth ? &id[depth - 1] : NULL, depth != 0);
        world_scope(NPURT_SCOPE_AUTO);
    }
    for (uint32_t depth = 0; depth < 2 * STREAM_RINGS; depth++) {
        const uint64_t ring = depth < STREAM_RINGS ? depth : STREAM_RINGS - 1;
        CHECK_EQ(id[depth], ring << 32 | (1 + depth - ring));
        world_scope_end();
    }
    world_finish();
}

TEST(rings_fill_apart)
{
    world_start(WINDOW, EDGES, HEAP);
    for (uint32_t r = 0; r < STREAM_RINGS; r++) {
        for (uint32_t i = 0; i < WINDOW; i++)
            world_dummy(NULL, 0);
        CHECK_EQ(in_ring(r), WINDOW);
        if (r + 1 < STREAM_RINGS) world_scope(NPURT_SCOPE_AUTO);
    }
    CHECK_EQ(world.waits, 0);
    CHECK_EQ(world_in_flight(), 4 * WINDOW);
    for (uint32_t r = 1; r < STREAM_RINGS; r++)
        world_scope_end();
    world_finish();
}

TEST(a_dependency_on_a_task_that_has_long_retired_is_none)
{
    world_start(WINDOW, EDGES, HEAP);
    const npurt_task_id first = world_dummy(NULL, 0);
    for (uint32_t i = 0; i < 100; i++)
        world_dummy(NULL, 0);
    world_run_all();
    world_dummy(&first, 1);
    CHECK_EQ(world.ready_count, 1);
    world_finish();
}

/* Its place in the ring is another's, which is in flight, or the very task's that waits for it. */
TEST(a_dependency_on_a_task_that_has_long_retired_is_none_on_who_has_its_place)
{
    for (uint32_t more = 0; more < WINDOW; more++) {
        world_start(WINDOW, EDGES, HEAP);
        const npurt_task_id first = world_dummy(NULL, 0);
        for (uint32_t i = 1; i < WINDOW; i++)
            world_dummy(NULL, 0);
        world_run_all();
        for (uint32_t i = 0; i < more; i++)
            world_dummy(NULL, 0);
        CHECK_EQ(world.ready_count, more);
        world_dummy(&first, 1);
        CHECK_EQ(world.ready_count, more + 1);
        world_finish();
    }
}

TEST(a_task_that_was_not_submitted_can_not_be_waited_for)
{
    static const npurt_task_id none[] = {2, UINT64_C(1) << 32 | 1, UINT64_C(4) << 32 | 1, 0, NPURT_TASK_NONE};
    for (uint32_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        npurt_task task;
        world_start(WINDOW, EDGES, HEAP);
        world_dummy(NULL, 0);
        npurt_task_init_dummy(&task);
        npurt_task_after(&task, &none[i], 1);
        CHECK_EQ(graph_submit(world.graph, &task, NULL), NPURT_ERROR_INVALID_ARGUMENT);
        CHECK_HAS(graph_problem(world.graph), "task 1: depends on task ");
        CHECK_HAS(graph_problem(world.graph), ", which was not submitted before");
        CHECK_EQ(stream_refusal_of(world.graph).code, STREAM_INVALID_ARGS);
    }
}

/* 128 producers, all in flight: 124 edges more than the pool has. */
TEST(a_task_may_wait_for_more_producers_than_its_ring_has_edges)
{
    npurt_task_id id[128];
    struct stream_control control = world_rings(128, EDGES, HEAP);
    control.ring[1].window = WINDOW;
    world_create(control);
    world_begin(3);
    for (uint32_t i = 0; i < 128; i++)
        id[i] = world_dummy(NULL, 0);
    CHECK_EQ(world.completed, 0);
    order_count = 0;
    world.ran = note_order;
    world_scope(NPURT_SCOPE_AUTO);
    world_dummy(id, 128);
    CHECK(world.completed >= 124);
    world_scope_end();
    world_finish();
    CHECK_EQ(order_count, 129);
    CHECK_EQ(order[128], 128); /* it was last */
    struct stream_result result = {0};
    stream_report(world.graph, &result);
    CHECK_EQ(result.edges_high[1], EDGES);
    CHECK_EQ(result.tasks_high[0], 128);
    CHECK_EQ(result.tasks, 129);
    CHECK(result.wait_ticks > 0);
}

/* In the same ring, where the pool is full of edges of tasks before it. */
TEST(edges_come_back_when_the_tasks_that_took_them_retire)
{
    world_start(64, EDGES, HEAP);
    npurt_task_id before = world_dummy(NULL, 0);
    for (uint32_t i = 0; i < 1000; i++) {
        const npurt_task_id two[] = {before, before};
        before = world_dummy(two, 2);
    }
    CHECK(world.waits > 0);
    world_finish();
    CHECK_EQ(world.completed, 1001);
}

/* The counts of edges are 32 bits and wrap; a pool's size need not be a power of two. */
TEST(the_count_of_edges_may_wrap)
{
    world_start(16, 5, HEAP);
    struct heap_ring *ring = &world.graph->stream.heap[0];
    ring->edge_head = ring->edge_tail = UINT32_MAX - 3;
    npurt_task_id id[3] = {0};
    for (uint32_t i = 0; i < 3; i++)
        id[i] = world_dummy(NULL, 0);
    for (uint32_t i = 0; i < 40; i++) {
        const npurt_task_id next = world_dummy(id, 3);
        id[i % 3] = next;
    }
    CHECK(ring->edge_head < 1000);
    world_finish();
}

TEST(the_last_index_of_a_ring_is_refused)
{
    npurt_task task;
    world_start(WINDOW, EDGES, HEAP);
    world.graph->edges.ring[0].head = world.graph->edges.ring[0].tail = STREAM_INDEX_MASK - 2;
    world_dummy(NULL, 0);
    world_dummy(NULL, 0);
    npurt_task_init_dummy(&task);
    CHECK_EQ(graph_submit(world.graph, &task, NULL), NPURT_ERROR_LIMIT);
    CHECK_STR(graph_problem(world.graph), "task 2: more than 1073741822 tasks in scopes of depth 0");
    CHECK_EQ(stream_refusal_of(world.graph).code, STREAM_LIMIT);
    world_run_all();
    CHECK_EQ(world.completed, 2);
}

TEST(when_the_run_has_ended_submissions_are_refused)
{
    npurt_task task;
    world_start(WINDOW, EDGES, HEAP);
    world_dummy(NULL, 0);
    world.end = 1;
    npurt_task_init_dummy(&task);
    CHECK_EQ(graph_submit(world.graph, &task, NULL), NPURT_ERROR_CANCELLED);
    CHECK_STR(graph_problem(world.graph), "task 1: the run had ended before it was submitted");
    CHECK_EQ(stream_finish(world.graph), NPURT_ERROR_CANCELLED);
}

static void end_the_run(uint32_t ordinal, uint32_t slot)
{
    (void)ordinal, (void)slot;
    world.end = 1;
}

/* While it waits for a slot, for edges and for memory. */
TEST(a_wait_ends_with_the_run)
{
    npurt_task task;
    npurt_task_init_dummy(&task);
    world_start(WINDOW, EDGES, HEAP);
    world.ran = end_the_run;
    npurt_status status = NPURT_OK;
    for (uint32_t i = 0; i < 10 && status == NPURT_OK; i++)
        status = graph_submit(world.graph, &task, NULL);
    CHECK_EQ(status, NPURT_ERROR_CANCELLED);

    npurt_tensor t;
    world_start(64, EDGES, HEAP);
    world.ran = end_the_run;
    world_scope(NPURT_SCOPE_AUTO);
    for (uint32_t i = 0; i < 4; i++)
        world_output(1024);
    world_scope_end();
    world_scope(NPURT_SCOPE_AUTO);
    CHECK_EQ(world.completed, 0);
    status = NPURT_OK;
    for (uint32_t i = 0; i < 4 && status == NPURT_OK; i++)
        status = world_try_output(4096, &t);
    CHECK_EQ(status, NPURT_ERROR_CANCELLED);
}

TEST(an_engine_runs_again_with_empty_rings)
{
    world_start(WINDOW, EDGES, HEAP);
    for (uint32_t run = 0; run < 20; run++) {
        world_begin(run);
        const npurt_tensor x = world_output(1024);
        for (uint32_t i = 0; i < 10; i++)
            world_access(i % 3 ? NPURT_ACCESS_INPUT : NPURT_ACCESS_INOUT, x);
        if (run % 2) continue; /* with tasks in flight, as a run ends that fails */
        world_finish();
        CHECK_EQ(world.completed, 11);
    }
}

TEST(scopes_left_open_are_refused)
{
    world_start(WINDOW, EDGES, HEAP);
    world_scope(NPURT_SCOPE_AUTO);
    world_scope(NPURT_SCOPE_MANUAL);
    CHECK_EQ(stream_finish(world.graph), NPURT_ERROR_INVALID_ARGUMENT);
    CHECK_STR(graph_problem(world.graph), "the graph ends with 2 scope(s) still open");
}

TEST_MAIN
