/* Elements of tensors that the orchestration itself reads or writes. */
#include "element.h"

#include <string.h>

void stream_fill(const npurt_tensor *t, uint64_t bits)
{
    const uint32_t element = npurt_dtype_size((npurt_dtype)t->dtype);
    uint8_t *at = (uint8_t *)(uintptr_t)t->addr;
    for (uint64_t i = 0; i < t->size; i += element)
        memcpy(at + i, &bits, element);
    port_cache_clean(at, t->size);
}

/* Waits until the task has completed. */
static npurt_status wait_for(struct graph *g, uint32_t number)
{
    while (edges_live(&g->edges, number)) {
        const struct stream_words *words = &g->stream.words[edges_slot(&g->edges, number)];
        if (port_observe32(&words->done) == number) break;
        if (stream_wait(g, STREAM_NEEDS_ELEMENT, number) == NPURT_OK) continue;
        g->stream.refusal.code = STREAM_TENSOR_WAIT_TIMEOUT;
        break;
    }
    return g->latched;
}

/* Waits for the tasks in flight that were given the element without dependencies, of which the map knows nothing. */
static npurt_status wait_for_untracked(struct graph *g, uint64_t address, uint32_t size, bool writes)
{
    const struct stream *s = &g->stream;
    for (uint32_t r = 0; r < STREAM_RINGS; r++)
        for (uint32_t index = g->edges.ring[r].tail; index != g->edges.ring[r].head; index++) {
            const uint32_t number = r << STREAM_INDEX_BITS | index;
            if (!edges_live(&g->edges, number)) continue; /* it has retired while another one was waited for */
            const uint32_t slot = edges_slot(&g->edges, number);
            const struct image_task *task = &s->tasks[slot];
            const npurt_tensor *payload =
                (const npurt_tensor *)(s->payload + (uint64_t)task->payload * GRAPH_PAYLOAD_UNIT);
            if (element_argument(task, payload, &s->slot_untracked[slot], address, size, writes) == GRAPH_NO_ARGUMENT) continue;
            if (wait_for(g, number) != NPURT_OK) return g->latched;
        }
    return NPURT_OK;
}

/* Checks the element and waits for all that may touch it; its address, or NULL when the graph is refused. */
static void *element(struct graph *g, const npurt_tensor *t, const uint32_t *index, bool writes)
{
    struct buffer *buffer;
    struct box box;
    if (!element_find(g, t, index, writes, &buffer, &box)) return NULL;

    struct edges *e = &g->edges;
    e->consumer = MAP_NONE; /* no task's number */
    e->count = 0;
    tensor_map_query(&g->map, buffer, &box, writes);
    for (uint32_t i = 0; i < e->count; i++)
        e->mark[e->producers[i]].consumer = g->stream.words[e->producers[i]].number;
    for (uint32_t i = 0; i < e->count; i++)
        if (wait_for(g, g->stream.words[e->producers[i]].number) != NPURT_OK) return NULL;
    const uint64_t address = buffer->addr + box.lo;
    if (g->untracks && wait_for_untracked(g, address, (uint32_t)box.run, writes) != NPURT_OK) return NULL;
    return (void *)(uintptr_t)address;
}

npurt_status stream_get(struct graph *g, const npurt_tensor *t, const uint32_t *index, uint64_t *bits)
{
    uint64_t value = 0;
    const void *at = element(g, t, index, false);
    if (at) {
        port_cache_invalidate(at, npurt_dtype_size((npurt_dtype)t->dtype));
        memcpy(&value, at, npurt_dtype_size((npurt_dtype)t->dtype));
    }
    if (bits) *bits = value;
    return g->latched;
}

npurt_status stream_set(struct graph *g, const npurt_tensor *t, const uint32_t *index, uint64_t bits)
{
    void *at = element(g, t, index, true);
    if (!at) return g->latched;
    port_cache_invalidate(at, npurt_dtype_size((npurt_dtype)t->dtype));
    memcpy(at, &bits, npurt_dtype_size((npurt_dtype)t->dtype));
    port_cache_clean(at, npurt_dtype_size((npurt_dtype)t->dtype));
    return NPURT_OK;
}
