/* Joins in rings: many that wait for the same many share one, when there is room for it, and nobody waits for more or less than
 * he asked for. */
#include "ready_order.h"

enum { HEAP = 4096 };

static npurt_task_id id[1024];

static uint32_t edges_of(uint32_t r)
{
    return world.graph->stream.heap[r].edge_head - world.graph->stream.heap[r].edge_tail;
}

/* Completes the ready task with this ordinal. */
static void complete(uint32_t ordinal)
{
    for (uint32_t i = 0; i < world.ready_count; i++)
        if (world.ordinal[world.ready[i]] == ordinal) {
            world_complete(i);
            return;
        }
    CHECK_FAIL("task %u is not ready", ordinal);
}

static void submit_sources(uint32_t first, uint32_t count)
{
    for (uint32_t i = first; i < first + count; i++)
        id[i] = world_dummy(NULL, 0);
}

TEST(from_the_second_on_they_share_a_join)
{
    world_start(64, 256, HEAP);
    submit_sources(0, 10);
    world_dummy(id, 10);
    CHECK_EQ(edges_of(0), 10);
    world_dummy(id, 10);
    CHECK_EQ(edges_of(0), 10 + 10 + 1);
    for (uint32_t i = 0; i < 3; i++)
        world_dummy(id, 10);
    CHECK_EQ(edges_of(0), 10 + 10 + 4);
    CHECK_EQ(world.waits, 0);
    for (uint32_t i = 0; i < 10; i++) {
        CHECK_EQ(world.ready_count, 10 - i);
        complete(i);
        world_whole();
    }
    CHECK_EQ(world.ready_count, 5);
    world_finish();
    CHECK_EQ(world.completed, 15);
}

/* Ids and the numbers that people are told go on as if there were none. */
TEST(a_join_is_no_task)
{
    world_start(64, 256, HEAP);
    submit_sources(0, 10);
    for (uint32_t i = 10; i < 15; i++) {
        const npurt_task_id own = world_dummy(id, 10);
        CHECK_EQ(own, i + 1);
        CHECK_EQ(graph_task_count(world.graph), i + 1);
    }
    world_finish();
    struct stream_result result;
    memset(&result, 0, sizeof result);
    stream_report(world.graph, &result);
    CHECK_EQ(result.tasks, 15);
    CHECK_EQ(result.tasks_high[0], 15);
}

/* What has retired is no producer any more; the rest is still the same set. */
TEST(who_comes_after_the_first_have_retired_shares_it)
{
    world_start(64, 256, HEAP);
    submit_sources(0, 20);
    world_dummy(id, 20);
    world_dummy(id, 20);
    for (uint32_t i = 0; i < 5; i++)
        complete(i);
    CHECK(stream_more_room(world.graph));
    const uint32_t before = edges_of(0);
    world_dummy(id, 20);
    CHECK_EQ(edges_of(0), before + 1);
    for (uint32_t i = 5; i < 20; i++)
        complete(i);
    CHECK_EQ(world.ready_count, 3);
    world_finish();
}

/* All producers but one are its own. */
TEST(who_waits_for_less_does_not_wait_for_the_join)
{
    for (uint32_t left_out = 0; left_out < 10; left_out++) {
        npurt_task_id some[10];
        uint32_t count = 0;
        world_start(64, 256, HEAP);
        submit_sources(0, 10);
        world_dummy(id, 10);
        world_dummy(id, 10);
        for (uint32_t i = 0; i < 10; i++)
            if (i != left_out) some[count++] = id[i];
        world_dummy(some, 9); /* 12 */
        for (uint32_t i = 0; i < 10; i++)
            if (i != left_out) complete(i);
        CHECK_EQ(world.ready_count, 2);
        complete(12);
        complete(left_out);
        CHECK_EQ(world.ready_count, 2);
        world_finish();
    }
}

TEST(who_waits_for_one_more_waits_for_it)
{
    world_start(64, 256, HEAP);
    submit_sources(0, 11);
    world_dummy(id, 10);
    world_dummy(id, 10);
    world_dummy(id, 11); /* 13 */
    for (uint32_t i = 0; i < 10; i++)
        complete(i);
    CHECK_EQ(world.ready_count, 3); /* the two, and the eleventh */
    complete(10);
    complete(13);
    world_finish();
}

/* A join made of tasks that have completed, and not retired: nobody waits for it. */
TEST(what_has_completed_holds_nobody)
{
    for (uint32_t done_before = 0; done_before <= 10; done_before++) {
        world_start(64, 256, HEAP);
        submit_sources(0, 10);
        world_dummy(id, 10);
        for (uint32_t i = 10; i-- > 10 - done_before;) /* the last first: none retires before the first */
            complete(i);
        world_dummy(id, 10);
        world_dummy(id, 10);
        for (uint32_t i = 0; i < 10 - done_before; i++)
            complete(i);
        CHECK_EQ(world.ready_count, 3);
        world_finish();
    }
}

/* A pool without room for a join's edges: it is done without, and nobody waits for the room. */
TEST(where_edges_are_scarce_there_is_none)
{
    world_start(64, 20, HEAP);
    submit_sources(0, 10);
    world_dummy(id, 10);
    world_dummy(id, 10);
    CHECK_EQ(world.waits, 0);
    CHECK_EQ(edges_of(0), 20);
    world_dummy(id, 10); /* waits as it would have without joins */
    world_finish();
    CHECK_EQ(world.completed, 13);
}

/* More sets in flight than there can be joins: 8 producers each, 3 that wait, everything completes in any order. */
static bool ran[1024];
static uint32_t too_early;
static void check_set(uint32_t ordinal, uint32_t slot)
{
    (void)slot;
    const uint32_t of = ordinal / 11 * 11;
    for (uint32_t i = of; ordinal - of >= 8 && i < of + 8; i++)
        too_early += !ran[i];
    ran[ordinal] = true;
}

TEST(more_sets_than_joins_are_waited_for)
{
    enum { SETS = STREAM_JOINS + 20 };
    for (uint64_t seed = 1; seed <= 20; seed++) {
        world_create(world_rings(1024, 8192, HEAP));
        world_begin(seed);
        world.ran = check_set;
        world.unchecked = true;
        memset(ran, 0, sizeof ran);
        too_early = 0;
        for (uint32_t s = 0; s < SETS; s++) {
            submit_sources(s * 11, 8);
            for (uint32_t i = 0; i < 3; i++)
                world_dummy(id + s * 11, 8);
        }
        CHECK_EQ(world.waits, 0);
        CHECK_EQ(edges_of(0), STREAM_JOINS * (8 + 8 + 2) + (SETS - STREAM_JOINS) * 24);
        world_whole();
        world_finish();
        CHECK_EQ(too_early, 0);
        CHECK_EQ(world.completed, SETS * 11);
    }
}

/* Joins come back as their producers complete, in rings that go round many times. */
TEST(joins_are_used_again)
{
    world_create(world_rings(16, 64, HEAP));
    world_begin(1);
    for (uint32_t round = 0; round < 500; round++) {
        submit_sources(0, 10);
        const uint32_t made = world.graph->stream.joins;
        for (uint32_t i = 0; i < 4; i++)
            world_dummy(id, 10);
        CHECK_EQ(world.graph->stream.joins, made + 1);
        world_run_all();
    }
    world_finish();
    CHECK_EQ(world.completed, 500 * 14);
}

/* Random sets, most of them drawn before, in rings of any size from the smallest: nobody runs before what he asked for, and
 * nobody waits when that has completed. */
static void play(uint64_t seed, uint32_t pace)
{
    enum { KEPT = 3 };
    uint64_t kept[KEPT] = {0};
    const uint64_t first = seed;
    uint32_t depth = 0;
    memset(must, 0, sizeof must);
    memset(asked, 0, sizeof asked);
    done = lost = 0;
    world_begin(seed);
    world.ran = check_order;
    for (uint32_t i = 0; i < READY_ORDER_TASKS; i++) {
        npurt_task_id set[READY_ORDER_TASKS];
        uint32_t count = 0;
        const uint32_t which = world_random(&seed, KEPT);
        if (world_random(&seed, 3) == 0) { /* other rings */
            if (depth < 5 && world_random(&seed, 2)) {
                world_scope(NPURT_SCOPE_AUTO);
                depth++;
            } else if (depth > 0) {
                world_scope_end();
                depth--;
            }
        }
        if (i >= 8 && (kept[which] == 0 || world_random(&seed, 6) == 0)) {
            kept[which] = 0;
            for (uint32_t p = i < 24 ? 0 : i - 24; p < i; p++)
                kept[which] |= (uint64_t)(world_random(&seed, 8) != 0) << p;
        }
        must[i] = kept[which];
        if (i > 0 && world_random(&seed, 8) == 0) must[i] |= UINT64_C(1) << world_random(&seed, i);
        asked[i] = must[i];
        for (uint32_t p = 0; p < i; p++)
            if (must[i] >> p & 1) set[count++] = id[p];
        id[i] = world_dummy(set, count);
        if (world_random(&seed, 4) < pace) world_run(1 + world_random(&world.seed, 3));
        if (late()) CHECK_FAIL("seed %" PRIu64 ": a task waits that has nothing to wait for", first);
    }
    while (depth-- > 0)
        world_scope_end();
    while (world_run(1))
        if (late()) CHECK_FAIL("seed %" PRIu64 ": a task waits that has nothing to wait for", first);
    world_finish();
    if (lost) CHECK_FAIL("seed %" PRIu64 ": %u tasks ran before one that they wait for", first, lost);
}

TEST(random_sets_are_waited_for_as_asked)
{
    static const uint32_t windows[] = {4, 8, 16, 64}, edges[] = {4, 16, 64, 1024};
    uint32_t joins = 0;
    for (uint64_t seed = 1; seed <= 2000; seed++) {
        if (seed % 10 == 1) world_create(world_rings(windows[seed / 10 % 4], edges[seed / 40 % 4], HEAP));
        play(seed, (uint32_t)(seed % 5));
        joins += world.graph->stream.joins;
    }
    CHECK(joins > 1000);
}

TEST_MAIN
