/* The graph image: what graph/ makes and the AICPU program runs. Position-independent, read-only on the device.
 *
 * Layout: image_header, then at the header's offsets (from its start, multiples of 64): tasks, ready list, edges,
 * payloads. Tasks are numbered by submission. Behind them in the table stand joins: where many tasks wait for the same
 * many, each of these leads to one join, and the join to the tasks that wait. A join has edges and a count of producers
 * like a task, and nothing else: it is never ready, runs nowhere, and no other join leads to it. Edges name it by its place
 * in the table. All mutable state of a run lives in the AICPU program's workspace, so an image can be run again as it is.
 */
#ifndef NPURT_IMAGE_H
#define NPURT_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { IMAGE_VERSION = 3 };
#define IMAGE_MAGIC 0x4755504eu /* "NPUG" */

/* Writer: host. */
struct image_header {
    uint32_t magic, version;
    uint64_t size;              /* of the whole image, bytes */
    uint32_t task_count, edge_count, ready_count;
    uint32_t gated_count;       /* tasks with IMAGE_GATED; without joins */
    uint64_t tasks_offset;      /* struct image_task[task_count + join_count] */
    uint64_t ready_offset;      /* u32[ready_count]: tasks without producers, in submission order */
    uint64_t edges_offset;      /* u32[edge_count]: consumers, grouped by producer in the table's order */
    uint64_t payload_offset;    /* payloads */
    uint32_t join_count;
    uint32_t reserved[15];
};
_Static_assert(sizeof(struct image_header) == 128, "image_header");

/* Shape of a task: which queue it waits in. */
enum image_shape { SHAPE_AIC = 0, SHAPE_AIV = 1, SHAPE_MIX = 2, SHAPE_DUMMY = 3, SHAPE_COUNT = 4 };

/* Writer: host. One task, half a cache line. A payload is npurt_tensor[tensor_count], then u64[scalar_count],
 * then what its flags say. */
struct image_task {
    uint32_t fanin;             /* producers to wait for */
    uint32_t fanout_begin;      /* index into edges; of a task in a ring: its submission's number, which people are told */
    uint32_t fanout_count;      /* of a task in a ring: the number of the run that has submitted it, 0 until it has */
    uint32_t payload;           /* offset from payload_offset in units of 64 bytes */
    int16_t kernel[3];          /* per core slot AIC, AIV0, AIV1; -1 none */
    uint16_t block_num;         /* >= 1 */
    uint8_t shape;              /* enum image_shape */
    uint8_t core_mask;          /* bit 0 AIC, 1 AIV0, 2 AIV1 */
    uint8_t tensor_count, scalar_count;
    uint8_t flags;              /* enum image_flag */
    uint8_t reserved[3];
};
_Static_assert(sizeof(struct image_task) == 32, "image_task");

/* What a ready task needs beyond being put into the queue of its shape. */
enum image_flag {
    IMAGE_SYNC_START = 1,       /* all blocks start together; block_num is at least 2 and fits the clusters launched */
    IMAGE_PREDICATE = 2,        /* a struct image_predicate (predicate.h) follows the scalars */
    IMAGE_DEFERRED = 4,         /* kernels may register conditions: a struct image_deferred (condition.h) ends the payload */
    IMAGE_OPENS = 8,            /* consumers may be sent to cores when all of its blocks have been, and wait there behind a
                                 * gate. Of a dummy: all of its producers have it */
    IMAGE_GATED = 16,           /* it has producers, and each has IMAGE_OPENS: it may wait behind a gate */
    IMAGE_FLAGS = 31,           /* all there are */
};

/* Bytes of a payload. */
static inline uint64_t image_payload_size(const struct image_task *t)
{
    uint64_t size = (uint64_t)t->tensor_count * 128 + (uint64_t)t->scalar_count * 8;
    if (t->flags & IMAGE_PREDICATE) size += 24;
    return t->flags & IMAGE_DEFERRED ? size + 16 : size;
}

/* Blocks of the shape that run at the same time on so many clusters. */
static inline uint32_t image_shape_capacity(enum image_shape shape, uint32_t clusters)
{
    return shape == SHAPE_AIV ? 2 * clusters : clusters;
}

enum { IMAGE_TASK_STATE = 16, IMAGE_TASK_GATE = 32 }; /* bytes of an image's task in the workspace */

/* Of all states, of tasks and joins: what the gates follow. */
static inline uint64_t image_states_size(uint32_t task_count)
{
    return ((uint64_t)task_count * IMAGE_TASK_STATE + 63) & ~UINT64_C(63);
}

/* Bytes of workspace the AICPU program needs for a graph of so many tasks and joins; a multiple of 64. Known to host and AICPU:
 * 64 KiB per AICPU thread of queues and counters, a state per task and, when there are gated tasks, a gate per task. */
static inline uint64_t image_workspace_size(uint32_t task_count, bool gated, uint32_t aicpu_threads)
{
    return image_states_size(task_count) + (gated ? ((uint64_t)task_count * IMAGE_TASK_GATE + 63) & ~UINT64_C(63) : 0) +
           (uint64_t)aicpu_threads * 65536 + 65536;
}

#endif
