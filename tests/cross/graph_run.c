/* Whole runs of the device programs over memory-backed registers: what they compute, and how they end. */
#include "check.h"
#include "harness.h"

static uint32_t random_state;
static uint32_t random_below(uint32_t n)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (uint32_t)((uint64_t)random_state * n >> 32);
}

static struct builder_task task_of(enum image_shape shape, unsigned mask, uint32_t blocks)
{
    struct builder_task t = {.shape = (uint8_t)shape,
                             .core_mask = (uint8_t)mask,
                             .block_num = (uint16_t)blocks,
                             .kernel = {-1, -1, -1},
                             .seed = random_below(1000000) + 1};
    for (int slot = 0; slot < 3; slot++)
        if (mask >> slot & 1) t.kernel[slot] = slot == 0 ? KERNEL_AIC : KERNEL_AIV;
    return t;
}

static struct builder_task random_task(void)
{
    static const uint8_t mix[] = {3, 5, 6, 7};
    uint32_t kind = random_below(20), blocks = random_below(8) == 0 ? 2 + random_below(30) : 1;
    if (kind == 0) return task_of(SHAPE_DUMMY, 0, 1);
    if (kind < 7) return task_of(SHAPE_AIC, 1, blocks);
    if (kind < 16) return task_of(SHAPE_AIV, random_below(2) ? 2 : 4, blocks);
    return task_of(SHAPE_MIX, mix[random_below(4)], blocks);
}

static void add_inputs(struct builder *b, struct builder_task *t, uint32_t count, uint32_t reach)
{
    uint32_t n = b->task_count;
    for (uint32_t i = 0; i < count && n > 0; i++) {
        uint32_t input = n - 1 - random_below(reach < n ? reach : n);
        bool twice = false;
        for (uint32_t j = 0; j < t->input_count; j++)
            twice |= t->inputs[j] == input;
        if (!twice) t->inputs[t->input_count++] = input;
    }
}

/* Runs what was built and compares it with the sequential model. */
static struct run_result run(struct builder *b, uint32_t clusters, uint32_t threads)
{
    uint64_t size;
    void *image = builder_image(b, &size);
    struct card *card = card_create(clusters);
    struct card_options options = {.aicpu_threads = threads};
    struct run_result r = card_run(card, image, size, &options);
    bool closed = card_is_closed(card);
    card_destroy(card);
    free(image);
    CHECK_EQ(r.code, RUN_OK);
    const char *problem = builder_check(b);
    if (problem) CHECK_FAIL("%s", problem);
    CHECK_EQ(r.done, 1);
    CHECK_EQ(r.tasks_completed, b->task_count);
    CHECK(closed);
    CHECK_EQ(r.suspect_count, 0);
    CHECK(r.start_ticks <= r.ready_ticks && r.ready_ticks <= r.end_ticks);
    return r;
}

static void run_random(uint32_t seed, uint32_t tasks, uint32_t clusters, uint32_t threads)
{
    struct builder b;
    builder_init(&b);
    random_state = seed;
    uint32_t reach = 1 + random_below(100);
    for (uint32_t i = 0; i < tasks; i++) {
        struct builder_task t = random_task();
        add_inputs(&b, &t, random_below(4), reach);
        builder_add(&b, &t);
    }
    run(&b, clusters, threads);
    builder_fini(&b);
}

TEST(five_hundred_tasks_of_every_shape_match_the_sequential_model)
{
    run_random(1, 500, 2, 1);
    run_random(2, 500, 3, 3);
}

/* Stages of tasks that wait for the same tasks of the stage before, two to eight of them, through joins. */
TEST(tasks_behind_joins_run_after_all_of_them)
{
    for (uint32_t seed = 1; seed <= 12; seed++) {
        struct builder b;
        builder_init(&b);
        b.joined = true;
        random_state = seed;
        for (uint32_t stage = 0; stage < 60; stage++) {
            struct builder_task from = {0};
            const uint32_t before = b.task_count, members = 1 + random_below(20);
            add_inputs(&b, &from, stage ? 2 + random_below(7) : 0, 8);
            for (uint32_t i = 0; i < members; i++) {
                struct builder_task t = random_task();
                t.input_count = from.input_count;
                memcpy(t.inputs, from.inputs, sizeof t.inputs);
                builder_add(&b, &t);
            }
            CHECK_EQ(b.task_count, before + members);
        }
        run(&b, 1 + seed % 4, 1 + seed % 5);
        builder_fini(&b);
    }
}

TEST(partitions_of_uneven_size_share_a_graph)
{
    for (uint32_t seed = 10; seed < 16; seed++)
        run_random(seed, 2000, 1 + seed % 5, 1 + seed % 7);
}

TEST(an_empty_graph_ends_at_once)
{
    struct builder b;
    builder_init(&b);
    struct run_result r = run(&b, 2, 3);
    CHECK_EQ(r.dispatches, 0);
    builder_fini(&b);
}

TEST(twenty_thousand_tasks_of_one_type_are_ready_at_once)
{
    struct builder b;
    builder_init(&b);
    struct builder_task t = task_of(SHAPE_AIV, 2, 1);
    for (uint32_t i = 0; i < 20000; i++)
        builder_add(&b, &t);
    struct run_result r = run(&b, 4, 4);
    CHECK_EQ(r.dispatches, 20000);
    builder_fini(&b);
}

TEST(a_chain_runs_in_order)
{
    struct builder b;
    builder_init(&b);
    for (uint32_t i = 0; i < 600; i++) {
        struct builder_task t = task_of(i % 2 ? SHAPE_AIC : SHAPE_AIV, i % 2 ? 1 : 2, 1);
        if (i) t.inputs[t.input_count++] = i - 1;
        builder_add(&b, &t);
    }
    run(&b, 2, 3);
    builder_fini(&b);
}

/* All tasks hang on one source, so that one partition gets them all; the others must be given some. */
TEST(hungry_partitions_are_fed)
{
    struct builder b;
    builder_init(&b);
    struct builder_task source = task_of(SHAPE_DUMMY, 0, 1);
    builder_add(&b, &source);
    for (uint32_t i = 1; i < 1200; i++) {
        struct builder_task t = task_of(SHAPE_AIC, 1, 1);
        t.kernel[0] = i % 4 ? KERNEL_AIC : KERNEL_SLOW_AIC;
        t.inputs[t.input_count++] = 0;
        builder_add(&b, &t);
    }
    uint64_t size;
    void *image = builder_image(&b, &size);
    struct card *card = card_create(4);
    struct card_options options = {.aicpu_threads = 4};
    struct run_result r = card_run(card, image, size, &options);
    CHECK_EQ(r.code, RUN_OK);
    CHECK(!builder_check(&b));
    for (uint32_t i = 0; i < 4; i++)
        if (card_kernels_on(card, i) < 20) CHECK_FAIL("AIC %u ran %u of 1199 kernels", i, card_kernels_on(card, i));
    card_destroy(card);
    free(image);
    builder_fini(&b);
}

TEST(more_spmd_tasks_than_board_slots_all_run)
{
    struct builder b;
    builder_init(&b);
    random_state = 5;
    for (uint32_t i = 0; i < 1500; i++) {
        struct builder_task t = i % 3 == 0   ? task_of(SHAPE_AIC, 1, 40)
                                : i % 3 == 1 ? task_of(SHAPE_AIV, 4, 25)
                                             : task_of(SHAPE_MIX, 7, 9);
        builder_add(&b, &t);
    }
    struct run_result r = run(&b, 4, 3);
    CHECK_EQ(r.dispatches, 500 * 40 + 500 * 25 + 500 * 9 * 3);
    builder_fini(&b);
}

TEST(mix_tasks_are_not_starved_by_single_core_tasks)
{
    struct builder b;
    builder_init(&b);
    random_state = 6;
    for (uint32_t i = 0; i < 400; i++) {
        struct builder_task t = i % 20 == 0 ? task_of(SHAPE_MIX, 7, 1) : task_of(SHAPE_AIC, 1, 1);
        if (t.shape == SHAPE_AIC) t.kernel[0] = i % 4 ? KERNEL_AIC : KERNEL_SLOW_AIC;
        builder_add(&b, &t);
    }
    run(&b, 1, 1);
    builder_fini(&b);
}

TEST(a_stuck_kernel_is_named_and_the_others_go_home)
{
    struct builder b;
    builder_init(&b);
    random_state = 7;
    for (uint32_t i = 0; i < 50; i++) {
        struct builder_task t = task_of(SHAPE_AIV, 2, 1);
        if (i == 33) t.kernel[1] = KERNEL_STUCK_AIV;
        builder_add(&b, &t);
    }
    uint64_t size;
    void *image = builder_image(&b, &size);
    struct card *card = card_create(2);
    struct card_options options = {.aicpu_threads = 2, .timeout_ms = 300};
    struct run_result r = card_run(card, image, size, &options);
    CHECK_EQ(r.code, RUN_KERNEL_STUCK);
    CHECK_EQ(r.suspect_count, 1);
    CHECK_EQ(r.suspect[0].task, 33);
    CHECK_EQ(r.suspect[0].kernel, KERNEL_STUCK_AIV);
    CHECK_EQ(r.suspect[0].core_type, 1);
    CHECK_EQ(r.suspect[0].acknowledged, 1);
    CHECK_EQ(r.suspect[0].physical_core % 2, 1);
    CHECK(r.tasks_completed >= 48);
    card_destroy(card);
    free(image);
    builder_fini(&b);
}

/* A chain on the only AIC, and behind it a kernel that does not end on an AIV. */
TEST(the_recorder_has_the_last_blocks_of_every_core_in_order)
{
    enum { CHAIN = 21 };
    struct builder b;
    builder_init(&b);
    for (uint32_t i = 0; i <= CHAIN; i++) {
        struct builder_task t = task_of(i < CHAIN ? SHAPE_AIC : SHAPE_AIV, i < CHAIN ? 1 : 2, 1);
        if (i > 0) t.inputs[t.input_count++] = i - 1;
        if (i == CHAIN) t.kernel[1] = KERNEL_STUCK_AIV;
        builder_add(&b, &t);
    }
    uint64_t size;
    void *image = builder_image(&b, &size);
    struct card *card = card_create(1);
    struct card_options options = {.aicpu_threads = 2, .timeout_ms = 200};
    struct run_result r = card_run(card, image, size, &options);
    CHECK_EQ(r.code, RUN_KERNEL_STUCK);
    const struct core_record *aic = card_core_record(card, 0);
    CHECK_EQ(aic->phase, RECORD_IDLE);
    for (uint32_t task = CHAIN - RECORD_LAST; task < CHAIN; task++) {
        const struct dispatch_record *d = &aic->last[(DISPATCH_NUMBER_FIRST + task) % RECORD_LAST];
        CHECK_EQ(d->task, task);
        CHECK_EQ(d->number, DISPATCH_NUMBER_FIRST + task);
        CHECK(d->sent != 0 && d->ended >= d->sent);
    }
    uint32_t busy = card_core_record(card, 1)->phase == RECORD_RUNNING ? 1 : 2; /* either AIV serves */
    const struct core_record *aiv = card_core_record(card, busy), *other = card_core_record(card, 3 - busy);
    CHECK_EQ(aiv->phase, RECORD_RUNNING);
    CHECK_EQ(aiv->last[DISPATCH_NUMBER_FIRST].task, CHAIN);
    CHECK_EQ(aiv->last[DISPATCH_NUMBER_FIRST].ended, 0);
    CHECK_EQ(other->phase, RECORD_IDLE);
    for (uint32_t i = 0; i < RECORD_LAST; i++) {
        CHECK_EQ(other->last[i].sent, 0);
        if (i != DISPATCH_NUMBER_FIRST) CHECK_EQ(aiv->last[i].sent, 0);
    }
    const struct scheduler_record *s = card_scheduler_record(card, 0);
    CHECK_EQ(s->run_number, 1);
    CHECK_EQ(s->told, 1);
    CHECK_EQ(s->initialised, 1);
    CHECK_EQ(s->schedulers, 1);
    CHECK_EQ(s->completed, CHAIN);
    CHECK_EQ(s->busy, 1);
    CHECK(s->now > aiv->last[DISPATCH_NUMBER_FIRST].sent);
    card_destroy(card);
    free(image);
    builder_fini(&b);
}

TEST(the_host_ends_a_run_that_hangs)
{
    struct builder b;
    builder_init(&b);
    for (uint32_t i = 0; i < 1000; i++) {
        struct builder_task t = task_of(SHAPE_AIV, 2, 1);
        if (i == 700) t.kernel[1] = KERNEL_STUCK_AIV;
        builder_add(&b, &t);
    }
    uint64_t size;
    void *image = builder_image(&b, &size);
    struct card *card = card_create(3);
    struct card_options options = {.aicpu_threads = 3, .abort_after_ms = 400, .grace_ms = 30};
    struct run_result r = card_run(card, image, size, &options);
    CHECK_EQ(r.code, RUN_ABORTED);
    CHECK_EQ(r.suspect_count, 1);
    CHECK_EQ(r.suspect[0].task, 700);
    card_destroy(card);
    free(image);
    builder_fini(&b);
}

TEST(a_core_that_never_says_hello_is_named)
{
    struct builder b;
    builder_init(&b);
    struct builder_task t = task_of(SHAPE_AIV, 2, 1);
    builder_add(&b, &t);
    uint64_t size;
    void *image = builder_image(&b, &size);
    struct card *card = card_create(2);
    struct card_options options = {.aicpu_threads = 2, .timeout_ms = 200, .missing_core = 1 + 4};
    struct run_result r = card_run(card, image, size, &options);
    CHECK_EQ(r.code, RUN_HANDSHAKE_TIMEOUT);
    CHECK_EQ(r.detail, 4);
    card_destroy(card);
    free(image);
    builder_fini(&b);
}

TEST(a_core_with_an_unknown_number_is_refused_and_the_others_go_home)
{
    struct builder b;
    builder_init(&b);
    struct builder_task t = task_of(SHAPE_AIV, 2, 1);
    builder_add(&b, &t);
    uint64_t size;
    void *image = builder_image(&b, &size);
    struct card *card = card_create(2);
    struct card_options options = {.aicpu_threads = 2, .timeout_ms = 2000, .lying_core = 1 + 1};
    struct run_result r = card_run(card, image, size, &options);
    CHECK_EQ(r.code, RUN_BAD_CORE);
    CHECK_EQ(r.detail, 1);
    card_destroy(card);
    free(image);
    builder_fini(&b);
}

/* Changes one thing of a good image of 40 tasks, the last 16 of them in pairs behind 8 joins when it is `joined`; answers the
 * run's result. */
static struct run_result run_broken_of(bool joined, void (*breaking)(struct image_header *, struct image_task *, uint32_t *,
                                                                     uint32_t *))
{
    struct builder b;
    builder_init(&b);
    b.joined = joined;
    random_state = 8;
    for (uint32_t i = 0; i < 40; i++) {
        struct builder_task t = task_of(SHAPE_AIC, 1, 1);
        if (joined && i >= 24) {
            t.input_count = 2;
            t.inputs[0] = i / 2;
            t.inputs[1] = i / 2 + 1;
        } else {
            add_inputs(&b, &t, i >= 8 ? 2 : 0, 8);
        }
        builder_add(&b, &t);
    }
    uint64_t size;
    char *image = builder_image(&b, &size);
    struct image_header *h = (struct image_header *)image;
    CHECK_EQ(h->join_count, joined ? 8 : 0);
    breaking(h, (struct image_task *)(image + h->tasks_offset), (uint32_t *)(image + h->ready_offset),
             (uint32_t *)(image + h->edges_offset));
    struct card *card = card_create(1);
    struct card_options options = {.aicpu_threads = 2, .timeout_ms = 2000};
    struct run_result r = card_run(card, image, size, &options);
    bool closed = card_is_closed(card);
    card_destroy(card);
    free(image);
    builder_fini(&b);
    CHECK(closed);
    return r;
}

static struct run_result run_broken(void (*breaking)(struct image_header *, struct image_task *, uint32_t *, uint32_t *))
{
    return run_broken_of(false, breaking);
}

#define BREAK(name, ...)                                                                                               \
    static void name(struct image_header *h, struct image_task *t, uint32_t *ready, uint32_t *edges)                   \
    {                                                                                                                  \
        (void)h, (void)t, (void)ready, (void)edges;                                                                    \
        __VA_ARGS__;                                                                                                   \
    }
BREAK(break_magic, h->magic ^= 1)
BREAK(break_size, h->size += 4096)
BREAK(break_tasks, h->task_count = 0x7fffffff)
BREAK(break_offset, h->edges_offset = UINT64_MAX - 63)
BREAK(break_mask, t[5].core_mask = 8)
BREAK(break_shape, t[5].shape = SHAPE_MIX)
BREAK(break_blocks, t[5].block_num = 0)
BREAK(break_fanout, t[5].fanout_count = 0x80000000u)
BREAK(break_payload, t[5].payload = 0x7fffffff)
BREAK(break_scalars, t[5].scalar_count = 47)
BREAK(break_edge, edges[3] = 40)
BREAK(break_ready_range, ready[2] = 40)
BREAK(break_ready_twice, ready[2] = ready[1])
BREAK(break_ready_producers, ready[7] = 20)
BREAK(break_fanin_low, t[20].fanin = 1)
BREAK(break_kernel_hole, t[5].kernel[0] = KERNEL_HOLE)
BREAK(break_kernel_range, t[5].kernel[0] = 900)
BREAK(break_kernel_type, t[5].kernel[0] = KERNEL_AIV)
BREAK(break_fanin_high, t[20].fanin = 30)
BREAK(break_nothing, (void)0)
BREAK(break_joins, h->join_count = 41)
BREAK(break_joins_all, h->join_count = 0xffffffff)
BREAK(break_joins_gated, h->gated_count = 1)
BREAK(break_join_fanout, t[41].fanout_count = 0x80000000u)
BREAK(break_join_to_join, edges[t[41].fanout_begin] = 42)
BREAK(break_join_edge, edges[t[41].fanout_begin] = 48)
BREAK(break_join_fanin_low, t[41].fanin = 1)
BREAK(break_join_fanin_high, t[41].fanin = 3)
BREAK(break_join_source, t[41].fanin = 0)

/* Marks the image as if every task had asked for its consumers to be staged. */
static void gate_all(struct image_header *h, struct image_task *t)
{
    for (uint32_t i = 0; i < h->task_count; i++) {
        t[i].flags |= IMAGE_OPENS | (t[i].fanin ? IMAGE_GATED : 0);
        h->gated_count += t[i].fanin != 0;
    }
}
BREAK(break_gates_nothing, gate_all(h, t))
BREAK(break_gates_uncounted, gate_all(h, t); h->gated_count = 0)
BREAK(break_gates_counted, h->gated_count = 0xffffffff)
BREAK(break_gate_source, gate_all(h, t); t[3].flags |= IMAGE_GATED)
BREAK(break_gate_closed, gate_all(h, t); t[10].flags &= (uint8_t)~IMAGE_OPENS)
/* Two vector blocks that start together, as the cluster has cores for. */
static void start_together(struct image_task *t)
{
    t->shape = SHAPE_AIV;
    t->core_mask = 2;
    t->kernel[1] = KERNEL_AIV;
    t->block_num = 2;
    t->flags |= IMAGE_SYNC_START;
}
BREAK(break_gate_sync, gate_all(h, t); start_together(&t[20]))
BREAK(break_gate_flag, gate_all(h, t); t[20].flags |= 32)
BREAK(break_gate_fanin_low, gate_all(h, t); t[20].fanin = 1)
BREAK(break_gate_fanin_high, gate_all(h, t); t[20].fanin = 30)

TEST(a_corrupt_image_ends_the_run_and_names_the_place)
{
    CHECK_EQ(run_broken(break_magic).code, RUN_BAD_IMAGE);
    CHECK_EQ(run_broken(break_size).detail, offsetof(struct image_header, size));
    CHECK_EQ(run_broken(break_tasks).detail, offsetof(struct image_header, task_count));
    CHECK_EQ(run_broken(break_offset).detail, offsetof(struct image_header, edges_offset));
    CHECK_EQ(run_broken(break_mask).code, RUN_BAD_IMAGE);
    CHECK_EQ(run_broken(break_mask).detail, 5);
    CHECK_EQ(run_broken(break_shape).code, RUN_BAD_IMAGE);
    CHECK_EQ(run_broken(break_blocks).code, RUN_BAD_IMAGE);
    CHECK_EQ(run_broken(break_fanout).code, RUN_BAD_IMAGE);
    CHECK_EQ(run_broken(break_payload).code, RUN_BAD_IMAGE);
    CHECK_EQ(run_broken(break_scalars).code, RUN_BAD_IMAGE);
    CHECK_EQ(run_broken(break_edge).code, RUN_BAD_IMAGE);
    CHECK_EQ(run_broken(break_ready_range).code, RUN_BAD_IMAGE);
    CHECK_EQ(run_broken(break_ready_twice).code, RUN_BAD_IMAGE);
    CHECK_EQ(run_broken(break_ready_producers).code, RUN_BAD_IMAGE);
    CHECK_EQ(run_broken(break_fanin_low).code, RUN_BAD_IMAGE);
    CHECK_EQ(run_broken(break_kernel_hole).code, RUN_BAD_KERNEL);
    CHECK_EQ(run_broken(break_kernel_range).code, RUN_BAD_KERNEL);
    CHECK_EQ(run_broken(break_kernel_type).code, RUN_BAD_KERNEL);
}

TEST(a_corrupt_join_ends_the_run)
{
    CHECK_EQ(run_broken_of(true, break_nothing).code, RUN_OK);
    CHECK_EQ(run_broken_of(true, break_joins).detail, offsetof(struct image_header, join_count));
    CHECK_EQ(run_broken_of(true, break_joins_all).detail, offsetof(struct image_header, join_count));
    CHECK_EQ(run_broken_of(true, break_joins_gated).detail, offsetof(struct image_header, join_count));
    CHECK_EQ(run_broken_of(true, break_join_fanout).code, RUN_BAD_IMAGE);
    CHECK_EQ(run_broken_of(true, break_join_to_join).code, RUN_BAD_IMAGE);
    CHECK_EQ(run_broken_of(true, break_join_edge).code, RUN_BAD_IMAGE);
    CHECK_EQ(run_broken_of(true, break_join_fanin_low).code, RUN_BAD_IMAGE);
    CHECK_EQ(run_broken_of(true, break_join_source).code, RUN_BAD_IMAGE);
    CHECK_EQ(run_broken_of(true, break_join_fanin_high).code, RUN_STALLED);
}

TEST(an_image_that_lies_about_gates_ends_or_runs_without)
{
    CHECK_EQ(run_broken(break_gates_nothing).code, RUN_OK);
    CHECK_EQ(run_broken(break_gates_uncounted).code, RUN_BAD_IMAGE);
    CHECK_EQ(run_broken(break_gates_uncounted).detail, 8);
    CHECK_EQ(run_broken(break_gates_counted).code, RUN_OK);
    CHECK_EQ(run_broken(break_gate_source).code, RUN_OK);
    CHECK_EQ(run_broken(break_gate_closed).code, RUN_OK);
    CHECK_EQ(run_broken(break_gate_sync).detail, 20);
    CHECK_EQ(run_broken(break_gate_flag).detail, 20);
    CHECK_EQ(run_broken(break_gate_fanin_low).code, RUN_BAD_IMAGE);
    const struct run_result r = run_broken(break_gate_fanin_high);
    CHECK_EQ(r.code, RUN_STALLED);
    CHECK_EQ(r.suspect_count, 0);
}

TEST(a_graph_that_can_not_move_is_stalled)
{
    struct run_result r = run_broken(break_fanin_high);
    CHECK_EQ(r.code, RUN_STALLED);
    CHECK_EQ(r.detail, 40 - r.tasks_completed);
    CHECK_EQ(r.suspect_count, 0);
}

TEST_MAIN
