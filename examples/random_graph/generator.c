#include "generator.h"

#include <stdlib.h>
#include <string.h>

struct maker {
    struct generator_graph *graph;
    uint64_t state;
    uint32_t visible; /* buffers that tasks may use; those of couriers stay apart */
    uint32_t usable[GENERATOR_MAX_BUFFERS];
    uint32_t depth; /* of scopes, and what was visible when each was opened */
    uint32_t outside[GENERATOR_MAX_DEPTH];
};

static uint32_t draw(struct maker *maker, uint32_t below)
{
    uint64_t x = maker->state += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)(((x ^ (x >> 31)) >> 32) * below >> 32);
}

static struct generator_view whole(const struct generator_graph *graph, uint32_t buffer, enum generator_access access)
{
    return (struct generator_view){.buffer = buffer,
                                   .access = access,
                                   .row_count = graph->buffer[buffer].rows,
                                   .row_step = 1,
                                   .column_count = graph->buffer[buffer].columns,
                                   .column_step = 1};
}

static struct generator_view draw_view(struct maker *maker, enum generator_access access)
{
    struct generator_view v = whole(maker->graph, maker->usable[draw(maker, maker->visible)], access);
    const uint32_t rows = v.row_count, columns = v.column_count, kind = draw(maker, 16);
    if (kind < 8) { /* a tile, its corner on a grid half of the time */
        uint32_t grid = draw(maker, 2) ? 8 : 1;
        v.row = draw(maker, rows) / grid * grid;
        v.column = draw(maker, columns) / grid * grid;
        v.row_count = 1 + draw(maker, rows - v.row < 8 ? rows - v.row : 8);
        v.column_count = 1 + draw(maker, columns - v.column < 8 ? columns - v.column : 8);
    } else if (kind < 10) { /* some whole rows */
        v.row = draw(maker, rows);
        v.row_count = 1 + draw(maker, rows - v.row < 3 ? rows - v.row : 3);
        v.flat = draw(maker, 2);
    } else if (kind < 12) { /* a column */
        v.column = draw(maker, columns);
        v.column_count = 1;
    } else if (kind < 15) { /* every n-th row and m-th column of a part */
        v.row = draw(maker, rows);
        v.column = draw(maker, columns);
        v.row_step = 1 + draw(maker, 4);
        v.column_step = 1 + draw(maker, 4);
        v.row_count = 1 + draw(maker, (rows - v.row + v.row_step - 1) / v.row_step);
        v.column_count = 1 + draw(maker, (columns - v.column + v.column_step - 1) / v.column_step);
    } /* else the whole buffer */
    if (!v.flat) v.transposed = draw(maker, 4) == 0;
    return v;
}

/* Marks the elements of a view in `used`; false when one was marked already. */
static bool mark(const struct generator_graph *graph, const struct generator_view *v, uint8_t *used, bool only_test)
{
    for (uint32_t i = 0; i < v->row_count; i++)
        for (uint32_t j = 0; j < v->column_count; j++) {
            uint8_t *at =
                &used[(v->row + i * v->row_step) * graph->buffer[v->buffer].columns + v->column + j * v->column_step];
            if (only_test && *at) return false;
            if (!only_test) *at = 1;
        }
    return true;
}

static bool overlaps(const struct generator_graph *graph, const struct generator_view *a,
                     const struct generator_view *b)
{
    uint8_t used[GENERATOR_ROWS * GENERATOR_COLUMNS];
    if (a->buffer != b->buffer) return false;
    memset(used, 0, sizeof used);
    mark(graph, a, used, false);
    return !mark(graph, b, used, true);
}

static uint32_t new_buffer(struct maker *maker, uint32_t rows, uint32_t columns)
{
    maker->graph->buffer[maker->graph->buffer_count] = (struct generator_buffer){rows, columns};
    return maker->graph->buffer_count++;
}

static void draw_cores(struct maker *maker, struct generator_task *task)
{
    static const uint8_t mix[] = {3, 5, 6, 7};
    uint32_t kind = draw(maker, 8);
    task->slots = kind < 3 ? 1 : kind < 6 ? 2 : mix[draw(maker, 4)];
    task->blocks = draw(maker, 4) ? 1 : 2 + draw(maker, GENERATOR_MAX_BLOCKS - 1);
    task->salt = draw(maker, UINT32_MAX);
}

/* An element of any buffer that can be seen, and any value: half of the comparisons hold. Not for a task that allocates:
 * what it would have written is undefined then. */
static void draw_predicate(struct maker *maker, struct generator_task *task)
{
    if (task->view[task->input_count].access == ALLOCATE || draw(maker, 5) != 0) return;
    task->compare = 1 + draw(maker, 6);
    task->compare_buffer = maker->usable[draw(maker, maker->visible)];
    task->compare_row = draw(maker, maker->graph->buffer[task->compare_buffer].rows);
    task->compare_column = draw(maker, maker->graph->buffer[task->compare_buffer].columns);
    task->compare_value = draw(maker, UINT32_MAX);
}

/* Now and then a scope; what is allocated in it nobody may use afterwards. */
static void begin_scope(struct maker *maker, struct generator_task *task)
{
    if (draw(maker, 16) != 0 || maker->depth == GENERATOR_MAX_DEPTH) return;
    task->scope_begin = true;
    maker->outside[maker->depth++] = maker->visible;
}

static void end_scopes(struct maker *maker, struct generator_task *task, uint32_t count)
{
    if (count == 0) return;
    task->scope_end += count;
    maker->depth -= count;
    maker->visible = maker->outside[maker->depth];
}

/* An ordinary task: reads and writes anywhere. */
static void make_ordinary(struct maker *maker, uint32_t number, uint32_t layer_first)
{
    struct generator_graph *graph = maker->graph;
    struct generator_task *task = &graph->task[number];
    begin_scope(maker, task);
    bool allocate = draw(maker, 8) == 0 && graph->buffer_count < GENERATOR_MAX_BUFFERS / 2;
    uint32_t inputs = draw(maker, GENERATOR_MAX_INPUTS + 1), outputs = draw(maker, 4) ? 1 : 2;
    draw_cores(maker, task);
    for (uint32_t i = 0; i < inputs; i++)
        task->view[task->input_count++] = draw_view(maker, READ);
    for (uint32_t i = 0; i < outputs; i++) {
        struct generator_view v;
        if (allocate && i == 0) {
            uint32_t rows = 1 + draw(maker, GENERATOR_ROWS / 2), columns = 1 + draw(maker, GENERATOR_COLUMNS / 2);
            v = whole(graph, new_buffer(maker, rows, columns), ALLOCATE);
        } else {
            bool clear = false;
            for (uint32_t attempt = 0; attempt < 32 && !clear; attempt++) {
                v = draw_view(maker, draw(maker, 3) ? UPDATE : OVERWRITE);
                clear = true;
                for (uint32_t k = 0; k < task->input_count + task->output_count; k++)
                    if (overlaps(graph, &task->view[k], &v)) clear = false;
            }
            if (!clear) { /* inputs over everything: do without them */
                if (task->output_count > 0) break;
                task->input_count = 0;
            }
        }
        task->view[task->input_count + task->output_count++] = v;
    }
    if (allocate) maker->usable[maker->visible++] = graph->buffer_count - 1;
    if (draw(maker, 10) == 0 && layer_first > 0) { /* orders that no byte asks for */
        task->after_count = 1 + draw(maker, 3);
        for (uint32_t i = 0; i < task->after_count; i++)
            task->after[i] = draw(maker, layer_first);
    }
}

/* A dummy task: takes part in the order and touches nothing. */
static void make_dummy(struct maker *maker, uint32_t number, uint32_t layer_first)
{
    struct generator_task *task = &maker->graph->task[number];
    task->blocks = 1;
    if (draw(maker, 2)) task->view[task->input_count++] = draw_view(maker, READ);
    if (draw(maker, 2)) task->view[task->input_count + task->output_count++] = draw_view(maker, UPDATE);
    for (uint32_t i = 0; i < 2 && layer_first > 0; i++)
        task->after[task->after_count++] = draw(maker, layer_first);
}

/* Five tasks whose data only explicit dependencies protect: one allocates a buffer, one makes another of it, one
 * updates the first by the second, a dummy waits for that, and one reads the first untracked into a matrix. In a manual
 * scope, which the second buffer does not outlive, the two in the middle are ordered by hand too. */
enum { COURIER_TASKS = 5, COURIER_BUFFERS = 2 };
static void make_courier(struct maker *maker, uint32_t number)
{
    struct generator_graph *graph = maker->graph;
    struct generator_task *task = &graph->task[number];
    const uint32_t buffer = new_buffer(maker, 8, 16), inner = new_buffer(maker, 4, 24);
    const bool manual = draw(maker, 2);
    for (uint32_t i = 0; i < COURIER_TASKS; i++)
        draw_cores(maker, &task[i]);

    task[0].view[task[0].output_count++] = whole(graph, buffer, ALLOCATE);
    task[1].scope_begin = task[1].scope_manual = manual;
    task[1].view[task[1].input_count++] = whole(graph, buffer, READ);
    task[1].view[1] = whole(graph, inner, ALLOCATE);
    task[1].output_count = 1;
    task[1].after[task[1].after_count++] = number;
    task[2].view[task[2].input_count++] = whole(graph, inner, READ);
    task[2].view[1] = whole(graph, buffer, UPDATE);
    task[2].output_count = 1;
    task[2].after[task[2].after_count++] = number + 1;
    task[3].slots = 0;
    task[3].blocks = 1;
    task[3].after[task[3].after_count++] = number + 2;
    task[3].scope_end = manual;
    task[4].view[task[4].input_count++] = whole(graph, buffer, READ_UNTRACKED);
    task[4].view[1] = draw_view(maker, UPDATE);
    task[4].output_count = 1;
    task[4].after[task[4].after_count++] = number + 3;
}

/* An element of a buffer that is there before the task: read, written, or both. */
static void draw_element(struct maker *maker, struct generator_task *task)
{
    const struct generator_buffer *buffer;
    const uint32_t kind = draw(maker, 3);
    task->element_buffer = maker->usable[draw(maker, maker->visible)];
    buffer = &maker->graph->buffer[task->element_buffer];
    task->element_row = draw(maker, buffer->rows);
    task->element_column = draw(maker, buffer->columns);
    task->get = kind != 1;
    task->set = kind != 0;
}

int generator_make(uint64_t seed, uint32_t task_count, uint32_t options, struct generator_graph *graph)
{
    struct maker maker = {.graph = graph, .state = seed * UINT64_C(0xd1342543de82ef95) + 1};
    memset(graph, 0, sizeof *graph);
    graph->task = calloc(task_count ? task_count : 1, sizeof graph->task[0]);
    if (!graph->task) return -1;
    graph->task_count = task_count;
    for (uint32_t i = 0; i < GENERATOR_MATRICES; i++)
        maker.usable[maker.visible++] = new_buffer(&maker, GENERATOR_ROWS, GENERATOR_COLUMNS);
    uint32_t number = 0;
    while (number < task_count) {
        uint32_t width = 1 + draw(&maker, 24), layer_first = number;
        for (uint32_t i = 0; i < width && number < task_count; i++) {
            uint32_t kind = draw(&maker, 40);
            if (options & GENERATE_ELEMENTS && draw(&maker, 12) == 0) draw_element(&maker, &graph->task[number]);
            if (kind == 0 && task_count - number >= COURIER_TASKS &&
                graph->buffer_count + COURIER_BUFFERS <= GENERATOR_MAX_BUFFERS) {
                make_courier(&maker, number);
                number += COURIER_TASKS;
            } else if (kind < 3) {
                make_dummy(&maker, number++, layer_first);
            } else {
                make_ordinary(&maker, number, layer_first);
                if (options & GENERATE_PREDICATES) draw_predicate(&maker, &graph->task[number]);
                graph->task[number].stages = options & GENERATE_STAGING && draw(&maker, 4) != 0;
                graph->task[number++].sync_start = options & GENERATE_SYNC_START && draw(&maker, 6) == 0;
            }
            if (maker.depth > 0 && draw(&maker, 8) == 0)
                end_scopes(&maker, &graph->task[number - 1], 1 + draw(&maker, maker.depth));
        }
    }
    if (task_count > 0) end_scopes(&maker, &graph->task[task_count - 1], maker.depth);
    return 0;
}

void generator_release(struct generator_graph *graph)
{
    free(graph->task);
    graph->task = NULL;
}
