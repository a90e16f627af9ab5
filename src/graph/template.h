/* Templates: a part of a graph that repeats, recorded while it is first submitted and replayed with other tensors.
 *
 * What is recorded of a body is what its submission worked out: task records, descriptors, boxes, and the edges between
 * its own tasks. A replay copies these and patches addresses; only the template's tensors are looked up in the tensor map
 * again, each box of them once where that suffices (template_cell.c) and else each access, so that a replayed body depends
 * on what is around it exactly as a submitted one does.
 *
 *     begin, key unknown ──▶ RECORDING ──end──▶ RECORDED ──begin, same shapes──▶ replayed, RECORDED
 *                               │                  └──────begin, other shapes──▶ submitted as it is (also when two of
 *                               │                                                  the tensors share bytes)
 *                               └ no room, or it can not be replayed ──▶ PLAIN: submitted as it is, each time
 *
 * For the files of src/graph. Memory is the graph's; a graph that begins forgets its templates.
 */
#ifndef NPURT_GRAPH_TEMPLATE_H
#define NPURT_GRAPH_TEMPLATE_H

#include <npurt/orchestration.h>

#include "edges.h"
#include "region.h"

enum {
    TEMPLATE_MAX = 64,           /* of a graph */
    TEMPLATE_MAX_TASKS = 4096,   /* of a body */
    TEMPLATE_MEMORY = 4 << 20,   /* of all bodies of a graph: about 1.3 KiB for a task of three tensors */
};

struct graph;
struct buffer;

enum template_state { TEMPLATE_RECORDED, TEMPLATE_PLAIN };

struct template_body {
    uint64_t key;
    enum template_state state;
    bool manual; /* dependencies on what is around were not looked up */
    uint32_t tensor_count, scalar_count;
    uint32_t boundary;                 /* offsets in the memory: npurt_tensor[tensor_count] as they were recorded, */
    uint32_t ops, ops_end;             /* the body */
    uint32_t task_count;               /* its tasks */
    uint32_t views;                    /* struct template_view[tensor_count] */
    uint32_t cells;                    /* struct template_cell[cell_count], u16[reader_count]: template_cell.c */
    uint32_t cell_count, reader_count;
    uint32_t access_count;             /* tracked, to the template's tensors */
    uint64_t celled, apart;            /* tensors that have such, and whose cells are known to be apart: bit i, tensor i */
};
_Static_assert(NPURT_TEMPLATE_MAX_TENSORS <= 64, "a bit of celled each");

/* A tensor of the template at hand. */
struct template_tensor {
    npurt_tensor tensor;
    struct box box;
    struct buffer *buffer;
    uint64_t base;  /* bytes from the address that the buffer's boxes count from to the tensor's */
    uint64_t moved; /* elements from where it began in the recording */
    bool own;
};

/* A buffer that the body has allocated. */
struct template_buffer {
    uint64_t addr;
    npurt_task_id owner;
    uint32_t hint, lease;
};

struct templates {
    uint8_t *memory; /* [TEMPLATE_MEMORY] */
    uint32_t used;
    uint32_t count;
    bool open;                       /* between begin and end */
    uint64_t key;                    /* then of the body at hand, */
    uint32_t depth;                  /* and the depth of its own scope */
    struct template_body *recording; /* NULL: the body is only submitted */
    uint32_t buffers;                /* of the body at hand, so far */
    const uint64_t *scalars;         /* of the template at hand */
    uint64_t apart;                  /* its tensors that this replay accesses by their cells */
    uint64_t changed;                /* and those that are not the recording's */
    uint32_t records, replays;       /* of this graph so far: bodies recorded, and uses of them replayed */
    struct template_body body[TEMPLATE_MAX];
    struct template_tensor tensor[NPURT_TEMPLATE_MAX_TENSORS];
    struct template_buffer buffer[TEMPLATE_MAX_TASKS];
    uint32_t number[TEMPLATE_MAX_TASKS]; /* of the body's tasks; while recording, the producers of the one at hand */
    uint16_t local[EDGES_RINGS][TEMPLATE_MAX_TASKS]; /* place in the body of the ring's tasks since it began */
};

/* The graph begins: no templates. */
void templates_reset(struct graph *graph);
npurt_status template_begin(struct graph *graph, const npurt_template *t, bool *submit);
npurt_status template_end(struct graph *graph);
/* The innermost scope is the body's own: template_end ends it, nobody else. */
bool template_scope_is_own(const struct graph *graph);

/* What a submission, an allocation and a scope of a body being recorded were. A predicate's element is one tensor more,
 * and its box the last. */
void template_record_task(struct graph *graph, const npurt_task *task, uint32_t number, const struct image_task *record,
                          const npurt_tensor *payload, const npurt_tensor *element, const struct box *box);
void template_record_alloc(struct graph *graph, const npurt_tensor_spec *spec, const npurt_tensor *t);
void template_record_scope(struct graph *graph, bool begin, npurt_scope_mode mode);

#endif
