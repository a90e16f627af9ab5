/* The layer in double: whole matrices, whole contexts, no tiles, no tasks. */
#include "../golden.h"
#include <npurt/kernel.h>

#include <stdlib.h>
#include <string.h>

#include "layout.h"

/* A case's parameters; LENGTHS: one per sequence up to a 0. */
enum { HIDDEN_SIZE, INNER_SIZE, HEADS, GROUPS, DIM, BLOCK, Q_TILE, MODEL_TILE, INNER_TILE, LENGTHS };

static const double epsilon = 1e-6, theta = 1e6;

/* Outputs are about 1.5 in size. The golden rounds where a tensor of the layer is bf16 (queries, new keys and values,
 * attention's output) and nowhere else. What is left: weights of the softmax, rounded to bf16 (2^-9 of themselves),
 * which moves attention's output by about 2^-9 of the values' spread and so flips some of its roundings; the projection
 * back is a sum of 5,120 of these, its part of the residual is about 1, and the network behind it hands on as much
 * again. Measured: README.md. A lost tile or block moves thousands of outputs by 0.1 and more. */
static const double tolerance = 0x1p-5;
/* Of the new row in the caches: its rounding, relative to numbers of up to about 16. */
static const double cache_tolerance = 16 * 0x1p-9;

static uint32_t batch_of(const struct example_problem *problem)
{
    uint32_t batch = 0;
    while (LENGTHS + batch < EXAMPLE_MAX_CASE_PARAMS && problem->which->param[LENGTHS + batch] != 0)
        batch++;
    return batch;
}

static uint64_t bits_of(double x)
{
    union {
        float f;
        uint32_t u;
    } bits = {.f = (float)x};
    return bits.u;
}

/* Weights of a projection whose inputs have a variance of about `variance`, such that its outputs have about 1. */
static int add_weights(struct example_problem *problem, uint32_t in, uint32_t out, uint64_t stream, double variance)
{
    uint16_t *w = example_add_tensor(problem, NPURT_ACCESS_INPUT, NPURT_BF16, 2, (uint32_t[]){in, out});
    int exponent = (int)lround(-log2(in * variance / 3) / 2);
    if (!w) return -1;
    golden_fill_bf16(w, (uint64_t)in * out, problem->seed, stream, 0, (float)ldexp(1, exponent));
    return 0;
}

/* A norm's weights, around `middle`, by a quarter of it. */
static int add_norm(struct example_problem *problem, uint32_t size, uint64_t stream, float middle)
{
    float *w = golden_add_random(problem, NPURT_ACCESS_INPUT, 2, (uint32_t[]){1, size}, stream);
    if (!w) return -1;
    for (uint32_t i = 0; i < size; i++)
        w[i] = middle + w[i] * middle / 4;
    return 0;
}

static int add_rope(struct example_problem *problem, uint32_t batch, uint32_t dim)
{
    float *rope = example_add_tensor(problem, NPURT_ACCESS_INPUT, NPURT_F32, 2, (uint32_t[]){batch, dim});
    if (!rope) return -1;
    for (uint32_t s = 0; s < batch; s++)
        for (uint32_t i = 0; i < dim / 2; i++) {
            double angle = (double)(problem->which->param[LENGTHS + s] - 1) * pow(theta, -2.0 * i / dim);
            rope[s * dim + i] = (float)cos(angle);
            rope[s * dim + dim / 2 + i] = (float)sin(angle);
        }
    return 0;
}

static int add_cache(struct example_problem *problem, uint32_t batch, uint32_t blocks)
{
    const uint64_t *param = problem->which->param;
    const uint32_t pages = batch * blocks,
                   shape[3] = {(uint32_t)param[GROUPS], pages * (uint32_t)param[BLOCK], (uint32_t)param[DIM]};
    uint32_t *table = example_add_tensor(problem, NPURT_ACCESS_INPUT, NPURT_U32, 2, (uint32_t[]){batch, blocks});
    if (!table) return -1;
    for (uint32_t i = 0; i < pages; i++) { /* a random permutation */
        uint32_t other = (uint32_t)(example_random(problem->seed, TABLE, i) % (i + 1));
        table[i] = table[other];
        table[other] = i;
    }
    for (uint32_t i = K_CACHE; i <= V_CACHE; i++) {
        uint16_t *cache = example_add_tensor(problem, NPURT_ACCESS_INOUT, NPURT_BF16, 3, shape);
        if (!cache) return -1;
        golden_fill_bf16(cache, (uint64_t)shape[0] * shape[1] * shape[2], problem->seed, i, 0, 2);
    }
    return 0;
}

static int prepare(struct example_problem *problem)
{
    const uint64_t *param = problem->which->param;
    const uint32_t batch = batch_of(problem), hidden = (uint32_t)param[HIDDEN_SIZE],
                   inner = (uint32_t)param[INNER_SIZE];
    const uint32_t dim = (uint32_t)param[DIM], groups = (uint32_t)param[GROUPS], q = (uint32_t)param[HEADS] * dim;
    uint32_t blocks = 0, all_blocks = 0;
    for (uint32_t s = 0; s < batch; s++) {
        uint32_t n = (uint32_t)((param[LENGTHS + s] + param[BLOCK] - 1) / param[BLOCK]);
        if (n > blocks) blocks = n;
        all_blocks += n;
    }
    /* Queries are long, so that the softmax is peaked and a lost block shows. */
    if (!golden_add_random(problem, NPURT_ACCESS_INPUT, 2, (uint32_t[]){batch, hidden}, HIDDEN) ||
        add_norm(problem, hidden, INPUT_NORM, 1) != 0 || add_weights(problem, hidden, q, WQ, 1) != 0 ||
        add_weights(problem, hidden, groups * dim, WK, 1) != 0 ||
        add_weights(problem, hidden, groups * dim, WV, 1) != 0 || add_norm(problem, dim, Q_NORM, 3) != 0 ||
        add_norm(problem, dim, K_NORM, 1) != 0 || add_rope(problem, batch, dim) != 0 ||
        add_cache(problem, batch, blocks) != 0 || add_weights(problem, q, hidden, WO, 0.5) != 0 ||
        add_norm(problem, hidden, POST_NORM, 1) != 0 || add_weights(problem, hidden, inner, W_GATE, 1) != 0 ||
        add_weights(problem, hidden, inner, W_UP, 1) != 0 || add_weights(problem, inner, hidden, W_DOWN, 0.35) != 0 ||
        !example_add_tensor(problem, NPURT_ACCESS_OUTPUT_EXISTING, NPURT_F32, 2, (uint32_t[]){batch, hidden}))
        return -1;
    example_add_scalar(problem, param[BLOCK]);
    example_add_scalar(problem, bits_of(1 / sqrt((double)dim)));
    example_add_scalar(problem, bits_of(epsilon));
    example_add_scalar(problem, param[Q_TILE]);
    example_add_scalar(problem, param[MODEL_TILE]);
    example_add_scalar(problem, param[INNER_TILE]);
    for (uint32_t s = 0; s < batch; s++)
        example_add_scalar(problem, param[LENGTHS + s]);
    problem->task_count = 2 + 4 * groups + q / (uint32_t)param[Q_TILE] + 4 * groups * all_blocks +
                          4 * (hidden / (uint32_t)param[MODEL_TILE]) + 3 * (inner / (uint32_t)param[INNER_TILE]);
    return 0;
}

/* ---- one token in double ---- */

static void normalise(const double *x, const float *weight, uint32_t n, double *out)
{
    double sum = 0;
    for (uint32_t i = 0; i < n; i++)
        sum += x[i] * x[i];
    for (uint32_t i = 0; i < n; i++)
        out[i] = x[i] / sqrt(sum / n + epsilon) * weight[i];
}

static void project(const struct example_problem *problem, uint32_t weights, const double *x, double *out)
{
    const npurt_call_tensor *t = &problem->tensor[weights];
    const uint16_t *w = t->host;
    memset(out, 0, t->shape[1] * sizeof out[0]);
    for (uint32_t k = 0; k < t->shape[0]; k++, w += t->shape[1])
        for (uint32_t j = 0; j < t->shape[1]; j++)
            out[j] += x[k] * npurt_bf16_to_f32(w[j]);
}

/* As a tensor of bf16 holds it. */
static double stored(double x)
{
    return npurt_bf16_to_f32(npurt_f32_to_bf16((float)x));
}

static void turn(const struct example_problem *problem, uint32_t norm, double position, const double *x, double *out)
{
    const uint32_t dim = (uint32_t)problem->which->param[DIM], half = dim / 2;
    double even[256];
    normalise(x, problem->tensor[norm].host, dim, even);
    for (uint32_t i = 0; i < half; i++) {
        double angle = position * pow(theta, -2.0 * i / dim);
        out[i] = stored(even[i] * cos(angle) - even[i + half] * sin(angle));
        out[i + half] = stored(even[i + half] * cos(angle) + even[i] * sin(angle));
    }
}

/* Element 0 of token i of sequence s in a cache, for one group of heads. */
static size_t cache_at(const struct example_problem *problem, uint32_t s, uint32_t group, uint32_t i)
{
    const npurt_call_tensor *table = &problem->tensor[TABLE], *cache = &problem->tensor[K_CACHE];
    const uint32_t block = (uint32_t)problem->which->param[BLOCK];
    const uint32_t page = ((const uint32_t *)table->host)[s * table->shape[1] + i / block];
    return (((size_t)group * cache->shape[1]) + (size_t)page * block + i % block) * cache->shape[2];
}

/* One head over the cache as it was, and the new token behind it. */
static void attend(const struct example_problem *problem, uint32_t s, uint32_t group, const double *q,
                   const double *new_k, const double *new_v, double *scores, double *out)
{
    const uint16_t *keys = problem->initial[K_CACHE], *values = problem->initial[V_CACHE];
    const uint32_t dim = (uint32_t)problem->which->param[DIM], length = (uint32_t)problem->which->param[LENGTHS + s];
    double most = -(double)INFINITY, sum = 0;
    for (uint32_t i = 0; i < length; i++) {
        const size_t at = cache_at(problem, s, group, i);
        scores[i] = 0;
        for (uint32_t d = 0; d < dim; d++)
            scores[i] += q[d] * (i + 1 == length ? new_k[d] : npurt_bf16_to_f32(keys[at + d]));
        scores[i] /= sqrt((double)dim);
        if (scores[i] > most) most = scores[i];
    }
    memset(out, 0, dim * sizeof out[0]);
    for (uint32_t i = 0; i < length; i++) {
        const size_t at = cache_at(problem, s, group, i);
        const double weight = exp(scores[i] - most);
        sum += weight;
        for (uint32_t d = 0; d < dim; d++)
            out[d] += weight * (i + 1 == length ? new_v[d] : npurt_bf16_to_f32(values[at + d]));
    }
    for (uint32_t d = 0; d < dim; d++)
        out[d] = stored(out[d] / sum);
}

struct scratch {
    double *residual, *normed, *q, *k, *v, *attention, *gate, *up, *scores;
};

/* Sequence s's row of the golden, and the cache rows of its new token. */
static void layer(const struct example_problem *problem, uint32_t s, const struct scratch *w, double *out)
{
    const uint64_t *param = problem->which->param;
    const uint32_t hidden = (uint32_t)param[HIDDEN_SIZE], inner = (uint32_t)param[INNER_SIZE],
                   dim = (uint32_t)param[DIM];
    const uint32_t heads = (uint32_t)param[HEADS], groups = (uint32_t)param[GROUPS];
    const double position = (double)param[LENGTHS + s] - 1;
    double turned[256];
    for (uint32_t i = 0; i < hidden; i++)
        w->residual[i] = ((const float *)problem->tensor[HIDDEN].host)[s * hidden + i];
    normalise(w->residual, problem->tensor[INPUT_NORM].host, hidden, w->normed);
    project(problem, WQ, w->normed, w->q);
    project(problem, WK, w->normed, w->k);
    project(problem, WV, w->normed, w->v);
    for (uint32_t i = 0; i < groups * dim; i++)
        w->v[i] = stored(w->v[i]);
    for (uint32_t g = 0; g < groups; g++) {
        turn(problem, K_NORM, position, w->k + g * dim, turned);
        memcpy(w->k + g * dim, turned, dim * sizeof turned[0]);
    }
    for (uint32_t h = 0; h < heads; h++) {
        const uint32_t group = h / (heads / groups);
        turn(problem, Q_NORM, position, w->q + h * dim, turned);
        attend(problem, s, group, turned, w->k + group * dim, w->v + group * dim, w->scores, w->attention + h * dim);
    }
    project(problem, WO, w->attention, out);
    for (uint32_t i = 0; i < hidden; i++)
        w->residual[i] += out[i];
    normalise(w->residual, problem->tensor[POST_NORM].host, hidden, w->normed);
    project(problem, W_GATE, w->normed, w->gate);
    project(problem, W_UP, w->normed, w->up);
    for (uint32_t i = 0; i < inner; i++)
        w->gate[i] *= w->up[i] / (1 + exp(-w->gate[i]));
    project(problem, W_DOWN, w->gate, out);
    for (uint32_t i = 0; i < hidden; i++)
        out[i] += w->residual[i];
}

/* Element i of a cache is in the row of a new token. */
static bool is_new(const struct example_problem *problem, uint64_t i)
{
    const uint64_t *param = problem->which->param;
    for (uint32_t s = 0; s < batch_of(problem); s++)
        for (uint32_t g = 0; g < param[GROUPS]; g++) {
            const size_t at = cache_at(problem, s, g, (uint32_t)param[LENGTHS + s] - 1);
            if (i >= at && i < at + param[DIM]) return true;
        }
    return false;
}

/* The rows of new tokens are near `expected`, [batch][kv] of keys, then of values; all others are what they were. */
static void check_caches(struct example_problem *problem, const double *expected)
{
    const uint64_t *param = problem->which->param;
    const uint32_t batch = batch_of(problem), dim = (uint32_t)param[DIM], groups = (uint32_t)param[GROUPS];
    for (uint32_t c = K_CACHE; c <= V_CACHE; c++) {
        const uint16_t *cache = problem->tensor[c].host, *before = problem->initial[c];
        const uint64_t elements = example_tensor_elements(&problem->tensor[c]);
        for (uint64_t i = 0; i < elements; i++)
            if (cache[i] != before[i] && !is_new(problem, i))
                comparison_wrong(&problem->found[c], i, (double)npurt_bf16_to_f32(cache[i]),
                                 (double)npurt_bf16_to_f32(before[i]), NULL, NULL);
        for (uint32_t s = 0; s < batch; s++)
            for (uint32_t g = 0; g < groups; g++) {
                const size_t at = cache_at(problem, s, g, (uint32_t)param[LENGTHS + s] - 1);
                const double *row = expected + ((size_t)(c - K_CACHE) * batch + s) * groups * dim + g * dim;
                for (uint32_t d = 0; d < dim; d++)
                    example_note(problem, c, at + d, (double)npurt_bf16_to_f32(cache[at + d]), row[d], cache_tolerance,
                                 0);
            }
    }
}

static int check(struct example_problem *problem)
{
    const uint64_t *param = problem->which->param;
    const size_t hidden = param[HIDDEN_SIZE], inner = param[INNER_SIZE], q = param[HEADS] * param[DIM];
    const size_t kv = param[GROUPS] * param[DIM], batch = batch_of(problem);
    size_t longest = 0;
    for (uint32_t s = 0; s < batch; s++)
        if (param[LENGTHS + s] > longest) longest = param[LENGTHS + s];
    double *memory = malloc((3 * hidden + 2 * q + 2 * batch * kv + 2 * inner + longest) * sizeof *memory);
    if (!memory) return -1;
    double *out = memory, *expected = out + hidden;
    struct scratch w = {.residual = expected + 2 * batch * kv};
    w.normed = w.residual + hidden;
    w.q = w.normed + hidden;
    w.attention = w.q + q;
    w.gate = w.attention + q;
    w.up = w.gate + inner;
    w.scores = w.up + inner;
    for (uint32_t s = 0; s < batch; s++) {
        const float *got = (const float *)problem->tensor[OUT].host + s * hidden;
        w.k = expected + s * kv;
        w.v = expected + (batch + s) * kv;
        layer(problem, s, &w, out);
        for (uint32_t i = 0; i < hidden; i++)
            example_note(problem, OUT, s * hidden + i, (double)got[i], out[i], tolerance, 0);
    }
    check_caches(problem, expected);
    free(memory);
    return 0;
}

/* Durations: of the full size, README.md. */
static const struct example_kernel kernels[] = {{LINEAR_Q, NPURT_CORE_AIC, "linear", NULL, 18000},
                                                {LINEAR_KV, NPURT_CORE_AIC, "linear", NULL, 36000},
                                                {LINEAR_O, NPURT_CORE_AIC, "linear", NULL, 36000},
                                                {LINEAR_INNER, NPURT_CORE_AIC, "linear", NULL, 72000},
                                                {LINEAR_DOWN, NPURT_CORE_AIC, "linear", NULL, 122000},
                                                {QK, NPURT_CORE_AIC, "qk", NULL, 4000},
                                                {PV, NPURT_CORE_AIC, "pv", NULL, 4000},
                                                {NORM, NPURT_CORE_AIV, "norm", NULL, 8000},
                                                {ROPE_Q, NPURT_CORE_AIV, "rope_q", NULL, 3000},
                                                {ROPE_KV, NPURT_CORE_AIV, "rope_kv", NULL, 3000},
                                                {SOFTMAX, NPURT_CORE_AIV, "softmax", NULL, 4000},
                                                {UPDATE, NPURT_CORE_AIV, "update", NULL, 3000},
                                                {ADD, NPURT_CORE_AIV, "sum", NULL, 2000},
                                                {SILU, NPURT_CORE_AIV, "silu", NULL, 3000}};
static const struct example_case cases[] = {
    {"small",
     "2 sequences of 35 and 17 tokens, hidden 256, inner 512, 8 heads of 32 in 2 groups: 94 tasks",
     {256, 512, 8, 2, 32, 16, 64, 64, 64, 35, 17}},
    {"full",
     "1 sequence of 512 tokens, hidden 5120, inner 17408, 40 heads of 128 in 8 groups: 542 tasks",
     {5120, 17408, 40, 8, 128, 256, 64, 128, 256, 512}},
};
const struct example decoder_layer = {
    .name = "decoder_layer",
    .summary = "a whole layer of a decoder in the shape of Qwen3-14B, one token",
    .kernels = kernels,
    .kernel_count = sizeof kernels / sizeof kernels[0],
    .cases = cases,
    .case_count = sizeof cases / sizeof cases[0],
    .prepare = prepare,
    .check = check,
};
