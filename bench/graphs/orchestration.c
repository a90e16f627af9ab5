/* The graphs of the benchmark: near-empty tasks over 64-byte cells.
 *
 * Scalars: pattern, tasks, width, turns. Tensors: cells [rows, 16] u32.
 *     independent  task i adds 1 to cell i
 *     chain        every task adds 1 to cell 0
 *     stencil      step t writes cell i of one half from cells i-1, i, i+1 of the other (ends clamp)
 *     outputs      task i sums two of the first cells into an output of its own; a scope for every `width` of them
 *     chain body, stencil body   the same as chain and stencil, as a template of 100 tasks, of two steps
 *     work         the same as stencil, with `turns` of work in every task
 *     arguments    task i adds scalar 3 + i to tensor i
 *     five         five tasks: the shape of vector_example (1 -> 2, 1 -> 3, 2+3 -> 4, 1+4 -> 5) on cells 0 … 4
 */
#include <npurt/orchestration.h>
#include "graphs.h"

static npurt_tensor cell(const npurt_tensor *cells, uint32_t row)
{
    return npurt_tensor_view(cells, (uint32_t[]){1, GRAPHS_CELL}, (uint32_t[]){row, 0});
}

static void add_one(npurt_orch *orch, const npurt_tensor *cells, uint32_t row)
{
    npurt_task t;
    npurt_tensor x = cell(cells, row);
    npurt_task_init_aiv(&t, GRAPHS_KERNEL_ADD_ONE);
    npurt_task_inout(&t, &x);
    npurt_orch_submit(orch, &t, NULL);
}

/* turns: the kernel that works so long before it sums three; NULL: the near-empty one. */
static void sum(npurt_orch *orch, const npurt_tensor *cells, const uint32_t *from, uint32_t count, uint32_t to,
                const uint64_t *turns)
{
    npurt_task t;
    npurt_tensor in[3], out = cell(cells, to);
    npurt_task_init_aiv(&t, turns ? GRAPHS_KERNEL_WORK3 : GRAPHS_KERNEL_SUM1 + (int32_t)count - 1);
    for (uint32_t i = 0; i < count; i++) {
        in[i] = cell(cells, from[i]);
        npurt_task_input(&t, &in[i]);
    }
    npurt_task_output_existing(&t, &out);
    if (turns) npurt_task_scalar(&t, *turns);
    npurt_orch_submit(orch, &t, NULL);
}

static void stencil(npurt_orch *orch, const npurt_tensor *cells, uint32_t first, uint32_t end, uint32_t width,
                    const uint64_t *turns)
{
    for (uint32_t i = first; i < end; i++) {
        uint32_t step = i / width, x = i % width, from = (step & 1) * width, to = width - from;
        uint32_t left = x > 0 ? x - 1 : x, right = x + 1 < width ? x + 1 : x;
        sum(orch, cells, (uint32_t[]){from + left, from + x, from + right}, 3, to + x, turns);
    }
}

static void outputs(npurt_orch *orch, const npurt_tensor *cells, uint32_t tasks, uint32_t width)
{
    const npurt_tensor_spec like_cell = {.dtype = NPURT_U32, .ndims = 2, .shape = {1, GRAPHS_CELL}};
    for (uint32_t i = 0; i < tasks; i++) {
        npurt_task t;
        npurt_tensor in[2] = {cell(cells, i % 4), cell(cells, 4 + i % 4)};
        if (i % width == 0) npurt_orch_scope_begin(orch, NPURT_SCOPE_AUTO);
        npurt_task_init_aiv(&t, GRAPHS_KERNEL_SUM2);
        npurt_task_input(&t, &in[0]);
        npurt_task_input(&t, &in[1]);
        npurt_task_output_new(&t, &like_cell, NULL);
        npurt_orch_submit(orch, &t, NULL);
        if (i % width == width - 1 || i + 1 == tasks) npurt_orch_scope_end(orch);
    }
}

/* `tasks` of a pattern as uses of a template of `body` tasks; the rest as they are. */
static void bodies(npurt_orch *orch, const npurt_tensor *cells, uint32_t tasks, uint32_t body, uint32_t width)
{
    const npurt_template t = {.key = 1, .tensors = &cells, .tensor_count = 1};
    for (uint32_t i = 0; i < tasks; i += body) {
        const bool whole = tasks - i >= body;
        if (whole && !npurt_orch_template_begin(orch, &t)) continue;
        uint32_t end = whole ? i + body : tasks;
        if (width)
            stencil(orch, cells, i, end, width, NULL);
        else
            for (uint32_t k = i; k < end; k++) add_one(orch, cells, 0);
        if (whole) npurt_orch_template_end(orch);
    }
}

__attribute__((visibility("default"))) int orchestration_entry(npurt_orch *orch, const npurt_orch_args *args)
{
    const npurt_tensor *cells = &args->tensor[0];
    uint32_t tasks = (uint32_t)args->scalar[1], width = (uint32_t)args->scalar[2];

    switch (args->scalar[0]) {
    case GRAPHS_INDEPENDENT:
        for (uint32_t i = 0; i < tasks; i++) add_one(orch, cells, i);
        return 0;
    case GRAPHS_CHAIN:
        for (uint32_t i = 0; i < tasks; i++) add_one(orch, cells, 0);
        return 0;
    case GRAPHS_STENCIL:
        stencil(orch, cells, 0, tasks, width, NULL);
        return 0;
    case GRAPHS_WORK:
        stencil(orch, cells, 0, tasks, width, &args->scalar[3]);
        return 0;
    case GRAPHS_OUTPUTS:
        outputs(orch, cells, tasks, width);
        return 0;
    case GRAPHS_CHAIN_BODY:
        bodies(orch, cells, tasks, 100, 0);
        return 0;
    case GRAPHS_STENCIL_BODY:
        bodies(orch, cells, tasks, 2 * width, width);
        return 0;
    case GRAPHS_FIVE:
        sum(orch, cells, (uint32_t[]){0}, 1, 1, NULL);
        sum(orch, cells, (uint32_t[]){1}, 1, 2, NULL);
        sum(orch, cells, (uint32_t[]){1}, 1, 3, NULL);
        sum(orch, cells, (uint32_t[]){2, 3}, 2, 4, NULL);
        sum(orch, cells, (uint32_t[]){1, 4}, 2, 5, NULL);
        return 0;
    case GRAPHS_ARGUMENTS:
        for (uint32_t i = 0; i < tasks; i++) {
            npurt_task t;
            npurt_task_init_aiv(&t, GRAPHS_KERNEL_ADD_SCALAR);
            npurt_task_inout(&t, &args->tensor[i]);
            npurt_task_scalar(&t, args->scalar[3 + i]);
            npurt_orch_submit(orch, &t, NULL);
        }
        return 0;
    default:
        return 1;
    }
}
