/* Tasks without a kernel: they order, and run nothing. Tensors: x [1, 16], then the outputs of three scenes, [1, 16],
 * [1, 16] and [producers, 16]. Scalar: producers. */
#include <npurt/orchestration.h>

enum { ADD_SCALAR = 0 };
enum { X, DIRECT, CHAIN, BARRIER };
enum { DUMMIES = 4, MAX_PRODUCERS = 512 };

NPURT_API int orchestration_entry(npurt_orch *orch, const npurt_orch_args *args);

static npurt_task_id add(npurt_orch *orch, const npurt_tensor *x, float scalar, const npurt_tensor *to)
{
    npurt_task_id id = NPURT_TASK_NONE;
    npurt_task task;
    npurt_task_init_aiv(&task, ADD_SCALAR);
    npurt_task_input(&task, x);
    npurt_task_output_existing(&task, to);
    npurt_task_scalar_f32(&task, scalar);
    npurt_orch_submit(orch, &task, &id);
    return id;
}

/* x + 1, so many dummies that pass it on, + 1. */
static void pass_through(npurt_orch *orch, const npurt_tensor *x, uint32_t dummies, const npurt_tensor *to)
{
    const npurt_tensor_spec like_x = {.dtype = NPURT_F32, .ndims = 2, .shape = {x->shape[0], x->shape[1]}};
    npurt_tensor between;
    npurt_orch_scope_begin(orch, NPURT_SCOPE_AUTO);
    if (npurt_orch_alloc(orch, &like_x, &between) == NPURT_OK) {
        add(orch, x, 1, &between);
        for (uint32_t i = 0; i < dummies; i++) {
            npurt_task task;
            npurt_task_init_dummy(&task);
            npurt_task_inout(&task, &between);
            npurt_orch_submit(orch, &task, NULL);
        }
        add(orch, &between, 1, to);
    }
    npurt_orch_scope_end(orch);
}

/* Producer i writes x + i to its row; the consumer reads all rows behind the runtime's back, and only a barrier, told
 * of every producer, stands before it. */
static void gather(npurt_orch *orch, const npurt_tensor *x, uint32_t producers, const npurt_tensor *to)
{
    const npurt_tensor_spec rows_spec = {.dtype = NPURT_F32, .ndims = 2, .shape = {producers, x->shape[1]}};
    npurt_task_id written[MAX_PRODUCERS], barrier = NPURT_TASK_NONE;
    npurt_tensor rows;
    npurt_task task;
    npurt_orch_scope_begin(orch, NPURT_SCOPE_AUTO);
    if (npurt_orch_alloc(orch, &rows_spec, &rows) == NPURT_OK) {
        for (uint32_t i = 0; i < producers; i++) {
            npurt_tensor row = npurt_tensor_slice(&rows, 0, i, i + 1, 1);
            written[i] = add(orch, x, (float)i, &row);
        }
        npurt_task_init_dummy(&task);
        npurt_task_after(&task, written, producers);
        npurt_orch_submit(orch, &task, &barrier);

        npurt_task_init_aiv(&task, ADD_SCALAR);
        npurt_task_no_dep(&task, &rows);
        npurt_task_output_existing(&task, to);
        npurt_task_scalar_f32(&task, 1);
        npurt_task_after(&task, &barrier, 1);
        npurt_orch_submit(orch, &task, NULL);
    }
    npurt_orch_scope_end(orch);
}

int orchestration_entry(npurt_orch *orch, const npurt_orch_args *args)
{
    const npurt_tensor *t = args->tensor;
    const uint32_t producers = (uint32_t)args->scalar[0];
    if (producers > MAX_PRODUCERS) {
        npurt_orch_fail(orch, 1, "more producers than the orchestration has room for");
        return 1;
    }
    pass_through(orch, &t[X], 1, &t[DIRECT]);
    pass_through(orch, &t[X], DUMMIES, &t[CHAIN]);
    gather(orch, &t[X], producers, &t[BARRIER]);
    return 0;
}
