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

/* Checks the element and waits for whom the map names; its address, or NULL when the graph is refused. */
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
    for (uint32_t i = 0; i < e->count; i++) {
        const struct stream_words *words = &g->stream.words[e->producers[i]];
        while (port_observe32(&words->done) != words->number) {
            if (stream_wait(g, STREAM_NEEDS_ELEMENT, words->number) == NPURT_OK) continue;
            g->stream.refusal.code = STREAM_TENSOR_WAIT_TIMEOUT;
            return NULL;
        }
    }
    while (g->stream.unmapped && stream_more_room(g)) {
    }
    return g->latched ? NULL : (void *)(uintptr_t)(t->addr + box.lo);
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
