/* Elements and initial values of a graph that is built for an image. */
#include "world.h"

#include <string.h>

enum { OUTSIDE = 0x20000 };
static uint8_t memory[4096]; /* at OUTSIDE */

static npurt_status reach(void *context, uint64_t addr, uint64_t offset, uint64_t *bits, uint32_t size, bool write)
{
    uint32_t *calls = context;
    ++*calls;
    if (addr != OUTSIDE) return NPURT_ERROR_INVALID_ARGUMENT;
    if (write)
        memcpy(memory + offset, bits, size);
    else
        memcpy(bits, memory + offset, size);
    return NPURT_OK;
}

static uint32_t calls;
static npurt_orch *begin(void)
{
    calls = 0;
    for (uint32_t i = 0; i < sizeof memory; i++)
        memory[i] = (uint8_t)i;
    return graph_orch(world_begin_with((struct graph_begin_info){.element = reach, .element_context = &calls}));
}

static void refused(npurt_status status, npurt_status expected, const char *part)
{
    CHECK_EQ(status, expected);
    CHECK_HAS(graph_problem(world_graph), part);
    CHECK_EQ(graph_finish(world_graph, &world_image), expected); /* it ends the graph */
}

TEST(elements_are_reached_by_index_through_strides)
{
    npurt_orch *o = begin();
    const npurt_tensor m = world_matrix(OUTSIDE, 32, 64), tile = world_tile(&m, 4, 8, 8, 16);
    const npurt_tensor turned = npurt_tensor_transpose(&tile, 0, 1);
    uint64_t bits = ~UINT64_C(0);
    CHECK_EQ(npurt_orch_get(o, &turned, (uint32_t[]){3, 2}, &bits), NPURT_OK);
    CHECK_EQ(bits, (uint8_t)((4 + 2) * 64 + 8 + 3));
    CHECK_EQ(npurt_orch_set(o, &turned, (uint32_t[]){3, 2}, 0x1234), NPURT_OK);
    CHECK_EQ(memory[(4 + 2) * 64 + 8 + 3], 0x34);
    CHECK_EQ(memory[(4 + 2) * 64 + 8 + 4], (uint8_t)((4 + 2) * 64 + 8 + 4));
    npurt_tensor wide;
    npurt_tensor_init(&wide, OUTSIDE, NPURT_U64, 1, (uint32_t[]){8});
    CHECK_EQ(npurt_orch_get(o, &wide, (uint32_t[]){1}, &bits), NPURT_OK);
    CHECK_EQ(bits, UINT64_C(0x0f0e0d0c0b0a0908));
    CHECK_EQ(calls, 3);
    world_finish();
}

/* Readers do not matter to a reader, and other bytes of the buffer to nobody. */
TEST(what_no_task_before_touches_can_be_read_and_written)
{
    npurt_orch *o = begin();
    const npurt_tensor b = world_bytes(OUTSIDE, 4096);
    uint64_t bits;
    world_read(world_slice(&b, 0, 100));
    world_write(world_slice(&b, 200, 300));
    CHECK_EQ(npurt_orch_get(o, &b, (uint32_t[]){50}, &bits), NPURT_OK);
    CHECK_EQ(npurt_orch_get(o, &b, (uint32_t[]){199}, &bits), NPURT_OK);
    CHECK_EQ(npurt_orch_set(o, &b, (uint32_t[]){199}, 1), NPURT_OK);
    CHECK_EQ(npurt_orch_set(o, &b, (uint32_t[]){300}, 1), NPURT_OK);
    world_finish();
}

TEST(what_a_task_before_writes_or_for_a_write_reads_is_refused_with_the_task)
{
    const npurt_tensor b = world_bytes(OUTSIDE, 4096);
    uint64_t bits = 5;
    npurt_orch *o = begin();
    world_read(world_slice(&b, 0, 10));
    world_write(world_slice(&b, 200, 300));
    refused(npurt_orch_get(o, &b, (uint32_t[]){299}, &bits), NPURT_ERROR_UNSUPPORTED,
            "element read after task 2: task 1 writes it");
    CHECK_EQ(bits, 0);
    o = begin();
    world_read(world_slice(&b, 0, 10));
    refused(npurt_orch_set(o, &b, (uint32_t[]){9}, 1), NPURT_ERROR_UNSUPPORTED,
            "element written after task 1: task 0 reads or writes it");
    CHECK_EQ(memory[9], 9);
    CHECK_EQ(calls, 0);
}

/* Asking must not change the graph: neither its edges, nor those of what is submitted afterwards. */
TEST(asking_leaves_the_edges_as_they_are)
{
    char without[4096];
    for (int asked = 0; asked < 2; asked++) {
        npurt_orch *o = begin();
        const npurt_tensor b = world_bytes(OUTSIDE, 4096);
        uint64_t bits;
        for (uint32_t i = 0; i < 20; i++) {
            world_update(world_slice(&b, i * 10, i * 10 + 15));
            world_read(world_slice(&b, i * 10, i * 10 + 30));
            for (uint32_t k = 2000; asked && k < 2010; k++) {
                CHECK_EQ(npurt_orch_get(o, &b, &k, &bits), NPURT_OK);
                CHECK_EQ(npurt_orch_set(o, &b, &k, 1), NPURT_OK);
            }
        }
        world_finish();
        if (asked)
            CHECK_STR(world_edges(), without);
        else
            snprintf(without, sizeof without, "%s", world_edges());
        CHECK_EQ(calls, asked ? 400 : 0);
    }
}

TEST(tasks_whose_dependencies_nobody_looks_up_count_by_their_buffer)
{
    const npurt_tensor b = world_bytes(OUTSIDE, 4096), other = world_bytes(OUTSIDE + 8192, 16);
    uint64_t bits;
    npurt_orch *o = begin();
    CHECK_EQ(npurt_orch_scope_begin(o, NPURT_SCOPE_MANUAL), NPURT_OK);
    world_write(other);
    CHECK_EQ(npurt_orch_get(o, &b, (uint32_t[]){0}, &bits), NPURT_OK);
    world_write(b);
    refused(npurt_orch_get(o, &b, (uint32_t[]){0}, &bits), NPURT_ERROR_UNSUPPORTED, "task 1 was given its buffer");
    o = begin();
    world_access(NPURT_ACCESS_NO_DEP, b);
    refused(npurt_orch_set(o, &b, (uint32_t[]){0}, 1), NPURT_ERROR_UNSUPPORTED, "task 0 was given its buffer");
}

TEST(what_the_graph_allocates_has_no_elements_yet)
{
    npurt_orch *o = begin();
    npurt_tensor own;
    CHECK_EQ(npurt_orch_alloc(
                 o, &(npurt_tensor_spec){.dtype = NPURT_U8, .ndims = 1, .shape = {16}, .has_initial = true}, &own),
             NPURT_OK);
    uint64_t bits;
    refused(npurt_orch_get(o, &own, (uint32_t[]){0}, &bits), NPURT_ERROR_UNSUPPORTED, "the graph allocated its buffer");
}

TEST(bad_elements_are_refused)
{
    const npurt_tensor b = world_bytes(OUTSIDE, 100);
    npurt_tensor outside = b;
    uint64_t bits;
    outside.start_offset = 1;
    refused(npurt_orch_get(begin(), &b, (uint32_t[]){100}, &bits), NPURT_ERROR_INVALID_ARGUMENT,
            "index 100 in dimension 0, which has 100");
    refused(npurt_orch_get(begin(), NULL, (uint32_t[]){0}, &bits), NPURT_ERROR_INVALID_ARGUMENT, "tensor is NULL");
    refused(npurt_orch_set(begin(), &b, NULL, 0), NPURT_ERROR_INVALID_ARGUMENT, "index is NULL");
    refused(npurt_orch_get(begin(), &outside, (uint32_t[]){0}, &bits), NPURT_ERROR_INVALID_ARGUMENT,
            "no view of a buffer");
    const npurt_tensor elsewhere = world_bytes(OUTSIDE + 8192, 16);
    refused(npurt_orch_get(begin(), &elsewhere, (uint32_t[]){0}, &bits), NPURT_ERROR_INVALID_ARGUMENT,
            "its buffer can not be reached");
    refused(npurt_orch_get(graph_orch(world_begin()), &b, (uint32_t[]){0}, &bits), NPURT_ERROR_UNSUPPORTED,
            "nobody can reach it");
}

static npurt_status move(void *context, uint64_t size, uint64_t *base, uint64_t *capacity)
{
    (void)context;
    *base = 0x40000000;
    *capacity = size;
    return NPURT_OK;
}

TEST(initial_values_are_listed_with_final_addresses)
{
    npurt_tensor a, b, c;
    struct graph *g =
        world_begin_with((struct graph_begin_info){.heap_base = WORLD_HEAP, .heap_size = 4096, .grow = move});
    npurt_task task;
    const npurt_tensor_spec spec = {
        .dtype = NPURT_F16, .ndims = 2, .shape = {3, 5}, .has_initial = true, .initial = 0x3c00};
    const npurt_tensor_spec without = {.dtype = NPURT_F16, .ndims = 2, .shape = {3, 5}};
    CHECK_EQ(graph_alloc(g, &without, &a), NPURT_OK);
    CHECK_EQ(graph_alloc(g, &spec, &b), NPURT_OK);
    npurt_task_init_aiv(&task, 0);
    npurt_task_output_new(&task, &spec, &c);
    world_submit(&task);
    world_finish();
    CHECK_EQ(world_image.fill_count, 2);
    CHECK_EQ(world_image.fills[0].addr, b.addr);
    CHECK_EQ(world_image.fills[0].size, 30);
    CHECK_EQ(world_image.fills[0].element, 2);
    CHECK_EQ(world_image.fills[0].bits, 0x3c00);
    CHECK_EQ(world_image.fills[1].addr, c.addr);

    g = world_begin_with((struct graph_begin_info){.heap_base = WORLD_HEAP, .heap_size = 1024, .grow = move});
    npurt_task_init_aiv(&task, 0);
    npurt_task_output_new(&task, &spec, &b);
    npurt_task_output_new(&task, &spec, &c);
    world_submit(&task);
    world_finish();
    CHECK_EQ(world_image.fill_count, 2);
    CHECK_EQ(world_image.fills[0].addr, 0x40000000);
    CHECK_EQ(world_image.fills[0].addr, world_tensor(0, 0)->addr);
    CHECK_EQ(world_image.fills[1].addr, world_tensor(0, 1)->addr);
    world_begin();
    world_finish();
    CHECK_EQ(world_image.fill_count, 0); /* of this graph alone */
}

TEST_MAIN
