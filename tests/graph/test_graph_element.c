/* Elements and initial values of a graph that is built for an image. */
#include "world.h"

#include <string.h>

enum { OUTSIDE = 0x20000 };
static uint8_t memory[4096]; /* at OUTSIDE */

static npurt_status reach(void *context, uint64_t address, uint64_t *bits, uint32_t size, bool write)
{
    uint32_t *calls = context;
    const uint64_t offset = address - OUTSIDE;
    ++*calls;
    if (offset >= sizeof memory) return NPURT_ERROR_INVALID_ARGUMENT;
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

/* How a task can be given a tensor without dependencies. */
static npurt_tensor manual_dep(npurt_tensor t)
{
    t.manual_dep = 1;
    return t;
}

/* Whether a get, and a set, of a byte of the tensor are refused after the task that `submit` submits. */
static void check_given(npurt_tensor t, uint32_t at, void (*submit)(void), const char *get, const char *set)
{
    for (int writes = 0; writes < 2; writes++) {
        npurt_orch *o = begin();
        uint64_t bits = 5;
        submit();
        const npurt_status status = writes ? npurt_orch_set(o, &t, &at, 1) : npurt_orch_get(o, &t, &at, &bits);
        const char *expected = writes ? set : get;
        if (expected) {
            refused(status, NPURT_ERROR_UNSUPPORTED, expected);
        } else {
            CHECK_EQ(status, NPURT_OK);
            world_finish();
        }
    }
}

static npurt_tensor rows(uint32_t first)
{
    const npurt_tensor m = world_matrix(OUTSIDE, 64, 64);
    return world_tile(&m, first, 8, 4, 8); /* bytes 8 to 15 of each row */
}
static void submit_no_dep(void)
{
    world_access(NPURT_ACCESS_NO_DEP, rows(2));
}
static void submit_manual_dep(void)
{
    world_update(manual_dep(rows(2)));
}
static void submit_manual_dep_read(void)
{
    world_read(manual_dep(rows(2)));
}
static void submit_in_manual(void)
{
    CHECK_EQ(graph_scope_begin(world_graph, NPURT_SCOPE_MANUAL), NPURT_OK);
    world_write(rows(2));
    CHECK_EQ(graph_scope_end(world_graph), NPURT_OK);
}
static void submit_under_another_address(void)
{
    world_access(NPURT_ACCESS_NO_DEP, world_bytes(OUTSIDE + 2 * 64 + 8, 8));
}
static void submit_predicate_in_manual(void)
{
    const npurt_tensor t = rows(2), other = world_bytes(OUTSIDE + 8192, 16);
    npurt_task task;
    CHECK_EQ(graph_scope_begin(world_graph, NPURT_SCOPE_MANUAL), NPURT_OK);
    npurt_task_init_aiv(&task, 0);
    npurt_task_input(&task, &other);
    npurt_task_scalar(&task, 7);
    npurt_task_predicate(&task, &t, (uint32_t[]){0, 1}, NPURT_EQUAL, 0);
    world_submit(&task);
    CHECK_EQ(graph_scope_end(world_graph), NPURT_OK);
}

TEST(only_bytes_that_a_task_without_dependencies_may_touch_are_refused)
{
    static const char writes[] = "element read after task 1: task 0 may write it, tensor 0, which has no dependencies";
    static const char touches[] = "element written after task 1: task 0 may read or write it, tensor 0, which has no dependencies";
    static const struct {
        void (*submit)(void);
        const char *get, *set;
    } how[] = {{submit_no_dep, writes, touches},
               {submit_manual_dep, writes, touches},
               {submit_manual_dep_read, NULL, touches},
               {submit_in_manual, writes, touches},
               {submit_under_another_address, writes, touches}};
    const npurt_tensor b = world_bytes(OUTSIDE, 4096), inner = world_bytes(OUTSIDE + 100, 100);
    for (size_t i = 0; i < sizeof how / sizeof how[0]; i++) {
        check_given(b, 2 * 64 + 9, how[i].submit, how[i].get, how[i].set);
        check_given(inner, 28 + 9, how[i].submit, how[i].get, how[i].set);
        check_given(b, 2 * 64 + 7, how[i].submit, NULL, NULL); /* beside it, between rows */
        check_given(b, 2 * 64 + 16, how[i].submit, NULL, NULL);
        check_given(inner, 0, how[i].submit, NULL, NULL);
    }
    check_given(b, 2 * 64 + 9, submit_predicate_in_manual, NULL,
                "element written after task 1: task 0 reads it in its predicate, argument 1");
    check_given(b, 2 * 64 + 8, submit_predicate_in_manual, NULL, NULL);
}

/* What a replay gives without dependencies counts as what the recording gave. */
TEST(replayed_tasks_without_dependencies_count)
{
    const npurt_tensor b = world_bytes(OUTSIDE, 4096);
    npurt_orch *o = begin();
    uint64_t bits;
    for (uint32_t use = 0; use < 3; use++) {
        const npurt_tensor part = world_slice(&b, use * 100, use * 100 + 10), *tensors[] = {&part};
        const npurt_template t = {.key = 1, .tensors = tensors, .tensor_count = 1};
        CHECK_EQ(npurt_orch_template_begin(o, &t), use == 0);
        if (use > 0) continue;
        world_access(NPURT_ACCESS_NO_DEP, part);
        CHECK_EQ(npurt_orch_template_end(o), NPURT_OK);
    }
    CHECK_EQ(npurt_orch_get(o, &b, (uint32_t[]){210}, &bits), NPURT_OK);
    refused(npurt_orch_get(o, &b, (uint32_t[]){209}, &bits), NPURT_ERROR_UNSUPPORTED, "task 2 may write it, tensor 0");
}

/* An element is its bytes, whatever address the tensor has. */
TEST(elements_are_reached_under_another_address)
{
    npurt_orch *o = begin();
    const npurt_tensor all = world_bytes(OUTSIDE, 4096), inner = world_bytes(OUTSIDE + 1000, 96);
    uint64_t bits;
    world_write(world_slice(&all, 1010, 1020));
    CHECK_EQ(npurt_orch_get(o, &inner, (uint32_t[]){9}, &bits), NPURT_OK);
    CHECK_EQ(bits, (uint8_t)1009);
    refused(npurt_orch_get(o, &inner, (uint32_t[]){10}, &bits), NPURT_ERROR_UNSUPPORTED, "task 0 writes it");
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
