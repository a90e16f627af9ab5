/* Templates: what is replayed and what is submitted, and what is refused. */
#include "image_copy.h"

#include <protocol/predicate.h>

/* Two steps of a stencil over the halves of a buffer, as a template when `t` is not NULL. */
static void stencil(npurt_orch *orch, const npurt_tensor *rows, const npurt_template *t)
{
    enum { WIDTH = 32 };
    if (t && !npurt_orch_template_begin(orch, t)) return;
    for (uint32_t i = 0; i < 2 * WIDTH; i++) {
        const uint32_t x = i % WIDTH, from = i < WIDTH ? 0 : WIDTH;
        npurt_tensor in[2], out = npurt_tensor_slice(rows, 0, (WIDTH - from + x) * 4, (WIDTH - from + x + 1) * 4, 1);
        npurt_task task;
        npurt_task_init_aiv(&task, 2);
        for (uint32_t k = 0; k < 2; k++) {
            const uint32_t row = from + (x + k) % WIDTH;
            in[k] = npurt_tensor_slice(rows, 0, row * 4, (row + 1) * 4, 1);
            npurt_task_input(&task, &in[k]);
        }
        npurt_task_output_existing(&task, &out);
        CHECK_EQ(npurt_orch_submit(orch, &task, NULL), NPURT_OK);
    }
    if (t) CHECK_EQ(npurt_orch_template_end(orch), NPURT_OK);
}

/* However many tasks access a box it is looked up once in a use, and not at all when the buffer has the boxes that it
 * had in the last. */
TEST(looks_up_each_box_once)
{
    npurt_orch *orch = graph_orch(world_begin());
    npurt_tensor rows = world_bytes(0x100000, 256), others = world_bytes(0x200000, 256);
    const npurt_tensor *one[] = {&rows}, *other[] = {&others};
    npurt_template t = {.key = 9, .tensors = one, .tensor_count = 1};
    stencil(orch, &rows, &t);
    stencil(orch, &rows, &t); /* finds them where the recording has left them */
    uint64_t before = graph_probes(world_graph);
    stencil(orch, &rows, &t);
    CHECK_EQ(graph_probes(world_graph) - before, 0);
    t.tensors = other;
    stencil(orch, &others, &t);
    t.tensors = one;
    before = graph_probes(world_graph);
    stencil(orch, &rows, &t);
    const uint64_t again = graph_probes(world_graph) - before;
    CHECK(again >= 64 && again <= 3 * 64);
    world_update(npurt_tensor_slice(&rows, 0, 0, 2, 1)); /* a box across one of them: accesses go through the map */
    before = graph_probes(world_graph);
    stencil(orch, &rows, &t);
    CHECK(graph_probes(world_graph) - before >= 3 * 64);
    world_finish();
    struct copy replayed = copy_of_graph();

    orch = graph_orch(world_begin());
    for (uint32_t use = 0; use < 6; use++) {
        if (use == 5) world_update(npurt_tensor_slice(&rows, 0, 0, 2, 1));
        stencil(orch, use == 3 ? &others : &rows, NULL);
    }
    world_finish();
    struct copy plain = copy_of_graph();
    check_same(0, "tasks and arguments", plain.content, replayed.content);
    check_same(0, "edges", plain.edges, replayed.edges);
    copy_free(&plain);
    copy_free(&replayed);
}

/* The body runs once per recording: nothing is submitted for a use that is replayed. */
TEST(replays_without_the_body)
{
    struct graph *g = world_begin();
    npurt_orch *orch = graph_orch(g);
    npurt_tensor x = world_bytes(0x100000, 64), y = world_bytes(0x200000, 64), z = world_bytes(0x300000, 128);
    const npurt_tensor *one[] = {&x}, *other[] = {&y}, *larger[] = {&z};
    uint64_t scalar = 7;
    npurt_template t = {.key = 9, .tensors = one, .tensor_count = 1, .scalars = &scalar, .scalar_count = 1};
    npurt_task task;
    CHECK(npurt_orch_template_begin(orch, &t));
    npurt_task_init_aiv(&task, 2);
    npurt_task_inout(&task, &x);
    npurt_task_template_scalar(&task, &t, 0);
    npurt_task_scalar(&task, 5);
    CHECK_EQ(npurt_orch_submit(orch, &task, NULL), NPURT_OK);
    CHECK_EQ(npurt_orch_template_end(orch), NPURT_OK);
    scalar = 8;
    t.tensors = other;
    CHECK(!npurt_orch_template_begin(orch, &t));
    t.tensors = larger; /* another shape: as it is */
    CHECK(npurt_orch_template_begin(orch, &t));
    CHECK_EQ(npurt_orch_template_end(orch), NPURT_OK);
    world_finish();
    CHECK_EQ(world_image.task_count, 2);
    CHECK_EQ(world_tensor(1, 0)->addr, 0x200000);
    const uint64_t *scalars = (const uint64_t *)(world_tensor(1, 0) + 1);
    CHECK_EQ(scalars[0], 8);
    CHECK_EQ(scalars[1], 5);
}

/* A tensor that is neither the template's nor the body's can not be replaced: such a body is submitted each time. */
TEST(submits_what_can_not_be_replayed)
{
    struct graph *g = world_begin();
    npurt_orch *orch = graph_orch(g);
    npurt_tensor x = world_bytes(0x100000, 64), foreign = world_bytes(0x200000, 64);
    const npurt_tensor *one[] = {&x};
    npurt_template t = {.key = 9, .tensors = one, .tensor_count = 1};
    for (uint32_t use = 0; use < 3; use++) {
        npurt_task task;
        CHECK(npurt_orch_template_begin(orch, &t));
        npurt_task_init_aiv(&task, 2);
        npurt_task_input(&task, &foreign);
        npurt_task_inout(&task, &x);
        CHECK_EQ(npurt_orch_submit(orch, &task, NULL), NPURT_OK);
        CHECK_EQ(npurt_orch_template_end(orch), NPURT_OK);
    }
    world_finish();
    CHECK_EQ(world_image.task_count, 3);
}

/* What tasks do to one of two tensors that share bytes they do to the other, and elsewhere they do not. */
TEST(submits_what_shares_bytes)
{
    npurt_orch *orch = graph_orch(world_begin());
    npurt_tensor x = world_bytes(0x100000, 64), y = world_bytes(0x200000, 64);
    npurt_tensor low = npurt_tensor_slice(&x, 0, 0, 40, 1), high = npurt_tensor_slice(&x, 0, 24, 64, 1);
    npurt_tensor apart = npurt_tensor_slice(&y, 0, 24, 64, 1);
    const npurt_tensor *shared[] = {&low, &high}, *own[] = {&low, &apart};
    npurt_template t = {.key = 9, .tensor_count = 2};
    for (uint32_t use = 0; use < 5; use++) {
        t.tensors = use % 2 == 0 ? shared : own;
        const bool submit = npurt_orch_template_begin(orch, &t);
        CHECK_EQ(submit, use != 3); /* recorded in 1 */
        if (!submit) continue;
        world_update(*t.tensors[0]);
        world_update(*t.tensors[1]);
        CHECK_EQ(npurt_orch_template_end(orch), NPURT_OK);
    }
    world_finish();
    CHECK_STR(world_edges(), "0>1 0>2 1>2 1>4 1>5 2>4 3>7 4>5 4>6 5>6 5>8 5>9 6>8 8>9");
}

/* A replayed predicate is about the element of the tensor at hand, or of the body's own buffer. */
TEST(replays_predicates)
{
    npurt_orch *orch = graph_orch(world_begin());
    npurt_tensor x = world_bytes(0x100000, 64), y = world_bytes(0x200000, 128);
    npurt_tensor half = npurt_tensor_slice(&y, 0, 64, 128, 1);
    const npurt_tensor *tensors[] = {&x, &half};
    const uint32_t index = 5;
    for (uint32_t use = 0; use < 2; use++) {
        const npurt_template t = {.key = 9, .tensors = &tensors[use], .tensor_count = 1};
        world_update(*tensors[use]);
        const bool submit = npurt_orch_template_begin(orch, &t);
        CHECK_EQ(submit, use == 0);
        if (!submit) continue;
        npurt_task task;
        npurt_tensor out;
        const npurt_tensor_spec spec = {.dtype = NPURT_U8, .ndims = 1, .shape = {64}};
        npurt_task_init_aiv(&task, 2);
        npurt_task_output_new(&task, &spec, &out);
        npurt_task_scalar(&task, 3);
        npurt_task_predicate(&task, &x, &index, NPURT_LESS, 9);
        CHECK_EQ(npurt_orch_submit(orch, &task, NULL), NPURT_OK);
        npurt_task_init_aiv(&task, 2);
        npurt_task_predicate(&task, &out, &index, NPURT_EQUAL, 1);
        CHECK_EQ(npurt_orch_submit(orch, &task, NULL), NPURT_OK);
        CHECK_EQ(npurt_orch_template_end(orch), NPURT_OK);
    }
    world_finish();
    CHECK_STR(world_edges(), "0>1 1>2 3>4 4>5");
    const uint64_t element[] = {0x100005, world_tensor(1, 0)->addr + 5, 0x200045, world_tensor(4, 0)->addr + 5};
    for (uint32_t i = 0; i < 4; i++) {
        const uint32_t task = i / 2 * 3 + 1 + i % 2;
        struct image_predicate p;
        memcpy(&p, (const uint64_t *)(world_tensor(task, 0) + (i % 2 == 0)) + (i % 2 == 0), sizeof p);
        CHECK_EQ(world_task(task)->flags, IMAGE_PREDICATE);
        CHECK_EQ(p.address, element[i]);
        CHECK_EQ(p.mark, predicate_mark(&p));
        CHECK_EQ(p.compare, i % 2 == 0 ? NPURT_LESS : NPURT_EQUAL);
        CHECK_EQ(p.bits, i % 2 == 0 ? 9 : 1);
    }
    CHECK(world_tensor(1, 0)->addr != world_tensor(4, 0)->addr);
}

/* Nor can a dependency on a task from around the body. */
TEST(submits_what_depends_on_a_task_outside)
{
    struct graph *g = world_begin();
    npurt_orch *orch = graph_orch(g);
    npurt_tensor x = world_bytes(0x100000, 64);
    const npurt_tensor *one[] = {&x};
    npurt_template t = {.key = 9, .tensors = one, .tensor_count = 1};
    for (uint32_t use = 0; use < 2; use++) {
        npurt_task task;
        npurt_task_id before;
        npurt_task_init_aiv(&task, 1);
        CHECK_EQ(npurt_orch_submit(orch, &task, &before), NPURT_OK);
        CHECK(npurt_orch_template_begin(orch, &t));
        npurt_task_after(&task, &before, 1);
        CHECK_EQ(npurt_orch_submit(orch, &task, NULL), NPURT_OK);
        CHECK_EQ(npurt_orch_template_end(orch), NPURT_OK);
    }
    world_finish();
    CHECK_STR(world_edges(), "0>1 2>3");
}

/* In a MANUAL scope no dependency is looked up; a body recorded there has none that a use in an AUTO scope needs, and
 * one recorded in an AUTO scope has too many. */
TEST(submits_what_was_recorded_in_a_scope_of_another_mode)
{
    npurt_tensor x = world_bytes(0x100000, 64);
    const npurt_tensor *one[] = {&x};
    const npurt_template t = {.key = 9, .tensors = one, .tensor_count = 1};
    for (int first = 0; first < 2; first++) {
        npurt_orch *orch = graph_orch(world_begin());
        for (int use = 0; use < 4; use++) { /* manual, auto, manual, auto; or the other way around */
            npurt_orch_scope_begin(orch, use % 2 == first ? NPURT_SCOPE_MANUAL : NPURT_SCOPE_AUTO);
            const bool submit = npurt_orch_template_begin(orch, &t);
            CHECK_EQ(submit, use % 2 == 0 ? use == 0 : true);
            if (submit) {
                world_update(x);
                CHECK_EQ(npurt_orch_template_end(orch), NPURT_OK);
            }
            npurt_orch_scope_end(orch);
            world_update(x);
        }
        world_finish();
        /* tasks 0, 2, 4, 6 are the body's; those of MANUAL scopes neither wait nor are waited for */
        CHECK_STR(world_edges(), first == 0 ? "1>2 2>3 3>5 5>6 6>7" : "0>1 1>3 3>4 4>5 5>7");
    }
}

/* A part of the template's tensor, looked at as bytes: what the replay moves it by is counted in the tensor's elements. */
TEST(submits_a_template_tensor_of_another_dtype)
{
    npurt_orch *orch = graph_orch(world_begin());
    npurt_tensor whole[2];
    const uint32_t shape[] = {64}, part[] = {16}, offset[] = {0};
    npurt_tensor_init(&whole[0], 0x100000, NPURT_U32, 1, shape);
    npurt_tensor_init(&whole[1], 0x200000, NPURT_U32, 1, shape);
    for (uint32_t use = 0; use < 2; use++) {
        const uint32_t start[] = {use * 32};
        npurt_tensor view = npurt_tensor_view(&whole[use], part, start);
        const npurt_tensor *one[] = {&view};
        npurt_template t = {.key = 9, .tensors = one, .tensor_count = 1};
        if (npurt_orch_template_begin(orch, &t)) {
            npurt_tensor bytes = npurt_tensor_view(&view, part, offset);
            bytes.dtype = NPURT_U8;
            bytes.start_offset *= sizeof(uint32_t);
            world_update(bytes);
            CHECK_EQ(npurt_orch_template_end(orch), NPURT_OK);
        }
    }
    world_finish();
    CHECK_EQ(world_image.task_count, 2);
    CHECK_EQ(world_tensor(1, 0)->addr, 0x200000);
    CHECK_EQ(world_tensor(1, 0)->start_offset, 128);
}

/* A scalar of another template than the one at hand: a replay would read behind the scalars that it has. */
TEST(submits_scalars_of_another_template)
{
    npurt_orch *orch = graph_orch(world_begin());
    npurt_tensor x = world_bytes(0x100000, 64);
    const npurt_tensor *one[] = {&x};
    uint64_t scalar[64] = {[63] = 77};
    const npurt_template none = {.key = 9, .tensors = one, .tensor_count = 1};
    const npurt_template other = {.key = 8, .scalars = scalar, .scalar_count = 64};
    for (uint32_t use = 0; use < 2; use++) {
        npurt_task task;
        CHECK(npurt_orch_template_begin(orch, &none));
        npurt_task_init_aiv(&task, 2);
        npurt_task_inout(&task, &x);
        npurt_task_template_scalar(&task, &other, 63);
        CHECK_EQ(npurt_orch_submit(orch, &task, NULL), NPURT_OK);
        CHECK_EQ(npurt_orch_template_end(orch), NPURT_OK);
    }
    world_finish();
    CHECK_EQ(*(const uint64_t *)(world_tensor(1, 0) + 1), 77);
}

/* The body's scopes are its own: it neither ends one from around it nor leaves one to whoever comes after. */
TEST(refuses_scopes_that_cross_a_template)
{
    const npurt_template t = {.key = 9};
    npurt_orch *orch = graph_orch(world_begin());
    npurt_orch_scope_begin(orch, NPURT_SCOPE_AUTO);
    CHECK(npurt_orch_template_begin(orch, &t));
    CHECK_EQ(npurt_orch_scope_begin(orch, NPURT_SCOPE_AUTO), NPURT_OK);
    CHECK_EQ(npurt_orch_scope_end(orch), NPURT_OK);
    CHECK_EQ(npurt_orch_scope_end(orch), NPURT_ERROR_INVALID_ARGUMENT);
    CHECK_HAS(graph_problem(world_graph), "template 9");

    orch = graph_orch(world_begin());
    CHECK(npurt_orch_template_begin(orch, &t));
    CHECK_EQ(npurt_orch_scope_begin(orch, NPURT_SCOPE_AUTO), NPURT_OK);
    CHECK_EQ(npurt_orch_template_end(orch), NPURT_ERROR_INVALID_ARGUMENT);
    CHECK_HAS(graph_problem(world_graph), "template 9");
    CHECK_HAS(graph_problem(world_graph), "still open: 1");
}

TEST(refuses_misuse)
{
    npurt_tensor x = world_bytes(0x100000, 64), empty = {0};
    const npurt_tensor *one[] = {&x}, *bad[] = {&x, &empty};
    uint64_t bits;
    npurt_template t = {.key = 9, .tensors = one, .tensor_count = 1};

    npurt_orch *orch = graph_orch(world_begin());
    CHECK(npurt_orch_template_begin(orch, &t));
    CHECK(!npurt_orch_template_begin(orch, &t));
    CHECK_HAS(graph_problem(world_graph), "template 9");
    CHECK_HAS(graph_problem(world_graph), "inside of a template");

    orch = graph_orch(world_begin());
    CHECK_EQ(npurt_orch_template_end(orch), NPURT_ERROR_INVALID_ARGUMENT);

    orch = graph_orch(world_begin());
    t.tensors = bad;
    t.tensor_count = 2;
    CHECK(!npurt_orch_template_begin(orch, &t));
    CHECK_HAS(graph_problem(world_graph), "tensor 1");

    orch = graph_orch(world_begin());
    t.key = 0;
    CHECK(!npurt_orch_template_begin(orch, &t));

    orch = graph_orch(world_begin());
    t = (npurt_template){.key = 9, .tensors = one, .tensor_count = 1};
    CHECK(npurt_orch_template_begin(orch, &t));
    CHECK_EQ(npurt_orch_get(orch, &x, (uint32_t[]){0}, &bits), NPURT_ERROR_INVALID_ARGUMENT);
    CHECK_HAS(graph_problem(world_graph), "template");
}

TEST_MAIN
