/* What orchestrations and kernels call, compiled as C11 and as C++17: names.sh. An orchestration's calls end in a table of
 * functions that counts them; a kernel's arguments are laid out here by the page (docs/reference/runtime-abi.md). */
#include <npurt/kernel.h>
#include <npurt/orchestration.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int failures;
#define CHECK(x) ((x) ? (void)0 : (void)(failures++, fprintf(stderr, "names.c:%d: not so: %s\n", __LINE__, #x)))

/* ---- an orchestration */

static char said[32];
static npurt_status say(const char *word)
{
    strncat(said, word, sizeof said - strlen(said) - 1);
    return NPURT_OK;
}
static npurt_status submit(npurt_orch *o, const npurt_task *t, npurt_task_id *id) { (void)o, (void)t, (void)id; return say("submit "); }
static npurt_status scope_begin(npurt_orch *o, npurt_scope_mode mode) { (void)o, (void)mode; return say("begin "); }
static npurt_status scope_end(npurt_orch *o) { (void)o; return say("end "); }
static npurt_status template_begin(npurt_orch *o, const npurt_template *t, bool *wanted)
{
    (void)o, (void)t;
    *wanted = false;
    return say("template ");
}
static npurt_status template_end(npurt_orch *o) { (void)o; return say("over "); }

static bool is_said(const char *words)
{
    const bool right = strcmp(said, words) == 0;
    if (!right) fprintf(stderr, "\"%s\", not \"%s\"\n", said, words);
    said[0] = 0;
    return right;
}

static void orchestration(void)
{
    npurt_orch_ops ops;
    npurt_orch orch = {&ops};
    npurt_task task;
    npurt_template body;
    memset(&ops, 0, sizeof ops);
    memset(&body, 0, sizeof body);
    ops.size = sizeof ops;
    ops.submit = submit;
    ops.scope_begin = scope_begin;
    ops.scope_end = scope_end;
    ops.template_begin = template_begin;
    ops.template_end = template_end;

    npurt_task_init_aiv(&task, 0);
    CHECK(npurt_orch_submit(&orch, &task, NULL) == NPURT_OK && is_said("submit "));
    CHECK(npurt_orch_scope_begin(&orch, NPURT_SCOPE_AUTO) == NPURT_OK && is_said("begin "));
    CHECK(npurt_orch_scope_end(&orch) == NPURT_OK && is_said("end "));
    CHECK(!npurt_orch_template_begin(&orch, &body) && is_said("template "));
    CHECK(npurt_orch_template_end(&orch) == NPURT_OK && is_said("over "));

    /* API version 1 */
    CHECK(npurt_submit(&orch, &task, NULL) == NPURT_OK && is_said("submit "));
    CHECK(npurt_scope_begin(&orch, NPURT_SCOPE_AUTO) == NPURT_OK && is_said("begin "));
    CHECK(npurt_scope_end(&orch) == NPURT_OK && is_said("end "));
    CHECK(!npurt_template_begin(&orch, &body) && is_said("template "));
    CHECK(npurt_template_end(&orch) == NPURT_OK && is_said("over "));
}

static void outputs(void)
{
    npurt_task task;
    npurt_tensor_spec spec;
    npurt_tensor made, there;
    npurt_task_init_aiv(&task, 0);
    npurt_task_output_new(&task, &spec, &made);
    npurt_task_output(&task, &spec, &made); /* API version 1 */
    npurt_task_output_existing(&task, &there);
    CHECK(task.tensor_count == 3 && NPURT_ACCESS_OUTPUT == NPURT_ACCESS_OUTPUT_NEW);
    for (uint32_t i = 0; i < 2; i++)
        CHECK(task.tensor[i].access == NPURT_ACCESS_OUTPUT_NEW && task.tensor[i].spec == &spec && task.tensor[i].out == &made);
    CHECK(task.tensor[2].access == NPURT_ACCESS_OUTPUT_EXISTING && task.tensor[2].tensor == &there);
}

/* ---- a kernel, which is given what the task has */

enum colour { RED = 3 };

static void scalars(void)
{
    static npurt_tensor tensor[2];
    npurt_task task;
    npurt_kernel_local local;
    int64_t args[NPURT_KERNEL_ARGS];
    memset(&local, 0, sizeof local);
    npurt_task_init_aiv(&task, 0);
    npurt_task_input(&task, &tensor[0]);
    npurt_task_inout(&task, &tensor[1]);
    npurt_task_scalar(&task, 0.5f);
    npurt_task_scalar(&task, -7);
    npurt_task_scalar(&task, true);
    npurt_task_scalar(&task, RED);
    npurt_task_scalar(&task, UINT64_MAX);
    npurt_task_scalar(&task, (uint8_t)200);
    npurt_task_scalar(&task, (int16_t)-200);
    npurt_task_scalar(&task, INT64_MIN);
    npurt_task_scalar(&task, sizeof task);
    npurt_task_scalar_f64(&task, 0.1);
    npurt_task_scalar_f32(&task, -2.0f);
    npurt_task_scalar_i64(&task, -1);
    CHECK(task.error == NPURT_OK && task.scalar_count == 12);
    for (uint32_t i = 0; i < task.tensor_count; i++) args[i] = (int64_t)(uintptr_t)task.tensor[i].tensor;
    for (uint32_t j = 0; j < task.scalar_count; j++) args[task.tensor_count + j] = (int64_t)task.scalar[j];
    local.tensor_count = (uint16_t)task.tensor_count;
    local.scalar_count = (uint16_t)task.scalar_count;
    args[NPURT_KERNEL_ARG_LOCAL] = (int64_t)(uintptr_t)&local;

    CHECK(npurt_kernel_tensor_count(args) == 2 && npurt_kernel_scalar_count(args) == 12);
    CHECK(npurt_kernel_tensor(args, 1) == &tensor[1]);
    CHECK(npurt_kernel_f32(args, 0) == 0.5f);
    CHECK(npurt_kernel_i32(args, 1) == -7 && npurt_kernel_i64(args, 1) == -7);
    CHECK(npurt_kernel_u32(args, 2) == 1);
    CHECK(npurt_kernel_u64(args, 3) == 3);
    CHECK(npurt_kernel_u64(args, 4) == UINT64_MAX);
    CHECK(npurt_kernel_u64(args, 5) == 200);
    CHECK(npurt_kernel_i64(args, 6) == -200);
    CHECK(npurt_kernel_i64(args, 7) == INT64_MIN);
    CHECK(npurt_kernel_u64(args, 8) == sizeof task);
    CHECK(npurt_kernel_f64(args, 9) == 0.1);
    CHECK(npurt_kernel_f32(args, 10) == -2.0f);
    CHECK(npurt_kernel_i64(args, 11) == -1);

    /* API version 1: by argument position */
    CHECK(npurt_kernel_scalar_f32(args, 2) == 0.5f && npurt_kernel_scalar(args, 2 + 3) == 3);
}

int main(void)
{
#ifdef REFUSED
    npurt_task refused;
    npurt_task_init_aiv(&refused, 0);
    npurt_task_scalar(&refused, REFUSED);
#endif
    orchestration();
    outputs();
    scalars();
    return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
