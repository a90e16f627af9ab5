#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void builder_init(struct builder *b)
{
    memset(b, 0, sizeof *b);
    b->tasks = calloc(BUILDER_MAX_TASKS, sizeof *b->tasks);
    b->output = calloc(BUILDER_MAX_TASKS, sizeof *b->output);
    b->runs = calloc(BUILDER_MAX_TASKS, sizeof *b->runs);
    if (!b->tasks || !b->output || !b->runs) abort();
}

void builder_fini(struct builder *b)
{
    for (uint32_t i = 0; i < b->task_count; i++) {
        free(b->output[i]);
        free(b->runs[i]);
    }
    free(b->tasks);
    free(b->output);
    free(b->runs);
}

uint32_t builder_add(struct builder *b, const struct builder_task *task)
{
    if (b->task_count == BUILDER_MAX_TASKS) abort();
    b->tasks[b->task_count] = *task;
    return b->task_count++;
}

static uint64_t up(uint64_t n)
{
    return (n + 63) & ~UINT64_C(63);
}
static uint32_t words(const struct builder_task *t)
{
    return t->block_num * 3u;
}

/* Tensors of a task: its output, the counts of its output's writes, its inputs. Scalars: its seed. */
static uint64_t payload_size(const struct builder_task *t)
{
    return up((2 + t->input_count) * sizeof(npurt_tensor) + sizeof(uint64_t));
}

static void write_payload(const struct builder *b, uint32_t task, char *at)
{
    const struct builder_task *t = &b->tasks[task];
    npurt_tensor *tensor = (npurt_tensor *)at;
    uint32_t count = words(t);
    npurt_tensor_init(tensor++, (uintptr_t)b->output[task], NPURT_U64, 1, &count);
    npurt_tensor_init(tensor, (uintptr_t)b->runs[task], NPURT_U32, 1, &count);
    tensor++->version = (int32_t)t->input_count; /* tells the kernel where the scalars begin */
    for (uint32_t i = 0; i < t->input_count; i++) {
        count = words(&b->tasks[t->inputs[i]]);
        npurt_tensor_init(tensor++, (uintptr_t)b->output[t->inputs[i]], NPURT_U64, 1, &count);
    }
    memcpy(tensor, &t->seed, sizeof t->seed);
}

/* The task's inputs are those of the one before. */
static bool same_inputs(const struct builder *b, uint32_t i)
{
    const struct builder_task *t = &b->tasks[i];
    return b->joined && i > 0 && t->input_count >= 2 && t->input_count == t[-1].input_count &&
           memcmp(t->inputs, t[-1].inputs, t->input_count * sizeof t->inputs[0]) == 0;
}

/* join[i]: which one the task waits for, from 1; 0: none. Returns how many there are. */
static uint32_t find_joins(const struct builder *b, uint32_t *join)
{
    uint32_t joins = 0;
    for (uint32_t i = 1; i < b->task_count; i++) {
        if (!same_inputs(b, i)) continue;
        if (join[i - 1] == 0) join[i - 1] = ++joins;
        join[i] = join[i - 1];
    }
    return joins;
}

void *builder_image(struct builder *b, uint64_t *size)
{
    uint32_t n = b->task_count, edges = 0, sources = 0;
    uint32_t *join = calloc(n + 1, sizeof *join);
    if (!join) abort();
    const uint32_t joins = find_joins(b, join), nodes = n + joins;
    uint64_t payload = 0;
    for (uint32_t i = 0; i < n; i++) {
        edges += join[i] ? 1 : b->tasks[i].input_count;
        if (join[i] && (i == 0 || join[i - 1] != join[i])) edges += b->tasks[i].input_count;
        sources += b->tasks[i].input_count == 0;
        payload += payload_size(&b->tasks[i]);
        free(b->output[i]);
        free(b->runs[i]);
        b->output[i] = calloc(words(&b->tasks[i]), sizeof(uint64_t));
        b->runs[i] = calloc(words(&b->tasks[i]), sizeof(uint32_t));
        if (!b->output[i] || !b->runs[i]) abort();
    }
    struct image_header h = {.magic = IMAGE_MAGIC,
                             .version = IMAGE_VERSION,
                             .task_count = n,
                             .edge_count = edges,
                             .ready_count = sources,
                             .join_count = joins,
                             .tasks_offset = sizeof h};
    h.ready_offset = up(h.tasks_offset + nodes * sizeof(struct image_task));
    h.edges_offset = up(h.ready_offset + sources * sizeof(uint32_t));
    h.payload_offset = up(h.edges_offset + edges * sizeof(uint32_t));
    h.size = h.payload_offset + payload;
    char *image = aligned_alloc(64, h.size);
    uint32_t *fill = calloc(nodes + 1, sizeof *fill);
    if (!image || !fill) abort();
    memset(image, 0, h.size);
    memcpy(image, &h, sizeof h);
    struct image_task *tasks = (struct image_task *)(image + h.tasks_offset);
    uint32_t *ready = (uint32_t *)(image + h.ready_offset), *edge = (uint32_t *)(image + h.edges_offset);

    uint64_t at = 0;
    for (uint32_t i = 0; i < n; i++) {
        const struct builder_task *t = &b->tasks[i];
        tasks[i] = (struct image_task){.fanin = join[i] ? 1 : t->input_count,
                                       .payload = (uint32_t)(at / 64),
                                       .kernel = {t->kernel[0], t->kernel[1], t->kernel[2]},
                                       .block_num = t->block_num,
                                       .shape = t->shape,
                                       .core_mask = t->core_mask,
                                       .tensor_count = (uint8_t)(2 + t->input_count),
                                       .scalar_count = 1};
        if (t->input_count == 0) *ready++ = i;
        write_payload(b, i, image + h.payload_offset + at);
        at += payload_size(t);
    }
    for (uint32_t j = 0; j < joins; j++)
        tasks[n + j] = (struct image_task){.kernel = {-1, -1, -1}, .block_num = 1, .shape = SHAPE_DUMMY};
    /* First how many each node leads to, then where. */
    for (int pass = 0; pass < 2; pass++) {
        for (uint32_t i = 0; i < n; i++) {
            const struct builder_task *t = &b->tasks[i];
            const uint32_t node = join[i] ? n + join[i] - 1 : i;
            if (join[i] && pass == 0) tasks[node].fanout_count++;
            if (join[i] && pass == 1) edge[fill[node]++] = i;
            if (join[i] && i > 0 && join[i - 1] == join[i]) continue;
            if (join[i]) tasks[node].fanin = t->input_count;
            for (uint32_t j = 0; j < t->input_count; j++)
                if (pass == 0)
                    tasks[t->inputs[j]].fanout_count++;
                else
                    edge[fill[t->inputs[j]]++] = node;
        }
        for (uint32_t i = 0, begin = 0; i < nodes && pass == 0; i++) {
            tasks[i].fanout_begin = fill[i] = begin;
            begin += tasks[i].fanout_count;
        }
    }
    free(fill);
    free(join);
    *size = h.size;
    return image;
}

/* The sequential model: tasks in order, without the kernels' code. */
const char *builder_check(const struct builder *b)
{
    static char problem[200];
    uint64_t **want = calloc(b->task_count + 1, sizeof *want);
    const char *found = NULL;
    for (uint32_t i = 0; i < b->task_count; i++) {
        const struct builder_task *t = &b->tasks[i];
        uint64_t sum = t->seed;
        want[i] = calloc(words(t), sizeof(uint64_t));
        for (uint32_t j = 0; j < t->input_count; j++)
            for (uint32_t k = 0; k < words(&b->tasks[t->inputs[j]]); k++)
                sum = sum * 6364136223846793005u + want[t->inputs[j]][k];
        for (uint32_t k = 0; k < words(t); k++) {
            bool written = t->core_mask >> k % 3 & 1;
            want[i][k] = written ? sum + 1000u * (k / 3) + k % 3 + 1 : 0;
            if (found || (b->output[i][k] == want[i][k] && b->runs[i][k] == written)) continue;
            snprintf(problem, sizeof problem, "task %u block %u slot %u is %llx after %u runs, not %llx", i, k / 3,
                     k % 3, (unsigned long long)b->output[i][k], b->runs[i][k], (unsigned long long)want[i][k]);
            found = problem;
        }
    }
    for (uint32_t i = 0; i < b->task_count; i++)
        free(want[i]);
    free(want);
    return found;
}
