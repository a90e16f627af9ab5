/* Random layered graphs, as plain descriptions: compiled into the orchestration, which submits them, and into the
 * golden, which interprets them with loops of its own.
 *
 * Tasks come in layers of random width. Each reads up to three views and writes one or two, over four integer matrices
 * of the caller and over buffers that earlier tasks allocated. Views of a task never overlap when one of them is
 * written (the result would depend on the order of elements), and overlap with views of other tasks as often as chance
 * has it. Scopes open and close on the way, and a buffer is used for as long as its scope is open. With GENERATE_ELEMENTS
 * the orchestration itself reads and writes elements, which host_build_graph can not do.
 */
#ifndef RANDOM_GRAPH_GENERATOR_H
#define RANDOM_GRAPH_GENERATOR_H

#include <stdbool.h>
#include <stdint.h>

enum {
    GENERATOR_MATRICES = 4,
    GENERATOR_ROWS = 32,
    GENERATOR_COLUMNS = 48,
    GENERATOR_MAX_BUFFERS = 512, /* the matrices, then allocated buffers */
    GENERATOR_MAX_TASKS = 131072,
    GENERATOR_MAX_INPUTS = 3,
    GENERATOR_MAX_OUTPUTS = 2,
    GENERATOR_MAX_AFTER = 8,
    GENERATOR_MAX_BLOCKS = 6,
    GENERATOR_MAX_DEPTH = 6, /* of scopes: two more than there are rings */
};

/* What a graph may have beyond the usual; bits. */
enum { GENERATE_ELEMENTS = 1, GENERATE_SYNC_START = 2, GENERATE_PREDICATES = 4, GENERATE_STAGING = 8 };

/* Kernel ids: cube entries, then vector entries; one entry per number of inputs and outputs. */
enum { KERNELS_PER_CORE = (GENERATOR_MAX_INPUTS + 1) * GENERATOR_MAX_OUTPUTS };
static inline int32_t generator_kernel(bool vector, uint32_t inputs, uint32_t outputs)
{
    return (int32_t)((vector ? KERNELS_PER_CORE : 0) + inputs * GENERATOR_MAX_OUTPUTS + outputs - 1);
}

/* The second scalar of a task: bit i: output i keeps part of its old value (INOUT); from bit 4: slots that run. */
enum { MODE_KEEP = 1, MODE_SLOTS_SHIFT = 4 };

enum generator_access { READ, READ_UNTRACKED, UPDATE, OVERWRITE, ALLOCATE };

/* Rows row, row+row_step, … (row_count of them) and likewise columns of a buffer; then transposed; then, when flat,
 * seen as one dimension (only of contiguous views). */
struct generator_view {
    uint32_t buffer;
    enum generator_access access;
    uint32_t row, row_count, row_step;
    uint32_t column, column_count, column_step;
    bool transposed, flat;
};

struct generator_task {
    uint32_t slots; /* bit 0 AIC, 1 AIV0, 2 AIV1; 0: dummy */
    uint32_t blocks;
    bool sync_start; /* of as many blocks as the device can start together */
    bool stages;     /* its consumers may be sent to cores before it has ended */
    uint32_t input_count, output_count;
    struct generator_view view[GENERATOR_MAX_INPUTS + GENERATOR_MAX_OUTPUTS]; /* inputs, then outputs */
    uint32_t salt;
    uint32_t after[GENERATOR_MAX_AFTER], after_count;
    bool scope_begin, scope_manual; /* opened before the task */
    uint32_t scope_end;             /* closed after it */
    bool get, set;                  /* one element, by the orchestration, before the task: read into salt, set to it */
    uint32_t element_buffer, element_row, element_column;
    uint32_t compare;               /* 0, or an npurt_compare: runs only if this element compares so */
    uint32_t compare_buffer, compare_row, compare_column, compare_value;
};

struct generator_buffer {
    uint32_t rows, columns;
};

struct generator_graph {
    uint32_t task_count, buffer_count;
    struct generator_buffer buffer[GENERATOR_MAX_BUFFERS];
    struct generator_task *task;
};

/* 0, or -1: no memory. The same seed, size and options give the same graph everywhere. */
int generator_make(uint64_t seed, uint32_t task_count, uint32_t options, struct generator_graph *graph);
void generator_release(struct generator_graph *graph);

#endif
