/* Who waits for whom, in graphs whose answer is written down here. */
#include "check.h"
#include "host/waits.h"

/* A source of tasks that is no image: edges as pairs, sorted by producer. */
enum { MOST = 64, MOST_EDGES = 256 };
struct model {
    uint32_t begin[MOST + 1], edge[MOST_EDGES];
    struct task_state state[MOST];
    struct task_source source;
};

static const uint32_t *consumers(const struct task_source *source, uint32_t place, uint32_t *count)
{
    const struct model *m = source->own;
    *count = m->begin[place + 1] - m->begin[place];
    return m->edge + m->begin[place];
}

/* `done` tasks at the front have completed; counters are what a scheduler would have left. */
static void make(struct model *m, uint32_t count, const uint32_t (*pair)[2], uint32_t pairs, uint32_t done)
{
    uint32_t at = 0;
    *m = (struct model){.source = {.count = count, .own = m, .consumers = consumers}};
    m->source.state = m->state;
    for (uint32_t p = 0; p < count; p++) {
        m->begin[p] = at;
        for (uint32_t i = 0; i < pairs; i++) {
            if (pair[i][0] != p) continue;
            m->edge[at++] = pair[i][1];
            if (p >= done) m->state[pair[i][1]].fanin_left++;
        }
        m->state[p].link = p < done ? TASK_DONE : TASK_NONE;
    }
    m->begin[count] = at;
}

static const uint32_t diamond[][2] = {{0, 1}, {0, 2}, {1, 3}, {2, 3}, {3, 4}, {3, 5}};

TEST(everything_waits_for_the_task_that_runs)
{
    struct model m;
    struct waits w;
    uint8_t flight[6] = {0, 0, FLIGHT_RUNNING};
    make(&m, 6, diamond, 6, 2);
    CHECK(waits_find(&m.source, flight, &w));
    CHECK_EQ(w.unfinished, 4);
    CHECK_EQ(w.root_total, 1);
    CHECK_EQ(w.root[0].place, 2);
    CHECK_EQ(w.root[0].waiting, 3);
    CHECK_EQ(w.kind[1], WAIT_DONE);
    CHECK_EQ(w.kind[2], WAIT_RUNNING);
    CHECK_EQ(w.kind[3], WAIT_FOR_PRODUCERS);
    CHECK_EQ(w.waiting_total, 3);
    CHECK_EQ(w.listed[0], 3);
    CHECK_EQ(w.chain_length, 3);
    CHECK_EQ(w.chain[1], 3);
    CHECK_EQ(w.chain[2], 2);
    CHECK_EQ(w.cycle_count, 0);
    waits_fini(&w);
}

TEST(producers_are_the_edges_turned_round)
{
    struct model m;
    struct waits w;
    make(&m, 6, diamond, 6, 0);
    m.source.state = NULL; /* nobody knows how far they are: producers are known all the same */
    CHECK(waits_find(&m.source, NULL, &w));
    CHECK(w.kind == NULL);
    static const uint32_t count[] = {0, 1, 1, 2, 1, 1};
    for (uint32_t p = 0; p < 6; p++)
        CHECK_EQ(w.producer_begin[p + 1] - w.producer_begin[p], count[p]);
    CHECK_EQ(w.producer[w.producer_begin[3]], 1);
    CHECK_EQ(w.producer[w.producer_begin[3] + 1], 2);
    CHECK_EQ(w.producer[w.producer_begin[5]], 3);
    waits_fini(&w);
}

TEST(roots_are_told_by_what_keeps_them)
{
    struct model m;
    struct waits w;
    static const uint32_t fan[][2] = {{0, 1}, {0, 2}, {0, 3}, {0, 4}, {4, 5}};
    uint8_t flight[6] = {0, FLIGHT_SENT, FLIGHT_RUNNING};
    make(&m, 6, fan, 5, 1);
    m.state[4].fanin_left = 1; /* a release was lost */
    CHECK(waits_find(&m.source, flight, &w));
    CHECK_EQ(w.root_total, 4);
    CHECK_EQ(w.kind[1], WAIT_SENT);
    CHECK_EQ(w.kind[2], WAIT_RUNNING);
    CHECK_EQ(w.kind[3], WAIT_FOR_CORE);
    CHECK_EQ(w.kind[4], WAIT_UNRELEASED);
    CHECK_EQ(w.root[0].place, 2); /* running, sent, unreleased, ready */
    CHECK_EQ(w.root[1].place, 1);
    CHECK_EQ(w.root[2].place, 4);
    CHECK_EQ(w.root[2].waiting, 1);
    CHECK_EQ(w.root[3].place, 3);
    CHECK_EQ(w.root[3].waiting, 0);
    waits_fini(&w);
}

/* Consumers of a task that runs wait on cores, one of them in part: the task that runs is what everything waits for. */
TEST(who_was_staged_waits_for_its_producers)
{
    struct model m;
    struct waits w;
    uint8_t flight[6] = {0, FLIGHT_SENT, FLIGHT_RUNNING, FLIGHT_SENT, FLIGHT_SENT};
    make(&m, 6, diamond, 6, 1);
    m.state[1].fanin_left = 0;
    CHECK(waits_find(&m.source, flight, &w));
    CHECK_EQ(w.root_total, 2);
    CHECK_EQ(w.root[0].place, 2);
    CHECK_EQ(w.root[0].waiting, 3);
    CHECK_EQ(w.root[1].place, 1); /* its producer has completed, and no core has taken it */
    CHECK_EQ(w.kind[3], WAIT_FOR_PRODUCERS);
    CHECK_EQ(w.kind[4], WAIT_FOR_PRODUCERS);
    CHECK_EQ(w.waiting_total, 3);
    CHECK_EQ(w.chain_length, 3);
    waits_fini(&w);
    m.state[1].link = m.state[2].link = TASK_DONE;
    m.state[3].fanin_left = 1; /* the release of one was lost: its gate never opens */
    flight[1] = flight[2] = FLIGHT_NONE;
    CHECK(waits_find(&m.source, flight, &w));
    CHECK_EQ(w.root_total, 1);
    CHECK_EQ(w.kind[3], WAIT_UNRELEASED);
    waits_fini(&w);
}

TEST(a_cycle_is_found_and_what_is_behind_it_is_not_part_of_it)
{
    struct model m;
    struct waits w;
    static const uint32_t ring[][2] = {{0, 1}, {1, 2}, {2, 3}, {3, 1}, {3, 4}, {4, 5}};
    make(&m, 6, ring, 6, 1);
    CHECK(waits_find(&m.source, NULL, &w));
    CHECK_EQ(w.root_total, 0);
    CHECK_EQ(w.cycle_count, 3);
    for (uint32_t i = 0; i < 3; i++) {
        CHECK(w.cycle[i] >= 1 && w.cycle[i] <= 3);
        /* each waits for the next */
        CHECK_EQ(w.cycle[(i + 1) % 3], w.cycle[i] == 1 ? 3 : w.cycle[i] - 1);
    }
    waits_fini(&w);
}

TEST(a_long_chain_shows_its_end_next_to_the_root_and_its_length)
{
    struct model m;
    struct waits w;
    static uint32_t pair[MOST - 1][2];
    for (uint32_t i = 0; i + 1 < MOST; i++) {
        pair[i][0] = i;
        pair[i][1] = i + 1;
    }
    make(&m, MOST, pair, MOST - 1, 10);
    CHECK(waits_find(&m.source, NULL, &w));
    CHECK_EQ(w.root[0].place, 10);
    CHECK_EQ(w.kind[10], WAIT_FOR_CORE);
    CHECK_EQ(w.root[0].waiting, MOST - 11);
    CHECK_EQ(w.chain_length, MOST - 10);
    CHECK_EQ(w.chain_count, WAITS_CHAIN);
    CHECK_EQ(w.chain[WAITS_CHAIN - 1], 10);
    CHECK_EQ(w.chain[0], 10 + WAITS_CHAIN - 1);
    CHECK_EQ(w.listed_count, MOST - 11);
    waits_fini(&w);
}

TEST(a_graph_that_is_done_or_empty_waits_for_nothing)
{
    struct model m;
    struct waits w;
    make(&m, 6, diamond, 6, 6);
    CHECK(waits_find(&m.source, NULL, &w));
    CHECK_EQ(w.unfinished + w.root_total + w.waiting_total + w.chain_length + w.cycle_count, 0);
    waits_fini(&w);
    make(&m, 0, NULL, 0, 0);
    CHECK(waits_find(&m.source, NULL, &w));
    CHECK_EQ(w.unfinished, 0);
    waits_fini(&w);
}

TEST_MAIN
