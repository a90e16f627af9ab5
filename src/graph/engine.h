/* The engine's own view of a graph: what graph.h keeps closed. For the files of src/graph and the validator's tests. */
#ifndef NPURT_GRAPH_ENGINE_H
#define NPURT_GRAPH_ENGINE_H

#include "edges.h"
#include "graph.h"
#include "problem.h"
#include "template.h"
#include "tensor_map.h"
#if NPURT_GRAPH_STREAM
#include "port/port.h"
#include "stream_gate.h"
#include "stream_join.h"
#include "stream_store.h"
#else
#include "heap.h"
#include "join.h"
#endif

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

enum { GRAPH_PAYLOAD_UNIT = 64, GRAPH_PROBLEM_SIZE = 512 };
#define GRAPH_BYTES_MAX (UINT64_C(1) << 62) /* more than any device has; and no device has an address beyond it */

/* idle -begin-> open -finish-> done -begin-> open; a refused submission latches a status until the next begin. */
enum graph_state { GRAPH_IDLE, GRAPH_OPEN, GRAPH_DONE };

/* What the tensor map does not remember of a task: bit i, its tensor i; of its predicate's element the bit after those. */
struct untracked {
    uint32_t given;  /* those that were given without dependencies: NO_DEP, manual_dep, a MANUAL scope */
    uint32_t writes; /* and of these those that the task may write */
};

struct graph {
    npurt_orch orch; /* what orchestrations hold */
    enum graph_state state;
    npurt_status latched;
    uint32_t task_count;
    uint32_t depth;                           /* of scopes */
    bool manual;                              /* the innermost scope's mode */
    bool opens;                               /* a task lets its consumers be staged early */
    bool untracks;                            /* a task was given something that the map does not remember, */
    struct untracked *untracked;              /* and what, of the task being submitted */
    uint8_t around[NPURT_MAX_SCOPE_DEPTH]; /* mode of the scope around each depth */
    npurt_tensor blank; /* what outputs begin as: copying it is 8 moves, zeroing 128 bytes is a slow rep stos */
    struct edges edges;
    struct tensor_map map;
    struct templates *templates;
    const uint32_t *kernel_core;
    uint32_t kernel_count, cluster_count;
    int32_t user_code;
    bool sync_start_refused; /* what is latched is a sync-start task of too many blocks */
    char problem[GRAPH_PROBLEM_SIZE];
    /* Where tasks are kept: in rings, or all of them for an image. */
#if NPURT_GRAPH_STREAM
    struct stream stream;
#else
    uint32_t max_tasks;
    struct image_task *tasks; /* [max_tasks], and room for joins */
    uint32_t join_count;      /* once finished */
    bool joins;               /* to be made */
    uint8_t *payload;         /* reserved for the largest graph */
    uint64_t payload_used;    /* bytes, a multiple of GRAPH_PAYLOAD_UNIT */
    struct untracked *task_untracked; /* [max_tasks] */
    uint32_t *ready;          /* [max_tasks] */
    uint32_t ready_count;
    struct heap heap;
    struct graph_fill *fills; /* [map.max_regions] */
    uint32_t fill_count;
    graph_element element;
    void *element_context;
    struct image_header header;
    npurt_status stop;      /* graph_stop: what every call answers */
    uint64_t reserved_size; /* of the mapping that *this is the start of */
#endif
};

extern const npurt_orch_ops graph_orch_ops;

/* Latches `status` with a sentence, unless something latched before; returns what is latched. */
__attribute__((cold)) npurt_status graph_refuse_words(struct graph *graph, npurt_status status,
                                                      const struct word *words, uint32_t count);
#define graph_refuse(graph, status, ...)                                                                               \
    graph_refuse_words(graph, status, (const struct word[]){__VA_ARGS__},                                              \
                       sizeof((const struct word[]){__VA_ARGS__}) / sizeof(struct word))

/* Checks the tensor map: NULL when it is whole, else what is wrong. */
const char *validate_map(const struct graph *graph);

/* How a sentence goes on that names what of a task has no room: a tensor argument, or GRAPH_SLABS, which nobody passed. */
enum { GRAPH_SLABS = NPURT_TASK_MAX_TENSORS };
static inline struct word part_word(uint32_t tensor)
{
    return tensor == GRAPH_SLABS ? WORD(", slabs of its conditions") : WORD(", tensor ");
}
static inline struct word part_number(uint32_t tensor)
{
    return tensor == GRAPH_SLABS ? WORD("") : NUMBER(tensor);
}

/* What is wrong with a tensor that has BOX_STRIDE_ZERO. */
#define STRIDE_WORDS(t)                                                                                                \
    WORD("a stride of 0 in dimension "), NUMBER(box_problem_dimension(t, BOX_STRIDE_ZERO)),                            \
        WORD("; a stride that does not fit 32 bits is set to 0")

/* Where the task being submitted goes. */
struct place {
    uint32_t number;       /* what edges and the tensor map know it by */
    uint32_t payload_unit; /* image_task.payload */
    uint32_t slot;         /* of the rings */
    struct image_task *task;
    npurt_tensor *payload;
};

#include "store.h"

/* ---- submit.c, for templates */

/* The outside buffer that has the tensor's bytes; NULL: it can have none, or there is no room for one more. */
struct buffer *graph_outside(struct graph *graph, const npurt_tensor *t);
/* Why it can have none: the rest of a sentence about its address; NULL: there is no room. */
const char *graph_outside_problem(const struct graph *graph, const npurt_tensor *t);
/* The buffer of a tensor, and whether it is one of the graph's own. `i` is named in a refusal. */
npurt_status graph_find_buffer(struct graph *graph, uint32_t i, const npurt_tensor *t, struct buffer **buffer,
                               bool *own);
/* The map does not remember what the task being submitted does to its tensor `i`. */
static inline void graph_note_untracked(struct graph *g, uint32_t i, npurt_access access)
{
    g->untracks = true;
    g->untracked->given |= 1u << i;
    if (access != NPURT_ACCESS_INPUT) g->untracked->writes |= 1u << i;
}
/* What the task being submitted waits for because of an access. Makes room in the tensor map when it has none. */
npurt_status graph_track(struct graph *graph, struct buffer *buffer, const struct box *box, npurt_access access);

#endif
