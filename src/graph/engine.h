/* The engine's own view of a graph: what graph.h keeps closed. For the files of src/graph and the validator's tests. */
#ifndef NPURT_GRAPH_ENGINE_H
#define NPURT_GRAPH_ENGINE_H

#include "edges.h"
#include "graph.h"
#include "heap.h"
#include "problem.h"
#include "tensor_map.h"

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

enum { GRAPH_PAYLOAD_UNIT = 64, GRAPH_PROBLEM_SIZE = 512 };

/* idle -begin-> open -finish-> done -begin-> open; a refused submission latches a status until the next begin. */
enum graph_state { GRAPH_IDLE, GRAPH_OPEN, GRAPH_DONE };

struct graph {
    npurt_orch orch; /* what orchestrations hold */
    enum graph_state state;
    npurt_status latched;
    uint32_t task_count, max_tasks;
    struct image_task *tasks; /* [max_tasks] */
    uint8_t *payload;         /* reserved for the largest graph */
    uint64_t payload_used;    /* bytes, a multiple of GRAPH_PAYLOAD_UNIT */
    uint32_t *ready;          /* [max_tasks] */
    uint32_t ready_count;
    uint32_t depth;                       /* of scopes */
    bool manual;                          /* the innermost scope's mode */
    uint8_t scope[NPURT_MAX_SCOPE_DEPTH]; /* mode of the scope around each depth */
    npurt_tensor blank; /* what outputs begin as: copying it is 8 moves, zeroing 128 bytes is a slow rep stos */
    struct edges edges;
    struct tensor_map map;
    struct heap heap;
    const uint32_t *kernel_core;
    uint32_t kernel_count, cluster_count;
    struct image_header header;
    int32_t user_code;
    char problem[GRAPH_PROBLEM_SIZE];
    uint64_t reserved_size; /* of the mapping that *this is the start of */
};

extern const npurt_orch_ops graph_orch_ops;

/* Latches `status` with a sentence, unless something latched before; returns what is latched. */
__attribute__((cold)) npurt_status graph_refuse_words(struct graph *graph, npurt_status status,
                                                      const struct word *words, uint32_t count);
#define graph_refuse(graph, status, ...)                                                                               \
    graph_refuse_words(graph, status, (const struct word[]){__VA_ARGS__},                                              \
                       sizeof((const struct word[]){__VA_ARGS__}) / sizeof(struct word))

static inline npurt_tensor *graph_task_tensors(const struct graph *graph, uint32_t task)
{
    return (npurt_tensor *)(graph->payload + (uint64_t)graph->tasks[task].payload * GRAPH_PAYLOAD_UNIT);
}

#endif
