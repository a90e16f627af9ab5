/* The engine's own part of the rings. For the files of src/graph. */
#ifndef NPURT_GRAPH_STREAM_STORE_H
#define NPURT_GRAPH_STREAM_STORE_H

#include "join.h"
#include "stream.h"
#include "tensor_map.h"

enum {
    STREAM_SCOPE_NONE = 0xff,
    STREAM_ERA = 0xffffff,
    STREAM_RETIRE_EVERY = 16,
    STREAM_FETCH_AHEAD = 4,   /* tasks whose building takes about as long as memory does */
    STREAM_FETCH_ABOVE = 256, /* bytes of a payload: of fewer, the processor's own reading ahead is enough */
    STREAM_SLOT_HOLDS = NPURT_TASK_MAX_TENSORS + 1, /* tensors and slabs of a task */
};

/* Beside map.own[], per output: who holds it. */
struct hold {
    uint32_t refs;  /* tasks in flight with an argument in it, and 1 for its scope */
    uint32_t lease; /* which allocation of the ring this is, never 0 */
    uint32_t units; /* of STREAM_HEAP_UNIT */
    uint32_t scope : 8; /* depth of the open scope that holds it, STREAM_SCOPE_NONE */
    uint32_t era : 24;  /* of the engine's key: an earlier engine has left its own there, which is not cleared */
};

struct heap_ring {
    uint64_t base, size;
    uint64_t head;    /* offset of the next output, unless it has to begin at 0 again */
    uint64_t live;    /* bytes of the records in [tail, head) */
    uint64_t largest; /* output so far */
    uint64_t high;
    uint32_t lease;      /* of the newest record */
    uint32_t edge_head, edge_tail; /* counts of edges taken and given back, which may wrap */
    uint32_t edge_at;              /* in the pool, where the next one is taken */
    uint32_t tasks_high, edges_high; /* as of the last retirement */
};

struct stream_scope {
    bool manual;           /* mode of the scope around */
    uint32_t first_task;   /* submitted when it began */
    uint32_t first_lease;  /* of its ring when it began */
};

/* Producers of a task that had many, and the join that later tasks with the same wait for. */
struct wide {
    uint32_t *number; /* [count] of at most STREAM_WIDE_PRODUCERS: those that were in flight then */
    uint32_t count;
    uint32_t first;   /* all before have retired */
    uint32_t join;    /* 1 + its index; 0: none */
};
enum { STREAM_WIDE = 4, STREAM_WIDE_PRODUCERS = 4096 };

struct stream {
    const struct stream_host *host;
    struct image_task *tasks;
    struct stream_words *words;
    struct task_gate *gates; /* of this run's tasks since g->opens */
    uint8_t *payload;
    uint32_t slots; /* of all rings */
    struct stream_edge *edges;
    uint32_t edge_first[STREAM_RINGS], edge_max[STREAM_RINGS];
    uint32_t window[STREAM_RINGS];
    struct heap_ring heap[STREAM_RINGS];
    uint64_t heap_lo, heap_span; /* from the first byte of all heaps to the last: elsewhere is none */
    struct hold *hold;        /* [own records] */
    uint32_t *slot_free[STREAM_RINGS]; /* stacks of free slots, [window] */
    uint32_t slot_free_count[STREAM_RINGS];
    uint32_t slot_next[STREAM_RINGS]; /* the lowest that this run has not used */
    uint32_t *slot_edges;     /* [slots] the ring's edge_head after the task's edges */
    uint32_t *slot_holds;     /* [slots * STREAM_SLOT_HOLDS] own records that the task holds */
    uint8_t *slot_hold_count; /* [slots] */
    struct untracked *slot_untracked; /* [slots] */
    uint32_t *held;           /* of the task being submitted: its part of slot_holds */
    uint32_t held_count;
    struct wide wide[STREAM_WIDE]; /* the last ones */
    uint32_t wide_next;            /* the one to be forgotten next */
    uint32_t joins;                /* made in this run */
    uint32_t ring; /* of the innermost scope */
    uint32_t regions_high;
    uint64_t wait_ticks;
    uint64_t key; /* stream_control.engine_key that it was made for */
    uint32_t run; /* stream_control.run_number */
    struct stream_refusal refusal;
    struct stream_need need; /* of the wait that the run's end cut short */
    struct stream_scope scope[NPURT_MAX_SCOPE_DEPTH + 1]; /* [0] the whole graph */
};

#endif
