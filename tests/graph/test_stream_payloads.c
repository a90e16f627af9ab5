/* What kernels are told: the descriptors and scalars of a task in a ring, looked at when it completes, which may be long
 * after its submission, are those of its own submission, wherever the engine has put them. */
#include "stream_world.h"

enum { TENSORS = 2, BYTES = 64, PARTS = 3, BODY = 4, USES = 60, MOST = BODY * USES };

/* A task of the body: inputs at `at` in those of the template's tensors that `tensors` names, a scalar, and maybe one of the use. */
static const struct {
    uint32_t tensors, at;
    bool of_use;
} body[BODY] = {{1, 8, false}, {2, 0, false}, {3, 16, false}, {1, 24, true}};

static struct {
    npurt_tensor tensor[TENSORS];
    uint32_t count;
    uint64_t scalar[2];
} due[MOST];
static uint32_t shared, wrong;

static void check_payload(uint32_t ordinal, uint32_t slot)
{
    const struct image_task *task = &world.graph->stream.tasks[slot];
    const struct stream_layout layout = stream_layout_of(&world.control);
    const uint64_t at = layout.payload + (uint64_t)task->payload * 64;
    const npurt_tensor *t = (const npurt_tensor *)(world.engine + at);
    const uint64_t *scalar = (const uint64_t *)(t + task->tensor_count);
    shared += at >= layout.own;
    wrong += task->tensor_count != due[ordinal].count;
    for (uint32_t i = 0; i < due[ordinal].count; i++) {
        const npurt_tensor *d = &due[ordinal].tensor[i];
        wrong += t[i].addr != d->addr || t[i].start_offset != d->start_offset || t[i].size != d->size ||
                 t[i].shape[0] != d->shape[0] || t[i].strides[0] != 1 || t[i].extent != d->shape[0] ||
                 t[i].lease != d->lease || t[i].owner != d->owner || t[i].dtype != NPURT_U8 || t[i].ndims != 1;
    }
    for (uint32_t i = 0; i < task->scalar_count; i++)
        wrong += scalar[i] != due[ordinal].scalar[i];
}

static void expect_use(const npurt_tensor *tensor, uint32_t use)
{
    for (uint32_t k = 0; k < BODY; k++) {
        const uint32_t ordinal = use * BODY + k;
        due[ordinal].count = 0;
        due[ordinal].scalar[0] = 100 + k;
        due[ordinal].scalar[1] = use;
        for (uint32_t i = 0; i < TENSORS; i++)
            if (body[k].tensors >> i & 1)
                due[ordinal].tensor[due[ordinal].count++] = world_slice(&tensor[i], body[k].at, body[k].at + 8);
    }
}

static void submit_body(const npurt_template *t)
{
    for (uint32_t k = 0; k < BODY; k++) {
        npurt_tensor view[TENSORS];
        npurt_task task;
        npurt_task_init_aiv(&task, 0);
        for (uint32_t i = 0; i < TENSORS; i++) {
            if (!(body[k].tensors >> i & 1)) continue;
            view[i] = world_slice(t->tensors[i], body[k].at, body[k].at + 8);
            npurt_task_input(&task, &view[i]);
        }
        npurt_task_scalar(&task, 100 + k);
        if (body[k].of_use) npurt_task_template_scalar(&task, t, 0);
        world_submit(&task);
    }
}

/* Tensors come back that the body was recorded with, or some of them do: parts of a buffer from outside and of one of the
 * graph's own. */
TEST(replayed_tasks_are_told_about_their_own_tensors)
{
    static const uint32_t windows[] = {4, 64, 512};
    for (uint64_t seed = 1; seed <= 60; seed++) {
        const npurt_tensor_spec spec = {.dtype = NPURT_U8, .ndims = 1, .shape = {PARTS * BYTES}};
        npurt_tensor buffer[TENSORS] = {world_bytes(0x10000, PARTS * BYTES)}, tensor[TENSORS];
        uint64_t random = seed, scalar;
        uint32_t part[TENSORS], first[TENSORS] = {0}, sharable = 0, replays = 0;
        world_start(windows[seed % 3], 64, 65536);
        world.ran = check_payload;
        shared = wrong = 0;
        CHECK_EQ(npurt_orch_alloc(graph_orch(world.graph), &spec, &buffer[1]), NPURT_OK);
        for (uint32_t use = 0; use < USES; use++) {
            const npurt_tensor *const tensors[TENSORS] = {&tensor[0], &tensor[1]};
            scalar = use;
            for (uint32_t i = 0; i < TENSORS; i++) {
                part[i] = world_random(&random, PARTS);
                tensor[i] = world_slice(&buffer[i], part[i] * BYTES, (part[i] + 1) * BYTES);
                if (use == 0) first[i] = part[i];
            }
            expect_use(tensor, use);
            const npurt_template t = {
                .key = 1, .tensors = tensors, .tensor_count = TENSORS, .scalars = &scalar, .scalar_count = 1};
            if (npurt_orch_template_begin(graph_orch(world.graph), &t)) {
                submit_body(&t);
                CHECK_EQ(npurt_orch_template_end(graph_orch(world.graph)), NPURT_OK);
            } else {
                replays++;
                const uint32_t same[TENSORS] = {part[0] == first[0], part[1] == first[1]};
                sharable += same[0] + same[1] + same[0] * same[1];
            }
            world_run(world_random(&random, 3));
        }
        world_finish();
        CHECK_EQ(wrong, 0);
        CHECK_EQ(replays, USES - 1);
        CHECK_EQ(shared, sharable); /* no payload was written that is there already */
    }
}

/* A payload of any size is the slot's own. */
TEST(payloads_of_all_sizes_are_apart)
{
    enum { TASKS = 64 };
    uint64_t ends[TASKS], begins[TASKS];
    const npurt_tensor x = world_bytes(0x10000, BYTES);
    world_start(TASKS, 64, 65536);
    const struct stream_layout layout = stream_layout_of(&world.control);
    for (uint32_t i = 0; i < TASKS; i++) {
        npurt_task task;
        const uint32_t tensors = i % (NPURT_TASK_MAX_TENSORS + 1), scalars = i * 5 % (NPURT_TASK_MAX_SCALARS + 1);
        npurt_task_init_aiv(&task, 0);
        for (uint32_t k = 0; k < tensors; k++)
            npurt_task_input(&task, &x);
        for (uint32_t k = 0; k < scalars; k++)
            npurt_task_scalar(&task, i);
        world_submit(&task);
        begins[i] = layout.payload + (uint64_t)world.graph->stream.tasks[i].payload * 64;
        ends[i] = begins[i] + tensors * 128 + scalars * 8;
        CHECK(begins[i] >= layout.payload && ends[i] <= layout.edges);
    }
    for (uint32_t i = 0; i < TASKS; i++)
        for (uint32_t k = 0; k < i; k++)
            CHECK(ends[k] <= begins[i] || ends[i] <= begins[k]);
    world_finish();
}

TEST_MAIN
