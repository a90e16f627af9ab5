/* Templates in rings: bodies that are submitted once and replayed, while tasks complete in an order drawn from the
 * seed. The oracle knows bytes alone: when a task completes, all that it conflicts with and that was submitted before
 * must have, and a task is ready when these are done. */
#include "ready_order.h"

enum { TASKS = 64, BUFFERS = 4, BUFFER = 256, PART = 32, TENSOR = 128, TENSORS = 3, BODY = 6, BODIES = 2 };

/* Task i of a body: arguments in the template's tensors, and maybe an output, which later tasks of the body read. */
struct step {
    uint32_t count;
    struct {
        npurt_access access;
        uint32_t tensor, from, to; /* bytes of the tensor */
    } argument[3];
    bool output;
    uint32_t reads; /* 1 + the step whose output it reads, 0 none */
};

/* A tensor of the template: bytes of one of the buffers. */
struct view {
    uint32_t buffer, start;
};

static struct step steps[BODIES][BODY];
static uint32_t step_count[BODIES];
static uint64_t read_by[BUFFERS][BUFFER], written_by[BUFFERS][BUFFER]; /* bit i: task i */
static uint32_t replays;

static void touch(uint32_t task, npurt_access access, uint32_t buffer, uint32_t from, uint32_t to)
{
    const uint64_t bit = UINT64_C(1) << task;
    for (uint32_t b = from; b < to; b++) {
        must[task] |= written_by[buffer][b] & ~bit;
        if (access != NPURT_ACCESS_INPUT) must[task] |= read_by[buffer][b] & ~bit;
        if (access != NPURT_ACCESS_OUTPUT_EXISTING) read_by[buffer][b] |= bit;
        if (access != NPURT_ACCESS_INPUT) written_by[buffer][b] |= bit;
    }
}

static void ask(uint32_t task)
{
    asked[task] = must[task];
    for (uint32_t p = 0; p < task; p++)
        if (must[task] >> p & 1) asked[task] |= asked[p];
}

static void draw_body(uint32_t body, bool parts, uint64_t *seed)
{
    static const npurt_access accesses[] = {NPURT_ACCESS_INPUT, NPURT_ACCESS_INPUT, NPURT_ACCESS_INOUT,
                                            NPURT_ACCESS_OUTPUT_EXISTING};
    step_count[body] = 2 + world_random(seed, BODY - 1);
    for (uint32_t i = 0; i < step_count[body]; i++) {
        struct step *s = &steps[body][i];
        *s = (struct step){.count = 1 + world_random(seed, 3), .output = world_random(seed, 3) == 0};
        for (uint32_t k = 0; k < s->count; k++) {
            uint32_t from = world_random(seed, TENSOR), to = from + 1 + world_random(seed, TENSOR - from);
            if (parts) from = from / PART * PART, to = from + PART;
            s->argument[k].access = accesses[world_random(seed, 4)];
            s->argument[k].tensor = world_random(seed, TENSORS);
            s->argument[k].from = from;
            s->argument[k].to = to;
        }
        for (uint32_t p = 0; p < i; p++)
            if (steps[body][p].output && world_random(seed, 2)) s->reads = 1 + p;
    }
}

/* What the oracle makes of the body's tasks, of which the first is `task`. */
static void expect_body(uint32_t body, const struct view *view, uint32_t task)
{
    for (uint32_t i = 0; i < step_count[body]; i++, task++) {
        const struct step *s = &steps[body][i];
        for (uint32_t k = 0; k < s->count; k++) {
            const struct view *v = &view[s->argument[k].tensor];
            touch(task, s->argument[k].access, v->buffer, v->start + s->argument[k].from, v->start + s->argument[k].to);
        }
        if (s->reads) must[task] |= UINT64_C(1) << (task - i + s->reads - 1);
        ask(task);
    }
}

static void submit_body(uint32_t body, const npurt_tensor *tensor)
{
    static const npurt_tensor_spec spec = {.dtype = NPURT_U8, .ndims = 1, .shape = {16}};
    npurt_tensor made[BODY];
    for (uint32_t i = 0; i < step_count[body]; i++) {
        const struct step *s = &steps[body][i];
        npurt_tensor view[3];
        npurt_task task;
        npurt_task_init_aiv(&task, 0);
        for (uint32_t k = 0; k < s->count; k++) {
            view[k] = world_slice(&tensor[s->argument[k].tensor], s->argument[k].from, s->argument[k].to);
            npurt_task_add_tensor(&task, s->argument[k].access, &view[k], NULL, NULL);
        }
        if (s->reads) npurt_task_input(&task, &made[s->reads - 1]);
        if (s->output) npurt_task_output_new(&task, &spec, &made[i]);
        world_submit(&task);
    }
}

static void play(uint64_t seed)
{
    const uint64_t first = seed;
    const uint32_t pace = (uint32_t)(seed % 5);
    const bool parts = seed % 2 == 0;
    npurt_tensor buffer[BUFFERS];
    memset(must, 0, sizeof must);
    memset(read_by, 0, sizeof read_by);
    memset(written_by, 0, sizeof written_by);
    done = lost = 0;
    for (uint32_t b = 0; b < BODIES; b++)
        draw_body(b, parts, &seed);
    world_begin(seed);
    world.ran = check_order;
    world.unchecked = first % 4 != 0;
    npurt_orch *orch = graph_orch(world.graph);
    for (uint32_t b = 0; b < BUFFERS; b++) { /* from outside, and the graph's own */
        const npurt_tensor_spec spec = {.dtype = NPURT_U8, .ndims = 1, .shape = {BUFFER}};
        buffer[b] = world_bytes(0x10000 * (b + 1), BUFFER);
        if (b % 2) CHECK_EQ(npurt_orch_alloc(orch, &spec, &buffer[b]), NPURT_OK);
    }
    struct view view[TENSORS];
    npurt_tensor tensor[TENSORS];
    for (bool moved = true; world.admitted + BODY + 1 <= TASKS; moved = world_random(&seed, 2)) {
        const uint32_t body = world_random(&seed, BODIES), between = world_random(&seed, 4);
        const npurt_tensor *tensors[TENSORS];
        for (uint32_t i = 0; i < TENSORS; i++) {
            if (moved) view[i] = (struct view){(world_random(&seed, 2) + i) % BUFFERS, PART * world_random(&seed, 5)};
            tensor[i] = world_slice(&buffer[view[i].buffer], view[i].start, view[i].start + TENSOR);
            tensors[i] = &tensor[i];
        }
        expect_body(body, view, world.admitted);
        const npurt_template t = {.key = 1 + body, .tensors = tensors, .tensor_count = TENSORS};
        if (npurt_orch_template_begin(orch, &t)) {
            submit_body(body, tensor);
            CHECK_EQ(npurt_orch_template_end(orch), NPURT_OK);
        } else {
            replays++;
        }
        world_whole();
        if (late()) CHECK_FAIL("seed %llu: a task waits that no conflict asks to", (unsigned long long)first);
        if (between) { /* a part, or across parts */
            const uint32_t b = world_random(&seed, BUFFERS), from = world_random(&seed, BUFFER / PART - 1) * PART;
            const uint32_t to = from + PART + (between == 3) * world_random(&seed, PART);
            const npurt_access access = world_random(&seed, 2) ? NPURT_ACCESS_INOUT : NPURT_ACCESS_INPUT;
            touch(world.admitted, access, b, from, to);
            ask(world.admitted);
            world_access(access, world_slice(&buffer[b], from, to));
        }
        if (world_random(&seed, 4) < pace) world_run(1 + world_random(&world.seed, 8));
    }
    world_run_all();
    world_finish();
    if (lost) CHECK_FAIL("seed %llu: %u tasks ran before one they conflict with", (unsigned long long)first, lost);
}

TEST(replayed_bodies_wait_for_what_they_conflict_with_and_nothing_else)
{
    static const uint32_t windows[] = {4, 8, 16, 64}, edges[] = {4, 5, 7, 16, 64};
    enum { GRAPHS = 3000 };
    for (uint64_t seed = 1; seed <= GRAPHS; seed++) {
        if (seed % 10 == 1) {
            const uint32_t n = (uint32_t)(seed / 10);
            struct stream_control control = world_rings(windows[n % 4], edges[n % 5], 65536);
            control.max_regions = n % 3 == 0 ? 64 + n % 40 : 4096; /* the map's room is scarce too */
            world_create(control);
        }
        play(seed);
    }
    CHECK(replays > GRAPHS);
}

TEST_MAIN
