/* Which edges a submission gets. */
#include "world.h"

static const npurt_tensor_spec spec_f32 = {.dtype = NPURT_F32, .ndims = 2, .shape = {128, 128}};

/* c=a+b; d=c+1; e=c+2; g=d*e; f=g+c: the six edges that the reference documents for this example. */
TEST(vector_example_has_its_six_edges)
{
    struct graph *g = world_begin();
    npurt_tensor a, b, f, c, d, e, product;
    npurt_tensor_init(&a, 0x10000, NPURT_F32, 2, (uint32_t[]){128, 128});
    npurt_tensor_init(&b, 0x20000, NPURT_F32, 2, (uint32_t[]){128, 128});
    npurt_tensor_init(&f, 0x30000, NPURT_F32, 2, (uint32_t[]){128, 128});
    struct {
        const npurt_tensor *x, *y;
        npurt_tensor *out;
    } step[] = {{&a, &b, &c}, {&c, NULL, &d}, {&c, NULL, &e}, {&d, &e, &product}};
    for (uint32_t i = 0; i < 4; i++) {
        npurt_task t;
        if (i == 1) CHECK_EQ(graph_scope_begin(g, NPURT_SCOPE_AUTO), NPURT_OK);
        npurt_task_init_aiv(&t, (int32_t)i);
        npurt_task_input(&t, step[i].x);
        if (step[i].y) npurt_task_input(&t, step[i].y);
        npurt_task_output_new(&t, &spec_f32, step[i].out);
        CHECK_EQ(world_submit(&t), i);
    }
    npurt_task t;
    npurt_task_init_aiv(&t, 0);
    npurt_task_input(&t, &product);
    npurt_task_input(&t, &c);
    npurt_task_output_existing(&t, &f);
    CHECK_EQ(world_submit(&t), 4);
    CHECK_EQ(graph_scope_end(g), NPURT_OK);
    world_finish();
    CHECK_STR(world_edges(), "0>1 0>2 0>4 1>3 2>3 3>4");
    CHECK_EQ(world_image.segment[2].size, 4); /* one task is ready: the first */
}

TEST(a_reader_waits_for_the_writer_of_its_bytes)
{
    world_begin();
    npurt_tensor x = world_bytes(4096, 100);
    world_write(world_slice(&x, 0, 50));
    world_write(world_slice(&x, 50, 100));
    world_read(world_slice(&x, 10, 20));
    world_read(world_slice(&x, 40, 60));
    world_finish();
    CHECK_STR(world_edges(), "0>2 0>3 1>3");
}

TEST(a_writer_waits_for_the_writer_before)
{
    world_begin();
    npurt_tensor x = world_bytes(4096, 100);
    world_write(x);
    world_write(world_slice(&x, 0, 10));
    world_finish();
    CHECK_STR(world_edges(), "0>1");
}

TEST(a_writer_waits_for_the_readers_since)
{
    world_begin();
    npurt_tensor x = world_bytes(4096, 100);
    world_read(x);
    world_read(world_slice(&x, 0, 50));
    world_read(world_slice(&x, 50, 100));
    world_write(world_slice(&x, 0, 50));
    world_finish();
    CHECK_STR(world_edges(), "0>3 1>3");
}

TEST(readers_do_not_wait_for_readers)
{
    world_begin();
    npurt_tensor x = world_bytes(4096, 100);
    for (uint32_t i = 0; i < 5; i++)
        world_read(world_slice(&x, 0, 10 * (i + 1)));
    world_finish();
    CHECK_STR(world_edges(), "");
}

TEST(updates_of_one_tensor_are_a_chain)
{
    world_begin();
    npurt_tensor x = world_bytes(4096, 100);
    for (uint32_t i = 0; i < 4; i++)
        world_update(x);
    world_finish();
    CHECK_STR(world_edges(), "0>1 1>2 2>3");
}

TEST(bytes_are_ordered_whatever_address_they_come_under)
{
    world_begin();
    world_write(world_bytes(4096, 100));
    world_update(world_bytes(4096 + 50, 100));
    world_read(world_bytes(4096 - 50, 50)); /* beside the first */
    world_read(world_bytes(4096 + 100, 1)); /* of the second alone */
    world_read(world_bytes(4096 - 10, 200)); /* makes one of all, though it reads nothing of the third's */
    world_write(world_bytes(4096 - 50, 10));
    world_write(world_bytes(4096 + 149, 1));
    world_finish();
    CHECK_STR(world_edges(), "0>1 0>4 1>3 1>4 1>6 2>5 4>6");
}

/* Each claim reaches a byte further down than the one before: none moves all that lies above. */
TEST(descending_addresses_that_overlap_are_one_buffer)
{
    enum { N = 20000, FIRST = 1 << 20 };
    world_begin();
    for (uint32_t i = 0; i < N; i++)
        world_write(world_bytes(FIRST - i, 2));
    world_finish();
    CHECK_EQ(world_image.edge_count, N - 1);
    for (uint32_t i = 0; i + 1 < N; i++)
        CHECK(world_edge(i, i + 1));
}

TEST(memory_of_outputs_is_reached_through_outputs_alone)
{
    struct graph *g = world_begin();
    npurt_tensor t = world_bytes(WORLD_HEAP - 100, 101);
    npurt_task task;
    npurt_task_init_aiv(&task, 0);
    npurt_task_input(&task, &t);
    CHECK_EQ(graph_submit(g, &task, NULL), NPURT_ERROR_INVALID_ARGUMENT);
    CHECK_STR(graph_problem(g), "task 0, tensor 0: its buffer of 101 bytes at address 16777116 reaches into the heap of outputs");
    g = world_begin();
    t.size = 100;
    t.shape[0] = 100;
    CHECK_EQ(graph_submit(g, &task, NULL), NPURT_OK);
    t.addr = (UINT64_C(1) << 62) - 99;
    CHECK_EQ(graph_submit(g, &task, NULL), NPURT_ERROR_INVALID_ARGUMENT);
    CHECK_HAS(graph_problem(g), "task 1, tensor 0: its buffer of 100 bytes at address 4611686018427387805 ends beyond");
}

TEST(tiles_of_a_matrix_are_apart)
{
    world_begin();
    npurt_tensor m = world_matrix(4096, 64, 64);
    for (uint32_t i = 0; i < 16; i++)
        world_write(world_tile(&m, i / 4 * 16, i % 4 * 16, 16, 16));
    world_read(world_tile(&m, 16, 16, 16, 16));
    world_read(world_tile(&m, 8, 8, 16, 16));
    world_read(world_tile(&m, 0, 63, 64, 1));
    world_finish();
    CHECK_STR(world_edges(), "0>17 1>17 3>18 4>17 5>16 5>17 7>18 11>18 15>18");
}

TEST(odd_and_even_elements_are_apart)
{
    world_begin();
    npurt_tensor x = world_bytes(4096, 100);
    world_write(npurt_tensor_slice(&x, 0, 0, 100, 2));
    world_write(npurt_tensor_slice(&x, 0, 1, 100, 2));
    world_read(npurt_tensor_slice(&x, 0, 51, 100, 2));
    world_finish();
    CHECK_STR(world_edges(), "1>2");
}

TEST(a_write_over_everything_leaves_only_itself)
{
    world_begin();
    npurt_tensor x = world_bytes(4096, 100);
    for (uint32_t i = 0; i < 10; i++)
        world_write(world_slice(&x, 10 * i, 10 * i + 10));
    world_write(x); /* 10 */
    world_read(world_slice(&x, 0, 100));
    world_finish();
    CHECK_EQ(world_fanin(10), 10);
    CHECK_EQ(world_fanin(11), 1);
    CHECK(world_edge(10, 11));
}

/* Tiles of an initialised buffer are updated again and again: only the first round waits for the initialisation. */
TEST(an_overwritten_writer_is_not_waited_for)
{
    world_begin();
    npurt_tensor x = world_bytes(4096, 160);
    world_write(x);
    for (uint32_t round = 0; round < 3; round++)
        for (uint32_t i = 0; i < 16; i++)
            world_update(world_slice(&x, 10 * i, 10 * i + 10));
    world_finish();
    CHECK_EQ(world_fanout(0), 16);
    CHECK_EQ(world_image.edge_count, 48);
}

TEST(an_edge_is_there_once)
{
    world_begin();
    npurt_tensor x = world_bytes(4096, 100), y = world_bytes(8192, 100);
    npurt_task t;
    npurt_task_init_aiv(&t, 0);
    npurt_task_output_existing(&t, &x);
    npurt_task_output_existing(&t, &y);
    npurt_task_id producer = world_submit(&t), twice[2] = {producer, producer};
    npurt_task_init_aiv(&t, 0);
    npurt_task_input(&t, &x);
    npurt_task_inout(&t, &y);
    npurt_task_input(&t, &y);
    npurt_task_after(&t, twice, 2);
    world_submit(&t);
    world_finish();
    CHECK_STR(world_edges(), "0>1");
    CHECK_EQ(world_fanin(1), 1);
}

TEST(a_task_does_not_wait_for_itself)
{
    world_begin();
    npurt_tensor x = world_bytes(4096, 100), half = world_slice(&x, 0, 50);
    for (uint32_t i = 0; i < 2; i++) {
        npurt_task t;
        npurt_task_init_aiv(&t, 0);
        npurt_task_input(&t, &x);
        npurt_task_output_existing(&t, &half);
        npurt_task_inout(&t, &x);
        npurt_task_input(&t, &half);
        world_submit(&t);
    }
    world_finish();
    CHECK_STR(world_edges(), "0>1");
}

TEST(outputs_are_found_by_their_readers)
{
    world_begin();
    npurt_tensor_spec spec = {.dtype = NPURT_F32, .ndims = 2, .shape = {16, 16}};
    npurt_tensor x;
    npurt_task t;
    npurt_task_init_aiv(&t, 0);
    npurt_task_output_new(&t, &spec, &x);
    world_submit(&t);
    world_read(world_tile(&x, 0, 0, 4, 4));
    world_update(world_tile(&x, 2, 2, 4, 4));
    world_read(world_tile(&x, 8, 8, 4, 4));
    world_finish();
    CHECK_STR(world_edges(), "0>1 0>2 0>3 1>2");
}

TEST(no_dep_waits_for_the_allocating_task_alone)
{
    world_begin();
    npurt_tensor_spec spec = {.dtype = NPURT_U8, .ndims = 1, .shape = {64}};
    npurt_tensor x, outside = world_bytes(4096, 64);
    npurt_task t;
    npurt_task_init_aiv(&t, 0);
    npurt_task_output_new(&t, &spec, &x);
    world_submit(&t);
    world_update(x);                      /* 1 */
    world_update(outside);                /* 2 */
    world_access(NPURT_ACCESS_NO_DEP, x); /* 3 */
    world_access(NPURT_ACCESS_NO_DEP, outside);
    x.manual_dep = outside.manual_dep = 1;
    world_update(x); /* 5 */
    world_update(outside);
    x.manual_dep = 0;
    world_update(x); /* 7: has not seen 3 and 5 */
    world_finish();
    CHECK_STR(world_edges(), "0>1 0>3 0>5 1>7");
}

TEST(a_manual_scope_has_explicit_edges_only)
{
    struct graph *g = world_begin();
    npurt_tensor_spec spec = {.dtype = NPURT_U8, .ndims = 1, .shape = {64}};
    npurt_tensor x = world_bytes(4096, 64), made;
    npurt_task t;
    npurt_task_id first = world_write(x);
    CHECK_EQ(graph_scope_begin(g, NPURT_SCOPE_MANUAL), NPURT_OK);
    world_update(x); /* 1: no edge */
    npurt_task_init_aiv(&t, 0);
    npurt_task_inout(&t, &x);
    npurt_task_after(&t, &first, 1);
    npurt_task_output_new(&t, &spec, &made);
    world_submit(&t); /* 2: the named edge */
    world_read(made); /* 3: not even the allocation */
    CHECK_EQ(graph_scope_end(g), NPURT_OK);
    world_read(made); /* 4: outside, an output of the inside is known */
    world_read(x);    /* 5: what was written inside is not */
    world_finish();
    CHECK_STR(world_edges(), "0>2 0>5 2>4");
}

TEST(irregular_views_are_ordered_by_their_range)
{
    world_begin();
    npurt_tensor x = world_bytes(4096, 100), window = x;
    window.ndims = 2; /* a sliding window: rows overlap */
    window.shape[0] = 10, window.strides[0] = 1;
    window.shape[1] = 5, window.strides[1] = 1;
    npurt_tensor_refresh(&window);
    for (uint32_t i = 0; i < 3; i++)
        world_update(window);
    world_read(world_slice(&x, 13, 20)); /* 3: the window is bytes 0 to 13 */
    world_read(world_slice(&x, 14, 20));
    world_finish();
    CHECK_STR(world_edges(), "0>1 1>2 2>3");
}

TEST(a_matrix_anywhere_in_its_buffer_has_tiles)
{
    world_begin();
    npurt_tensor m = world_matrix(4096, 32, 60); /* rows of the matrix wrap over rows of the grid */
    m.start_offset = 37;
    m.size += 37;
    for (uint32_t i = 0; i < 32; i++)
        world_write(world_tile(&m, i / 4 * 4, i % 4 * 15, 4, 15));
    for (uint32_t i = 0; i < 32; i++)
        world_read(world_tile(&m, i / 4 * 4, i % 4 * 15, 4, 15));
    world_finish();
    CHECK_EQ(world_image.edge_count, 32);
    for (uint32_t i = 0; i < 32; i++)
        if (!world_edge(i, 32 + i)) CHECK_FAIL("tile %u is not read after it is written", i);
}

TEST_MAIN
