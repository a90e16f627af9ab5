/* Outputs: how long they live, where they go, what is said when there is no room. */
#include "stream_world.h"

enum { KIB = 1024 };

static uint32_t outputs(uint32_t r)
{
    return world.graph->map.own_ring[r].count;
}

static uint64_t bytes(uint32_t r)
{
    return world.graph->stream.heap[r].live;
}

static void read_it(npurt_tensor t)
{
    world_access(NPURT_ACCESS_INPUT, t);
}

TEST(a_buffer_lives_while_its_scope_is_open)
{
    world_start(16, 16, 4 * KIB);
    world_scope(NPURT_SCOPE_AUTO);
    const npurt_tensor x = world_output(1000);
    world_run_all();
    for (uint32_t i = 0; i < 100; i++)
        read_it(x);
    CHECK_EQ(outputs(1), 1);
    world_run_all();
    CHECK_EQ(bytes(1), KIB);
    world_scope_end();
    for (uint32_t i = 0; i < 100; i++)
        world_dummy(NULL, 0);
    world_run_all();
    world_scope(NPURT_SCOPE_AUTO);
    world_output(4 * KIB); /* for which the other has to go */
    CHECK_EQ(outputs(1), 1);
    world_scope_end();
    world_finish();
}

/* The last reader of the first buffer has not run: nothing of the second, which is as large as the heap, is there. */
static npurt_tensor held;
static bool reader_ran;
static void see_reader(uint32_t ordinal, uint32_t slot)
{
    (void)slot;
    reader_ran |= ordinal == 1;
}
TEST(a_buffer_lives_while_a_task_in_flight_uses_it)
{
    for (uint64_t seed = 0; seed < 50; seed++) {
        world_start(16, 16, 4 * KIB);
        world_begin(seed);
        world.ran = see_reader;
        reader_ran = false;
        world_scope(NPURT_SCOPE_AUTO);
        held = world_output(2 * KIB);
        read_it(held);
        world_scope_end();
        CHECK_EQ(outputs(1), 1);
        CHECK(!reader_ran);
        world_scope(NPURT_SCOPE_AUTO);
        world_output(4 * KIB);
        CHECK(reader_ran);
        CHECK_EQ(outputs(1), 1);
        world_scope_end();
        world_finish();
    }
}

TEST(an_untracked_argument_keeps_its_buffer_too)
{
    world_start(16, 16, 4 * KIB);
    reader_ran = false;
    world.ran = see_reader;
    world_scope(NPURT_SCOPE_MANUAL);
    const npurt_tensor x = world_output(3 * KIB);
    world_access(NPURT_ACCESS_NO_DEP, x);
    world_scope_end();
    world_scope(NPURT_SCOPE_AUTO);
    world_output(2 * KIB);
    CHECK(reader_ran);
    world_scope_end();
    world_finish();
}

TEST(what_is_allocated_without_a_task_lives_as_long)
{
    const npurt_tensor_spec spec = {.dtype = NPURT_F32, .ndims = 1, .shape = {256}};
    npurt_tensor t;
    world_start(16, 16, 4 * KIB);
    for (uint32_t i = 0; i < 50; i++) {
        world_scope(NPURT_SCOPE_AUTO);
        for (uint32_t k = 0; k < 4; k++)
            CHECK_EQ(graph_alloc(world.graph, &spec, &t), NPURT_OK);
        CHECK_EQ(bytes(1), 4 * KIB);
        world_scope_end();
        CHECK_EQ(bytes(1), 0); /* nobody used them */
    }
    world_finish();
}

TEST(scopes_nest_64_deep_over_four_rings)
{
    npurt_tensor x[NPURT_MAX_SCOPE_DEPTH + 1];
    struct stream_control control = world_rings(16, 16, 4 * KIB);
    control.ring[3].heap_size = 64 * KIB;
    world_create(control);
    for (uint32_t round = 0; round < 3; round++) {
        world_begin(round);
        for (uint32_t depth = 0; depth <= NPURT_MAX_SCOPE_DEPTH; depth++) {
            const uint32_t r = depth < 3 ? depth : 3;
            x[depth] = world_output(KIB);
            CHECK(x[depth].addr - world.control.ring[r].heap < world.control.ring[r].heap_size);
            if (depth < NPURT_MAX_SCOPE_DEPTH) world_scope(NPURT_SCOPE_AUTO);
        }
        CHECK_EQ(outputs(3), 62);
        for (uint32_t depth = NPURT_MAX_SCOPE_DEPTH; depth > 0; depth--) {
            world_run_all();
            read_it(x[depth]); /* still there */
            read_it(x[0]);
            world_scope_end();
        }
        world_finish();
        CHECK_EQ(world.completed, 65 + 128);
    }
    world_begin(9);
    for (uint32_t depth = 0; depth < NPURT_MAX_SCOPE_DEPTH; depth++)
        world_scope(NPURT_SCOPE_AUTO);
    CHECK_EQ(graph_scope_begin(world.graph, NPURT_SCOPE_AUTO), NPURT_ERROR_LIMIT);
    CHECK_HAS(graph_problem(world.graph), "scopes nest at most 64 deep");
}

/* ---- leases */

static void is_stale(npurt_tensor t)
{
    npurt_task task;
    npurt_task_init_aiv(&task, 0);
    npurt_task_input(&task, &t);
    const uint32_t number = graph_task_count(world.graph);
    char sentence[128];
    snprintf(sentence, sizeof sentence,
             "task %u, tensor 0: its buffer was given back when the scope ended that allocated it", number);
    CHECK_EQ(graph_submit(world.graph, &task, NULL), NPURT_ERROR_INVALID_ARGUMENT);
    CHECK_STR(graph_problem(world.graph), sentence);
}

/* Whether its task is still in flight, and whatever has taken its place since, does not matter. */
TEST(a_descriptor_is_refused_after_the_end_of_its_scope)
{
    for (uint32_t how = 0; how < 5; how++) {
        world_start(16, 16, 4 * KIB);
        world_scope(NPURT_SCOPE_AUTO);
        const npurt_tensor x = world_output(KIB);
        if (how == 1) world_run_all();
        world_scope_end();
        if (how == 2) world_run_all();
        if (how >= 3) {
            world_scope(NPURT_SCOPE_AUTO);
            const npurt_tensor y = world_output(4 * KIB); /* only there is room */
            if (how == 4) world_run_all();
            CHECK_EQ(y.addr, x.addr);
            CHECK(y.lease != x.lease);
        }
        is_stale(x);
    }
}

TEST(a_view_and_a_descriptor_made_by_hand_are_refused_as_well)
{
    world_start(16, 16, 4 * KIB);
    world_scope(NPURT_SCOPE_AUTO);
    npurt_tensor x = world_output(KIB);
    world_scope_end();
    is_stale(npurt_tensor_view(&x, (uint32_t[]){10}, (uint32_t[]){5}));

    world_start(16, 16, 4 * KIB);
    world_scope(NPURT_SCOPE_AUTO);
    x = world_output(KIB);
    world_scope_end();
    x.lease = x.hint = 0;
    is_stale(x);

    world_start(16, 16, 4 * KIB);
    world_scope(NPURT_SCOPE_AUTO);
    x = world_output(KIB);
    x.lease = x.hint = 0;
    read_it(x); /* while the scope is open it serves */
    world_scope_end();
    world_finish();
}

/* An orchestration stays loaded between runs, and with it what it keeps in static variables. */
TEST(a_descriptor_of_an_earlier_run_is_refused)
{
    for (uint32_t how = 0; how < 3; how++) {
        world_start(16, 16, 4 * KIB);
        if (how == 2) world_output(KIB);
        const npurt_tensor x = world_output(KIB);
        if (how != 1) world_finish();
        world_begin(2);
        for (uint32_t i = 0; i < 2; i++) /* as many tasks as then */
            world_dummy(NULL, 0);
        if (how == 1) CHECK_EQ(world_output(KIB).addr, x.addr); /* the first of its ring again */
        is_stale(x);
    }
}

/* Other rings in between, then the same again, in memory that still holds what the first engine wrote. */
TEST(a_descriptor_of_an_earlier_engine_is_refused)
{
    for (uint32_t how = 0; how < 2; how++) {
        world_start(16, 16, 4 * KIB);
        const npurt_tensor x = world_output(KIB);
        world.control.engine_key++;
        world.graph = stream_create(&world.control);
        CHECK(world.graph != NULL);
        world_begin(1);
        world_dummy(NULL, 0);
        if (how == 1) CHECK_EQ(world_output(KIB).addr, x.addr); /* the first of its ring here, as it was there */
        is_stale(x);
    }
}

TEST(leases_wrap_and_skip_0)
{
    world_start(16, 16, 4 * KIB);
    world.graph->stream.heap[1].lease = UINT32_MAX - 2;
    for (uint32_t i = 0; i < 6; i++) {
        world_scope(NPURT_SCOPE_AUTO);
        const npurt_tensor a = world_output(KIB), b = world_output(KIB);
        CHECK(a.lease != 0 && b.lease != 0);
        read_it(a);
        read_it(b);
        world_scope_end();
        world_run_all();
    }
    world_finish();
    CHECK(world.graph->stream.heap[1].lease < 100);
}

/* ---- where outputs go */

TEST(outputs_go_round_and_none_is_split)
{
    world_start(16, 16, 8 * KIB);
    uint64_t seed = 5, base = world.control.ring[1].heap;
    uint32_t again = 0;
    for (uint32_t i = 0; i < 2000; i++) {
        world_scope(NPURT_SCOPE_AUTO);
        const uint32_t size = 1 + world_random(&seed, 3 * KIB);
        const npurt_tensor t = world_output(size);
        again += t.addr == base;
        CHECK_EQ(t.addr % KIB, 0);
        CHECK(t.addr >= base && t.addr + size <= base + 8 * KIB);
        read_it(t);
        world_scope_end();
        if (world_random(&seed, 3) == 0) world_run(2);
    }
    CHECK(again > 200);
    world_finish();
}

/* Half of the heap twice, then all of it: that fits only when an empty ring begins at its start again. */
TEST(an_empty_ring_begins_at_its_start_again)
{
    world_start(16, 16, 4 * KIB);
    for (uint32_t i = 0; i < 10; i++) {
        world_scope(NPURT_SCOPE_AUTO);
        CHECK_EQ(world_output(i % 2 ? 4 * KIB : 2 * KIB).addr, world.control.ring[1].heap);
        world_scope_end();
        world_run_all();
    }
    world_finish();
}

/* Addresses alone: nothing is there. */
TEST(outputs_beyond_4_gib_keep_their_size)
{
    struct stream_control control = world_rings(16, 16, UINT64_C(10) << 30);
    for (uint32_t r = 1; r < STREAM_RINGS; r++)
        control.ring[r].heap_size = KIB;
    world_create(control);
    world_begin(1);
    const npurt_tensor_spec spec = {.dtype = NPURT_F32, .ndims = 2, .shape = {40000, 30000}};
    const uint64_t size = UINT64_C(40000) * 30000 * 4; /* 4.8e9 */
    npurt_tensor a, b;
    CHECK_EQ(graph_alloc(world.graph, &spec, &a), NPURT_OK);
    CHECK_EQ(graph_alloc(world.graph, &spec, &b), NPURT_OK);
    CHECK_EQ(a.size, size);
    CHECK_EQ(b.addr - a.addr, (size + KIB - 1) / KIB * KIB);
    const npurt_tensor last = npurt_tensor_view(&a, (uint32_t[]){1, 30000}, (uint32_t[]){39999, 0});
    const npurt_tensor first = npurt_tensor_view(&a, (uint32_t[]){1, 30000}, (uint32_t[]){0, 0});
    world_access(NPURT_ACCESS_INOUT, last);
    world_access(NPURT_ACCESS_INOUT, first);
    CHECK_EQ(world.ready_count, 2); /* 4.8e9 bytes apart: nobody waits */
    world_access(NPURT_ACCESS_INPUT, last);
    CHECK_EQ(world.ready_count, 2);
    world_run_all();
    CHECK_EQ(graph_alloc(world.graph, &spec, &b), NPURT_ERROR_OUT_OF_DEVICE_MEMORY);
    CHECK_HAS(graph_problem(world.graph), "no room for 4800000000 bytes");
}

/* ---- refusals */

TEST(open_scopes_that_hold_the_heap_are_named)
{
    npurt_tensor t;
    world_start(16, 16, 4 * KIB);
    world_dummy(NULL, 0);
    world_scope(NPURT_SCOPE_AUTO);
    world_output(KIB);
    world_output(2 * KIB);
    CHECK_EQ(world_try_output(1500, &t), NPURT_ERROR_OUT_OF_DEVICE_MEMORY);
    CHECK_HAS(graph_problem(world.graph),
              "task 3, tensor 0: no room for 2048 bytes in the heap of ring 1 (4096 bytes)");
    CHECK_HAS(graph_problem(world.graph), "the scope of depth 1, opened after task 1, holds 3072 bytes in 2 outputs");
    const struct stream_refusal refusal = stream_refusal_of(world.graph);
    CHECK_EQ(refusal.code, STREAM_SCOPE_DEADLOCK);
    CHECK_EQ(refusal.ring, 1);
    CHECK(refusal.capacity >= 5 * KIB);
    CHECK_EQ(world.completed, 3); /* refused when nothing could move any more, not before */
}

TEST(an_output_larger_than_its_heap_is_refused_at_once)
{
    npurt_tensor t;
    world_start(16, 16, 4 * KIB);
    CHECK_EQ(world_try_output(4 * KIB + 1, &t), NPURT_ERROR_OUT_OF_DEVICE_MEMORY);
    CHECK_HAS(graph_problem(world.graph), "an output of 5120 bytes, in ring 0 whose heap has 4096");
    CHECK_EQ(stream_refusal_of(world.graph).code, STREAM_HEAP_RING_DEADLOCK);
    CHECK_EQ(stream_refusal_of(world.graph).ring, 0);
}

/* A pattern of scopes and outputs from the seed: steps until the first refusal, or all of them. The steps do not depend
 * on what the engine answers, nor on when tasks complete. */
enum { STEPS = 120 };
static uint32_t play(uint64_t pattern, uint64_t order)
{
    npurt_tensor mine[NPURT_MAX_SCOPE_DEPTH + 1];
    bool has[NPURT_MAX_SCOPE_DEPTH + 1] = {false};
    uint32_t depth = 0;
    uint64_t seed = pattern * 7919 + 1;
    world_begin(order);
    for (uint32_t step = 0; step < STEPS; step++) {
        const uint32_t kind = world_random(&seed, 12), size = 1 + world_random(&seed, 1 + world_random(&seed, 6 * KIB));
        if (kind < 2 && depth < 6) {
            world_scope(NPURT_SCOPE_AUTO);
            has[++depth] = false;
        } else if (kind < 5 && depth > 0) {
            world_scope_end();
            depth--;
        } else if (kind < 9) {
            if (depth == 0 && world_random(&seed, 4)) continue; /* what is allocated there stays */
            if (world_try_output(size, &mine[depth]) != NPURT_OK) return step;
            has[depth] = true;
        } else if (has[depth]) {
            world_access(kind == 9 ? NPURT_ACCESS_INOUT : NPURT_ACCESS_INPUT, mine[depth]);
        }
        if (world_random(&seed, 4) == 0) world_run(world_random(&world.seed, 3));
        world_whole();
    }
    while (depth-- > 0)
        world_scope_end();
    world_finish();
    return STEPS;
}

/* Whatever order the tasks complete in. It decides where outputs lie, so that a heap which is just large enough may
 * refuse where it did not before: but never again one that was made as large as it named. */
TEST(with_the_capacity_that_a_refusal_names_a_rerun_gets_further)
{
    uint32_t refused = 0, whole = 0;
    for (uint64_t pattern = 1; pattern <= 150; pattern++) {
        struct stream_control control =
            world_rings(4u << pattern % 3, (uint32_t)(4 + pattern % 5), (1 + pattern % 8) * KIB);
        uint32_t past[STREAM_RINGS] = {0}, step;
        for (uint32_t rerun = 0;; rerun++) {
            world_create(control);
            if ((step = play(pattern, pattern * 31 + rerun)) == STEPS) break;
            const struct stream_refusal refusal = stream_refusal_of(world.graph);
            if (step < past[refusal.ring])
                CHECK_FAIL("pattern %" PRIu64 ", rerun %u: step %u again: %s", pattern, rerun, step,
                           graph_problem(world.graph));
            if (refusal.capacity <= control.ring[refusal.ring].heap_size || refusal.capacity % KIB)
                CHECK_FAIL("pattern %" PRIu64 ": capacity %" PRIu64, pattern, refusal.capacity);
            control.ring[refusal.ring].heap_size = refusal.capacity;
            past[refusal.ring] = step + 1;
            refused++;
        }
        whole++;
    }
    printf("  %u refusals on the way to %u whole graphs\n", refused, whole);
    CHECK(refused > 300);
}

TEST(create_needs_no_more_than_the_layout_says)
{
    uint64_t seed = 11;
    for (uint32_t i = 0; i < 200; i++) {
        struct stream_control control = {.max_regions = 16 + world_random(&seed, 20000)};
        for (uint32_t r = 0; r < STREAM_RINGS; r++)
            control.ring[r] = (struct stream_ring){.window = 4u << world_random(&seed, 8),
                                                   .edges = 4 + world_random(&seed, 5000),
                                                   .heap_size = (1 + world_random(&seed, 3000)) * (uint64_t)KIB};
        world_create(control);
        control = world.control;
        control.engine_size--;
        CHECK(stream_create(&control) == NULL);
    }
    world_free();
}

TEST_MAIN
