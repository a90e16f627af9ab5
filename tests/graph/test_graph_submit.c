/* What a submission accepts, how it lands in the image, and the sentence for each that it refuses. */
#include "world.h"

#include <npurt/callable.h>
#include <protocol/protocol.h>

static npurt_tensor x, y;
static npurt_task task;

static struct graph *begin(void)
{
    x = world_bytes(4096, 64);
    y = world_bytes(8192, 64);
    npurt_task_init_aiv(&task, 0);
    return world_begin();
}

#define CHECK_REFUSED(g, status, expected, sentence)                                                                   \
    do {                                                                                                               \
        CHECK_EQ(status, expected);                                                                                    \
        CHECK_STR(graph_problem(g), sentence);                                                                         \
    } while (0)

static npurt_status submit_input(struct graph *g, const npurt_tensor *t)
{
    npurt_task_input(&task, t);
    return graph_submit(g, &task, NULL);
}

TEST(a_task_lands_in_the_image_as_it_was_submitted)
{
    begin();
    npurt_task_init_aic(&task, 7);
    npurt_task_input(&task, &x);
    npurt_task_inout(&task, &y);
    npurt_task_scalar(&task, 0x1122334455667788);
    npurt_task_scalar_f32(&task, 1.0f);
    npurt_task_blocks(&task, 3);
    world_submit(&task);
    world_finish();
    const struct image_task *t = world_task(0);
    CHECK_EQ(t->kernel[0], 7);
    CHECK_EQ(t->kernel[1], -1);
    CHECK_EQ(t->block_num, 3);
    CHECK_EQ(t->shape, SHAPE_AIC);
    CHECK_EQ(t->core_mask, 1);
    CHECK_EQ(t->tensor_count, 2);
    CHECK_EQ(t->scalar_count, 2);
    CHECK(memcmp(world_tensor(0, 0), &x, sizeof x) == 0 && memcmp(world_tensor(0, 1), &y, sizeof y) == 0);
    const uint64_t *scalar = (const uint64_t *)world_tensor(0, 2);
    CHECK_EQ(scalar[0], 0x1122334455667788);
    CHECK_EQ(scalar[1], 0x3f800000);
}

TEST(kernels_decide_the_shape)
{
    static const struct {
        int32_t kernel[3];
        uint8_t shape, mask;
    } cases[] = {{{1, -1, -1}, SHAPE_AIC, 1}, {{-1, 2, -1}, SHAPE_AIV, 2},   {{-1, -1, 3}, SHAPE_AIV, 2},
                 {{-1, 2, 3}, SHAPE_MIX, 6},  {{1, 2, -1}, SHAPE_MIX, 3},    {{1, -1, 3}, SHAPE_MIX, 5},
                 {{1, 2, 3}, SHAPE_MIX, 7},   {{-1, -1, -1}, SHAPE_DUMMY, 0}};
    begin();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        npurt_task_init(&task, cases[i].kernel[0], cases[i].kernel[1], cases[i].kernel[2]);
        npurt_task_blocks(&task, 0);
        world_submit(&task);
    }
    world_finish();
    for (uint32_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        CHECK_EQ(world_task(i)->shape, cases[i].shape);
        CHECK_EQ(world_task(i)->core_mask, cases[i].mask);
        CHECK_EQ(world_task(i)->block_num, 1);
    }
    CHECK_EQ(world_task(2)->kernel[1], 3); /* a lone AIV1 kernel becomes AIV0 */
    CHECK_EQ(world_task(2)->kernel[2], -1);
    CHECK_EQ(world_image.segment[2].size, 8 * 4);
}

TEST(explicit_dependencies_are_edges)
{
    begin();
    npurt_task_id id[4];
    for (uint32_t i = 0; i < 3; i++) {
        npurt_task_init_dummy(&task);
        id[i] = world_submit(&task);
    }
    npurt_task_after(&task, id, 3);
    world_submit(&task);
    world_finish();
    CHECK_STR(world_edges(), "0>3 1>3 2>3");
}

TEST(more_dependencies_than_any_list_has_room_for)
{
    begin();
    enum { MANY = 5000 };
    static npurt_task_id id[MANY];
    npurt_task_init_dummy(&task);
    for (uint32_t i = 0; i < MANY; i++)
        id[i] = world_submit(&task);
    npurt_task_after(&task, id, MANY);
    world_submit(&task);
    world_finish();
    CHECK_EQ(world_fanin(MANY), MANY);
}

TEST(refuses_a_dependency_that_does_not_exist)
{
    struct graph *g = begin();
    npurt_task_init_dummy(&task);
    world_submit(&task);
    npurt_task_id id = 1;
    npurt_task_after(&task, &id, 1);
    CHECK_REFUSED(g, graph_submit(g, &task, NULL), NPURT_ERROR_INVALID_ARGUMENT,
                  "task 1: depends on task 1, which was not submitted before");
    g = begin();
    task.after_count = 3;
    CHECK_REFUSED(g, graph_submit(g, &task, NULL), NPURT_ERROR_INVALID_ARGUMENT,
                  "task 0: a list of 3 dependencies is NULL");
}

TEST(refuses_wrong_tensors)
{
    struct graph *g = begin();
    CHECK_REFUSED(g, submit_input(g, NULL), NPURT_ERROR_INVALID_ARGUMENT, "task 0, tensor 0: is NULL");
    g = begin();
    npurt_task_input(&task, &y);
    x.addr = 0;
    CHECK_REFUSED(g, submit_input(g, &x), NPURT_ERROR_INVALID_ARGUMENT, "task 0, tensor 1: has no buffer: address 0");
    g = begin();
    x.ndims = 0;
    CHECK_REFUSED(g, submit_input(g, &x), NPURT_ERROR_INVALID_ARGUMENT, "task 0, tensor 0: 0 dimensions, not 1 to 5");
    g = begin();
    x.ndims = 6;
    CHECK_REFUSED(g, submit_input(g, &x), NPURT_ERROR_INVALID_ARGUMENT, "task 0, tensor 0: 6 dimensions, not 1 to 5");
    g = begin();
    x.shape[0] = 0;
    CHECK_REFUSED(g, submit_input(g, &x), NPURT_ERROR_INVALID_ARGUMENT,
                  "task 0, tensor 0: a dimension of size 0: dimension 0");
    g = begin();
    x.strides[0] = 0;
    CHECK_REFUSED(g, submit_input(g, &x), NPURT_ERROR_INVALID_ARGUMENT,
                  "task 0, tensor 0: a stride of 0 in dimension 0; a stride that does not fit 32 bits is set to 0");
    g = begin();
    x.dtype = 11;
    CHECK_REFUSED(g, submit_input(g, &x), NPURT_ERROR_INVALID_ARGUMENT, "task 0, tensor 0: unknown dtype 11");
    g = begin();
    x.start_offset = 1;
    CHECK_REFUSED(g, submit_input(g, &x), NPURT_ERROR_INVALID_ARGUMENT,
                  "task 0, tensor 0: reaches outside of its buffer of 64 bytes");
    g = begin();
    x.start_offset = UINT64_MAX;
    CHECK_EQ(submit_input(g, &x), NPURT_ERROR_INVALID_ARGUMENT);
    g = begin();
    x.owner = 5;
    CHECK_REFUSED(g, submit_input(g, &x), NPURT_ERROR_INVALID_ARGUMENT,
                  "task 0, tensor 0: belongs to task 5, which does not exist in this graph");
    g = begin();
    npurt_task_add_tensor(&task, (npurt_access)9, &x, NULL, NULL);
    CHECK_REFUSED(g, graph_submit(g, &task, NULL), NPURT_ERROR_INVALID_ARGUMENT, "task 0, tensor 0: unknown access 9");
    g = begin();
    npurt_task_output_new(&task, NULL, NULL);
    CHECK_REFUSED(g, graph_submit(g, &task, NULL), NPURT_ERROR_INVALID_ARGUMENT,
                  "task 0, tensor 0: an output without a spec");
}

/* The dimension whose stride is 6442450944 elements, in whichever way it came about. */
TEST(a_stride_that_does_not_fit_is_refused_with_its_dimension)
{
    static const uint32_t shape[] = {2, 3, 0x80000000}, flat[] = {6, 0x80000000}, turned[] = {0x80000000, 6};
    static const char *const sentence =
        "task 0, tensor 0: a stride of 0 in dimension %u; a stride that does not fit 32 bits is set to 0";
    npurt_tensor big, small, t[3];
    char expected[128];
    const uint32_t dimension[] = {0, 0, 1};
    npurt_tensor_init(&t[0], UINT64_C(1) << 40, NPURT_I8, 3, shape);
    npurt_tensor_init(&big, UINT64_C(1) << 40, NPURT_I8, 2, flat);
    CHECK(npurt_tensor_reshape(&big, 3, shape, &t[1]));
    npurt_tensor_init(&small, UINT64_C(1) << 40, NPURT_I8, 2, turned);
    small = npurt_tensor_transpose(&small, 0, 1);
    t[2] = npurt_tensor_slice(&small, 1, 0, 0x7fffffff, 0x33333333);
    for (uint32_t i = 0; i < 3; i++) {
        struct graph *g = begin();
        snprintf(expected, sizeof expected, sentence, dimension[i]);
        CHECK_REFUSED(g, submit_input(g, &t[i]), NPURT_ERROR_INVALID_ARGUMENT, expected);
    }
    struct graph *g = begin(); /* the largest that fits */
    npurt_tensor_init(&big, UINT64_C(1) << 40, NPURT_I8, 3, (uint32_t[]){2, 3, 0x55555555});
    CHECK_EQ(big.strides[0], 0xffffffff);
    CHECK_EQ(submit_input(g, &big), NPURT_OK);
    const npurt_tensor_spec spec = {.dtype = NPURT_I8, .ndims = 3, .shape = {2, 3, 0x80000000}};
    npurt_task_output_new(&task, &spec, NULL);
    CHECK_REFUSED(g, graph_submit(g, &task, NULL), NPURT_ERROR_INVALID_ARGUMENT,
                  "task 1, tensor 1: the stride of dimension 0, 6442450944 elements, does not fit 32 bits");
}

TEST(no_dep_tensors_are_checked_too)
{
    struct graph *g = begin();
    x.start_offset = 1;
    npurt_task_no_dep(&task, &x);
    CHECK_EQ(graph_submit(g, &task, NULL), NPURT_ERROR_INVALID_ARGUMENT);
}

TEST(refuses_wrong_kernels)
{
    static const uint32_t core[] = {NPURT_CORE_AIC, NPURT_CORE_AIV, KERNEL_ABSENT};
    static const struct {
        int32_t kernel[3];
        const char *sentence;
    } cases[] = {{{1, -1, -1}, "task 0: kernel id 1 in slot AIC is a kernel for AIV"},
                 {{-1, 0, -1}, "task 0: kernel id 0 in slot AIV0 is a kernel for AIC"},
                 {{0, 1, 0}, "task 0: kernel id 0 in slot AIV1 is a kernel for AIC"},
                 {{2, -1, -1}, "task 0: kernel id 2 in slot AIC is not one of the callable's"},
                 {{0, 3, -1}, "task 0: kernel id 3 in slot AIV0 is not one of the callable's"},
                 {{-7, -1, -1}, "task 0: kernel id -7 in slot AIC; -1 is none"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct graph *g = world_begin_with((struct graph_begin_info){.kernel_core = core, .kernel_count = 3});
        npurt_task_init(&task, cases[i].kernel[0], cases[i].kernel[1], cases[i].kernel[2]);
        CHECK_REFUSED(g, graph_submit(g, &task, NULL), NPURT_ERROR_INVALID_ARGUMENT, cases[i].sentence);
    }
    world_begin_with((struct graph_begin_info){.kernel_core = core, .kernel_count = 3});
    npurt_task_init(&task, 0, 1, 1);
    world_submit(&task);
    struct graph *g = begin(); /* without a table only the range counts */
    npurt_task_init_aiv(&task, NPURT_MAX_KERNELS - 1);
    world_submit(&task);
    npurt_task_init_aiv(&task, NPURT_MAX_KERNELS);
    CHECK_EQ(graph_submit(g, &task, NULL), NPURT_ERROR_INVALID_ARGUMENT);
}

TEST(refuses_misused_builders)
{
    struct graph *g = begin();
    for (uint32_t i = 0; i <= NPURT_TASK_MAX_TENSORS; i++)
        npurt_task_input(&task, &x);
    CHECK_REFUSED(g, graph_submit(g, &task, NULL), NPURT_ERROR_LIMIT, "task 0: more than 16 tensors or 32 scalars");
    g = begin();
    for (uint32_t i = 0; i <= NPURT_TASK_MAX_SCALARS; i++)
        npurt_task_scalar(&task, i);
    CHECK_REFUSED(g, graph_submit(g, &task, NULL), NPURT_ERROR_LIMIT, "task 0: more than 16 tensors or 32 scalars");
    g = begin();
    npurt_task_scalar(&task, 1);
    npurt_task_input(&task, &x);
    CHECK_REFUSED(g, graph_submit(g, &task, NULL), NPURT_ERROR_INVALID_ARGUMENT,
                  "task 0: a tensor was added after a scalar");
    g = begin();
    task.tensor_count = 17;
    CHECK_EQ(graph_submit(g, &task, NULL), NPURT_ERROR_LIMIT);
    g = begin();
    task.scalar_count = 33;
    CHECK_EQ(graph_submit(g, &task, NULL), NPURT_ERROR_LIMIT);
    g = begin();
    npurt_task_blocks(&task, 65536);
    CHECK_REFUSED(g, graph_submit(g, &task, NULL), NPURT_ERROR_LIMIT,
                  "task 0: block_num 65536, more than NPURT_TASK_MAX_BLOCKS");
}

TEST(refuses_fields_that_no_builder_sets)
{
    static const uint32_t error[] = {2, 9, 15, 16, 23, 24, 255, 0x80000000, UINT32_MAX};
    static const size_t flag[] = {offsetof(npurt_task, sync_start), offsetof(npurt_task, deferred),
                                  offsetof(npurt_task, has_predicate), offsetof(npurt_task, stage_consumers)};
    struct graph *g;
    char sentence[200];
    for (size_t i = 0; i < sizeof error / sizeof error[0]; i++) {
        g = begin();
        memcpy(&task.error, &error[i], sizeof task.error);
        snprintf(sentence, sizeof sentence,
                 "task 0: its error is %u, which no builder sets: was it begun with npurt_task_init?", error[i]);
        CHECK_REFUSED(g, graph_submit(g, &task, NULL), NPURT_ERROR_INVALID_ARGUMENT, sentence);
    }
    for (size_t f = 0; f < sizeof flag / sizeof flag[0]; f++)
        for (unsigned byte = 2; byte < 256; byte++) {
            g = begin();
            memset((char *)&task + flag[f], (int)byte, 1);
            snprintf(sentence, sizeof sentence, "task 0: %u in sync_start, deferred, has_predicate or ", byte);
            CHECK_EQ(graph_submit(g, &task, NULL), NPURT_ERROR_INVALID_ARGUMENT);
            CHECK_HAS(graph_problem(g), sentence);
        }
    npurt_tensor_spec spec = {.dtype = NPURT_U8, .ndims = 1, .shape = {16}};
    npurt_tensor out;
    memset(&spec.has_initial, 7, 1);
    g = begin();
    npurt_task_output_new(&task, &spec, &out);
    CHECK_REFUSED(g, graph_submit(g, &task, NULL), NPURT_ERROR_INVALID_ARGUMENT,
                  "task 0, tensor 0: has_initial is 7, neither true nor false");
}

TEST(the_first_refusal_latches)
{
    struct graph *g = begin();
    npurt_orch *orch = graph_orch(g);
    CHECK_EQ(submit_input(g, NULL), NPURT_ERROR_INVALID_ARGUMENT);
    npurt_task_init_aiv(&task, 0);
    npurt_task_blocks(&task, 65536);
    CHECK_EQ(npurt_orch_submit(orch, &task, NULL), NPURT_ERROR_INVALID_ARGUMENT);
    CHECK_EQ(npurt_orch_scope_begin(orch, NPURT_SCOPE_AUTO), NPURT_ERROR_INVALID_ARGUMENT);
    CHECK_EQ(npurt_orch_fail(orch, 3, "late"), NPURT_ERROR_INVALID_ARGUMENT);
    CHECK_EQ(graph_finish(g, &world_image), NPURT_ERROR_INVALID_ARGUMENT);
    CHECK_STR(graph_problem(g), "task 0, tensor 0: is NULL");
    CHECK_EQ(graph_user_code(g), 0);
    begin(); /* and a new graph begins clean */
    world_submit(&task);
    world_finish();
}

TEST(null_where_a_task_or_a_spec_belongs_is_refused)
{
    static const npurt_tensor_spec spec = {.dtype = NPURT_U8, .ndims = 1, .shape = {16}};
    struct graph *g = begin();
    npurt_tensor out;
    CHECK_REFUSED(g, npurt_orch_submit(graph_orch(g), NULL, NULL), NPURT_ERROR_INVALID_ARGUMENT, "task 0: is NULL");
    CHECK_EQ(npurt_orch_submit(graph_orch(g), NULL, NULL), NPURT_ERROR_INVALID_ARGUMENT); /* latched */
    g = begin();
    CHECK_REFUSED(g, npurt_orch_alloc(graph_orch(g), NULL, &out), NPURT_ERROR_INVALID_ARGUMENT,
                  "tensor allocated after task 0: spec or out is NULL");
    g = begin();
    CHECK_REFUSED(g, npurt_orch_alloc(graph_orch(g), &spec, NULL), NPURT_ERROR_INVALID_ARGUMENT,
                  "tensor allocated after task 0: spec or out is NULL");
}

TEST(an_orchestration_fails_with_its_own_code)
{
    struct graph *g = begin();
    CHECK_EQ(npurt_orch_fail(graph_orch(g), 42, "odd context length"), NPURT_ERROR_ORCHESTRATION);
    CHECK_EQ(npurt_orch_submit(graph_orch(g), &task, NULL), NPURT_ERROR_ORCHESTRATION);
    CHECK_EQ(graph_user_code(g), 42);
    CHECK_STR(graph_problem(g), "odd context length");
}

TEST(scopes_must_balance)
{
    struct graph *g = begin();
    CHECK_REFUSED(g, graph_scope_end(g), NPURT_ERROR_INVALID_ARGUMENT, "scope ended after task 0: there is none open");
    g = begin();
    CHECK_EQ(graph_scope_begin(g, NPURT_SCOPE_AUTO), NPURT_OK);
    CHECK_REFUSED(g, graph_finish(g, &world_image), NPURT_ERROR_INVALID_ARGUMENT,
                  "the graph ends with 1 scope(s) still open");
    g = begin();
    CHECK_EQ(graph_scope_begin(g, NPURT_SCOPE_MANUAL), NPURT_OK);
    CHECK_EQ(graph_scope_begin(g, NPURT_SCOPE_MANUAL), NPURT_OK);
    CHECK_EQ(graph_scope_begin(g, NPURT_SCOPE_AUTO), NPURT_ERROR_INVALID_ARGUMENT);
    CHECK_HAS(graph_problem(g), "an AUTO scope can not be inside a MANUAL one");
    g = begin();
    CHECK_EQ(graph_scope_begin(g, (npurt_scope_mode)2), NPURT_ERROR_INVALID_ARGUMENT);
    g = begin();
    for (uint32_t i = 0; i < NPURT_MAX_SCOPE_DEPTH; i++)
        CHECK_EQ(graph_scope_begin(g, NPURT_SCOPE_AUTO), NPURT_OK);
    CHECK_REFUSED(g, graph_scope_begin(g, NPURT_SCOPE_AUTO), NPURT_ERROR_LIMIT,
                  "scope begun after task 0: scopes nest at most 64 deep");
}

TEST(nothing_is_submitted_outside_of_a_graph)
{
    struct graph *g = begin();
    npurt_tensor_spec spec = {.dtype = NPURT_U8, .ndims = 1, .shape = {1}};
    world_finish();
    CHECK_EQ(graph_submit(g, &task, NULL), NPURT_ERROR_INVALID_ARGUMENT);
    begin();
    world_finish();
    CHECK_EQ(graph_alloc(g, &spec, &x), NPURT_ERROR_INVALID_ARGUMENT);
    begin();
    world_finish();
    CHECK_EQ(graph_finish(g, &world_image), NPURT_ERROR_INVALID_ARGUMENT);
}

TEST(cluster_count_is_answered)
{
    struct graph *g = world_begin_with((struct graph_begin_info){.cluster_count = 36});
    CHECK_EQ(npurt_orch_cluster_count(graph_orch(g)), 36);
    CHECK_EQ(graph_orch(g)->ops->size, sizeof(npurt_orch_ops));
}

TEST(an_empty_graph_is_an_image)
{
    begin();
    world_finish();
    CHECK_EQ(world_image.task_count, 0);
    CHECK_EQ(world_image.size, 128);
}

TEST_MAIN
