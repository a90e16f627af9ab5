/* f = (c + 1)(c + 2) + c with c = a + b: five tasks, six edges.
 *
 * The temporaries are outputs that the submissions allocate; only a, b and f are the caller's. */
#include <npurt/orchestration.h>

enum { ADD = 0, ADD_SCALAR = 1, MULTIPLY = 2 };

NPURT_API int orchestration_entry(npurt_orch *orch, const npurt_orch_args *args);

static npurt_status add_scalar(npurt_orch *orch, const npurt_tensor *x, float scalar, const npurt_tensor_spec *spec,
                               npurt_tensor *out)
{
    npurt_task task;
    npurt_task_init_aiv(&task, ADD_SCALAR);
    npurt_task_input(&task, x);
    npurt_task_output_new(&task, spec, out);
    npurt_task_scalar_f32(&task, scalar);
    return npurt_orch_submit(orch, &task, NULL);
}

int orchestration_entry(npurt_orch *orch, const npurt_orch_args *args)
{
    const npurt_tensor *a = &args->tensor[0], *b = &args->tensor[1], *f = &args->tensor[2];
    const npurt_tensor_spec like_a = {.dtype = NPURT_F32, .ndims = 2, .shape = {a->shape[0], a->shape[1]}};
    npurt_tensor c, d, e, g;
    npurt_task task;

    npurt_task_init_aiv(&task, ADD);
    npurt_task_input(&task, a);
    npurt_task_input(&task, b);
    npurt_task_output_new(&task, &like_a, &c);
    npurt_orch_submit(orch, &task, NULL);

    npurt_orch_scope_begin(orch, NPURT_SCOPE_AUTO);
    add_scalar(orch, &c, 1.0f, &like_a, &d);
    add_scalar(orch, &c, 2.0f, &like_a, &e);

    npurt_task_init_aiv(&task, MULTIPLY);
    npurt_task_input(&task, &d);
    npurt_task_input(&task, &e);
    npurt_task_output_new(&task, &like_a, &g);
    npurt_orch_submit(orch, &task, NULL);

    npurt_task_init_aiv(&task, ADD);
    npurt_task_input(&task, &g);
    npurt_task_input(&task, &c);
    npurt_task_output_existing(&task, f);
    npurt_orch_submit(orch, &task, NULL);
    npurt_orch_scope_end(orch);
    return 0; /* a refused submission latches: the caller sees it without our help */
}
