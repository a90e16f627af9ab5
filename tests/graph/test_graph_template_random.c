/* Templates: random graphs of uses of random bodies, among other tasks, are the graphs that submitting them gives. */
#include "image_copy.h"

enum { CELLS = 24, CELL = 256, MAX_BODY = 40, USES = 16 };

static uint64_t random_state;
static uint32_t uses, replays, fills;

static uint32_t draw(uint32_t below)
{
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(random_state >> 33) % below;
}

/* A body, drawn once from a seed and submitted as often as wanted: tasks on views of the given tensors, of its own
 * outputs and allocations, in scopes. The views are slices that overlap each other, or all of them parts of PART bytes
 * that are apart. */
enum { PART = 64 };
struct body {
    uint64_t seed;
    uint32_t tensors;
    bool parts, dense; /* dense: no steps, between which whether they meet can not always be told */
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
            npurt_orch_scope_begin(orch, manual_depth ? NPURT_SCOPE_MANUAL : NPURT_SCOPE_AUTO);
            continue;
        }
        if (what == 1 && depth > 0) {
            if (manual_depth == depth) manual_depth = 0;
            made_count = scope_made[--depth];
            npurt_orch_scope_end(orch);
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
            view[i] = draw(3) ? *from : npurt_tensor_slice(from, 0, start, end, body->dense ? 1 : 1 + draw(3));
            if (body->parts && !own) {
                start = start / PART * PART;
                view[i] = npurt_tensor_slice(from, 0, start, start + PART, 1);
            }
            switch (draw(5)) {
            case 0: npurt_task_inout(&task, &view[i]); break;
            case 1: npurt_task_output_existing(&task, &view[i]); break;
            case 2: npurt_task_no_dep(&task, &view[i]); break;
            default: npurt_task_input(&task, &view[i]); break;
            }
        }
        if (draw(2)) npurt_task_output_new(&task, &spec, &made[made_count++]);
        npurt_task_scalar(&task, draw(1000));
        if (t->scalar_count) npurt_task_template_scalar(&task, t, draw(t->scalar_count));
        const npurt_tensor *of = &view[draw(args)];
        const uint32_t element = draw(of->shape[0]);
        if (draw(6) == 0) npurt_task_predicate(&task, of, &element, NPURT_LESS, draw(256));
        npurt_task_id after[2];
        if (tasks > 1 && draw(4) == 0) {
            after[0] = id[draw(tasks)];
            after[1] = id[draw(tasks)];
            npurt_task_after(&task, after, 2);
        }
        CHECK_EQ(npurt_orch_submit(orch, &task, &id[tasks++]), NPURT_OK);
    }
    while (depth-- > 0)
        npurt_orch_scope_end(orch);
    random_state = saved;
}

/* How the uses of a graph's bodies meet what is around them. */
enum kind {
    SPREAD,  /* any boxes, few uses of the same cell */
    PARTS,   /* parts alone, again and again */
    CROSSED, /* both, on few cells. How many edges say the same may depend on where the map keeps what it has to look at */
    KINDS,
};

/* A task from around the bodies, or none: on a whole cell, on a part as bodies use them, or on one that lies across. */
static void submit_between(npurt_orch *orch, enum kind of, const npurt_tensor *cell)
{
    npurt_task task;
    const uint32_t kind = of == SPREAD ? 1 : of == PARTS ? 3 * draw(2) : draw(5), at = draw(2 * CELL / PART - 1) * PART;
    npurt_tensor part = npurt_tensor_slice(cell, 0, at, at + PART, 1);
    if (kind == 0) return;
    if (kind == 1) part = *cell;
    if (kind == 2) part = npurt_tensor_slice(cell, 0, at + 1, at + PART + draw(PART), 1);
    npurt_task_init_aiv(&task, 1);
    npurt_task_add_tensor(&task, draw(2) ? NPURT_ACCESS_INOUT : NPURT_ACCESS_INPUT, &part, NULL, NULL);
    CHECK_EQ(npurt_orch_submit(orch, &task, NULL), NPURT_OK);
}

/* The whole graph: uses of three bodies on random tensors, and tasks in between. */
static struct copy build(uint64_t seed, enum kind kind, bool templates)
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
        body[i] = (struct body){.seed = seed * 3 + i,
                                .tensors = 1 + draw(6),
                                .parts = kind == PARTS || (kind == CROSSED && draw(2)),
                                .dense = kind == CROSSED};
    uint32_t first = 0;
    for (uint32_t use = 0; use < USES; use++) {
        const struct body *b = &body[draw(3)];
        if (use == 0 || kind == SPREAD || draw(2)) { /* else the cells of the use before: back to back, or by another body */
            first = kind == SPREAD ? use * 7 % CELLS : draw(CELLS);
            for (uint32_t i = 0; i < 6; i++) {
                /* of cells of their own, so that it can be told whose a view is; not always at the same place in them */
                uint32_t start = draw(2) * PART;
                view[i] = npurt_tensor_slice(&cell[(first + i) % CELLS], 0, start, start + CELL, 1);
                if (kind != SPREAD && draw(3) == 0) { /* under an address of its own */
                    view[i].addr += start;
                    view[i].size -= start;
                    view[i].start_offset = 0;
                }
            }
            /* or two of them in one buffer, beside each other or sharing bytes */
            if (kind != SPREAD && draw(4) == 0) view[1] = npurt_tensor_slice(&cell[first], 0, CELL, 2 * CELL, 1);
            if (kind != SPREAD && draw(4) == 0) view[0] = npurt_tensor_slice(&cell[first], 0, 0, CELL, 1);
        }
        for (uint32_t i = 0; i < b->tensors; i++)
            pointer[i] = &view[i];
        for (uint32_t i = 0; i < 3; i++)
            scalar[i] = draw(100000);
        npurt_template t = {.key = 1 + (uint64_t)(b - body),
                            .tensors = pointer,
                            .tensor_count = b->tensors,
                            .scalars = scalar,
                            .scalar_count = 3};
        if (templates) {
            uses++;
            if (npurt_orch_template_begin(orch, &t)) {
                submit_body(orch, b, &t);
                CHECK_EQ(npurt_orch_template_end(orch), NPURT_OK);
            } else {
                replays++;
            }
        } else {
            npurt_orch_scope_begin(orch, NPURT_SCOPE_AUTO);
            submit_body(orch, b, &t);
            npurt_orch_scope_end(orch);
        }
        submit_between(orch, kind, &cell[draw(2) ? first : draw(CELLS)]);
        const char *wrong = seed % 16 == 0 ? graph_validate(g) : NULL;
        if (wrong) CHECK_FAIL("seed %llu: %s", (unsigned long long)seed, wrong);
    }
    world_finish();
    fills += world_image.fill_count;
    return copy_of_graph();
}

static struct bytes order_of(const struct copy *copy)
{
    return (struct bytes){(uint8_t *)copy->before, (uint64_t)copy->tasks * copy->words * sizeof *copy->before, 0};
}

/* Byte for byte; of CROSSED graphs the edges may be others, if they put the same tasks before the same. */
TEST(gives_the_graph_that_submitting_gives)
{
    enum { GRAPHS = 2000 };
    for (uint64_t seed = 1; seed <= GRAPHS; seed++) {
        const enum kind kind = (enum kind)(seed % KINDS);
        struct copy plain = build(seed, kind, false), replayed = build(seed, kind, true);
        check_same(seed, "tasks and arguments", plain.content, replayed.content);
        check_same(seed, "orders", order_of(&plain), order_of(&replayed));
        if (kind != CROSSED) check_same(seed, "edges", plain.edges, replayed.edges);
        copy_free(&plain);
        copy_free(&replayed);
    }
    /* the first use of each key is submitted, and those whose tensors share bytes */
    CHECK(uses == GRAPHS * USES && replays >= GRAPHS * (USES - 3) * 3 / 4);
    CHECK(fills > GRAPHS);
}

TEST_MAIN
