/* Random graphs' golden: the generator's descriptions, interpreted one after the other. It shares no code with
 * orchestration and kernels but the generator: views become lists of element numbers here, not strided tensors. */
#include "../example.h"
#include "generator.h"

#include <stdlib.h>
#include <string.h>

/* A case's parameters. */
enum { TASKS, OPTIONS };
enum { MATRIX_ELEMENTS = GENERATOR_ROWS * GENERATOR_COLUMNS };

struct view_list {
    uint32_t count;
    uint16_t at[MATRIX_ELEMENTS];
};

/* Element numbers of a view in its buffer, in the order in which a kernel sees them. */
static void list_view(const struct generator_graph *graph, const struct generator_view *v, struct view_list *list)
{
    const uint32_t width = graph->buffer[v->buffer].columns;
    const uint32_t outer = v->transposed ? v->column_count : v->row_count;
    list->count = v->row_count * v->column_count;
    for (uint32_t n = 0; n < list->count; n++) {
        uint32_t slow = n / (list->count / outer), fast = n % (list->count / outer);
        uint32_t row = v->transposed ? fast : slow, column = v->transposed ? slow : fast;
        list->at[n] = (uint16_t)((v->row + row * v->row_step) * width + v->column + column * v->column_step);
    }
}

/* What the orchestration does before the task; returns the task's salt. */
static uint32_t element(const struct generator_graph *graph, const struct generator_task *task,
                        uint32_t *buffer[GENERATOR_MAX_BUFFERS])
{
    uint32_t salt = task->salt;
    if (!task->get && !task->set) return salt;
    uint32_t *at = &buffer[task->element_buffer]
                          [task->element_row * graph->buffer[task->element_buffer].columns + task->element_column];
    if (task->get) salt ^= *at;
    if (task->set) *at = salt;
    return salt;
}

static bool runs(const struct generator_graph *graph, const struct generator_task *task,
                 uint32_t *buffer[GENERATOR_MAX_BUFFERS])
{
    if (task->compare == 0) return true;
    uint32_t at = task->compare_row * graph->buffer[task->compare_buffer].columns + task->compare_column;
    uint32_t x = buffer[task->compare_buffer][at], y = task->compare_value;
    const bool holds[7] = {true, x == y, x != y, x<y, x <= y, x> y, x >= y};
    return holds[task->compare];
}

static void interpret(const struct generator_graph *graph, const struct generator_task *task,
                      uint32_t *buffer[GENERATOR_MAX_BUFFERS])
{
    struct view_list list;
    uint32_t all = element(graph, task, buffer);
    if (task->slots == 0 || !runs(graph, task, buffer)) return;
    for (uint32_t i = 0; i < task->input_count; i++) {
        uint32_t sum = 0;
        list_view(graph, &task->view[i], &list);
        for (uint32_t n = 0; n < list.count; n++)
            sum += buffer[task->view[i].buffer][list.at[n]] * (2 * (n + i) + 1);
        all = all * 31 + (sum ^ (sum >> 15)) * UINT32_C(0x85ebca6b);
    }
    for (uint32_t o = 0; o < task->output_count; o++) {
        const struct generator_view *v = &task->view[task->input_count + o];
        list_view(graph, v, &list);
        for (uint32_t n = 0; n < list.count; n++) {
            uint32_t *to = &buffer[v->buffer][list.at[n]];
            uint32_t old = v->access == UPDATE ? *to * UINT32_C(0x9e3779b1) : 0;
            *to = old + (all ^ n) * UINT32_C(0xc2b2ae35) + o;
        }
    }
}

static int prepare(struct example_problem *problem)
{
    const uint32_t shape[2] = {GENERATOR_ROWS, GENERATOR_COLUMNS};
    uint32_t tasks = (uint32_t)problem->which->param[TASKS];
    for (uint32_t m = 0; m < GENERATOR_MATRICES; m++) {
        uint32_t *matrix = example_add_tensor(problem, NPURT_ACCESS_INOUT, NPURT_U32, 2, shape);
        if (!matrix) return -1;
        for (uint32_t i = 0; i < MATRIX_ELEMENTS; i++)
            matrix[i] = (uint32_t)example_random(problem->seed, m, i);
    }
    example_add_scalar(problem, problem->seed);
    example_add_scalar(problem, tasks);
    example_add_scalar(problem, problem->which->param[OPTIONS]);
    problem->task_count = tasks;
    return 0;
}

static int check(struct example_problem *problem)
{
    struct generator_graph graph;
    uint32_t *buffer[GENERATOR_MAX_BUFFERS];
    if (generator_make(problem->seed, problem->task_count, (uint32_t)problem->which->param[OPTIONS], &graph) != 0)
        return -1;
    uint32_t *memory = calloc((size_t)graph.buffer_count * MATRIX_ELEMENTS, sizeof memory[0]);
    if (!memory) {
        generator_release(&graph);
        return -1;
    }
    for (uint32_t i = 0; i < graph.buffer_count; i++)
        buffer[i] = memory + (size_t)i * MATRIX_ELEMENTS;
    for (uint32_t m = 0; m < GENERATOR_MATRICES; m++)
        memcpy(buffer[m], problem->initial[m], MATRIX_ELEMENTS * sizeof(uint32_t));
    for (uint32_t i = 0; i < graph.task_count; i++)
        interpret(&graph, &graph.task[i], buffer);
    for (uint32_t m = 0; m < GENERATOR_MATRICES; m++) {
        const uint32_t *got = problem->tensor[m].host;
        for (uint32_t i = 0; i < MATRIX_ELEMENTS; i++)
            example_note(problem, m, i, got[i], buffer[m][i], 0, 0);
    }
    free(memory);
    generator_release(&graph);
    return 0;
}

#define ENTRIES(base, core, file)                                                                                      \
    {base + 0, core, file, "inputs0_outputs1", 0}, {base + 1, core, file, "inputs0_outputs2", 0},                      \
        {base + 2, core, file, "inputs1_outputs1", 0}, {base + 3, core, file, "inputs1_outputs2", 0},                  \
        {base + 4, core, file, "inputs2_outputs1", 0}, {base + 5, core, file, "inputs2_outputs2", 0},                  \
        {base + 6, core, file, "inputs3_outputs1", 0},                                                                 \
    {                                                                                                                  \
        base + 7, core, file, "inputs3_outputs2", 0                                                                    \
    }
static const struct example_kernel kernels[] = {ENTRIES(0, NPURT_CORE_AIC, "cube"),
                                                ENTRIES(KERNELS_PER_CORE, NPURT_CORE_AIV, "vector")};
static const struct example_case cases[] = {
    {"small", "200 tasks", {200}},
    {"full", "2,000 tasks", {2000}},
};
const struct example random_graph = {
    .name = "random_graph",
    .summary = "a graph drawn from a seed, exact integers, every kind of task and view",
    .kernels = kernels,
    .kernel_count = 2 * KERNELS_PER_CORE,
    .cases = cases,
    .case_count = 2,
    .prepare = prepare,
    .check = check,
};
