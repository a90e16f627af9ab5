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

#endif
