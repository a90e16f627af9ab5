/* A run whose graph is built on the device: the orchestration runs on one AICPU thread and streams tasks through rings.
 *
 * The host fills a stream_control beside the run_control (whose `image` is then 0). AICPU thread 0 is the orchestrator: it
 * loads the orchestration if this content is new for its callable, runs it against the graph engine, and writes the
 * stream_result. The others schedule; with one AICPU thread it does both in turn.
 *
 * The engine's memory is one block, laid out by stream_layout_of, kept between runs:
 *
 *     tasks      struct image_task[slots]      written by the orchestrator before the task can be seen
 *     words      struct stream_words[slots + STREAM_JOINS]   shared by orchestrator and schedulers
 *     state      of the schedulers, STREAM_STATE bytes per slot
 *     gates      struct task_gate[slots]       written where tasks are gated (aicpu/gate.c)
 *     payload    STREAM_PAYLOAD_NEAR bytes per slot, then STREAM_PAYLOAD bytes per slot for tasks that need more
 *     edges      struct stream_edge[edges of all rings]
 *     private    the engine's own, of which others read payloads that templates keep (graph/template_payload.c)
 *
 * Slots of the four rings follow each other. A task's number is ring << 30 | index, where index counts the tasks of the ring
 * from 1; 0 is no task. Its slot is any free one of the ring, the last that became free, so that a ring touches no more
 * memory than it has tasks in flight.
 *
 * Where many tasks wait for the same many (graph/stream_join.c), these lead to a join and the join to the tasks that wait.
 * A join is words like a slot's, behind those, and nothing else: no task, no index, no place in a ring. Edges to it belong to
 * the task for which it was made. Only tasks lead to a join, and a join only to tasks that wait for nothing else.
 *
 * Life of a slot: taken by the orchestrator → filled → edges pushed to the
 * producers' lists → fanin told → ready when fanin is 0 → run → list closed, consumers released, `done` published by the
 * scheduler that completes it → retired by the orchestrator, in the ring's order.
 */
#ifndef NPURT_STREAM_H
#define NPURT_STREAM_H

#include "gate.h"

enum {
    STREAM_VERSION = 3,
    STREAM_RINGS = 4,          /* by scope depth; deeper scopes share the last. The reference's number */
    STREAM_WINDOW_MIN = 4,     /* slots of a ring: a power of two; the reference's bounds */
    STREAM_WINDOW_MAX = 65536,
    STREAM_HEAP_UNIT = 1024,   /* outputs are aligned to it and a ring's heap is a multiple of it */
    STREAM_EDGES_MIN = 4,
    STREAM_EDGES_MAX = 1 << 24,
    STREAM_JOINS = 64,         /* at a time */
    STREAM_PAYLOAD = 2368,     /* 16 tensors of 128 bytes, 32 scalars, 24 bytes of a predicate and 16 of a deferred task */
    STREAM_PAYLOAD_NEAR = 576, /* 4 tensors and 8 scalars, as most tasks have: what is close together costs fewer pages */
    STREAM_STATE = 32,         /* what a scheduler keeps per slot */
    STREAM_TEXT = 512,
    STREAM_ENTRY = 64,
    STREAM_INDEX_BITS = 30,
};
#define STREAM_INDEX_MASK ((UINT32_C(1) << STREAM_INDEX_BITS) - 1)
#define STREAM_EDGE_NONE  0u          /* an edge is named by 1 + its index */
#define STREAM_CLOSED     0xffffffffu /* stream_words.fanout of a completed task */
#define STREAM_HANDED_OUT 0x80000000u /* in it, with the list, of a task with IMAGE_OPENS all of whose blocks have been sent */

/* Words of a slot or a join that agents share, through port only; but for the fanin of a task with one producer, which
 * belongs to who completes that. */
struct stream_words {
    uint32_t fanout; /* list of edges to consumers. Orchestrator: pushes by CAS; scheduler: adds HANDED_OUT, exchanges for
                      * CLOSED */
    uint32_t fanin;  /* producers that have not completed; 0 makes it ready */
    uint32_t done;   /* writer: who completes the task, its last word about the slot: the task's number */
    uint32_t number; /* writer: orchestrator, before the task can be seen. Of a join: counts those of the run */
};
PROTOCOL_ASSERT(sizeof(struct stream_words) == 16, "stream_words");

/* The first edge of a list as it was seen. */
static inline uint32_t stream_first_edge(uint32_t fanout)
{
    return fanout == STREAM_CLOSED ? STREAM_EDGE_NONE : fanout & ~STREAM_HANDED_OUT;
}

/* Writer: orchestrator, before it pushes the edge. Belongs to the ring of the consumer and is reused when that retires. */
struct stream_edge {
    uint32_t consumer; /* slot, or the number of slots and then a join */
    uint32_t next;
};

/* Writer: host. */
struct stream_ring {
    uint32_t window; /* task slots */
    uint32_t edges;  /* edge pool */
    uint64_t heap;   /* device address, aligned to STREAM_HEAP_UNIT */
    uint64_t heap_size;
};
PROTOCOL_ASSERT(sizeof(struct stream_ring) == 24, "stream_ring");

/* Writer: host, before the launch; read-only on the device. run_control.stream is its address. */
struct stream_control {
    uint32_t version;
    uint32_t callable;        /* never 0; of this callable alone for the life of the device process */
    uint64_t engine;          /* stream_layout.size bytes, kept between runs */
    uint64_t engine_size;
    uint64_t engine_key;      /* never 0; another one whenever the memory or its layout is another */
    struct stream_ring ring[STREAM_RINGS];
    uint32_t max_regions;     /* of the tensor map */
    uint32_t cluster_count;   /* of the device, answered to the orchestration */
    uint64_t orchestration;   /* device address of a struct orchestration_image */
    uint64_t orchestration_size;
    uint64_t args;            /* device address: npurt_tensor[tensor_count], then u64[scalar_count] */
    uint32_t tensor_count, scalar_count;
    uint64_t result;          /* struct stream_result */
    uint32_t run_number;      /* run_control's */
    uint32_t reserved0;
    uint64_t reserved1;
};
PROTOCOL_ASSERT(sizeof(struct stream_control) == 192, "stream_control");

/* Writer: host, at callable load; the shared object follows at offset 128. */
#define ORCHESTRATION_MAGIC 0x4f55504eu /* "NPUO" */
struct orchestration_image {
    uint32_t magic;
    uint32_t reserved0;
    uint64_t code_size;
    uint64_t content_hash;
    char entry[STREAM_ENTRY]; /* symbol, zero-terminated */
    uint8_t reserved1[40];
};
enum { ORCHESTRATION_CODE = 128 };
/* How the names of their files begin on the device, which messages about faults tell. */
#define ORCHESTRATION_FILE "npurt_orchestration_"
PROTOCOL_ASSERT(sizeof(struct orchestration_image) == ORCHESTRATION_CODE, "orchestration_image");

/* Why the device ended a run that it built itself. The reference's numbers (docs/reference/runtime-abi.md); what has no
 * number there is above 1000. Positive numbers that an orchestration fails with or returns are its own. */
enum stream_code {
    STREAM_OK = 0,
    STREAM_SCOPE_DEADLOCK = 1,       /* open scopes hold the heap of a ring, and nothing is left that could end */
    STREAM_HEAP_RING_DEADLOCK = 2,   /* an output is larger than the heap of its ring */
    STREAM_FLOW_CONTROL_DEADLOCK = 3, /* every task of a full ring waits for something outside of the graph */
    STREAM_DEP_POOL_OVERFLOW = 4,
    STREAM_INVALID_ARGS = 5,
    STREAM_DEPENDENCY_OVERFLOW = 6,
    STREAM_REQUIRE_SYNC_START_INVALID = 7,
    STREAM_TENSOR_WAIT_TIMEOUT = 8,
    STREAM_EXPLICIT_ORCH_FATAL = 9,
    STREAM_SCOPE_TASKS_OVERFLOW = 10,
    STREAM_SCHEDULER_TIMEOUT = 100,  /* never in a result: the run's own code says it */
    STREAM_LOAD_FAILED = 1001,       /* the orchestration could not be loaded on the device */
    STREAM_LIMIT = 1002,             /* a limit without a number of its own */
    STREAM_RETURNED = 1003,          /* the orchestration returned `returned` */
};

/* How far the orchestrator is. */
enum stream_stage {
    STREAM_NOT_BEGUN = 0, /* the host's zero */
    STREAM_LOADING = 1,   /* it makes the engine and loads the orchestration */
    STREAM_BUILDING = 2,  /* the orchestration has been called */
    STREAM_WAITING = 3,   /* it has been, and waits in the engine: for room, or for an element */
    STREAM_RETURNED_FROM = 4,
};

/* What an orchestrator waits for. */
enum stream_resource {
    STREAM_NEEDS_NOTHING = 0,
    STREAM_NEEDS_SLOT = 1,    /* a task slot of `ring` */
    STREAM_NEEDS_EDGE = 2,    /* an edge of its pool */
    STREAM_NEEDS_HEAP = 3,    /* `amount` bytes of its heap in one piece */
    STREAM_NEEDS_REGION = 4,  /* a region of the tensor map */
    STREAM_NEEDS_ELEMENT = 5, /* an element, which `task` writes or reads */
};

struct stream_need {
    uint32_t resource; /* enum stream_resource */
    uint32_t ring;
    uint32_t task;  /* number of the task that must complete first; 0: none in particular. Of slots and edges the ring's oldest */
    uint32_t reserved;
    uint64_t amount;
    uint64_t used, total; /* slots, edges or bytes; 0: not counted */
};
PROTOCOL_ASSERT(sizeof(struct stream_need) == 40, "stream_need");

/* Writer: orchestrator; `done` last. `stage` and `need` are kept up to date while it goes on. */
struct stream_result {
    uint32_t done;      /* run_control.run_number */
    uint32_t code;      /* enum stream_code */
    int32_t user_code;  /* of npurt_orch_fail, 0 none */
    int32_t returned;   /* by the orchestration's entry */
    uint32_t status;    /* npurt_status of the refused call, 0 */
    uint32_t loaded;    /* 1: this run loaded the orchestration */
    uint32_t ring;      /* of a capacity error */
    uint32_t stage;     /* enum stream_stage */
    uint64_t capacity;  /* bytes of that ring's heap with which a rerun gets past this point; 0 none helps */
    uint64_t tasks;     /* submitted */
    uint64_t orchestration_ticks; /* entry called to entry returned */
    uint64_t wait_ticks;          /* of these, waiting for room or for an element */
    uint32_t tasks_high[STREAM_RINGS];  /* most slots, edges and bytes that were in use at a time */
    uint32_t edges_high[STREAM_RINGS];
    uint64_t heap_high[STREAM_RINGS];
    uint32_t regions_high;
    uint32_t reserved1;
    struct stream_need need; /* of a wait that goes on, or that the run's end cut short */
    uint32_t template_records, template_replays; /* bodies recorded, and uses of them replayed */
    uint32_t reserved2[2];
    char text[STREAM_TEXT]; /* what was refused and why */
};
PROTOCOL_ASSERT(sizeof(struct stream_result) == 704, "stream_result");

/* Offsets in the engine's memory. */
struct stream_layout {
    uint32_t slots, edge_count;
    uint32_t first[STREAM_RINGS];      /* slot */
    uint32_t edge_first[STREAM_RINGS]; /* edge */
    uint64_t tasks, words, state, gates, payload, edges, own, size;
};

static inline uint64_t stream_line(uint64_t n)
{
    return (n + 63) & ~UINT64_C(63);
}

/* Bytes that the engine has for itself (most of it for templates), and at most per slot, region, and output that a heap
 * can hold. */
enum { STREAM_OWN = 5 << 20, STREAM_OWN_SLOT = 256, STREAM_OWN_REGION = 448, STREAM_OWN_UNIT = 64 };

static inline struct stream_layout stream_layout_of(const struct stream_control *control)
{
    struct stream_layout l;
    uint64_t units = 0;
    l.slots = l.edge_count = 0;
    for (uint32_t r = 0; r < STREAM_RINGS; r++) {
        l.first[r] = l.slots;
        l.edge_first[r] = l.edge_count;
        l.slots += control->ring[r].window;
        l.edge_count += control->ring[r].edges;
        units += control->ring[r].heap_size / STREAM_HEAP_UNIT;
    }
    l.tasks = 0;
    l.words = l.tasks + stream_line((uint64_t)l.slots * sizeof(struct image_task));
    l.state = l.words + stream_line(((uint64_t)l.slots + STREAM_JOINS) * sizeof(struct stream_words));
    l.gates = l.state + stream_line((uint64_t)l.slots * STREAM_STATE);
    l.payload = l.gates + (uint64_t)l.slots * sizeof(struct task_gate);
    l.edges = l.payload + (uint64_t)l.slots * (STREAM_PAYLOAD_NEAR + STREAM_PAYLOAD);
    l.own = l.edges + stream_line((uint64_t)l.edge_count * sizeof(struct stream_edge));
    l.size = l.own + STREAM_OWN + (uint64_t)l.slots * STREAM_OWN_SLOT +
             (uint64_t)control->max_regions * STREAM_OWN_REGION + units * STREAM_OWN_UNIT;
    return l;
}

/* Where in the payloads one of `size` bytes is that belongs to the slot: image_task.payload, in units of 64 bytes. */
static inline uint32_t stream_payload_at(uint32_t slots, uint32_t slot, uint64_t size)
{
    enum { NEAR = STREAM_PAYLOAD_NEAR / 64, FAR = STREAM_PAYLOAD / 64 };
    return __builtin_expect(size <= STREAM_PAYLOAD_NEAR, 1) ? slot * NEAR : slots * NEAR + slot * FAR;
}

/* Argument of npurt_aicpu_unload, through aicpu_args.control. Writer: host. */
struct stream_unload {
    uint32_t version;
    uint32_t callable; /* its orchestration is closed; one that was never loaded is legal */
    uint32_t reserved[14];
};
PROTOCOL_ASSERT(sizeof(struct stream_unload) == 64, "stream_unload");

#endif
