/* Attention over a paged cache of keys and values, for one group of sequences after the other, run of blocks by run:
 *     QK (AIC) → softmax (AIV) → PV (AIC) → update (AIV)
 * Runs are independent but for their updates, which form a chain per group through its running state. Which page a
 * block lies in is read by the kernels, on the device. The state lives as long as the scope of its group, everything
 * else as long as that of its run. */
#include <npurt/orchestration.h>

#include "layout.h"

NPURT_API int orchestration_entry(npurt_orch *orch, const npurt_orch_args *args);

struct group {
    npurt_tensor q, out, pages, state;
    uint32_t rows, sequences, blocks;
    uint32_t length[MAX_GROUP];
    bool manual;
    npurt_task_id last_update;
};

/* `per` rows of t for each of the sequences first, first + 1, … */
static npurt_tensor rows_of(const npurt_tensor *t, uint32_t batch, uint32_t first, uint32_t count)
{
    const uint32_t per = t->shape[0] / batch;
    return npurt_tensor_slice(t, 0, first * per, (first + count) * per, 1);
}

static void add_scalars(npurt_task *task, const npurt_orch_args *args, const struct group *group, uint32_t first)
{
    npurt_task_scalar(task, first);
    npurt_task_scalar(task, args->scalar[CALL_BLOCK]);
    npurt_task_scalar(task, args->scalar[CALL_HEADS]);
    npurt_task_scalar(task, args->scalar[CALL_SCALE]);
    for (uint32_t s = 0; s < group->sequences; s++)
        npurt_task_scalar(task, group->length[s]);
}

/* Submits; in a manual scope behind `after`. */
static npurt_task_id submit(npurt_orch *orch, npurt_task *task, bool manual, const npurt_task_id *after, uint32_t count)
{
    npurt_task_id id = NPURT_TASK_NONE;
    if (manual) npurt_task_after(task, after, count);
    npurt_orch_submit(orch, task, &id);
    return id;
}

/* The four tasks over the blocks from `first` on, `count` of them. */
static void submit_run(npurt_orch *orch, const npurt_orch_args *args, struct group *group, uint32_t first,
                       uint32_t count)
{
    const npurt_tensor *keys = &args->tensor[1], *values = &args->tensor[2];
    const uint32_t block = (uint32_t)args->scalar[CALL_BLOCK], width = count * block;
    const uint32_t dim = keys->shape[keys->ndims - 1];
    const npurt_tensor_spec scores_spec = {.dtype = NPURT_F32, .ndims = 2, .shape = {group->rows, width}};
    const npurt_tensor_spec weights_spec = {.dtype = NPURT_BF16, .ndims = 2, .shape = {group->rows, width}};
    const npurt_tensor_spec statistics_spec = {.dtype = NPURT_F32, .ndims = 2, .shape = {group->rows, 2}};
    const npurt_tensor_spec partial_spec = {.dtype = NPURT_F32, .ndims = 2, .shape = {group->rows, dim}};
    npurt_tensor scores, weights, statistics, partial;
    bool ends = false;
    npurt_task task;
    npurt_task_id id[2];

    npurt_task_init_aic(&task, QK);
    npurt_task_input(&task, &group->q);
    npurt_task_input(&task, keys);
    npurt_task_input(&task, &group->pages);
    npurt_task_output_new(&task, &scores_spec, &scores);
    add_scalars(&task, args, group, first);
    id[0] = submit(orch, &task, group->manual, NULL, 0);

    npurt_task_init_aiv(&task, SOFTMAX);
    npurt_task_input(&task, &scores);
    npurt_task_output_new(&task, &weights_spec, &weights);
    npurt_task_output_new(&task, &statistics_spec, &statistics);
    add_scalars(&task, args, group, first);
    id[0] = submit(orch, &task, group->manual, id, 1);

    npurt_task_init_aic(&task, PV);
    npurt_task_input(&task, &weights);
    npurt_task_input(&task, values);
    npurt_task_input(&task, &group->pages);
    npurt_task_output_new(&task, &partial_spec, &partial);
    add_scalars(&task, args, group, first);
    id[0] = submit(orch, &task, group->manual, id, 1);

    for (uint32_t s = 0; s < group->sequences; s++)
        if (group->length[s] > first * block && group->length[s] <= first * block + width) ends = true;
    npurt_task_init_aiv(&task, UPDATE);
    npurt_task_input(&task, &statistics);
    npurt_task_input(&task, &partial);
    if (first == 0)
        npurt_task_output_existing(&task, &group->state);
    else
        npurt_task_inout(&task, &group->state);
    if (ends)
        npurt_task_output_existing(&task, &group->out);
    else
        npurt_task_no_dep(&task, &group->out);
    add_scalars(&task, args, group, first);
    npurt_task_scalar(&task, width);
    id[1] = group->last_update;
    group->last_update = submit(orch, &task, group->manual, id, first == 0 ? 1 : 2);
}

int orchestration_entry(npurt_orch *orch, const npurt_orch_args *args)
{
    const npurt_tensor *q = &args->tensor[0], *table = &args->tensor[3], *out = &args->tensor[4];
    const uint32_t batch = table->shape[0], heads = (uint32_t)args->scalar[CALL_HEADS];
    const uint32_t block = (uint32_t)args->scalar[CALL_BLOCK], run = (uint32_t)args->scalar[CALL_RUN];
    const uint32_t size = (uint32_t)args->scalar[CALL_GROUP];
    const bool same_length = args->scalar_count == CALL_LENGTHS + 1;

    if (!same_length && args->scalar_count != CALL_LENGTHS + batch) {
        npurt_orch_fail(orch, 1, "one context length for all sequences, or one for each");
        return 1;
    }
    if (size < 1 || size > MAX_GROUP || run < 1) {
        npurt_orch_fail(orch, 2, "a task takes 1 to 16 sequences and at least 1 block");
        return 1;
    }
    for (uint32_t first = 0; first < batch; first += size) {
        struct group group = {.sequences = batch - first < size ? batch - first : size,
                              .manual = args->scalar[CALL_MANUAL] != 0,
                              .last_update = NPURT_TASK_NONE};
        const npurt_scope_mode mode = group.manual ? NPURT_SCOPE_MANUAL : NPURT_SCOPE_AUTO;
        group.rows = group.sequences * heads;
        for (uint32_t s = 0; s < group.sequences; s++) {
            group.length[s] = (uint32_t)args->scalar[same_length ? CALL_LENGTHS : CALL_LENGTHS + first + s];
            const uint32_t blocks = (group.length[s] + block - 1) / block;
            if (blocks > group.blocks) group.blocks = blocks;
        }
        group.q = rows_of(q, batch, first, group.sequences);
        group.out = rows_of(out, batch, first, group.sequences);
        group.pages = rows_of(table, batch, first, group.sequences);
        const npurt_tensor_spec state_spec = {
            .dtype = NPURT_F32, .ndims = 2, .shape = {group.rows, q->shape[q->ndims - 1] + 2}};
        npurt_orch_scope_begin(orch, mode);
        if (npurt_orch_alloc(orch, &state_spec, &group.state) != NPURT_OK) return 0;
        for (uint32_t j = 0; j < group.blocks; j += run) {
            npurt_orch_scope_begin(orch, mode);
            submit_run(orch, args, &group, j, group.blocks - j < run ? group.blocks - j : run);
            npurt_orch_scope_end(orch);
        }
        if (npurt_orch_scope_end(orch) != NPURT_OK) return 0;
    }
    return 0;
}
