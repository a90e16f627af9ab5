/* Submits a graph of the generator. Tensors: the matrices. Scalars: seed, number of tasks, options. */
#include <npurt/orchestration.h>

#include "generator.h"

#include <stdlib.h>

NPURT_API int orchestration_entry(npurt_orch *orch, const npurt_orch_args *args);

/* The description's view, made as a user makes one. */
static npurt_tensor tensor_of(const struct generator_view *v, const npurt_tensor *buffer)
{
    npurt_tensor t = npurt_tensor_slice(buffer, 0, v->row, v->row + (v->row_count - 1) * v->row_step + 1, v->row_step);
    t = npurt_tensor_slice(&t, 1, v->column, v->column + (v->column_count - 1) * v->column_step + 1, v->column_step);
    if (v->transposed) t = npurt_tensor_transpose(&t, 0, 1);
    if (v->flat) npurt_tensor_reshape(&t, 1, (uint32_t[]){v->row_count * v->column_count}, &t);
    return t;
}

static void add_view(npurt_task *task, const struct generator_view *v, npurt_tensor *buffer, npurt_tensor *tensor,
                     npurt_tensor_spec *spec)
{
    if (v->access == ALLOCATE) {
        *spec = (npurt_tensor_spec){.dtype = NPURT_U32, .ndims = 2, .shape = {v->row_count, v->column_count}};
        npurt_task_output_new(task, spec, &buffer[v->buffer]);
        return;
    }
    *tensor = tensor_of(v, &buffer[v->buffer]);
    switch (v->access) {
    case READ:
        npurt_task_input(task, tensor);
        break;
    case READ_UNTRACKED:
        npurt_task_no_dep(task, tensor);
        break;
    case UPDATE:
        npurt_task_inout(task, tensor);
        break;
    default:
        npurt_task_output_existing(task, tensor);
        break;
    }
}

/* Reads and writes the task's element; returns its salt. A refusal latches, and ends the graph at the next submission.
 */
static uint32_t element(npurt_orch *orch, const struct generator_task *from, const npurt_tensor *buffer)
{
    const npurt_tensor *t = &buffer[from->element_buffer];
    const uint32_t index[] = {from->element_row, from->element_column};
    uint64_t bits = 0;
    if (from->get) npurt_orch_get(orch, t, index, &bits);
    const uint32_t salt = from->salt ^ (uint32_t)bits;
    if (from->set) npurt_orch_set(orch, t, index, salt);
    return salt;
}

/* What has been made so far: descriptors by buffer and task numbers by description. */
struct made {
    npurt_tensor buffer[GENERATOR_MAX_BUFFERS];
    npurt_task_id id[];
};

static npurt_status submit(npurt_orch *orch, const struct generator_task *from, struct made *made, npurt_task_id *id)
{
    npurt_tensor tensor[GENERATOR_MAX_INPUTS + GENERATOR_MAX_OUTPUTS];
    npurt_tensor_spec spec[GENERATOR_MAX_INPUTS + GENERATOR_MAX_OUTPUTS];
    npurt_task_id after[GENERATOR_MAX_AFTER];
    npurt_task task;
    uint32_t mode = from->slots << MODE_SLOTS_SHIFT;
    int32_t kernel[NPURT_CORE_SLOTS];

    for (int slot = 0; slot < NPURT_CORE_SLOTS; slot++)
        kernel[slot] =
            from->slots >> slot & 1 ? generator_kernel(slot != NPURT_AIC, from->input_count, from->output_count) : -1;
    npurt_task_init(&task, kernel[NPURT_AIC], kernel[NPURT_AIV0], kernel[NPURT_AIV1]);
    npurt_task_blocks(&task, from->blocks);
    if (from->stages) npurt_task_stage_consumers(&task);
    if (from->sync_start) {
        const uint32_t most = npurt_orch_cluster_count(orch);
        npurt_task_sync_start(&task);
        if (from->blocks > most) npurt_task_blocks(&task, most);
    }
    for (uint32_t i = 0; i < from->input_count + from->output_count; i++) {
        add_view(&task, &from->view[i], made->buffer, &tensor[i], &spec[i]);
        if (from->view[i].access == UPDATE) mode |= (uint32_t)MODE_KEEP << (i - from->input_count);
    }
    const uint32_t at[2] = {from->compare_row, from->compare_column};
    if (from->compare)
        npurt_task_predicate(&task, &made->buffer[from->compare_buffer], at, (npurt_compare)from->compare,
                             from->compare_value);
    npurt_task_scalar(&task, element(orch, from, made->buffer));
    npurt_task_scalar(&task, mode);
    for (uint32_t i = 0; i < from->after_count; i++)
        after[i] = made->id[from->after[i]];
    npurt_task_after(&task, after, from->after_count);

    if (from->scope_begin) npurt_orch_scope_begin(orch, from->scope_manual ? NPURT_SCOPE_MANUAL : NPURT_SCOPE_AUTO);
    npurt_status status = npurt_orch_submit(orch, &task, id);
    for (uint32_t i = 0; i < from->scope_end; i++)
        npurt_orch_scope_end(orch);
    return status;
}

int orchestration_entry(npurt_orch *orch, const npurt_orch_args *args)
{
    struct generator_graph graph;
    const uint32_t task_count = (uint32_t)args->scalar[1];
    struct made *made = malloc(sizeof *made + task_count * sizeof made->id[0]);
    if (!made || generator_make(args->scalar[0], task_count, (uint32_t)args->scalar[2], &graph) != 0) {
        free(made);
        npurt_orch_fail(orch, 1, "no memory for the description of the graph");
        return 1;
    }
    for (uint32_t i = 0; i < GENERATOR_MATRICES; i++)
        made->buffer[i] = args->tensor[i];
    for (uint32_t i = 0; i < task_count; i++)
        if (submit(orch, &graph.task[i], made, &made->id[i]) != NPURT_OK) break;
    generator_release(&graph);
    free(made);
    return 0;
}
