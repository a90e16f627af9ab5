/* Paged attention's inputs and golden. The golden knows no blocks and no running state: per sequence and head it takes
 * the softmax over the whole context, in double. */
#include "golden.h"
#include "../golden.h"
#include <npurt/kernel.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { Q, KEYS, VALUES, TABLE, OUT };

/* Queries are eighths up to ±8, keys and values 128ths up to ±1: all exact in bf16, so that inputs carry no error. With
 * queries this large the softmax is peaked and outputs are some tenths in size, not averages near 0.
 *
 * Errors: weights are rounded to bf16, each by at most 2^-8 of itself. The result is their average of values within ±1,
 * so it moves by at most 2^-8 of the largest distance between a value and the result, which is 2. The output is rounded
 * to bf16: 2^-9 below 1. Sums in f32 add less than 1e-4. A block left out moves outputs by tenths. */
static const double tolerance = 2 * 0x1p-8 + 0x1p-9 + 1e-4;

static uint32_t length_of(const struct example_problem *problem, uint32_t sequence)
{
    const uint64_t *length = &problem->which->param[LENGTHS];
    uint32_t i = 0;
    while (i < sequence && LENGTHS + i + 1 < EXAMPLE_MAX_CASE_PARAMS && length[i + 1] != 0)
        i++;
    return (uint32_t)length[i];
}

/* Work over sequences or pages, shared out between as many threads as there are CPUs. */
struct share {
    struct example_problem *problem;
    void (*work)(struct share *, uint64_t item);
    uint64_t count;
    uint64_t *next;
    struct comparison found;
    double *scores; /* of one head */
    double *sum;    /* of one head */
    float *q;       /* of one head */
};

static void *share_main(void *context)
{
    struct share *share = context;
    uint64_t item;
    while ((item = __atomic_fetch_add(share->next, 1, __ATOMIC_RELAXED)) < share->count)
        share->work(share, item);
    return NULL;
}

enum { MAX_THREADS = 16 };

/* Runs `work` for every item; results are summed into *total. */
static int share_out(struct example_problem *problem, void (*work)(struct share *, uint64_t), uint64_t count,
                     uint64_t scores, struct share *total)
{
    struct share share[MAX_THREADS];
    pthread_t thread[MAX_THREADS];
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    uint32_t threads = cpus < 1 ? 1 : cpus > MAX_THREADS ? MAX_THREADS : (uint32_t)cpus, started = 0;
    uint64_t next = 0, dim = problem->which->param[DIM];
    *total = (struct share){0};
    for (; started < threads; started++) {
        share[started] = (struct share){.problem = problem, .work = work, .count = count, .next = &next};
        share[started].found = problem->found[OUT]; /* nothing yet */
        share[started].scores = malloc((scores + dim) * sizeof(double) + dim * sizeof(float));
        if (!share[started].scores) break;
        share[started].sum = share[started].scores + scores;
        share[started].q = (float *)(share[started].sum + dim);
        if (started > 0 && pthread_create(&thread[started], NULL, share_main, &share[started]) != 0) {
            free(share[started].scores);
            break;
        }
    }
    if (started == 0) return -1;
    share_main(&share[0]); /* does whatever the others leave, so fewer threads are no failure */
    for (uint32_t i = 0; i < started; i++) {
        if (i > 0) pthread_join(thread[i], NULL);
        comparison_add(&total->found, &share[i].found);
        free(share[i].scores);
    }
    return 0;
}

static void fill_page(struct share *share, uint64_t page)
{
    struct example_problem *problem = share->problem;
    uint64_t elements = problem->which->param[BLOCK] * problem->which->param[DIM], at = page * elements;
    golden_fill_bf16((uint16_t *)problem->tensor[KEYS].host + at, elements, problem->seed, 1, at, 1);
    golden_fill_bf16((uint16_t *)problem->tensor[VALUES].host + at, elements, problem->seed, 2, at, 1);
}

static uint32_t blocks_of(const struct example_problem *problem, uint32_t sequence)
{
    uint32_t block = (uint32_t)problem->which->param[BLOCK];
    return (length_of(problem, sequence) + block - 1) / block;
}

/* Four tasks per run of the longest sequence of a group. */
static uint32_t tasks_of(const struct example_problem *problem)
{
    const uint64_t *param = problem->which->param;
    uint32_t tasks = 0;
    for (uint32_t first = 0; first < param[BATCH]; first += (uint32_t)param[GROUP]) {
        uint32_t most = 0;
        for (uint32_t s = first; s < param[BATCH] && s < first + param[GROUP]; s++)
            if (blocks_of(problem, s) > most) most = blocks_of(problem, s);
        tasks += 4 * (uint32_t)((most + param[RUN] - 1) / param[RUN]);
    }
    return tasks;
}

/* A bf16 argument of `outer` pieces of `inner` rows, in two or four dimensions. */
static void *add_rows(struct example_problem *problem, npurt_access access, uint32_t outer, uint32_t between,
                      uint32_t inner)
{
    uint32_t dim = (uint32_t)problem->which->param[DIM];
    if (problem->which->param[FLAGS] & FOUR_DIMENSIONS)
        return example_add_tensor(problem, access, NPURT_BF16, 4, (uint32_t[]){outer, between, inner, dim});
    return example_add_tensor(problem, access, NPURT_BF16, 2, (uint32_t[]){outer * between * inner, dim});
}

int paged_attention_prepare(struct example_problem *problem)
{
    const uint64_t *param = problem->which->param;
    uint32_t batch = (uint32_t)param[BATCH], heads = (uint32_t)param[HEADS], dim = (uint32_t)param[DIM];
    uint32_t block = (uint32_t)param[BLOCK], blocks = 0, same = 1;
    struct share total;
    for (uint32_t s = 0; s < batch; s++) {
        if (blocks_of(problem, s) > blocks) blocks = blocks_of(problem, s);
        if (length_of(problem, s) != length_of(problem, 0)) same = 0;
    }
    problem->task_count = tasks_of(problem);
    uint32_t pages = batch * blocks;
    uint16_t *q = add_rows(problem, NPURT_ACCESS_INPUT, batch, 1, heads);
    void *keys = add_rows(problem, NPURT_ACCESS_INPUT, pages, block, 1);
    void *values = add_rows(problem, NPURT_ACCESS_INPUT, pages, block, 1);
    uint32_t *table = example_add_tensor(problem, NPURT_ACCESS_INPUT, NPURT_U32, 2, (uint32_t[]){batch, blocks});
    void *out = add_rows(problem, NPURT_ACCESS_OUTPUT_EXISTING, batch, 1, heads);
    if (!q || !keys || !values || !table || !out) return -1;

    for (size_t i = 0; i < (size_t)batch * heads * dim; i++)
        q[i] = npurt_f32_to_bf16((float)((int32_t)(example_random(problem->seed, 0, i) % 129) - 64) / 8);
    for (uint32_t i = 0; i < pages; i++) { /* a random permutation: pages of a sequence lie anywhere */
        uint32_t other = (uint32_t)(example_random(problem->seed, 3, i) % (i + 1));
        table[i] = table[other];
        table[other] = i;
    }
    if (share_out(problem, fill_page, pages, 0, &total) != 0) return -1;

    union {
        float f;
        uint32_t u;
    } scale = {.f = 1.0f / sqrtf((float)dim)};
    example_add_scalar(problem, heads);
    example_add_scalar(problem, block);
    example_add_scalar(problem, scale.u);
    example_add_scalar(problem, param[GROUP]);
    example_add_scalar(problem, param[RUN]);
    example_add_scalar(problem, param[FLAGS] & MANUAL);
    for (uint32_t s = 0; s < (same ? 1 : batch); s++)
        example_add_scalar(problem, length_of(problem, s));
    return 0;
}

static void check_sequence(struct share *share, uint64_t sequence)
{
    struct example_problem *problem = share->problem;
    const uint64_t *param = problem->which->param;
    uint32_t heads = (uint32_t)param[HEADS], dim = (uint32_t)param[DIM], block = (uint32_t)param[BLOCK];
    uint32_t blocks = problem->tensor[TABLE].shape[1], length = length_of(problem, (uint32_t)sequence);
    const uint32_t *table = (const uint32_t *)problem->tensor[TABLE].host + sequence * blocks;
    const uint16_t *keys = problem->tensor[KEYS].host, *values = problem->tensor[VALUES].host;
    for (uint32_t h = 0; h < heads; h++) {
        const uint16_t *q = (const uint16_t *)problem->tensor[Q].host + (sequence * heads + h) * dim;
        const uint64_t at = (sequence * heads + h) * dim;
        const uint16_t *out = (const uint16_t *)problem->tensor[OUT].host + at;
        double scale = 1.0 / sqrt((double)dim), maximum = -(double)INFINITY, weights = 0;
        for (uint32_t d = 0; d < dim; d++) {
            share->q[d] = npurt_bf16_to_f32(q[d]);
            share->sum[d] = 0;
        }
        for (uint32_t i = 0; i < length; i++) {
            const uint16_t *key = keys + ((size_t)table[i / block] * block + i % block) * dim;
            /* Exact in f32, in any order: multiples of 2^-10 whose sum stays below 2^11, so within 2^24 steps. */
            float part[4] = {0};
            for (uint32_t d = 0; d < dim; d += 4)
                for (uint32_t k = 0; k < 4; k++)
                    part[k] += share->q[d + k] * npurt_bf16_to_f32(key[d + k]);
            share->scores[i] = (double)(part[0] + part[1] + part[2] + part[3]) * scale;
            if (share->scores[i] > maximum) maximum = share->scores[i];
        }
        for (uint32_t i = 0; i < length; i++) {
            const uint16_t *value = values + ((size_t)table[i / block] * block + i % block) * dim;
            double weight = exp(share->scores[i] - maximum);
            weights += weight;
            for (uint32_t d = 0; d < dim; d++)
                share->sum[d] += weight * npurt_bf16_to_f32(value[d]);
        }
        for (uint32_t d = 0; d < dim; d++)
            comparison_note(&share->found, at + d, (double)npurt_bf16_to_f32(out[d]), share->sum[d] / weights,
                            tolerance, 0);
    }
}

int paged_attention_check(struct example_problem *problem)
{
    uint64_t batch = problem->which->param[BATCH], scores = 0;
    struct share total;
    for (uint32_t s = 0; s < batch; s++)
        if (length_of(problem, s) > scores) scores = length_of(problem, s);
    if (share_out(problem, check_sequence, batch, scores, &total) != 0) return -1;
    comparison_add(&problem->found[OUT], &total.found);
    return 0;
}

static const struct example_kernel kernels[] = {{0, NPURT_CORE_AIC, "qk", NULL, 0},
                                                {1, NPURT_CORE_AIV, "softmax", NULL, 0},
                                                {2, NPURT_CORE_AIC, "pv", NULL, 0},
                                                {3, NPURT_CORE_AIV, "update", NULL, 0}};
static const struct example_case cases[] = {
    {"small",
     "6 sequences of 1 to 300 tokens, 16 heads of 64, blocks of 32: 96 tasks",
     {6, 16, 64, 32, 1, 1, 0, 33, 17, 300, 1, 64, 255}},
    {"full",
     "256 sequences of 8,100 tokens, 16 heads of 128, blocks of 128: 65,536 tasks",
     {256, 16, 128, 128, 1, 1, 0, 8100}},
    {"one_block", "1 sequence of 16 tokens, 16 heads of 16, blocks of 16: 4 tasks", {1, 16, 16, 16, 1, 1, 0, 16}},
    {"four_blocks", "1 sequence of 64 tokens: 16 tasks", {1, 16, 16, 16, 1, 1, 0, 64}},
    {"ragged", "1 sequence of 33 tokens, the last block holding one: 12 tasks", {1, 16, 16, 16, 1, 1, 0, 33}},
    {"manual",
     "the small one with dependencies named, not found: 96 tasks",
     {6, 16, 64, 32, 1, 1, MANUAL, 33, 17, 300, 1, 64, 255}},
    {"unrolled", "the small one with 4 blocks per task: 36 tasks", {6, 16, 64, 32, 1, 4, 0, 33, 17, 300, 1, 64, 255}},
    {"unrolled_4d",
     "the same in tensors of four dimensions: 36 tasks",
     {6, 16, 64, 32, 1, 4, FOUR_DIMENSIONS, 33, 17, 300, 1, 64, 255}},
    {"unrolled_manual",
     "the same with dependencies named, not found: 36 tasks",
     {6, 16, 64, 32, 1, 4, MANUAL, 33, 17, 300, 1, 64, 255}},
    {"batched",
     "4 sequences of 15 to 128 tokens in one task, 16 heads of 16, blocks of 16: 32 tasks",
     {4, 16, 16, 16, 16, 1, 0, 33, 64, 128, 15}},
    {"batched_two", "18 sequences of 17 and 33 tokens, 16 in one task: 24 tasks", {18, 16, 16, 16, 16, 1, 0, 33, 17}},
    {"ringbuffer",
     "the small one through rings of 4 tasks and 16 KiB: 96 tasks",
     {6, 16, 64, 32, 1, 1, 0, 33, 17, 300, 1, 64, 255}},
    {"full_manual",
     "the full one with dependencies named, not found: 65,536 tasks",
     {256, 16, 128, 128, 1, 1, MANUAL, 8100}},
    {"full_unrolled",
     "256 sequences of 8,192 tokens, 64 blocks per task: 1,024 tasks",
     {256, 16, 128, 128, 1, 64, 0, 8192}},
    {"full_unrolled_4d",
     "the same in tensors of four dimensions: 1,024 tasks",
     {256, 16, 128, 128, 1, 64, FOUR_DIMENSIONS, 8192}},
    {"full_batched", "256 sequences of 8,192 tokens, 16 in one task: 4,096 tasks", {256, 16, 128, 128, 16, 1, 0, 8192}},
    {"full_ringbuffer",
     "32 sequences of 4,096 tokens: 4,096 tasks, 32 states; through rings of 64 tasks",
     {32, 16, 128, 128, 1, 1, 0, 4096}},
    {"full_unrolled_manual",
     "256 sequences of 8,192 tokens, 64 blocks per task, dependencies named, not found: 1,024 tasks",
     {256, 16, 128, 128, 1, 64, MANUAL, 8192}},
};
/* Of the full one the sizes that the reference runs it with. */
static const struct example_rings rings[] = {
    {"ringbuffer", {.task_window = 4, .edges = 8, .heap_bytes = 16384}},
    {"full_ringbuffer", {.task_window = 64, .edges = 256, .heap_bytes = 2621440}},
};
const struct example paged_attention = {
    .name = "paged_attention",
    .summary = "attention over a paged key-value cache, bf16: four tasks per block",
    .kernels = kernels,
    .kernel_count = 4,
    .cases = cases,
    .case_count = sizeof cases / sizeof cases[0],
    .rings = rings,
    .rings_count = sizeof rings / sizeof rings[0],
    .prepare = paged_attention_prepare,
    .check = paged_attention_check,
};
