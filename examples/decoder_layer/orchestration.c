/* One layer of a decoder: attention with grouped queries over a paged cache, then a gated network of two projections up
 * and one down, each behind a norm and added to what came in. Every projection is cut into tiles of columns. */
#include <npurt/orchestration.h>

#include "layout.h"

NPURT_API int orchestration_entry(npurt_orch *orch, const npurt_orch_args *args);

struct layer {
    npurt_orch *orch;
    const npurt_tensor *t; /* of the call */
    const uint64_t *scalar;
    uint32_t batch, hidden, dim, groups, group_width; /* a group: the heads that share a key-value head */
};

static npurt_tensor columns_of(const npurt_tensor *t, uint32_t first, uint32_t count)
{
    return npurt_tensor_slice(t, 1, first, first + count, 1);
}

static npurt_tensor_spec matrix(npurt_dtype dtype, uint32_t rows, uint32_t columns)
{
    return (npurt_tensor_spec){.dtype = dtype, .ndims = 2, .shape = {rows, columns}};
}

/* columns of out = x · the same columns of w. */
static void linear(const struct layer *layer, int32_t kernel, const npurt_tensor *x, const npurt_tensor *w,
                   uint32_t first, uint32_t count, const npurt_tensor *out)
{
    const npurt_tensor from = columns_of(w, first, count), to = columns_of(out, first, count);
    npurt_task task;
    npurt_task_init_aic(&task, kernel);
    npurt_task_input(&task, x);
    npurt_task_input(&task, &from);
    npurt_task_output_existing(&task, &to);
    npurt_orch_submit(layer->orch, &task, NULL);
}

static void norm(const struct layer *layer, const npurt_tensor *x, const npurt_tensor *weight, const npurt_tensor *out)
{
    npurt_task task;
    npurt_task_init_aiv(&task, NORM);
    npurt_task_input(&task, x);
    npurt_task_input(&task, weight);
    npurt_task_output_existing(&task, out);
    npurt_task_scalar(&task, layer->scalar[CALL_EPSILON]);
    npurt_orch_submit(layer->orch, &task, NULL);
}

/* Columns of out = the same of before + x · w, tile by tile. */
static void project_back(const struct layer *layer, int32_t kernel, const npurt_tensor *x, const npurt_tensor *w,
                         const npurt_tensor *before, const npurt_tensor *out)
{
    const uint32_t tile = (uint32_t)layer->scalar[CALL_MODEL_TILE];
    for (uint32_t at = 0; at < layer->hidden; at += tile) {
        const npurt_tensor from = columns_of(w, at, tile), old = columns_of(before, at, tile),
                           to = columns_of(out, at, tile);
        const npurt_tensor_spec spec = matrix(NPURT_F32, layer->batch, tile);
        npurt_tensor product;
        npurt_task task;
        npurt_orch_scope_begin(layer->orch, NPURT_SCOPE_AUTO);
        npurt_task_init_aic(&task, kernel);
        npurt_task_input(&task, x);
        npurt_task_input(&task, &from);
        npurt_task_output_new(&task, &spec, &product);
        npurt_orch_submit(layer->orch, &task, NULL);

        npurt_task_init_aiv(&task, ADD);
        npurt_task_input(&task, &old);
        npurt_task_input(&task, &product);
        npurt_task_output_existing(&task, &to);
        npurt_orch_submit(layer->orch, &task, NULL);
        npurt_orch_scope_end(layer->orch);
    }
}

/* q, k and v of the new tokens; keys and values go to the cache, queries to `turned`. */
static void queries_keys_values(const struct layer *layer, const npurt_tensor *turned)
{
    const npurt_tensor *t = layer->t;
    const uint32_t q_tile = (uint32_t)layer->scalar[CALL_Q_TILE], q_width = t[WQ].shape[1], dim = layer->dim;
    const npurt_tensor_spec hidden_spec = matrix(NPURT_F32, layer->batch, layer->hidden);
    const npurt_tensor_spec q_spec = matrix(NPURT_F32, layer->batch, q_width);
    const npurt_tensor_spec kv_spec = matrix(NPURT_F32, layer->batch, t[WK].shape[1]);
    npurt_tensor normed, q, k, v;
    npurt_task task;
    npurt_orch_scope_begin(layer->orch, NPURT_SCOPE_AUTO);
    npurt_orch_alloc(layer->orch, &hidden_spec, &normed);
    npurt_orch_alloc(layer->orch, &q_spec, &q);
    npurt_orch_alloc(layer->orch, &kv_spec, &k);
    if (npurt_orch_alloc(layer->orch, &kv_spec, &v) != NPURT_OK) return;
    norm(layer, &t[HIDDEN], &t[INPUT_NORM], &normed);
    for (uint32_t g = 0; g < layer->groups; g++) {
        linear(layer, LINEAR_KV, &normed, &t[WK], g * dim, dim, &k);
        linear(layer, LINEAR_KV, &normed, &t[WV], g * dim, dim, &v);
    }
    for (uint32_t at = 0; at < q_width; at += q_tile)
        linear(layer, LINEAR_Q, &normed, &t[WQ], at, q_tile, &q);
    for (uint32_t g = 0; g < layer->groups; g++) {
        const npurt_tensor own_k = columns_of(&k, g * dim, dim), own_v = columns_of(&v, g * dim, dim);
        const npurt_tensor keys = npurt_tensor_slice(&t[K_CACHE], 0, g, g + 1, 1),
                           values = npurt_tensor_slice(&t[V_CACHE], 0, g, g + 1, 1);
        const npurt_tensor own_q = columns_of(&q, g * layer->group_width, layer->group_width),
                           to = columns_of(turned, g * layer->group_width, layer->group_width);
        npurt_task_init_aiv(&task, ROPE_KV);
        npurt_task_input(&task, &own_k);
        npurt_task_input(&task, &own_v);
        npurt_task_input(&task, &t[K_NORM]);
        npurt_task_input(&task, &t[ROPE]);
        npurt_task_input(&task, &t[TABLE]);
        npurt_task_inout(&task, &keys);
        npurt_task_inout(&task, &values);
        npurt_task_scalar(&task, layer->scalar[CALL_EPSILON]);
        npurt_task_scalar(&task, layer->scalar[CALL_BLOCK]);
        for (uint32_t s = 0; s < layer->batch; s++)
            npurt_task_scalar(&task, layer->scalar[CALL_LENGTHS + s]);
        npurt_orch_submit(layer->orch, &task, NULL);

        npurt_task_init_aiv(&task, ROPE_Q);
        npurt_task_input(&task, &own_q);
        npurt_task_input(&task, &t[Q_NORM]);
        npurt_task_input(&task, &t[ROPE]);
        npurt_task_output_existing(&task, &to);
        npurt_task_scalar(&task, layer->scalar[CALL_EPSILON]);
        npurt_orch_submit(layer->orch, &task, NULL);
    }
    npurt_orch_scope_end(layer->orch);
}

/* One sequence and one group over its blocks: the kernels of paged attention (its layout.h has their arguments). */
static void attend(const struct layer *layer, uint32_t s, uint32_t g, const npurt_tensor *turned,
                   const npurt_tensor *out)
{
    const uint32_t block = (uint32_t)layer->scalar[CALL_BLOCK], length = (uint32_t)layer->scalar[CALL_LENGTHS + s];
    const uint32_t dim = layer->dim, heads = layer->group_width / dim;
    const uint32_t by_head[2] = {heads, dim};
    const npurt_tensor keys = npurt_tensor_slice(&layer->t[K_CACHE], 0, g, g + 1, 1),
                       values = npurt_tensor_slice(&layer->t[V_CACHE], 0, g, g + 1, 1),
                       pages = npurt_tensor_slice(&layer->t[TABLE], 0, s, s + 1, 1);
    const npurt_tensor_spec scores_spec = matrix(NPURT_F32, heads, block),
                            weights_spec = matrix(NPURT_BF16, heads, block),
                            statistics_spec = matrix(NPURT_F32, heads, 2), partial_spec = matrix(NPURT_F32, heads, dim),
                            state_spec = matrix(NPURT_F32, heads, dim + 2);
    npurt_tensor q = npurt_tensor_slice(turned, 0, s, s + 1, 1), to = npurt_tensor_slice(out, 0, s, s + 1, 1), state;
    q = columns_of(&q, g * layer->group_width, layer->group_width);
    to = columns_of(&to, g * layer->group_width, layer->group_width);
    npurt_tensor_reshape(&q, 2, by_head, &q);
    npurt_tensor_reshape(&to, 2, by_head, &to);

    npurt_orch_scope_begin(layer->orch, NPURT_SCOPE_AUTO);
    if (npurt_orch_alloc(layer->orch, &state_spec, &state) != NPURT_OK) return;
    for (uint32_t j = 0; j * block < length; j++) {
        npurt_tensor scores, weights, statistics, partial;
        npurt_task task[4];
        npurt_orch_scope_begin(layer->orch, NPURT_SCOPE_AUTO);
        npurt_task_init_aic(&task[0], QK);
        npurt_task_init_aiv(&task[1], SOFTMAX);
        npurt_task_init_aic(&task[2], PV);
        npurt_task_init_aiv(&task[3], UPDATE);
        npurt_task_input(&task[0], &q);
        npurt_task_input(&task[0], &keys);
        npurt_task_input(&task[0], &pages);
        npurt_task_output_new(&task[0], &scores_spec, &scores);
        npurt_task_input(&task[1], &scores);
        npurt_task_output_new(&task[1], &weights_spec, &weights);
        npurt_task_output_new(&task[1], &statistics_spec, &statistics);
        npurt_task_input(&task[2], &weights);
        npurt_task_input(&task[2], &values);
        npurt_task_input(&task[2], &pages);
        npurt_task_output_new(&task[2], &partial_spec, &partial);
        npurt_task_input(&task[3], &statistics);
        npurt_task_input(&task[3], &partial);
        if (j == 0)
            npurt_task_output_existing(&task[3], &state);
        else
            npurt_task_inout(&task[3], &state);
        if ((j + 1) * block >= length)
            npurt_task_output_existing(&task[3], &to);
        else
            npurt_task_no_dep(&task[3], &to);
        for (uint32_t i = 0; i < 4; i++) {
            npurt_task_scalar(&task[i], j);
            npurt_task_scalar(&task[i], block);
            npurt_task_scalar(&task[i], heads);
            npurt_task_scalar(&task[i], layer->scalar[CALL_SCALE]);
            npurt_task_scalar(&task[i], length);
            if (i == 3) npurt_task_scalar(&task[i], block);
            npurt_orch_submit(layer->orch, &task[i], NULL);
        }
        npurt_orch_scope_end(layer->orch);
    }
    npurt_orch_scope_end(layer->orch);
}

/* out = residual + down(silu(gate(normed)) · up(normed)). */
static void network(const struct layer *layer, const npurt_tensor *residual)
{
    const npurt_tensor *t = layer->t;
    const uint32_t tile = (uint32_t)layer->scalar[CALL_INNER_TILE], inner = t[W_GATE].shape[1];
    const npurt_tensor_spec hidden_spec = matrix(NPURT_F32, layer->batch, layer->hidden);
    const npurt_tensor_spec inner_spec = matrix(NPURT_F32, layer->batch, inner);
    const npurt_tensor_spec tile_spec = matrix(NPURT_F32, layer->batch, tile);
    npurt_tensor normed, active;
    npurt_orch_scope_begin(layer->orch, NPURT_SCOPE_AUTO);
    npurt_orch_alloc(layer->orch, &hidden_spec, &normed);
    if (npurt_orch_alloc(layer->orch, &inner_spec, &active) != NPURT_OK) return;
    norm(layer, residual, &t[POST_NORM], &normed);
    for (uint32_t at = 0; at < inner; at += tile) {
        const npurt_tensor gate_w = columns_of(&t[W_GATE], at, tile), up_w = columns_of(&t[W_UP], at, tile);
        const npurt_tensor to = columns_of(&active, at, tile);
        npurt_tensor gate, up;
        npurt_task task;
        npurt_orch_scope_begin(layer->orch, NPURT_SCOPE_AUTO);
        npurt_task_init_aic(&task, LINEAR_INNER);
        npurt_task_input(&task, &normed);
        npurt_task_input(&task, &gate_w);
        npurt_task_output_new(&task, &tile_spec, &gate);
        npurt_orch_submit(layer->orch, &task, NULL);

        npurt_task_init_aic(&task, LINEAR_INNER);
        npurt_task_input(&task, &normed);
        npurt_task_input(&task, &up_w);
        npurt_task_output_new(&task, &tile_spec, &up);
        npurt_orch_submit(layer->orch, &task, NULL);

        npurt_task_init_aiv(&task, SILU);
        npurt_task_input(&task, &gate);
        npurt_task_input(&task, &up);
        npurt_task_output_existing(&task, &to);
        npurt_orch_submit(layer->orch, &task, NULL);
        npurt_orch_scope_end(layer->orch);
    }
    project_back(layer, LINEAR_DOWN, &active, &t[W_DOWN], residual, &t[OUT]);
    npurt_orch_scope_end(layer->orch);
}

int orchestration_entry(npurt_orch *orch, const npurt_orch_args *args)
{
    const npurt_tensor *t = args->tensor;
    const struct layer layer = {.orch = orch,
                                .t = t,
                                .scalar = args->scalar,
                                .batch = t[HIDDEN].shape[0],
                                .hidden = t[HIDDEN].shape[1],
                                .dim = t[Q_NORM].shape[1],
                                .groups = t[K_CACHE].shape[0],
                                .group_width = t[WQ].shape[1] / t[K_CACHE].shape[0]};
    const npurt_tensor_spec hidden_spec = matrix(NPURT_F32, layer.batch, layer.hidden);
    const npurt_tensor_spec heads_spec = matrix(NPURT_BF16, layer.batch, t[WQ].shape[1]);
    npurt_tensor residual, turned, attention;
    if (args->scalar_count != CALL_LENGTHS + layer.batch) {
        npurt_orch_fail(orch, 1, "one length for each sequence");
        return 1;
    }
    if (npurt_orch_alloc(orch, &hidden_spec, &residual) != NPURT_OK) return 0;
    npurt_orch_scope_begin(orch, NPURT_SCOPE_AUTO);
    npurt_orch_alloc(orch, &heads_spec, &turned);
    if (npurt_orch_alloc(orch, &heads_spec, &attention) != NPURT_OK) return 0;
    queries_keys_values(&layer, &turned);
    for (uint32_t s = 0; s < layer.batch; s++)
        for (uint32_t g = 0; g < layer.groups; g++)
            attend(&layer, s, g, &turned, &attention);
    project_back(&layer, LINEAR_O, &attention, &t[WO], &t[HIDDEN], &residual);
    npurt_orch_scope_end(orch);
    network(&layer, &residual);
    return 0;
}
