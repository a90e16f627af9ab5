/* The graph engine: submissions in, a graph image out (protocol/image.h).
 *
 * It finds dependencies from the bytes that tasks read and write, allocates outputs, and keeps the tasks, edges and
 * payloads in the form in which the device reads them, so that finishing a graph is a matter of flattening its edges.
 * It knows nothing of hosts, drivers or devices; buffers are numbers.
 *
 * Life: graph_create reserves address space for the largest graph (memory is taken as it is touched) → per graph:
 * graph_begin, graph_submit/graph_alloc/scopes, graph_finish, which gives the image's segments → graph_destroy.
 * One thread at a time. No allocation and no lock between graph_create and graph_destroy. graph_begin costs nothing worth
 * naming, whatever the graph before was.
 *
 * Dependencies are found from bytes (tensor_map.h): a task waits for whoever wrote what it reads or writes, and for whoever
 * has read what it writes. One edge per pair of tasks, at most; or a way through
 * a join (join.h), where many wait for the same many. Bytes count as they lie in memory: tensors that begin at different
 * addresses may share some. In a MANUAL scope nothing is looked up or remembered, but for the
 * outputs made there: tasks after the scope find those.
 *
 * Outputs (heap.h) get addresses that stand for places in a heap which may still move; payloads get the final ones in
 * graph_finish, scalars do not. Orchestrations take addresses as they come and do not compute with them.
 *
 * Errors are values, explained once in graph_problem(): the first refused submission latches, later ones answer the
 * same status.
 */
#ifndef NPURT_GRAPH_H
#define NPURT_GRAPH_H

#include <npurt/orchestration.h>
#include "../protocol/image.h"

struct graph;

/* Valid when zeroed: 0 means the default named beside the field. */
struct graph_config {
    uint32_t max_tasks;      /* NPURT_GRAPH_MAX_TASKS */
    uint64_t max_edges;      /* 64 per task */
    uint32_t max_regions;    /* 16 per task, which no graph exceeds: live regions of the tensor map */
};

/* Edge kinds that can be switched off, for the test of the tests only; and joins, for who wants every edge by itself. */
enum graph_edge_kind { GRAPH_RAW = 1, GRAPH_WAW = 2, GRAPH_WAR = 4, GRAPH_ALL_EDGES = 7, GRAPH_JOINS = 8 };

struct graph_segment {
    const void *data;
    uint64_t size;
    uint64_t offset;         /* in the image */
};
enum { GRAPH_MAX_SEGMENTS = 5 };

/* A buffer of the heap whose every element has to be `bits` when the graph begins to run. */
struct graph_fill {
    uint64_t addr, size; /* bytes, a multiple of element */
    uint64_t bits;
    uint32_t element; /* bytes */
};

struct graph_image {
    struct graph_segment segment[GRAPH_MAX_SEGMENTS]; /* the engine's memory, valid until the next graph_begin */
    uint32_t segment_count;
    uint64_t size;
    uint32_t task_count, edge_count; /* edges with those of joins */
    uint32_t gated_count;            /* tasks with IMAGE_GATED */
    uint32_t join_count;             /* image.h */
    uint64_t heap_used;      /* bytes of outputs that the graph allocates */
    const struct graph_fill *fills; /* ascending addresses; the engine's memory like the segments */
    uint32_t fill_count;
    uint32_t template_records, template_replays; /* templates recorded, and uses of them replayed */
};

/* Called by the engine when the heap is too small: must provide at least `size` bytes and return their device address in
 * *base, or an error. What was handed out before moves to the new base; the engine relocates it. */
typedef npurt_status (*graph_heap_grow)(void *context, uint64_t size, uint64_t *base, uint64_t *capacity);

/* Called by the engine when the orchestration reads or writes one element of a buffer from outside, which no task has
 * touched before: `size` bytes at the address, from or to the low bytes of *bits. */
typedef npurt_status (*graph_element)(void *context, uint64_t address, uint64_t *bits, uint32_t size, bool write);

struct graph_begin_info {
    uint64_t heap_base, heap_size;   /* outputs are allocated here, 1024-byte aligned */
    graph_heap_grow grow;            /* NULL: a full heap is OUT_OF_DEVICE_MEMORY */
    void *grow_context;
    graph_element element;           /* NULL: UNSUPPORTED */
    void *element_context;
    const uint32_t *kernel_core;     /* [kernel_count] npurt_core or KERNEL_ABSENT (protocol.h), NULL: not checked */
    uint32_t kernel_count;
    uint32_t cluster_count;          /* answered to npurt_orch_cluster_count */
    uint32_t edge_kinds;             /* 0: GRAPH_ALL_EDGES | GRAPH_JOINS */
};

npurt_status graph_create(const struct graph_config *config, struct graph **out);
void graph_destroy(struct graph *graph);

npurt_status graph_begin(struct graph *graph, const struct graph_begin_info *info);
/* The handle that an orchestration gets; valid until graph_finish. */
npurt_orch *graph_orch(struct graph *graph);
npurt_status graph_submit(struct graph *graph, const npurt_task *task, npurt_task_id *id);
npurt_status graph_alloc(struct graph *graph, const npurt_tensor_spec *spec, npurt_tensor *out);
npurt_status graph_scope_begin(struct graph *graph, npurt_scope_mode mode);
npurt_status graph_scope_end(struct graph *graph);
npurt_status graph_finish(struct graph *graph, struct graph_image *image);

/* From any thread while a graph is open, and nothing else is: what the orchestration calls from now on latches `status`, until
 * the next graph_begin. Costs the calls of others nothing. */
void graph_stop(struct graph *graph, npurt_status status);
/* The same: how far it is, as seen from outside while it moves. */
struct graph_glance {
    uint32_t tasks;
    bool refused;
    int32_t kernel[3]; /* of the last task, per core slot; -1 none */
};
void graph_glance(const struct graph *graph, struct graph_glance *out);

/* What latched: a sentence naming the task and its argument, and the user's code of npurt_orch_fail (0 none). */
const char *graph_problem(const struct graph *graph);
int32_t graph_user_code(const struct graph *graph);

/* Number of tasks so far, and the kernel id of a task's slot (for error records). */
uint32_t graph_task_count(const struct graph *graph);

/* Regions that look-ups of this graph have compared so far: their cost, independent of the machine. */
uint64_t graph_probes(const struct graph *graph);

/* Checks every invariant of the engine; NULL when whole, else what is wrong. For tests and debuggers; slow. */
const char *graph_validate(const struct graph *graph);

#endif
