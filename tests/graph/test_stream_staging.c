/* What may be staged while its producers run, when graphs stream: a model of plain lists says of every task whether all of
 * its producers let it and have been handed out, however submissions, hand-outs and completions follow each other. */
#include "stream_world.h"

enum { TASKS = 600, AFTER = 4, WINDOW = 64, EDGES = 256, HEAP = 1 << 16 };

static struct model {
    uint32_t producer[AFTER], producers;
    bool dummy, opens, may; /* may: every producer opens, or had completed; and it is of a kind that is staged */
    bool submitted, handed, done;
    uint32_t counted;       /* producers that had completed before, or have been handed out while they ran */
    uint32_t staged;        /* how often the engine, or the hand-out, has said so */
    uint32_t slot;
} task[TASKS];

static void note_staged(uint32_t ordinal)
{
    task[ordinal].staged++;
}

static void note_ran(uint32_t ordinal, uint32_t slot)
{
    (void)slot;
    task[ordinal].done = true;
}

/* As a scheduler does that has sent the last block. */
static void hand_out(uint32_t ordinal)
{
    struct stream_words *words = &world.graph->stream.words[task[ordinal].slot];
    uint32_t edge = stream_first_edge(words->fanout);
    words->fanout |= STREAM_HANDED_OUT;
    for (; edge != STREAM_EDGE_NONE; edge = world_edges()[edge - 1].next) {
        const uint32_t slot = world_edges()[edge - 1].consumer, consumer = world.ordinal[slot];
        if (--world.graph->stream.gates[slot].left != 0) continue;
        if (task[consumer].dummy)
            hand_out(consumer);
        else
            note_staged(consumer);
    }
}

/* The same in the model: consumers found by looking at everybody. */
static void model_hand_out(uint32_t ordinal, uint32_t count)
{
    task[ordinal].handed = true;
    for (uint32_t i = ordinal + 1; i < count; i++)
        for (uint32_t k = 0; k < task[i].producers; k++)
            if (task[i].producer[k] == ordinal) task[i].counted++;
    for (uint32_t i = ordinal + 1; i < count; i++)
        if (task[i].dummy && task[i].may && !task[i].handed && !task[i].done && task[i].counted == task[i].producers)
            model_hand_out(i, count);
}

static bool all_done(const struct model *t)
{
    bool done = true;
    for (uint32_t k = 0; k < t->producers; k++)
        done &= task[t->producer[k]].done;
    return done;
}

static void submit(uint32_t i, npurt_task_id *id, uint64_t *state)
{
    struct model *t = &task[i];
    npurt_task x;
    npurt_task_id after[AFTER];
    const uint32_t from = i < 10 ? 0 : i - 10;
    const bool asks = world_random(state, 5) != 0, sync = world_random(state, 12) == 0;
    t->dummy = world_random(state, 8) == 0;
    const uint32_t most = i == 0 ? 0 : world_random(state, AFTER + 1);
    for (uint32_t k = 0; k < most; k++) {
        const uint32_t producer = from + world_random(state, i - from);
        bool twice = false;
        for (uint32_t j = 0; j < t->producers; j++)
            twice |= t->producer[j] == producer;
        if (twice) continue;
        after[t->producers] = id[producer];
        t->producer[t->producers++] = producer;
    }
    npurt_task_init(&x, t->dummy ? -1 : 0, -1, -1);
    if (asks) npurt_task_stage_consumers(&x);
    if (sync) npurt_task_blocks(&x, 2);
    if (sync) npurt_task_sync_start(&x);
    npurt_task_after(&x, after, t->producers);
    id[i] = world_submit(&x); /* which may let others complete, for room */
    t->slot = edges_slot(&world.graph->edges, (uint32_t)(id[i] >> 32) << STREAM_INDEX_BITS | (uint32_t)id[i]);
    t->submitted = true;
    t->may = !(sync && !t->dummy) && t->producers > 0;
    for (uint32_t k = 0; k < t->producers; k++) {
        const struct model *p = &task[t->producer[k]];
        t->may &= p->opens || p->done;
        t->counted += p->handed || p->done;
    }
    t->opens = t->dummy ? t->may && !all_done(t) : asks;
    if (t->dummy && t->may && !all_done(t) && t->counted == t->producers) model_hand_out(i, i + 1);
}

static void check(uint32_t i)
{
    const struct model *t = &task[i];
    const bool all = t->may && !t->dummy && t->counted == t->producers;
    /* once; and who was ready when the last of them was counted was not staged */
    if (t->staged > 1 || (t->staged == 1 && !all) || (t->staged == 0 && all && !all_done(t)))
        CHECK_FAIL("task %u: staged %u times; it may %s, %u of %u producers counted", i, t->staged,
                   t->may ? "be" : "not be", t->counted, t->producers);
}

TEST(a_task_is_staged_when_all_of_its_producers_have_been_handed_out)
{
    uint32_t staged = 0;
    for (uint64_t seed = 1; seed <= 30; seed++) {
        npurt_task_id id[TASKS];
        uint64_t state = seed * 77;
        world_create(world_rings(WINDOW, EDGES, HEAP));
        world_begin(seed);
        world.ran = note_ran;
        world.staged = note_staged;
        memset(task, 0, sizeof task);
        for (uint32_t i = 0; i < TASKS; i++) {
            submit(i, id, &state);
            for (uint32_t n = world_random(&state, 3); n > 0 && world.ready_count > 0; n--) {
                const uint32_t which = world_random(&state, world.ready_count), slot = world.ready[which];
                struct model *t = &task[world.ordinal[slot]];
                if (!t->dummy && t->opens && !t->handed && world_random(&state, 4) != 0) {
                    model_hand_out(world.ordinal[slot], i + 1);
                    hand_out(world.ordinal[slot]);
                } else if (world_random(&state, 2) == 0) {
                    world_complete(which);
                }
            }
            for (uint32_t k = i < WINDOW ? 0 : i - WINDOW; k <= i; k++) {
                const struct model *t = &task[k];
                if (t->staged && t->opens && !t->handed && !t->done && world_random(&state, 8) == 0) {
                    model_hand_out(k, i + 1); /* it has been sent, and waits behind its gate */
                    hand_out(k);
                }
                check(k);
            }
        }
        world_finish();
        for (uint32_t i = 0; i < TASKS; i++)
            staged += task[i].staged;
    }
    printf("  %u of %u were staged\n", staged, 30 * TASKS);
    CHECK(staged > TASKS);
    world_free();
}

TEST_MAIN
