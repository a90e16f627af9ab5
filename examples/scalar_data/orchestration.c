/* Elements that the orchestration itself reads and writes: of arguments on both runtimes; of what its tasks compute,
 * with the waits that this takes, where the graph is built on the device. Tensors: config [1, 4], x [1, n], y [rows,
 * n], f32. Scalar: 1: also what reads back. */
#include <npurt/orchestration.h>

#include "layout.h"

enum { NOTHING = 0, ADD = 1, ADD_SCALAR = 2 };
enum { CONFIG, X, Y };

NPURT_API int orchestration_entry(npurt_orch *orch, const npurt_orch_args *args);

static float get(npurt_orch *orch, const npurt_tensor *t, uint32_t row, uint32_t column)
{
    const uint32_t index[] = {row, column};
    union {
        uint32_t bits;
        float value;
    } element = {0};
    uint64_t bits = 0;
    npurt_orch_get(orch, t, index, &bits);
    element.bits = (uint32_t)bits;
    return element.value;
}

static void set(npurt_orch *orch, const npurt_tensor *t, uint32_t row, uint32_t column, float value)
{
    const uint32_t index[] = {row, column};
    const union {
        float value;
        uint32_t bits;
    } element = {value};
    npurt_orch_set(orch, t, index, element.bits);
}

/* to = x + scalar; without `to` into a new buffer. */
static void add_scalar(npurt_orch *orch, const npurt_tensor *x, float scalar, const npurt_tensor *to, npurt_tensor *out)
{
    const npurt_tensor_spec like_x = {.dtype = NPURT_F32, .ndims = 2, .shape = {1, x->shape[1]}};
    npurt_task task;
    npurt_task_init_aiv(&task, ADD_SCALAR);
    npurt_task_input(&task, x);
    if (to)
        npurt_task_output_existing(&task, to);
    else
        npurt_task_output_new(&task, &like_x, out);
    npurt_task_scalar_f32(&task, scalar);
    npurt_orch_submit(orch, &task, NULL);
}

static npurt_tensor row(const npurt_tensor *y, uint32_t r)
{
    return npurt_tensor_slice(y, 0, r, r + 1, 1);
}

/* What the tasks have computed decides what is submitted next. Refusals latch. */
static void read_back(npurt_orch *orch, const npurt_tensor *t, float factor)
{
    const npurt_tensor old = row(&t[Y], ROW_OLD), new = row(&t[Y], ROW_NEW), last = row(&t[Y], ROW_LOOP);
    npurt_tensor work;
    npurt_task task;
    add_scalar(orch, &t[X], factor, NULL, &work);
    const float probe = get(orch, &work, 0, PROBE); /* waits for its writer */
    add_scalar(orch, &work, probe, &old, NULL);
    set(orch, &work, 0, PROBE, probe + CHANGE); /* waits for the reader before */
    add_scalar(orch, &work, 0, &new, NULL);     /* sees it */

    npurt_task_init_aiv(&task,
                        NOTHING); /* a writer in name: whoever reads an element after it waits for all readers too */
    npurt_task_inout(&task, &work);
    npurt_orch_submit(orch, &task, NULL);
    set(orch, &work, 0, MARK, get(orch, &work, 0, PROBE));

    for (uint32_t i = 0; i < LIMIT && get(orch, &work, 0, LOOP) < LIMIT; i++) {
        npurt_tensor next = work;
        add_scalar(orch, &work, STEP, NULL, &next);
        work = next;
    }
    add_scalar(orch, &work, 0, &last, NULL);
    for (uint32_t i = 0; i < t[Y].shape[1]; i++)
        set(orch, &t[Y], ROW_SET, i, (float)i * factor);
}

int orchestration_entry(npurt_orch *orch, const npurt_orch_args *args)
{
    const npurt_tensor *t = args->tensor, initial_row = row(&t[Y], ROW_INITIAL), config_row = row(&t[Y], ROW_CONFIG);
    const float a = get(orch, &t[CONFIG], 0, 0), b = get(orch, &t[CONFIG], 0, 1);
    const union {
        float value;
        uint32_t bits;
    } initial = {a};
    const npurt_tensor_spec filled = {
        .dtype = NPURT_F32, .ndims = 2, .shape = {1, t[X].shape[1]}, .has_initial = true, .initial = initial.bits};
    npurt_tensor constant;
    npurt_task task;
    set(orch, &t[X], 0, 0, a * b); /* before any task has x */
    if (npurt_orch_alloc(orch, &filled, &constant) != NPURT_OK) return 0;

    npurt_task_init_aiv(&task, ADD);
    npurt_task_input(&task, &t[X]);
    npurt_task_input(&task, &constant);
    npurt_task_output_existing(&task, &initial_row);
    npurt_orch_submit(orch, &task, NULL);
    add_scalar(orch, &t[X], b, &config_row, NULL);
    if (args->scalar[0]) read_back(orch, t, b);
    return 0;
}
