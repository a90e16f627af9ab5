/* The tasks that the submit benchmarks submit. The program has die(), and points `orch` to its engine. */
#ifndef BENCH_SUBMIT_PATTERNS_H
#define BENCH_SUBMIT_PATTERNS_H

#include <npurt/orchestration.h>

enum { RING = 64, KERNEL = 0 };

static void die(const char *what);

/* One task each, the i-th. */

static const npurt_tensor_spec spec = {.dtype = NPURT_F32, .ndims = 2, .shape = {16, 16}};
static npurt_tensor ring[RING], made[RING];
static npurt_orch *orch;

static void submit(const npurt_task *t)
{
    if (npurt_orch_submit(orch, t, NULL)) die("submit");
}

static void task_dummy(uint32_t i)
{
    npurt_task t;
    (void)i;
    npurt_task_init_dummy(&t);
    submit(&t);
}

static void task_kernel(uint32_t i)
{
    npurt_task t;
    (void)i;
    npurt_task_init_aiv(&t, KERNEL);
    submit(&t);
}

static void task_inout(uint32_t i)
{
    npurt_task t;
    npurt_task_init_aiv(&t, KERNEL);
    npurt_task_inout(&t, &ring[i % RING]);
    submit(&t);
}

static void task_output(uint32_t i)
{
    npurt_task t;
    npurt_task_init_aiv(&t, KERNEL);
    npurt_task_output_new(&t, &spec, &made[i % RING]);
    submit(&t);
}

/* `inputs` outputs of the tasks before, and an output. */
static void task_inputs_output(uint32_t i, uint32_t inputs)
{
    npurt_task t;
    npurt_task_init_aiv(&t, KERNEL);
    for (uint32_t k = 1; k <= inputs && k <= i; k++)
        npurt_task_input(&t, &made[(i - k) % RING]);
    npurt_task_output_new(&t, &spec, &made[i % RING]);
    submit(&t);
}
static void task_1_in_1_out(uint32_t i)
{
    task_inputs_output(i, 1);
}
static void task_2_in_1_out(uint32_t i)
{
    task_inputs_output(i, 2);
}
static void task_3_in_1_out(uint32_t i)
{
    task_inputs_output(i, 3);
}

/* As before over existing buffers: the write waits also for the readers of what it overwrites. */
static void task_2_in_1_existing(uint32_t i)
{
    npurt_task t;
    npurt_task_init_aiv(&t, KERNEL);
    npurt_task_input(&t, &ring[(i + RING - 1) % RING]);
    npurt_task_input(&t, &ring[(i + RING - 2) % RING]);
    npurt_task_output_existing(&t, &ring[i % RING]);
    submit(&t);
}

static void patterns_init(void)
{
    for (uint32_t i = 0; i < RING; i++)
        npurt_tensor_init(&ring[i], (UINT64_C(1) << 20) * (i + 1), NPURT_F32, 2, (uint32_t[]){16, 16});
}

/* The body of the example paged_attention: four tasks that hand new buffers on, with five scalars each, over six
 * tensors from outside. `times` of them are one template, so that 4 · times tasks share what a use costs. */
enum { ATTENTION_TASKS = 4, ATTENTION_ROWS = 64 };
static npurt_tensor attention_buffer[6]; /* query, keys, values, pages, state, output */

static void attention_init(void)
{
    for (uint32_t i = 0; i < 6; i++)
        npurt_tensor_init(&attention_buffer[i], UINT64_C(0x10000000) + i * UINT64_C(0x1000000), NPURT_F32, 2,
                          (uint32_t[]){ATTENTION_ROWS, 256});
}

static void attention_scalars(npurt_task *t, const npurt_template *template, uint32_t first)
{
    if (template)
        npurt_task_template_scalar(t, template, 0);
    else
        npurt_task_scalar(t, first);
    for (uint32_t i = 0; i < 4; i++)
        npurt_task_scalar(t, i);
    submit(t);
}

static void attention_step(const npurt_template *t, const npurt_tensor *const x[6], uint32_t first)
{
    npurt_tensor scores, weights, statistics, partial;
    npurt_task task;
    npurt_orch_scope_begin(orch, NPURT_SCOPE_AUTO);
    npurt_task_init_aic(&task, KERNEL);
    npurt_task_input(&task, x[0]);
    npurt_task_input(&task, x[1]);
    npurt_task_input(&task, x[3]);
    npurt_task_output_new(&task, &spec, &scores);
    attention_scalars(&task, t, first);
    npurt_task_init_aiv(&task, KERNEL);
    npurt_task_input(&task, &scores);
    npurt_task_output_new(&task, &spec, &weights);
    npurt_task_output_new(&task, &spec, &statistics);
    attention_scalars(&task, t, first);
    npurt_task_init_aic(&task, KERNEL);
    npurt_task_input(&task, &weights);
    npurt_task_input(&task, x[2]);
    npurt_task_input(&task, x[3]);
    npurt_task_output_new(&task, &spec, &partial);
    attention_scalars(&task, t, first);
    npurt_task_init_aiv(&task, KERNEL);
    npurt_task_input(&task, &statistics);
    npurt_task_input(&task, &partial);
    npurt_task_inout(&task, x[4]);
    npurt_task_no_dep(&task, x[5]);
    attention_scalars(&task, t, first);
    npurt_orch_scope_end(orch);
}

/* The n-th body, on row n of each buffer but the pages. */
static void attention(bool template, uint32_t n, uint32_t times)
{
    npurt_tensor row[6];
    const npurt_tensor *x[6];
    const uint64_t first = n;
    const npurt_template t = {.key = 2, .tensors = x, .tensor_count = 6, .scalars = &first, .scalar_count = 1};
    for (uint32_t i = 0; i < 6; i++) {
        row[i] =
            i == 3 ? attention_buffer[i]
                   : npurt_tensor_view(&attention_buffer[i], (uint32_t[]){1, 256}, (uint32_t[]){n % ATTENTION_ROWS, 0});
        x[i] = &row[i];
    }
    if (template && !npurt_orch_template_begin(orch, &t)) return;
    for (uint32_t i = 0; i < times; i++)
        attention_step(template ? &t : NULL, x, n);
    if (template) npurt_orch_template_end(orch);
}

#endif
