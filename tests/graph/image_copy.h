/* What a graph came out as, to be compared with another: tasks and arguments, edges, and which tasks are before which. */
#ifndef NPURT_TESTS_GRAPH_IMAGE_COPY_H
#define NPURT_TESTS_GRAPH_IMAGE_COPY_H

#include <stdlib.h>
#include <string.h>

#include "world.h"

struct bytes {
    uint8_t *at;
    uint64_t size, room;
};

/* What a graph came out as. */
struct copy {
    struct bytes content; /* tasks without their edges, arguments without the padding between them, initial values */
    struct bytes edges;   /* of tasks, and consumers */
    uint64_t *before;     /* [tasks * words] bit j of i: task j is before task i */
    uint32_t tasks, words;
};

static inline void append(struct bytes *to, const void *bytes, uint64_t count)
{
    if (to->size + count > to->room) {
        to->room = 2 * (to->size + count);
        to->at = realloc(to->at, to->room);
    }
    memcpy(to->at + to->size, bytes, count);
    to->size += count;
}

static inline void copy_free(struct copy *copy)
{
    free(copy->content.at);
    free(copy->edges.at);
    free(copy->before);
}

static inline struct copy copy_of_graph(void)
{
    struct copy copy = {.tasks = world_image.task_count, .words = (world_image.task_count + 63) / 64};
    const uint32_t *consumers = world_image.segment[3].data;
    copy.before = calloc((size_t)copy.tasks * copy.words + 1, sizeof *copy.before);
    append(&copy.edges, consumers, world_image.segment[3].size);
    for (uint32_t i = 0; i < copy.tasks; i++) {
        struct image_task task = *world_task(i);
        const uint32_t edges[] = {task.fanin, task.fanout_begin, task.fanout_count};
        append(&copy.edges, edges, sizeof edges);
        for (uint32_t k = 0; k < world_fanout(i); k++) {
            const uint32_t consumer = world_consumers(i)[k];
            uint64_t *to = copy.before + (size_t)consumer * copy.words;
            CHECK(consumer > i);
            to[i / 64] |= UINT64_C(1) << i % 64;
            for (uint32_t w = 0; w < copy.words; w++)
                to[w] |= copy.before[(size_t)i * copy.words + w];
        }
        task.fanin = task.fanout_begin = task.fanout_count = 0;
        append(&copy.content, &task, sizeof task);
        append(&copy.content, world_tensor(i, 0), image_payload_size(&task));
    }
    for (uint32_t i = 0; i < world_image.fill_count; i++) {
        const struct graph_fill *fill = &world_image.fills[i];
        const uint64_t words[] = {fill->addr, fill->size, fill->bits, fill->element};
        append(&copy.content, words, sizeof words);
    }
    return copy;
}

static inline void check_same(uint64_t seed, const char *what, struct bytes a, struct bytes b)
{
    uint64_t at = 0;
    while (at < a.size && at < b.size && a.at[at] == b.at[at])
        at++;
    if (at < a.size || at < b.size)
        CHECK_FAIL("seed %llu: %s of %llu and %llu bytes differ at %llu", (unsigned long long)seed, what,
                   (unsigned long long)a.size, (unsigned long long)b.size, (unsigned long long)at);
}

#endif
