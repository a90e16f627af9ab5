/* A graph engine and the few lines that a test needs around it. */
#ifndef NPURT_TESTS_GRAPH_WORLD_H
#define NPURT_TESTS_GRAPH_WORLD_H

#include "tensors.h"

#include <check.h>
#include <graph/graph.h>

enum { WORLD_HEAP = 0x1000000, WORLD_HEAP_SIZE = 1 << 20 };

static struct graph *world_graph;
static struct graph_image world_image;

/* One engine for all tests of a program: every test begins its own graph. */
static inline struct graph *world_begin_with(struct graph_begin_info info)
{
    if (!world_graph) CHECK_EQ(graph_create(NULL, &world_graph), NPURT_OK);
    if (!info.heap_base) {
        info.heap_base = WORLD_HEAP;
        info.heap_size = WORLD_HEAP_SIZE;
    }
    CHECK_EQ(graph_begin(world_graph, &info), NPURT_OK);
    return world_graph;
}

static inline struct graph *world_begin(void)
{
    return world_begin_with((struct graph_begin_info){0});
}

static inline void world_whole(void)
{
    const char *wrong = graph_validate(world_graph);
    if (wrong) CHECK_FAIL("the engine is not whole: %s", wrong);
}

static inline const struct image_task *world_task(uint32_t i)
{
    return (const struct image_task *)world_image.segment[1].data + i;
}

/* Edges from task to task, with those that joins stand for, as the image's description (protocol/image.h) says. */
static struct {
    uint32_t *begin, *consumer, *fanin;
} world_flat;

static inline uint32_t world_follow(uint32_t producer, uint32_t *to)
{
    const uint32_t *edge = world_image.segment[3].data;
    const struct image_task *t = world_task(producer);
    uint32_t count = 0;
    for (uint32_t i = 0; i < t->fanout_count; i++) {
        const uint32_t node = edge[t->fanout_begin + i];
        if (node < world_image.task_count) {
            if (to) to[count] = node;
            count++;
            continue;
        }
        const struct image_task *join = world_task(node);
        for (uint32_t k = 0; k < join->fanout_count; k++, count++) {
            CHECK(edge[join->fanout_begin + k] < world_image.task_count);
            if (to) to[count] = edge[join->fanout_begin + k];
        }
    }
    return count;
}

static inline void world_flatten(void)
{
    const uint32_t tasks = world_image.task_count;
    free(world_flat.begin);
    free(world_flat.consumer);
    free(world_flat.fanin);
    world_flat.begin = calloc((size_t)tasks + 1, sizeof(uint32_t));
    world_flat.fanin = calloc((size_t)tasks + 1, sizeof(uint32_t));
    CHECK(world_flat.begin && world_flat.fanin);
    for (uint32_t i = 0; i < tasks; i++)
        world_flat.begin[i + 1] = world_flat.begin[i] + world_follow(i, NULL);
    world_flat.consumer = malloc(((size_t)world_flat.begin[tasks] + 1) * sizeof(uint32_t));
    CHECK(world_flat.consumer != NULL);
    for (uint32_t i = 0; i < tasks; i++)
        world_follow(i, world_flat.consumer + world_flat.begin[i]);
    for (uint32_t e = 0; e < world_flat.begin[tasks]; e++)
        world_flat.fanin[world_flat.consumer[e]]++;
}

static inline void world_finish(void)
{
    world_whole();
    if (graph_finish(world_graph, &world_image) != NPURT_OK) CHECK_FAIL("%s", graph_problem(world_graph));
    world_whole();
    world_flatten();
}

static inline const uint32_t *world_consumers(uint32_t producer)
{
    return world_flat.consumer + world_flat.begin[producer];
}

static inline uint32_t world_fanout(uint32_t producer)
{
    return world_flat.begin[producer + 1] - world_flat.begin[producer];
}

static inline uint32_t world_fanin(uint32_t consumer)
{
    return world_flat.fanin[consumer];
}

static inline const npurt_tensor *world_tensor(uint32_t task, uint32_t i)
{
    const uint8_t *payload = world_image.segment[4].data;
    return (const npurt_tensor *)(payload + (uint64_t)world_task(task)->payload * 64) + i;
}

static inline bool world_edge(uint32_t producer, uint32_t consumer)
{
    for (uint32_t k = 0; k < world_fanout(producer); k++)
        if (world_consumers(producer)[k] == consumer) return true;
    return false;
}

/* All edges as "0>1 0>2 …", for comparison and for messages. */
static inline const char *world_edges(void)
{
    static char text[4096];
    size_t at = 0;
    text[0] = 0;
    for (uint32_t p = 0; p < world_image.task_count; p++)
        for (uint32_t k = 0; k < world_fanout(p) && at + 32 < sizeof text; k++)
            at += (size_t)snprintf(text + at, sizeof text - at, "%s%u>%u", at ? " " : "", p, world_consumers(p)[k]);
    return text;
}

static inline npurt_task_id world_submit(const npurt_task *task)
{
    npurt_task_id id = NPURT_TASK_NONE;
    if (graph_submit(world_graph, task, &id) != NPURT_OK) CHECK_FAIL("refused: %s", graph_problem(world_graph));
    return id;
}

/* A task of one access. */
static inline npurt_task_id world_access(npurt_access access, npurt_tensor tensor)
{
    npurt_task task;
    npurt_task_init_aiv(&task, 0);
    npurt_task_add_tensor(&task, access, &tensor, NULL, NULL);
    return world_submit(&task);
}
static inline npurt_task_id world_read(npurt_tensor t)
{
    return world_access(NPURT_ACCESS_INPUT, t);
}
static inline npurt_task_id world_write(npurt_tensor t)
{
    return world_access(NPURT_ACCESS_OUTPUT_EXISTING, t);
}
static inline npurt_task_id world_update(npurt_tensor t)
{
    return world_access(NPURT_ACCESS_INOUT, t);
}

#endif
