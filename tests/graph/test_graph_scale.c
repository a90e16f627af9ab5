/* Limits, and costs that must not grow. Costs are counted in regions compared, not in time. */
#include "world.h"

enum { BASE = 1 << 30 }; /* of outside memory, above the heap */

TEST(task_131073_is_refused)
{
    struct graph *g = world_begin();
    npurt_task t;
    npurt_task_init_dummy(&t);
    for (uint32_t i = 0; i < NPURT_GRAPH_MAX_TASKS; i++)
        world_submit(&t);
    CHECK_EQ(graph_submit(g, &t, NULL), NPURT_ERROR_LIMIT);
    CHECK_STR(graph_problem(g), "task 131072: a graph has at most 131072 tasks");
}

TEST(a_full_graph_with_the_most_tensors_has_room)
{
    world_begin();
    npurt_tensor all = world_bytes(BASE, NPURT_GRAPH_MAX_TASKS * 16), slice[16];
    npurt_task t;
    npurt_task_init_aiv(&t, 0);
    for (uint32_t k = 0; k < 16; k++)
        npurt_task_input(&t, &slice[k]);
    for (uint32_t i = 0; i < NPURT_GRAPH_MAX_TASKS; i++) {
        for (uint32_t k = 0; k < 16; k++)
            slice[k] = world_slice(&all, i * 16 + k, i * 16 + k + 1);
        world_submit(&t);
    }
    if (graph_finish(world_graph, &world_image) != NPURT_OK) CHECK_FAIL("%s", graph_problem(world_graph));
    CHECK_EQ(world_image.task_count, NPURT_GRAPH_MAX_TASKS);
    graph_destroy(world_graph); /* gives back what this one touched */
    world_graph = NULL;
}

/* Each of n slices is written, read twice and written again; the cost per submission is the same for any n. */
static double probes_per_submit(npurt_tensor (*slice)(uint32_t i, uint32_t n), uint32_t n)
{
    struct graph *g = world_begin();
    for (uint32_t i = 0; i < n; i++)
        world_write(slice(i, n));
    for (uint32_t i = 0; i < n; i++)
        world_read(slice((i * 7) % n, n));
    for (uint32_t i = 0; i < n; i++)
        world_read(slice((i * 11) % n, n));
    for (uint32_t i = 0; i < n; i++)
        world_update(slice(i, n));
    uint64_t probes = graph_probes(g);
    world_finish();
    CHECK_EQ(world_image.edge_count, 4 * n); /* write>read twice, read>update twice, write>update implied */
    return (double)probes / (4 * n);
}

static npurt_tensor dense_slice(uint32_t i, uint32_t n)
{
    npurt_tensor all = world_bytes(BASE, 1000 * n);
    return world_slice(&all, 1000 * i, 1000 * i + 1000);
}

static npurt_tensor tile(uint32_t i, uint32_t n)
{
    uint32_t side = 1;
    while (side * side < n)
        side++;
    npurt_tensor m = world_matrix(BASE, 24 * side, 40 * side);
    return world_tile(&m, i / side * 24, i % side * 40, 24, 40);
}

static npurt_tensor row_slab(uint32_t i, uint32_t n)
{
    npurt_tensor m = world_matrix(BASE, 8 * n, 100);
    return world_tile(&m, 8 * i, 0, 8, 100);
}

static npurt_tensor column_slab(uint32_t i, uint32_t n)
{
    npurt_tensor m = world_matrix(BASE, 64, 16 * n);
    return world_tile(&m, 0, 16 * i, 64, 16);
}

static npurt_tensor strided_element(uint32_t i, uint32_t n)
{
    npurt_tensor all = world_bytes(BASE, 100 * n);
    return npurt_tensor_slice(&all, 0, i, 100 * n, n);
}

static npurt_tensor head_of_batch(uint32_t i, uint32_t n)
{
    npurt_tensor all; /* [batch, sequence, head, dimension], one head of one sequence each */
    npurt_tensor_init(&all, BASE, NPURT_BF16, 4, (uint32_t[]){(n + 15) / 16, 64, 16, 32});
    return npurt_tensor_view(&all, (uint32_t[]){1, 64, 1, 32}, (uint32_t[]){i / 16, 0, i % 16, 0});
}

static npurt_tensor uneven_slice(uint32_t i, uint32_t n)
{
    npurt_tensor all = world_bytes(BASE, 100 * n);
    return world_slice(&all, 100 * i, 100 * i + 40 + i * 37 % 61); /* 40 to 100 bytes */
}

TEST(the_cost_of_a_look_up_does_not_grow_with_the_slices)
{
    static const struct {
        const char *name;
        npurt_tensor (*slice)(uint32_t, uint32_t);
    } kinds[] = {{"dense slices", dense_slice},
                 {"tiles", tile},
                 {"row slabs", row_slab},
                 {"column slabs", column_slab},
                 {"strided elements", strided_element},
                 {"heads of a batch", head_of_batch},
                 {"uneven slices", uneven_slice}};
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
        double few = probes_per_submit(kinds[k].slice, 100), many = probes_per_submit(kinds[k].slice, 10000);
        printf("  %-18s %.2f regions compared per submission among 100, %.2f among 10000\n", kinds[k].name, few, many);
        if (many > 4 || many > 2 * few + 1)
            CHECK_FAIL("%s: %.2f regions compared per submission among 10000", kinds[k].name, many);
    }
}

TEST(slices_inside_slices_cost_what_they_meet)
{
    struct graph *g = world_begin();
    npurt_tensor all = world_bytes(BASE, 1 << 22);
    for (uint32_t i = 0; i < 1024; i++)
        world_write(world_slice(&all, i << 12, (i + 1) << 12));
    uint64_t before = graph_probes(g);
    for (uint32_t i = 0; i < 16384; i++)
        world_read(world_slice(&all, i << 8, (i + 1) << 8));
    double per_read = (double)(graph_probes(g) - before) / 16384;
    world_finish();
    CHECK_EQ(world_image.edge_count, 16384);
    printf("  %.2f regions compared per read\n", per_read);
    CHECK(per_read < 4);
}

TEST(many_readers_of_one_region_do_not_walk_each_other)
{
    struct graph *g = world_begin();
    npurt_tensor x = world_bytes(BASE, 4096);
    world_write(x);
    for (uint32_t i = 0; i < 50000; i++)
        world_read(x);
    CHECK_EQ(graph_probes(g), 50000);
    world_write(x);
    CHECK_EQ(graph_probes(g), 50001);
    world_finish();
    CHECK_EQ(world_image.edge_count, 100000);
}

TEST(a_write_over_10000_slices_leaves_one_region)
{
    struct graph *g = world_begin();
    npurt_tensor all = world_bytes(BASE, 100000);
    for (uint32_t i = 0; i < 10000; i++)
        world_write(world_slice(&all, 10 * i, 10 * i + 10));
    world_write(all);
    uint64_t before = graph_probes(g);
    for (uint32_t i = 0; i < 1000; i++)
        world_update(all);
    CHECK_EQ(graph_probes(g) - before, 1000);
    world_finish();
    CHECK_EQ(world_fanin(10000), 10000);
}

TEST(buffers_of_any_number_are_found)
{
    struct graph *g = world_begin();
    for (uint32_t round = 0; round < 2; round++) /* 1 GiB apart, as big tensors are */
        for (uint32_t i = 0; i < 20000; i++)
            world_update(world_bytes(((uint64_t)i + 1) << 30, 64));
    CHECK_EQ(graph_probes(g), 20000);
    world_finish();
    CHECK_EQ(world_image.edge_count, 20000);
}

TEST(the_image_is_proportional_to_the_graph)
{
    uint64_t size[2];
    for (uint32_t k = 0; k < 2; k++) {
        world_begin();
        npurt_tensor x = world_bytes(4096, 64), y = world_bytes(8192, 64);
        for (uint32_t i = 0; i < (k + 1) * 1000; i++) {
            npurt_task t;
            npurt_task_init_aiv(&t, 0);
            npurt_task_input(&t, &x);
            npurt_task_inout(&t, &y);
            npurt_task_scalar(&t, i);
            world_submit(&t);
        }
        world_finish();
        size[k] = world_image.size;
    }
    /* a task, an edge, two tensors, a line for the scalar */
    CHECK(size[1] - size[0] >= 1000 * (32 + 4 + 256 + 64) - 64);
    CHECK(size[1] - size[0] <= 1000 * (32 + 4 + 256 + 64) + 64);
}

/* The image's bytes depend on the submissions alone: not on where the engine is, nor on what it built before. */
TEST(the_image_is_position_independent)
{
    static uint8_t first[1 << 16];
    uint64_t first_size = 0;
    struct graph *elsewhere = NULL; /* so that the second engine is at another address */
    for (uint32_t k = 0; k < 2; k++) {
        world_begin();
        for (uint32_t i = 0; i < 50; i++)
            world_update(world_bytes(4096 * (1 + i % 7), 64));
        world_finish();
        for (uint32_t s = 0; s < world_image.segment_count; s++) {
            const struct graph_segment *segment = &world_image.segment[s];
            CHECK_EQ(segment->offset % 64, 0);
            CHECK(segment->offset + segment->size <= world_image.size && world_image.size <= sizeof first);
            if (k == 0)
                memcpy(first + segment->offset, segment->data, segment->size);
            else if (memcmp(first + segment->offset, segment->data, segment->size) != 0)
                CHECK_FAIL("segment %u differs", s);
        }
        if (k == 0) first_size = world_image.size;
        CHECK_EQ(world_image.size, first_size);
        graph_destroy(world_graph);
        world_graph = NULL;
        if (k == 0) CHECK_EQ(graph_create(NULL, &elsewhere), NPURT_OK);
    }
    graph_destroy(elsewhere);
}

TEST(an_engine_of_chosen_size_keeps_to_it)
{
    struct graph *g;
    struct graph_config config = {.max_tasks = 10, .max_edges = 4, .max_regions = 3};
    struct graph_begin_info info = {.heap_base = WORLD_HEAP, .heap_size = WORLD_HEAP_SIZE};
    npurt_tensor x = world_bytes(4096, 64);
    npurt_task t;
    CHECK_EQ(graph_create(&config, &g), NPURT_OK);
    CHECK_EQ(graph_begin(g, &info), NPURT_OK);
    npurt_task_init_aiv(&t, 0);
    npurt_task_inout(&t, &x);
    for (uint32_t i = 0; i < 5; i++)
        CHECK_EQ(graph_submit(g, &t, NULL), NPURT_OK);
    CHECK_EQ(graph_submit(g, &t, NULL), NPURT_ERROR_LIMIT);
    CHECK_STR(graph_problem(g), "task 5: the graph has more than 4 edges");

    CHECK_EQ(graph_begin(g, &info), NPURT_OK);
    npurt_task_init_aiv(&t, 0);
    npurt_task_input(&t, &x);
    for (uint32_t i = 0; i < 3; i++, x.addr += 64)
        CHECK_EQ(graph_submit(g, &t, NULL), NPURT_OK);
    CHECK_EQ(graph_submit(g, &t, NULL), NPURT_ERROR_LIMIT);
    CHECK_STR(graph_problem(g), "task 3: more than 3 buffers or live regions of them");
    graph_destroy(g);
    graph_destroy(NULL);
    config.max_tasks = NPURT_GRAPH_MAX_TASKS + 1;
    CHECK_EQ(graph_create(&config, &g), NPURT_ERROR_INVALID_ARGUMENT);
}

TEST_MAIN
