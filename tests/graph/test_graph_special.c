/* What a submission may ask for beyond running: a start together, a predicate. */
#include "world.h"

#include <protocol/condition.h>
#include <protocol/predicate.h>

static npurt_task task;
static const uint32_t fifth[1] = {5};

static void fresh(void)
{
    npurt_task_init_aiv(&task, 0);
}

static void only_if(const npurt_tensor *t, const uint32_t *index, npurt_compare compare, uint64_t bits)
{
    fresh();
    npurt_task_predicate(&task, t, index, compare, bits);
}

static const struct image_predicate *predicate_of(uint32_t number)
{
    const struct image_task *t = world_task(number);
    return (const struct image_predicate *)((const uint64_t *)world_tensor(number, t->tensor_count) + t->scalar_count);
}

TEST(a_start_together_is_a_flag_of_tasks_with_blocks)
{
    world_begin_with((struct graph_begin_info){.cluster_count = 4});
    static const uint32_t blocks[] = {0, 1, 2, 8};
    for (uint32_t i = 0; i < 4; i++) {
        fresh();
        npurt_task_blocks(&task, blocks[i]);
        npurt_task_sync_start(&task);
        world_submit(&task);
    }
    npurt_task_init_dummy(&task);
    npurt_task_blocks(&task, 99);
    npurt_task_sync_start(&task);
    world_submit(&task);
    fresh();
    npurt_task_blocks(&task, 99); /* and nobody else is asked to fit */
    world_submit(&task);
    world_finish();
    static const uint8_t flags[] = {0, 0, IMAGE_SYNC_START, IMAGE_SYNC_START, 0, 0};
    for (uint32_t i = 0; i < 6; i++)
        CHECK_EQ(world_task(i)->flags, flags[i]);
}

/* Graphs of named dependencies alone: which tasks may wait behind a gate follows from who lets it be. */
TEST(who_may_be_staged_follows_from_all_of_its_producers)
{
    enum { TASKS = 300, GRAPHS = 20, AFTER = 4 };
    for (uint64_t seed = 1; seed <= GRAPHS; seed++) {
        uint64_t state = seed;
        bool opens[TASKS], gated[TASKS];
        npurt_task_id id[TASKS];
        uint32_t count = 0;
        const npurt_tensor x = world_bytes(0x1000, 16);
        world_begin_with((struct graph_begin_info){.cluster_count = 4});
        for (uint32_t i = 0; i < TASKS; i++) {
            const uint32_t kind = world_random(&state, 8), from = i < 12 ? 0 : i - 12;
            const bool asks = world_random(&state, 5) != 0, dummy = kind == 0, sync = kind == 1, predicate = kind == 2;
            npurt_task_id after[AFTER];
            const uint32_t after_count = i == 0 ? 0 : world_random(&state, AFTER + 1);
            gated[i] = after_count > 0 && !sync && !predicate;
            for (uint32_t k = 0; k < after_count; k++) {
                const uint32_t producer = from + world_random(&state, i - from);
                after[k] = id[producer];
                gated[i] &= opens[producer];
            }
            opens[i] = dummy ? gated[i] : asks && !predicate;
            npurt_task_init(&task, dummy ? -1 : 0, -1, -1);
            if (sync) npurt_task_blocks(&task, 2);
            if (sync) npurt_task_sync_start(&task);
            if (predicate) npurt_task_predicate(&task, &x, fifth, NPURT_EQUAL, 1);
            if (asks) npurt_task_stage_consumers(&task);
            npurt_task_after(&task, after, after_count);
            id[i] = world_submit(&task);
            count += gated[i];
        }
        world_finish();
        const struct image_header *h = world_image.segment[0].data;
        CHECK_EQ(h->gated_count, count);
        CHECK_EQ(world_image.gated_count, count);
        CHECK(count > 0 && count < TASKS / 2);
        for (uint32_t i = 0; i < TASKS; i++) {
            CHECK_EQ((world_task(i)->flags & IMAGE_GATED) != 0, gated[i]);
            CHECK_EQ((world_task(i)->flags & IMAGE_OPENS) != 0, opens[i]);
        }
    }
}

enum { MOVED = 0x40000000 };

static npurt_status move_heap(void *context, uint64_t size, uint64_t *base, uint64_t *capacity)
{
    (void)context;
    *base = MOVED;
    *capacity = size + 4096;
    return NPURT_OK;
}

static const struct image_deferred *deferred_at(uint32_t number)
{
    const struct image_task *t = world_task(number);
    return deferred_of(t, (void *)(uintptr_t)world_tensor(number, 0));
}

/* Behind arguments and predicate the payload says where the slabs are: memory of the graph's own, one for each core of each
 * block, and in its place after the heap has moved. */
TEST(a_deferred_task_has_slabs_of_its_own)
{
    npurt_tensor x = world_bytes(0x2000, 64), out;
    const npurt_tensor_spec spec = {.dtype = NPURT_U8, .ndims = 1, .shape = {1000}};
    world_begin_with((struct graph_begin_info){.heap_base = 0x100000, .heap_size = 4096, .grow = move_heap});
    fresh(); /* 0: one slab */
    npurt_task_deferred(&task);
    npurt_task_output_new(&task, &spec, &out);
    npurt_task_scalar(&task, 7);
    world_submit(&task);
    npurt_task_init(&task, 0, 0, 0); /* 1: 15 slabs, and a predicate */
    npurt_task_blocks(&task, 5);
    npurt_task_deferred(&task);
    npurt_task_predicate(&task, &x, fifth, NPURT_EQUAL, 1);
    world_submit(&task);
    npurt_task_init_dummy(&task); /* 2: none */
    npurt_task_deferred(&task);
    world_submit(&task);
    fresh(); /* 3: none */
    npurt_task_output_new(&task, &spec, &out);
    world_submit(&task);
    world_finish();
    static const uint8_t flags[] = {IMAGE_DEFERRED, IMAGE_DEFERRED | IMAGE_PREDICATE, 0, 0};
    for (uint32_t i = 0; i < 4; i++)
        CHECK_EQ(world_task(i)->flags, flags[i]);
    CHECK_EQ(image_payload_size(world_task(0)), 128 + 8 + 16);
    CHECK_EQ(image_payload_size(world_task(1)), 24 + 16);
    CHECK_EQ(world_tensor(0, 0)->addr, MOVED);
    CHECK_EQ(deferred_at(0)->slabs, MOVED + 1024);            /* behind the output */
    CHECK_EQ(deferred_at(1)->slabs, MOVED + 1024 + 2048);     /* 1,664 bytes, in kilobytes */
    CHECK_EQ(world_tensor(3, 0)->addr, MOVED + 3072 + 25600); /* 15 · 1,664 */
    for (uint32_t i = 0; i < 2; i++)
        CHECK_EQ(deferred_at(i)->mark, deferred_mark(deferred_at(i)->slabs));
    CHECK_EQ(deferred_slab_index(world_task(1), 4, 2), 14);
    CHECK_EQ(deferred_slab_index(world_task(0), 0, 2), 0); /* a lone kernel runs on any core of its kind */
}

TEST(blocks_that_do_not_fit_can_not_start_together)
{
    static const struct {
        int32_t kernel[3];
        uint32_t most;
        const char *sentence;
    } cases[] = {
        {{0, -1, -1}, 4, "task 1: sync start of 5 blocks on a device of 4 AIC cores, where they can not run together"},
        {{-1, 0, -1}, 8, "task 1: sync start of 9 blocks on a device of 8 AIV cores, where they can not run together"},
        {{0, 0, 0}, 4, "task 1: sync start of 5 blocks on a device of 4 clusters, where they can not run together"},
        {{-1, 0, 0}, 4, "task 1: sync start of 5 blocks on a device of 4 clusters, where they can not run together"},
    };
    for (uint32_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct graph *g = world_begin_with((struct graph_begin_info){.cluster_count = 4});
        npurt_task_init(&task, cases[i].kernel[0], cases[i].kernel[1], cases[i].kernel[2]);
        npurt_task_sync_start(&task);
        npurt_task_blocks(&task, cases[i].most);
        world_submit(&task);
        npurt_task_blocks(&task, cases[i].most + 1);
        CHECK_EQ(graph_submit(g, &task, NULL), NPURT_ERROR_INVALID_ARGUMENT);
        CHECK_STR(graph_problem(g), cases[i].sentence);
    }
}

TEST(a_predicate_waits_for_the_writer_of_its_element_and_the_next_writer_for_it)
{
    world_begin();
    npurt_tensor x = world_bytes(4096, 64);
    world_write(world_slice(&x, 0, 5));  /* 0: not its element */
    world_write(world_slice(&x, 5, 6));  /* 1 */
    world_write(world_slice(&x, 6, 64)); /* 2: not its element */
    only_if(&x, fifth, NPURT_LESS, 7);
    world_submit(&task);                 /* 3 */
    world_read(x);                       /* 4 */
    world_update(world_slice(&x, 4, 6)); /* 5 */
    world_finish();
    CHECK_EQ(world_fanin(3), 1);
    CHECK(world_edge(1, 3) && world_edge(3, 5));
    CHECK_EQ(world_fanout(3), 1);
}

TEST(a_task_may_write_what_its_predicate_is_about)
{
    world_begin();
    npurt_tensor x = world_bytes(4096, 64);
    world_write(x);
    for (uint32_t i = 0; i < 2; i++) {
        only_if(&x, fifth, NPURT_EQUAL, 0);
        npurt_task_inout(&task, &x);
        world_submit(&task);
    }
    world_finish();
    CHECK_STR(world_edges(), "0>1 1>2");
}

TEST(in_a_manual_scope_a_predicate_waits_for_nobody)
{
    struct graph *g = world_begin();
    npurt_tensor x = world_bytes(4096, 64);
    world_write(x);
    CHECK_EQ(graph_scope_begin(g, NPURT_SCOPE_MANUAL), NPURT_OK);
    only_if(&x, fifth, NPURT_EQUAL, 0);
    world_submit(&task);
    CHECK_EQ(graph_scope_end(g), NPURT_OK);
    world_finish();
    CHECK_STR(world_edges(), "");
}

TEST(a_predicate_lands_behind_the_scalars)
{
    world_begin();
    npurt_tensor x, y = world_bytes(8192, 64);
    npurt_tensor_init(&x, 4096, NPURT_I16, 2, (uint32_t[]){4, 8});
    npurt_tensor view = npurt_tensor_transpose(&x, 0, 1);
    npurt_task_init_aic(&task, 0);
    npurt_task_input(&task, &y);
    npurt_task_scalar(&task, 1);
    npurt_task_scalar(&task, 2);
    npurt_task_predicate(&task, &x, fifth, NPURT_LESS, 1); /* replaced */
    npurt_task_predicate(&task, &view, (uint32_t[]){7, 2}, NPURT_GREATER_EQUAL, 0xfff1);
    world_submit(&task);
    world_read(y);
    world_finish();
    const struct image_predicate *p = predicate_of(0);
    CHECK_EQ(world_task(0)->flags, IMAGE_PREDICATE);
    CHECK_EQ(world_task(0)->tensor_count, 1);
    CHECK_EQ(p->address, 4096 + 2 * (2 * 8 + 7));
    CHECK_EQ(p->bits, 0xfff1);
    CHECK_EQ(p->dtype, NPURT_I16);
    CHECK_EQ(p->compare, NPURT_GREATER_EQUAL);
    CHECK_EQ(p->mark, predicate_mark(p));
    CHECK_EQ(world_task(1)->payload, 3); /* 128 + 16 + 24 bytes before it, in units of 64 */
}

TEST(a_predicate_moves_with_the_heap)
{
    world_begin_with((struct graph_begin_info){.heap_base = WORLD_HEAP, .heap_size = 2048, .grow = move_heap});
    npurt_tensor made;
    npurt_tensor_spec small = {.dtype = NPURT_F32, .ndims = 1, .shape = {16}};
    npurt_tensor_spec large = {.dtype = NPURT_F32, .ndims = 1, .shape = {4096}};
    fresh();
    npurt_task_output_new(&task, &small, &made);
    world_submit(&task);
    only_if(&made, fifth, NPURT_NOT_EQUAL, 0);
    world_submit(&task);
    fresh();
    npurt_task_output_new(&task, &large, NULL);
    world_submit(&task);
    world_finish();
    CHECK_STR(world_edges(), "0>1");
    CHECK_EQ(world_tensor(0, 0)->addr, MOVED);
    CHECK_EQ(predicate_of(1)->address, MOVED + 4 * 5);
    CHECK_EQ(predicate_of(1)->mark, predicate_mark(predicate_of(1)));
}

TEST(a_predicate_that_is_none_is_refused)
{
    const npurt_tensor x = world_bytes(4096, 64);
    npurt_tensor nowhere = x, long_one = x, strange = x, stranger = x;
    nowhere.addr = 0;
    long_one.shape[0] = 65;
    npurt_tensor_refresh(&long_one);
    strange.dtype = 77;
    stranger.owner = 12;
    const uint32_t last = 64;
    const struct {
        const npurt_tensor *tensor;
        const uint32_t *index;
        uint32_t compare;
        const char *sentence;
    } cases[] = {
        {&x, fifth, 0, "task 0: its predicate compares in an unknown way, 0"},
        {&x, fifth, 7, "task 0: its predicate compares in an unknown way, 7"},
        {NULL, fifth, 1, "task 0: its predicate has no tensor"},
        {&x, NULL, 1, "task 0: its predicate has no index"},
        {&nowhere, fifth, 1, "task 0: its predicate is about a tensor without a buffer: address 0"},
        {&x, &last, 1, "task 0: its predicate is about element 64 of dimension 0, which has 64"},
        {&long_one, fifth, 1, "task 0: its predicate is about a tensor that is empty or reaches outside of its buffer"},
        {&strange, fifth, 1, "task 0: its predicate is about a tensor of an unknown dtype 77"},
        {&stranger, fifth, 1, "task 0: its predicate is about a tensor of task 12, which does not exist in this graph"},
    };
    for (uint32_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct graph *g = world_begin();
        only_if(cases[i].tensor, cases[i].index, (npurt_compare)cases[i].compare, 0);
        CHECK_EQ(graph_submit(g, &task, NULL), NPURT_ERROR_INVALID_ARGUMENT);
        CHECK_STR(graph_problem(g), cases[i].sentence);
    }
    struct graph *g = world_begin();
    only_if(&x, fifth, NPURT_EQUAL, 0);
    for (uint32_t i = 0; i < NPURT_TASK_MAX_TENSORS; i++)
        npurt_task_input(&task, &x);
    CHECK_EQ(graph_submit(g, &task, NULL), NPURT_ERROR_LIMIT);
    CHECK_STR(graph_problem(g), "task 0: 16 tensors and a predicate, which counts as one more");
}

TEST_MAIN
