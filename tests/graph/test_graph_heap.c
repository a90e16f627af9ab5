/* Outputs: where they are, and where they end up when the heap had to grow. */
#include "world.h"

enum { BASE = 0x40000000 };

/* A heap that moves each time it grows, and says when it has had enough. */
struct mover {
    uint64_t base, limit;
    uint32_t calls;
};

static npurt_status move(void *context, uint64_t size, uint64_t *base, uint64_t *capacity)
{
    struct mover *m = context;
    m->calls++;
    if (size > m->limit) return NPURT_ERROR_OUT_OF_DEVICE_MEMORY;
    *base = m->base += UINT64_C(1) << 32;
    *capacity = size;
    return NPURT_OK;
}

static npurt_tensor made(uint32_t bytes)
{
    npurt_tensor_spec spec = {.dtype = NPURT_U8, .ndims = 1, .shape = {bytes}};
    npurt_tensor out;
    npurt_task t;
    npurt_task_init_aiv(&t, 0);
    npurt_task_output_new(&t, &spec, &out);
    world_submit(&t);
    return out;
}

TEST(outputs_are_packed_at_a_kilobyte)
{
    world_begin_with((struct graph_begin_info){.heap_base = BASE, .heap_size = 8192});
    npurt_tensor a = made(1), b = made(1025), c = made(1024), d = made(1);
    CHECK_EQ(a.addr, BASE);
    CHECK_EQ(b.addr, BASE + 1024);
    CHECK_EQ(c.addr, BASE + 3072);
    CHECK_EQ(d.addr, BASE + 4096);
    CHECK_EQ(b.size, 1025);
    CHECK_EQ(b.owner, 1);
    CHECK(b.is_contiguous && b.ndims == 1 && b.shape[0] == 1025 && b.strides[0] == 1 && b.extent == 1025);
    world_finish();
    CHECK_EQ(world_image.heap_used, 5120);
    CHECK_EQ(world_tensor(3, 0)->addr, BASE + 4096);
}

TEST(an_output_may_be_written_over_an_input_of_the_same_task)
{
    struct graph *g = world_begin();
    npurt_tensor_spec spec = {.dtype = NPURT_U8, .ndims = 1, .shape = {100}};
    npurt_tensor x = world_bytes(4096, 64);
    npurt_task t;
    npurt_task_init_aiv(&t, 0);
    npurt_task_output_new(&t, &spec, &x);
    npurt_task_input(&t, &x);
    CHECK_EQ(graph_submit(g, &t, NULL), NPURT_OK);
    CHECK_EQ(x.size, 100);
    world_finish();
    CHECK_EQ(world_tensor(0, 1)->addr, 4096);
}

TEST(allocations_without_a_task_order_nothing)
{
    struct graph *g = world_begin();
    npurt_tensor_spec spec = {.dtype = NPURT_F16, .ndims = 2, .shape = {3, 5}};
    npurt_tensor x;
    CHECK_EQ(graph_alloc(g, &spec, &x), NPURT_OK);
    CHECK_EQ(x.owner, NPURT_TASK_NONE);
    CHECK_EQ(x.size, 30);
    CHECK_EQ(x.strides[0], 5);
    world_read(x);
    world_update(x);
    world_access(NPURT_ACCESS_NO_DEP, x);
    world_finish();
    CHECK_STR(world_edges(), "0>1");
}

TEST(outputs_move_when_the_heap_grows)
{
    struct mover mover = {.base = BASE, .limit = UINT64_MAX};
    world_begin_with(
        (struct graph_begin_info){.heap_base = BASE, .heap_size = 4096, .grow = move, .grow_context = &mover});
    npurt_tensor out[100];
    for (uint32_t i = 0; i < 100; i++) {
        out[i] = made(1024);
        if (i > 0) world_update(world_slice(&out[i - 1], 0, 512)); /* old descriptors stay good */
    }
    for (uint32_t i = 0; i < 100; i++)
        world_read(out[i]);
    world_finish();
    CHECK(mover.calls > 1 && mover.calls < 10);
    CHECK_EQ(world_image.heap_used, 100 * 1024);
    for (uint32_t i = 0; i < 100; i++) {
        uint32_t writer = i == 0 ? 0 : 2 * i - 1, reader = 199 + i;
        CHECK_EQ(world_tensor(writer, 0)->addr, mover.base + 1024 * i);
        CHECK_EQ(world_tensor(reader, 0)->addr, mover.base + 1024 * i);
        CHECK(world_edge(writer, reader));
        if (i < 99) CHECK(world_edge(writer, writer + (i == 0 ? 2 : 3)));
    }
    CHECK_EQ(world_tensor(2, 0)->addr, mover.base);
}

TEST(other_tensors_stay_when_the_heap_moves)
{
    struct mover mover = {.base = BASE, .limit = UINT64_MAX};
    world_begin_with(
        (struct graph_begin_info){.heap_base = BASE, .heap_size = 1024, .grow = move, .grow_context = &mover});
    world_read(world_bytes(BASE + 1024, 64));
    world_read(world_bytes(BASE - 64, 64));
    made(1025);
    world_finish();
    CHECK_EQ(world_tensor(0, 0)->addr, BASE + 1024);
    CHECK_EQ(world_tensor(1, 0)->addr, BASE - 64);
    CHECK_EQ(world_tensor(2, 0)->addr, mover.base);
}

TEST(a_heap_that_suffices_is_not_touched)
{
    struct mover mover = {.limit = UINT64_MAX};
    world_begin_with(
        (struct graph_begin_info){.heap_base = BASE, .heap_size = 4097, .grow = move, .grow_context = &mover});
    for (uint32_t i = 0; i < 4; i++)
        made(1024);
    npurt_tensor last = made(1);
    world_finish();
    CHECK_EQ(mover.calls, 0);
    CHECK_EQ(last.addr, BASE + 4096);
}

TEST(a_full_heap_names_the_output)
{
    struct graph *g = world_begin_with((struct graph_begin_info){.heap_base = BASE, .heap_size = 2048});
    npurt_tensor_spec spec = {.dtype = NPURT_U8, .ndims = 1, .shape = {1025}};
    npurt_task t;
    made(1);
    npurt_task_init_aiv(&t, 0);
    npurt_task_output_new(&t, &spec, NULL);
    CHECK_EQ(graph_submit(g, &t, NULL), NPURT_ERROR_OUT_OF_DEVICE_MEMORY);
    CHECK_STR(graph_problem(g),
              "task 1, tensor 0: 1025 bytes do not fit into the heap of outputs, of which 1024 bytes are in use");

    struct mover mover = {.base = BASE, .limit = 10000};
    g = world_begin_with(
        (struct graph_begin_info){.heap_base = BASE, .heap_size = 4096, .grow = move, .grow_context = &mover});
    for (uint32_t i = 0; i < 9; i++)
        made(1024); /* 8192 when doubled, then exactly 9216 */
    CHECK_EQ(graph_submit(g, &t, NULL), NPURT_ERROR_OUT_OF_DEVICE_MEMORY);
    CHECK_HAS(graph_problem(g), "task 9, tensor 0: ");
}

TEST(outputs_without_end_are_refused)
{
    static const npurt_tensor_spec specs[] = {
        {.dtype = NPURT_U8, .ndims = 1, .shape = {0}},
        {.dtype = NPURT_U8, .ndims = 0, .shape = {1}},
        {.dtype = NPURT_U8, .ndims = 6, .shape = {1, 1, 1, 1, 1}},
        {.dtype = (npurt_dtype)77, .ndims = 1, .shape = {1}},
        {.dtype = NPURT_I64, .ndims = 3, .shape = {2, UINT32_MAX, UINT32_MAX}},
        {.dtype = NPURT_I64, .ndims = 5, .shape = {UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX}}};
    static const char *const parts[] = {"a dimension of size 0", "0 dimensions",         "6 dimensions",
                                        "unknown dtype 77",      "does not fit 32 bits", "does not fit 32 bits"};
    for (uint32_t i = 0; i < 6; i++) {
        struct graph *g = world_begin();
        npurt_task t;
        npurt_task_init_aiv(&t, 0);
        npurt_task_output_new(&t, &specs[i], NULL);
        CHECK_EQ(graph_submit(g, &t, NULL), NPURT_ERROR_INVALID_ARGUMENT);
        CHECK_HAS(graph_problem(g), parts[i]);
    }
    struct graph *g = world_begin(); /* 2^63 bytes: a size, but more than there is */
    npurt_task t;
    npurt_task_init_aiv(&t, 0);
    npurt_task_output_new(&t, &(npurt_tensor_spec){.dtype = NPURT_I64, .ndims = 2, .shape = {UINT32_MAX, UINT32_MAX}},
                      NULL);
    CHECK_EQ(graph_submit(g, &t, NULL), NPURT_ERROR_OUT_OF_DEVICE_MEMORY);
}

TEST(an_output_is_found_without_its_hint)
{
    struct graph *g = world_begin();
    npurt_tensor a = made(64), b = made(64);
    b.hint = a.hint;
    a.hint = 0;
    world_read(a);
    world_read(b);
    b.hint = 0xffffffff;
    world_read(b);
    b.addr += 64;
    b.owner = NPURT_TASK_NONE;
    npurt_task t;
    npurt_task_init_aiv(&t, 0);
    npurt_task_input(&t, &b);
    world_whole();
    CHECK_EQ(graph_submit(g, &t, NULL), NPURT_ERROR_INVALID_ARGUMENT);
    CHECK_HAS(graph_problem(g), "task 5, tensor 0: address ");
    CHECK_HAS(graph_problem(g), "no output begins there");
}

/* A tensor of an output whose `size` was written to: a view by it would reach into the outputs after it. */
static void refuses_size(npurt_tensor t, uint64_t size, npurt_access access, const char *sentence)
{
    npurt_task task;
    t.size = size;
    t.shape[0] = (uint32_t)size;
    npurt_task_init_aiv(&task, 0);
    npurt_task_add_tensor(&task, access, &t, NULL, NULL);
    CHECK_EQ(graph_submit(world_graph, &task, NULL), NPURT_ERROR_INVALID_ARGUMENT);
    CHECK_STR(graph_problem(world_graph), sentence);
}

TEST(an_output_is_as_large_as_it_was_allocated)
{
    static const npurt_access access[] = {NPURT_ACCESS_INPUT, NPURT_ACCESS_INOUT, NPURT_ACCESS_OUTPUT_EXISTING,
                                          NPURT_ACCESS_NO_DEP};
    for (uint32_t hint = 0; hint < 2; hint++)
        for (uint32_t manual = 0; manual < 2; manual++)
            for (uint32_t i = 0; i < sizeof access / sizeof access[0]; i++) {
                struct graph *g = world_begin();
                npurt_tensor a = made(100);
                made(100);
                if (!hint) a.hint = 0;
                if (manual) CHECK_EQ(graph_scope_begin(g, NPURT_SCOPE_MANUAL), NPURT_OK);
                world_read(a);
                refuses_size(a, 101, access[i],
                             "task 3, tensor 0: says that its buffer has 101 bytes; the output was allocated with 100");
            }
    world_begin_with((struct graph_begin_info){.heap_base = BASE, .heap_size = 1024, .grow = move,
                                               .grow_context = &(struct mover){BASE, 1 << 20, 0}});
    made(1024);
    npurt_tensor beyond = made(64), alone;
    CHECK(beyond.addr > BASE + 1024); /* in the part that grew */
    refuses_size(beyond, 1024, NPURT_ACCESS_INPUT,
                 "task 2, tensor 0: says that its buffer has 1024 bytes; the output was allocated with 64");
    CHECK_EQ(graph_alloc(world_begin(), &(npurt_tensor_spec){.dtype = NPURT_U8, .ndims = 1, .shape = {32}}, &alone),
             NPURT_OK);
    refuses_size(alone, 33, NPURT_ACCESS_OUTPUT_EXISTING,
                 "task 0, tensor 0: says that its buffer has 33 bytes; the output was allocated with 32");
}

TEST(hints_do_not_outlive_their_graph)
{
    world_begin();
    npurt_tensor first = made(64), second = made(64);
    world_finish();
    CHECK_EQ(first.hint + 1, second.hint);
    world_begin();
    npurt_tensor outside = world_bytes(0x9000, 64);
    outside.hint = second.hint; /* of a graph that is gone */
    made(64);
    world_write(outside);
    world_read(outside);
    world_finish();
    CHECK_STR(world_edges(), "1>2");
}

TEST_MAIN
