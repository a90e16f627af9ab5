/* Joins of an image: k × n edges are k + n, and nobody waits for more or less than he asked for. Edges from task to task are
 * read off the image by world.h, which knows its description alone. */
#include "world.h"

#include <graph/join.h>

/* Dummies with nothing to wait for. */
static void sources(npurt_task_id *id, uint32_t count)
{
    npurt_task task;
    npurt_task_init_dummy(&task);
    for (uint32_t i = 0; i < count; i++)
        id[i] = world_submit(&task);
}

static npurt_task_id after(const npurt_task_id *id, uint32_t count)
{
    npurt_task task;
    npurt_task_init_dummy(&task);
    npurt_task_after(&task, id, count);
    return world_submit(&task);
}

static void check_all_to_all(uint32_t producers, uint32_t consumers)
{
    for (uint32_t c = producers; c < producers + consumers; c++) {
        CHECK_EQ(world_fanin(c), producers);
        for (uint32_t p = 0; p < producers; p++)
            CHECK(world_edge(p, c));
    }
}

TEST(readers_of_what_many_have_written_share_a_join)
{
    world_begin();
    npurt_tensor x = world_bytes(4096, 100);
    for (uint32_t i = 0; i < 10; i++)
        world_write(world_slice(&x, 10 * i, 10 * i + 10));
    for (uint32_t i = 0; i < 5; i++)
        world_read(x);
    world_finish();
    CHECK_EQ(world_image.task_count, 15);
    CHECK_EQ(world_image.join_count, 1);
    CHECK_EQ(world_image.edge_count, 10 + 5);
    CHECK_EQ(world_task(15)->fanin, 10);
    check_all_to_all(10, 5);
}

TEST(who_wants_every_edge_by_itself_gets_it)
{
    world_begin_with((struct graph_begin_info){.edge_kinds = GRAPH_ALL_EDGES});
    npurt_task_id id[10];
    sources(id, 10);
    for (uint32_t i = 0; i < 5; i++)
        after(id, 10);
    world_finish();
    CHECK_EQ(world_image.join_count, 0);
    CHECK_EQ(world_image.edge_count, 50);
    check_all_to_all(10, 5);
}

TEST(few_edges_stay_as_they_are)
{
    for (uint32_t producers = JOIN_PRODUCERS - 1; producers <= JOIN_PRODUCERS; producers++)
        for (uint32_t consumers = JOIN_CONSUMERS - 1; consumers <= JOIN_CONSUMERS; consumers++) {
            const bool joined = producers == JOIN_PRODUCERS && consumers == JOIN_CONSUMERS;
            npurt_task_id id[JOIN_PRODUCERS];
            world_begin();
            sources(id, producers);
            for (uint32_t i = 0; i < consumers; i++)
                after(id, producers);
            world_finish();
            CHECK_EQ(world_image.join_count, joined);
            CHECK_EQ(world_image.edge_count, joined ? producers + consumers : producers * consumers);
            check_all_to_all(producers, consumers);
        }
}

/* A producer more, one less, another one at either end: none of these waits for the join of the others. */
TEST(sets_that_differ_in_one_task_are_not_mixed)
{
    enum { TASKS = 12, SETS = 5 };
    static const char *const set[SETS] = {"##########..", "###########.", "#########...", ".##########.", "#########.#."};
    world_begin();
    npurt_task_id id[TASKS];
    sources(id, TASKS);
    for (uint32_t round = 0; round < 3; round++)
        for (uint32_t s = 0; s < SETS; s++) {
            npurt_task_id some[TASKS];
            uint32_t count = 0;
            for (uint32_t p = 0; p < TASKS; p++)
                if (set[s][p] == '#') some[count++] = id[p];
            after(some, count);
        }
    world_finish();
    CHECK_EQ(world_image.join_count, SETS);
    for (uint32_t i = 0; i < 3 * SETS; i++)
        for (uint32_t p = 0; p < TASKS; p++)
            CHECK_EQ(world_edge(p, TASKS + i), set[i % SETS][p] == '#');
}

TEST(who_waits_for_one_more_has_edges_of_its_own)
{
    world_begin();
    npurt_tensor x = world_bytes(4096, 100), y = world_bytes(8192, 10);
    for (uint32_t i = 0; i < 10; i++)
        world_write(world_slice(&x, 10 * i, 10 * i + 10));
    world_write(y); /* 10 */
    for (uint32_t i = 0; i < 3; i++)
        world_read(x);
    npurt_task task;
    npurt_task_init_aiv(&task, 0);
    npurt_task_input(&task, &x);
    npurt_task_input(&task, &y);
    world_submit(&task); /* 14 */
    world_finish();
    CHECK_EQ(world_image.join_count, 1);
    CHECK_EQ(world_fanin(14), 11);
    CHECK_EQ(world_task(14)->fanin, 11);
}

/* Stages that each wait for all of the stage before: consumers of one join are producers of the next. */
TEST(stages_follow_each_other_through_joins)
{
    enum { STAGES = 50, WIDTH = 20 };
    npurt_task_id id[2][WIDTH];
    world_begin();
    sources(id[0], WIDTH);
    for (uint32_t s = 1; s < STAGES; s++)
        for (uint32_t i = 0; i < WIDTH; i++)
            id[s % 2][i] = after(id[(s - 1) % 2], WIDTH);
    world_finish();
    CHECK_EQ(world_image.join_count, STAGES - 1);
    CHECK_EQ(world_image.edge_count, (STAGES - 1) * 2 * WIDTH);
    for (uint32_t i = 0; i < STAGES * WIDTH; i++) {
        CHECK_EQ(world_fanin(i), i < WIDTH ? 0 : WIDTH);
        CHECK_EQ(world_fanout(i), i < (STAGES - 1) * WIDTH ? WIDTH : 0);
        for (uint32_t k = 0; k < world_fanout(i); k++)
            CHECK_EQ(world_consumers(i)[k] / WIDTH, i / WIDTH + 1);
    }
}

/* Sets drawn from a few, or by themselves: what was asked for is what the image says, to the edge. */
TEST(random_sets_are_waited_for_as_asked)
{
    enum { TASKS = 200, KEPT = 4 };
    for (uint64_t seed = 1; seed <= 500; seed++) {
        static bool asked[TASKS][TASKS];
        npurt_task_id id[TASKS], kept[KEPT][TASKS];
        uint32_t length[KEPT] = {0}, joined = 0;
        uint64_t s = seed;
        memset(asked, 0, sizeof asked);
        world_begin();
        for (uint32_t i = 0; i < TASKS; i++) {
            npurt_task_id set[TASKS];
            uint32_t count = 0, which = world_random(&s, KEPT);
            if (length[which] == 0 || world_random(&s, 8) == 0) {
                for (uint32_t p = 0; p < i; p++)
                    if (world_random(&s, 1 + i / 12) == 0) kept[which][count++] = id[p];
                length[which] = count;
            }
            count = length[which];
            memcpy(set, kept[which], count * sizeof set[0]);
            if (count > 1 && world_random(&s, 4) == 0) { /* the same in another order */
                const npurt_task_id first = set[0];
                set[0] = set[count - 1];
                set[count - 1] = first;
            }
            if (i > 0 && world_random(&s, 4) == 0) set[count++] = id[world_random(&s, i)];
            for (uint32_t k = 0; k < count; k++)
                asked[set[k]][i] = true;
            id[i] = after(set, count);
            CHECK_EQ(id[i], i);
        }
        world_finish();
        joined = world_image.join_count;
        for (uint32_t p = 0; p < TASKS; p++) {
            static bool found[TASKS];
            memset(found, 0, sizeof found);
            for (uint32_t k = 0; k < world_fanout(p); k++) {
                if (found[world_consumers(p)[k]]) CHECK_FAIL("seed %" PRIu64 ": two edges between two tasks", seed);
                found[world_consumers(p)[k]] = true;
            }
            for (uint32_t c = 0; c < TASKS; c++)
                if (found[c] != asked[p][c])
                    CHECK_FAIL("seed %" PRIu64 ": task %u %s for %u", seed, c, asked[p][c] ? "does not wait" : "waits", p);
        }
        if (seed == 1) CHECK(joined > 0);
    }
}

TEST_MAIN
