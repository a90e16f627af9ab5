/* Templates: a graph whose repeated part is replayed is the graph that submitting it would have given, byte for byte. */
#include "world.h"

#include <stdlib.h>
#include <string.h>

enum { CELLS = 24, CELL = 256, MAX_BODY = 40, MAX_OPS = 400 };

static uint64_t random_state;
static uint32_t uses, replays, fills;

static uint32_t draw(uint32_t below)
{
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(random_state >> 33) % below;
}

/* A body, drawn once from a seed and submitted as often as wanted: tasks on views of the given tensors, of its own
 * outputs and allocations, in scopes. */
struct body {
    uint64_t seed;
    uint32_t tensors;
};

static void submit_body(npurt_orch *orch, const struct body *body, const npurt_template *t)
{
    npurt_tensor made[MAX_BODY];
    npurt_task_id id[MAX_BODY];
    uint32_t made_count = 0, depth = 0, scope_made[8], manual_depth = 0, tasks = 0;
    uint64_t saved = random_state;
    random_state = body->seed;
    const uint32_t steps = 3 + draw(MAX_BODY - 4);
    npurt_tensor_spec spec = {.dtype = NPURT_U8, .ndims = 1, .shape = {CELL}};
    for (uint32_t step = 0; step < steps; step++) {
        uint32_t what = draw(12);
        spec.has_initial = draw(3) == 0;
        spec.initial = draw(256);
        if (what == 0 && depth < 4) {
            scope_made[depth++] = made_count;
            if (manual_depth == 0 && draw(3) == 0) manual_depth = depth; /* from here on inwards */
            npurt_scope_begin(orch, manual_depth ? NPURT_SCOPE_MANUAL : NPURT_SCOPE_AUTO);
            continue;
        }
        if (what == 1 && depth > 0) {
            if (manual_depth == depth) manual_depth = 0;
            made_count = scope_made[--depth];
            npurt_scope_end(orch);
            continue;
        }
        if (what == 2) {
            npurt_orch_alloc(orch, &spec, &made[made_count++]);
            continue;
        }
        npurt_task task;
        npurt_tensor view[4];
        npurt_task_init_aiv(&task, (int32_t)draw(3));
        if (draw(8) == 0) npurt_task_init(&task, 5, (int32_t)draw(3), -1);
        npurt_task_blocks(&task, 1 + draw(3));
        uint32_t args = 1 + draw(4);
        for (uint32_t i = 0; i < args; i++) {
            bool own = made_count > 0 && draw(2);
            const npurt_tensor *from = own ? &made[draw(made_count)] : t->tensors[draw(body->tensors)];
            uint32_t start = draw(CELL - 1), end = start + 1 + draw(CELL - start - 1);
            view[i] = draw(3) ? *from : npurt_tensor_slice(from, 0, start, end, 1 + draw(3));
            switch (draw(5)) {
            case 0: npurt_task_inout(&task, &view[i]); break;
            case 1: npurt_task_output_existing(&task, &view[i]); break;
            case 2: npurt_task_no_dep(&task, &view[i]); break;
            default: npurt_task_input(&task, &view[i]); break;
            }
        }
        if (draw(2)) npurt_task_output(&task, &spec, &made[made_count++]);
        npurt_task_scalar(&task, draw(1000));
        if (t->scalar_count) npurt_task_template_scalar(&task, t, draw(t->scalar_count));
        npurt_task_id after[2];
        if (tasks > 1 && draw(4) == 0) {
            after[0] = id[draw(tasks)];
            after[1] = id[draw(tasks)];
            npurt_task_after(&task, after, 2);
        }
        CHECK_EQ(npurt_submit(orch, &task, &id[tasks++]), NPURT_OK);
    }
    while (depth-- > 0)
        npurt_scope_end(orch);
    random_state = saved;
}

/* What a graph came out as: tasks, ready list and edges, arguments without the padding between them, initial values. */
struct copy {
    uint8_t *bytes;
    uint64_t size;
};

static void append(struct copy *copy, const void *bytes, uint64_t size)
{
    copy->bytes = realloc(copy->bytes, copy->size + size + 1);
    memcpy(copy->bytes + copy->size, bytes, size);
    copy->size += size;
}

/* The whole graph: uses of three bodies on random tensors, and tasks in between. */
static struct copy build(uint64_t seed, bool templates)
{
    struct graph *g = world_begin();
    npurt_orch *orch = graph_orch(g);
    npurt_tensor cell[CELLS], view[CELLS];
    const npurt_tensor *pointer[8];
    uint64_t scalar[3];
    random_state = seed;
    for (uint32_t i = 0; i < CELLS; i++)
        cell[i] = world_bytes(0x100000 + i * 4096, 2 * CELL);
    struct body body[3];
    for (uint32_t i = 0; i < 3; i++)
        body[i] = (struct body){.seed = seed * 3 + i, .tensors = 1 + draw(6)};
    for (uint32_t use = 0; use < 12; use++) {
        const struct body *b = &body[draw(3)];
        for (uint32_t i = 0; i < b->tensors; i++) {
            /* of cells of their own, so that it can be told whose a view is; not always at the same place in them */
            uint32_t start = draw(2) * 64;
            view[i] = npurt_tensor_slice(&cell[(use * 7 + i) % CELLS], 0, start, start + CELL, 1);
            pointer[i] = &view[i];
        }
        for (uint32_t i = 0; i < 3; i++)
            scalar[i] = draw(100000);
        npurt_template t = {.key = 1 + (uint64_t)(b - body),
                            .tensors = pointer,
                            .tensor_count = b->tensors,
                            .scalars = scalar,
                            .scalar_count = 3};
        if (templates) {
            uses++;
            if (npurt_template_begin(orch, &t)) {
                submit_body(orch, b, &t);
                CHECK_EQ(npurt_template_end(orch), NPURT_OK);
            } else {
                replays++;
            }
        } else {
            npurt_scope_begin(orch, NPURT_SCOPE_AUTO);
            submit_body(orch, b, &t);
            npurt_scope_end(orch);
        }
        npurt_task task;
        npurt_task_init_aiv(&task, 1);
        npurt_task_inout(&task, &cell[draw(CELLS)]);
        CHECK_EQ(npurt_submit(orch, &task, NULL), NPURT_OK);
    }
    world_finish();
    struct copy copy = {0};
    for (uint32_t i = 1; i <= 3; i++)
        append(&copy, world_image.segment[i].data, world_image.segment[i].size);
    for (uint32_t i = 0; i < world_image.task_count; i++)
        append(&copy, world_tensor(i, 0),
               world_task(i)->tensor_count * sizeof(npurt_tensor) + world_task(i)->scalar_count * sizeof(uint64_t));
    fills += world_image.fill_count;
    for (uint32_t i = 0; i < world_image.fill_count; i++) {
        const struct graph_fill *fill = &world_image.fills[i];
        const uint64_t words[] = {fill->addr, fill->size, fill->bits, fill->element};
        append(&copy, words, sizeof words);
    }
    return copy;
}

TEST(gives_the_graph_that_submitting_gives)
{
    for (uint64_t seed = 1; seed <= 2000; seed++) {
        struct copy plain = build(seed, false), replayed = build(seed, true);
        if (plain.size != replayed.size || memcmp(plain.bytes, replayed.bytes, plain.size) != 0) {
            uint64_t at = 0;
            while (at < plain.size && at < replayed.size && plain.bytes[at] == replayed.bytes[at])
                at++;
            CHECK_FAIL("seed %llu: graphs of %llu and %llu bytes differ at %llu", (unsigned long long)seed,
                       (unsigned long long)plain.size, (unsigned long long)replayed.size, (unsigned long long)at);
        }
        free(plain.bytes);
        free(replayed.bytes);
    }
    /* of 12 uses of three bodies at least 9 are not the first of their key */
    CHECK(uses == 2000 * 12 && replays >= 2000 * 9);
    CHECK(fills > 2000);
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
    CHECK(npurt_template_begin(orch, &t));
    npurt_task_init_aiv(&task, 2);
    npurt_task_inout(&task, &x);
    npurt_task_template_scalar(&task, &t, 0);
    npurt_task_scalar(&task, 5);
    CHECK_EQ(npurt_submit(orch, &task, NULL), NPURT_OK);
    CHECK_EQ(npurt_template_end(orch), NPURT_OK);
    scalar = 8;
    t.tensors = other;
    CHECK(!npurt_template_begin(orch, &t));
    t.tensors = larger; /* another shape: as it is */
    CHECK(npurt_template_begin(orch, &t));
    CHECK_EQ(npurt_template_end(orch), NPURT_OK);
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
        CHECK(npurt_template_begin(orch, &t));
        npurt_task_init_aiv(&task, 2);
        npurt_task_input(&task, &foreign);
        npurt_task_inout(&task, &x);
        CHECK_EQ(npurt_submit(orch, &task, NULL), NPURT_OK);
        CHECK_EQ(npurt_template_end(orch), NPURT_OK);
    }
    world_finish();
    CHECK_EQ(world_image.task_count, 3);
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
        CHECK_EQ(npurt_submit(orch, &task, &before), NPURT_OK);
        CHECK(npurt_template_begin(orch, &t));
        npurt_task_after(&task, &before, 1);
        CHECK_EQ(npurt_submit(orch, &task, NULL), NPURT_OK);
        CHECK_EQ(npurt_template_end(orch), NPURT_OK);
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
            npurt_scope_begin(orch, use % 2 == first ? NPURT_SCOPE_MANUAL : NPURT_SCOPE_AUTO);
            const bool submit = npurt_template_begin(orch, &t);
            CHECK_EQ(submit, use % 2 == 0 ? use == 0 : true);
            if (submit) {
                world_update(x);
                CHECK_EQ(npurt_template_end(orch), NPURT_OK);
            }
            npurt_scope_end(orch);
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
        if (npurt_template_begin(orch, &t)) {
            npurt_tensor bytes = npurt_tensor_view(&view, part, offset);
            bytes.dtype = NPURT_U8;
            bytes.start_offset *= sizeof(uint32_t);
            world_update(bytes);
            CHECK_EQ(npurt_template_end(orch), NPURT_OK);
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
        CHECK(npurt_template_begin(orch, &none));
        npurt_task_init_aiv(&task, 2);
        npurt_task_inout(&task, &x);
        npurt_task_template_scalar(&task, &other, 63);
        CHECK_EQ(npurt_submit(orch, &task, NULL), NPURT_OK);
        CHECK_EQ(npurt_template_end(orch), NPURT_OK);
    }
    world_finish();
    CHECK_EQ(*(const uint64_t *)(world_tensor(1, 0) + 1), 77);
}

/* The body's scopes are its own: it neither ends one from around it nor leaves one to whoever comes after. */
TEST(refuses_scopes_that_cross_a_template)
{
    const npurt_template t = {.key = 9};
    npurt_orch *orch = graph_orch(world_begin());
    npurt_scope_begin(orch, NPURT_SCOPE_AUTO);
    CHECK(npurt_template_begin(orch, &t));
    CHECK_EQ(npurt_scope_begin(orch, NPURT_SCOPE_AUTO), NPURT_OK);
    CHECK_EQ(npurt_scope_end(orch), NPURT_OK);
    CHECK_EQ(npurt_scope_end(orch), NPURT_ERROR_INVALID_ARGUMENT);
    CHECK_HAS(graph_problem(world_graph), "template 9");

    orch = graph_orch(world_begin());
    CHECK(npurt_template_begin(orch, &t));
    CHECK_EQ(npurt_scope_begin(orch, NPURT_SCOPE_AUTO), NPURT_OK);
    CHECK_EQ(npurt_template_end(orch), NPURT_ERROR_INVALID_ARGUMENT);
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
    CHECK(npurt_template_begin(orch, &t));
    CHECK(!npurt_template_begin(orch, &t));
    CHECK_HAS(graph_problem(world_graph), "template 9");
    CHECK_HAS(graph_problem(world_graph), "inside of a template");

    orch = graph_orch(world_begin());
    CHECK_EQ(npurt_template_end(orch), NPURT_ERROR_INVALID_ARGUMENT);

    orch = graph_orch(world_begin());
    t.tensors = bad;
    t.tensor_count = 2;
    CHECK(!npurt_template_begin(orch, &t));
    CHECK_HAS(graph_problem(world_graph), "tensor 1");

    orch = graph_orch(world_begin());
    t.key = 0;
    CHECK(!npurt_template_begin(orch, &t));

    orch = graph_orch(world_begin());
    t = (npurt_template){.key = 9, .tensors = one, .tensor_count = 1};
    CHECK(npurt_template_begin(orch, &t));
    CHECK_EQ(npurt_orch_get(orch, &x, (uint32_t[]){0}, &bits), NPURT_ERROR_INVALID_ARGUMENT);
    CHECK_HAS(graph_problem(world_graph), "template");
}

TEST_MAIN
