/* Elements that the orchestration reads and writes, and initial values, in memory that is really there. */
#include "stream_world.h"

enum { N = 64 };

static uint32_t data[N] __attribute__((aligned(64)));
static npurt_tensor outside(void)
{
    npurt_tensor t;
    npurt_tensor_init(&t, (uint64_t)(uintptr_t)data, NPURT_U32, 1, (uint32_t[]){N});
    return t;
}

static npurt_tensor part(npurt_tensor t, uint32_t from, uint32_t count)
{
    return npurt_tensor_view(&t, &count, &from);
}

/* Tasks do something when they run: add their ordinal + 1 to every element of their first tensor. */
static void add_ordinal(uint32_t ordinal, uint32_t slot)
{
    const struct image_task *task = &world.graph->stream.tasks[slot];
    const npurt_tensor *t = (const npurt_tensor *)(world.graph->stream.payload + (uint64_t)task->payload * 64);
    if (task->tensor_count == 0 || t->dtype != NPURT_U32) return;
    for (uint32_t i = 0; i < t->shape[0]; i++) {
        uint32_t value;
        char *at = (char *)(uintptr_t)t->addr + (t->start_offset + (uint64_t)i * t->strides[0]) * 4;
        memcpy(&value, at, 4);
        value += ordinal + 1;
        memcpy(at, &value, 4);
    }
}

static void begin(void)
{
    world_start(16, 16, 64 * 1024);
    world.ran = add_ordinal;
    memset(data, 0, sizeof data);
}

static uint64_t get(npurt_tensor t, uint32_t index)
{
    uint64_t bits = 99;
    if (stream_get(world.graph, &t, &index, &bits) != NPURT_OK) CHECK_FAIL("refused: %s", graph_problem(world.graph));
    return bits;
}

static void set(npurt_tensor t, uint32_t index, uint64_t bits)
{
    if (stream_set(world.graph, &t, &index, bits) != NPURT_OK) CHECK_FAIL("refused: %s", graph_problem(world.graph));
}

TEST(what_is_read_is_what_the_tasks_before_have_written)
{
    begin();
    world_access(NPURT_ACCESS_INOUT, part(outside(), 0, 8));  /* + 1 */
    world_access(NPURT_ACCESS_INOUT, part(outside(), 4, 8));  /* + 2 */
    world_access(NPURT_ACCESS_INOUT, part(outside(), 32, 8)); /* + 3 */
    CHECK_EQ(get(outside(), 3), 1);
    CHECK_EQ(get(outside(), 5), 3);
    CHECK_EQ(get(outside(), 33), 3);
    CHECK_EQ(get(outside(), 50), 0);
    world_finish();
}

TEST(only_the_writers_of_the_element_are_waited_for)
{
    begin();
    world_access(NPURT_ACCESS_INOUT, part(outside(), 0, 8));
    CHECK_EQ(get(outside(), 20), 0);
    CHECK_EQ(world.completed, 0);
    CHECK_EQ(world.waits, 0);
    set(outside(), 20, 5);
    CHECK_EQ(world.completed, 0);
    CHECK_EQ(get(outside(), 20), 5);
    world_finish();
}

/* A reader of the element is a task that must not see the new value. */
static uint32_t seen;
static void see(uint32_t ordinal, uint32_t slot)
{
    (void)slot;
    if (ordinal == 0) seen = data[2];
}
TEST(who_writes_an_element_waits_for_its_readers)
{
    begin();
    world.ran = see;
    seen = 77;
    world_access(NPURT_ACCESS_INPUT, part(outside(), 0, 8));
    CHECK_EQ(get(outside(), 2), 0);
    CHECK_EQ(world.completed, 0); /* readers do not wait for readers */
    set(outside(), 2, 1234);
    CHECK_EQ(seen, 0);
    CHECK_EQ(data[2], 1234);
    world_finish();
}

TEST(tasks_after_a_write_see_it)
{
    begin();
    set(outside(), 1, 40);
    world_access(NPURT_ACCESS_INOUT, part(outside(), 0, 2));
    CHECK_EQ(get(outside(), 1), 41);
    world_finish();
}

/* The map knows nothing of a task that was given the element without dependencies: it is waited for by its bytes. */
static npurt_tensor without_dependencies(npurt_tensor t)
{
    t.manual_dep = 1;
    return t;
}
TEST(tasks_without_dependencies_are_waited_for_by_their_bytes)
{
    for (uint32_t how = 0; how < 3; how++) {
        begin();
        if (how == 2) world_scope(NPURT_SCOPE_MANUAL);
        for (uint32_t i = 0; i < 3; i++) {
            const npurt_tensor t = part(outside(), 16 * i, 8);
            world_access(how == 0 ? NPURT_ACCESS_NO_DEP : NPURT_ACCESS_INOUT, how == 1 ? without_dependencies(t) : t);
        }
        world.seed = how + 1;
        CHECK_EQ(get(outside(), 50), 0); /* which none of them was given */
        CHECK_EQ(get(outside(), 8), 0);
        CHECK_EQ(world.waits, 0);
        CHECK_EQ(get(outside(), 23), 2);
        if (how == 2) world_scope_end();
        CHECK_EQ(get(outside(), 0), 1);
        set(outside(), 32, 10);
        CHECK_EQ(get(outside(), 32), 10);
        CHECK_EQ(get(outside(), 33), 3);
        world_finish();
    }
}

TEST(readers_without_dependencies_hold_up_a_write_alone)
{
    begin();
    world.ran = see;
    seen = 77;
    world_access(NPURT_ACCESS_INPUT, without_dependencies(part(outside(), 0, 8)));
    CHECK_EQ(get(outside(), 2), 0);
    CHECK_EQ(world.completed, 0);
    set(outside(), 2, 1234);
    CHECK_EQ(seen, 0);
    world_finish();
}

TEST(replays_without_dependencies_are_waited_for)
{
    begin();
    npurt_orch *o = graph_orch(world.graph);
    for (uint32_t use = 0; use < 3; use++) {
        const npurt_tensor x = part(outside(), 8 * (use + 1), 8), *tensors[] = {&x};
        const npurt_template t = {.key = 1, .tensors = tensors, .tensor_count = 1};
        CHECK_EQ(npurt_orch_template_begin(o, &t), use == 0);
        if (use > 0) continue;
        world_access(NPURT_ACCESS_NO_DEP, x);
        CHECK_EQ(npurt_orch_template_end(o), NPURT_OK);
    }
    CHECK_EQ(get(outside(), 7), 0);
    CHECK_EQ(world.completed, 0);
    CHECK_EQ(get(outside(), 24), 3);
    CHECK_EQ(get(outside(), 8), 1);
    world_finish();
}

TEST(elements_are_waited_for_under_any_address)
{
    begin();
    npurt_tensor inner;
    npurt_tensor_init(&inner, (uint64_t)(uintptr_t)&data[10], NPURT_U32, 1, (uint32_t[]){8});
    world_access(NPURT_ACCESS_INOUT, inner);
    CHECK_EQ(get(outside(), 9), 0);
    CHECK_EQ(world.completed, 0);
    CHECK_EQ(get(outside(), 12), 1);
    world_access(NPURT_ACCESS_NO_DEP, part(outside(), 0, 20));
    CHECK_EQ(get(inner, 0), 3);
    world_finish();
}

TEST(initial_values_are_there_before_any_task)
{
    static const struct {
        npurt_dtype dtype;
        uint32_t size;
    } row[] = {{NPURT_U8, 1}, {NPURT_F16, 2}, {NPURT_F32, 4}, {NPURT_I64, 8}};
    begin();
    world.ran = NULL;
    for (uint32_t i = 0; i < 4; i++) {
        npurt_tensor_spec spec = {.dtype = row[i].dtype,
                                  .ndims = 2,
                                  .shape = {5, 7},
                                  .has_initial = true,
                                  .initial = UINT64_C(0xfedcba9876543210)};
        npurt_tensor t;
        CHECK_EQ(graph_alloc(world.graph, &spec, &t), NPURT_OK);
        const uint8_t *at = (const uint8_t *)(uintptr_t)t.addr;
        for (uint32_t n = 0; n < 35 * row[i].size; n++)
            CHECK_EQ(at[n], (uint8_t)(spec.initial >> 8 * (n % row[i].size)));
        CHECK_EQ(at[35 * row[i].size], 0xee); /* and nothing behind */
    }
    world_finish();
}

TEST(wrong_elements_are_refused_by_name)
{
    uint64_t bits;
    const uint32_t beyond = N, fine = 0;
    npurt_tensor t = outside();
    begin();
    CHECK_EQ(stream_get(world.graph, &t, &beyond, &bits), NPURT_ERROR_INVALID_ARGUMENT);
    CHECK_STR(graph_problem(world.graph), "element read after task 0: index 64 in dimension 0, which has 64");
    begin();
    CHECK_EQ(stream_set(world.graph, &t, &beyond, 0), NPURT_ERROR_INVALID_ARGUMENT);
    CHECK_HAS(graph_problem(world.graph), "element written after task 0: index 64");
    begin();
    CHECK_EQ(stream_get(world.graph, NULL, &fine, &bits), NPURT_ERROR_INVALID_ARGUMENT);
    begin();
    CHECK_EQ(stream_get(world.graph, &t, NULL, &bits), NPURT_ERROR_INVALID_ARGUMENT);
    begin();
    world_scope(NPURT_SCOPE_AUTO);
    npurt_tensor x = world_output(100);
    world_scope_end();
    CHECK_EQ(stream_get(world.graph, &x, &fine, &bits), NPURT_ERROR_INVALID_ARGUMENT);
    CHECK_STR(graph_problem(world.graph),
              "element read after task 1: the tensor's buffer was given back, or never allocated");
}

static void end_the_run(uint32_t ordinal, uint32_t slot)
{
    (void)ordinal, (void)slot;
    world.end = 1;
}
TEST(an_element_of_a_run_that_has_ended_is_not_waited_for)
{
    uint64_t bits;
    const uint32_t index = 0;
    npurt_tensor t = outside();
    begin();
    world.ran = end_the_run;
    for (uint32_t i = 0; i < 8; i++)
        world_access(NPURT_ACCESS_INOUT, t);
    CHECK_EQ(stream_get(world.graph, &t, &index, &bits), NPURT_ERROR_CANCELLED);
    CHECK_EQ(stream_refusal_of(world.graph).code, STREAM_TENSOR_WAIT_TIMEOUT);
}

TEST_MAIN
