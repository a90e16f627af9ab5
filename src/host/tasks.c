#include "tasks.h"

#include <stdlib.h>
#include <string.h>
#include "device.h"

/* The image's tables. Those that came back from the device may be anything: every index is checked. */
struct image {
    struct image_header header;
    const struct image_task *task;
    const uint32_t *edge;
    const char *payload;
    uint64_t payload_size;
    char *copy; /* of the device's, owned; or NULL */
};

static void facts(const struct task_source *source, uint32_t place, struct task_facts *out)
{
    const struct image *image = source->own;
    const struct image_task *t = &image->task[place];
    *out = (struct task_facts){
        .id = place,
        .kernel = {t->kernel[0], t->kernel[1], t->kernel[2]},
        .shape = t->shape,
        .core_mask = t->core_mask,
        .block_num = t->block_num,
        .fanin = t->fanin,
    };
    const uint64_t at = (uint64_t)t->payload * 64;
    const uint64_t tensors = t->tensor_count * sizeof(npurt_tensor), scalars = t->scalar_count * sizeof(uint64_t);
    if (at > image->payload_size || tensors + scalars > image->payload_size - at) return;
    out->tensor_count = t->tensor_count;
    out->scalar_count = t->scalar_count;
    out->tensor = (const npurt_tensor *)(const void *)(image->payload + at);
    out->scalar = (const uint64_t *)(const void *)(image->payload + at + tensors);
}

static const uint32_t *consumers(const struct task_source *source, uint32_t place, uint32_t *count)
{
    const struct image *image = source->own;
    const struct image_task *t = &image->task[place];
    *count = t->fanout_count;
    return image->edge + t->fanout_begin;
}

static int64_t find(const struct task_source *source, uint32_t recorded)
{
    return recorded < source->count ? (int64_t)recorded : TASKS_NOWHERE;
}

static int64_t owner(const struct task_source *source, npurt_task_id id)
{
    return id < source->count ? (int64_t)id : TASKS_NOWHERE;
}

static void close_image(struct task_source *source)
{
    struct image *image = source->own;
    free(image->copy);
    free(image);
}

void tasks_close(struct task_source *source)
{
    if (source->close) source->close(source);
    *source = (struct task_source){0};
}

/* ---- finding the image */

/* `size` bytes at `offset` of the image, which lie in one segment, or NULL. Sets *rest to what follows in it. */
static const void *in_segments(const struct graph_image *graph, uint64_t offset, uint64_t size, uint64_t *rest)
{
    for (uint32_t s = 0; s < graph->segment_count; s++) {
        const struct graph_segment *g = &graph->segment[s];
        if (offset < g->offset || offset - g->offset > g->size || size > g->size - (offset - g->offset)) continue;
        if (g->size == offset - g->offset && size == 0 && s + 1 < graph->segment_count) continue;
        *rest = g->size - (offset - g->offset);
        return (const char *)g->data + (offset - g->offset);
    }
    return NULL;
}

static bool tables_of(struct image *image, const struct graph_image *graph)
{
    uint64_t rest;
    const struct image_header *header = in_segments(graph, 0, sizeof *header, &rest);
    if (!header || header->magic != IMAGE_MAGIC || header->version != IMAGE_VERSION) return false;
    const struct image_header *h = &image->header;
    image->header = *header;
    image->task = in_segments(graph, h->tasks_offset, h->task_count * sizeof *image->task, &rest);
    image->edge = in_segments(graph, h->edges_offset, h->edge_count * sizeof *image->edge, &rest);
    image->payload = in_segments(graph, h->payload_offset, 0, &image->payload_size);
    if (!image->task || !image->edge || !image->payload) return false;
    for (uint32_t t = 0; t < h->task_count; t++)
        if (image->task[t].fanout_begin > h->edge_count ||
            image->task[t].fanout_count > h->edge_count - image->task[t].fanout_begin)
            return false;
    for (uint32_t e = 0; e < h->edge_count; e++)
        if (image->edge[e] >= h->task_count) return false;
    return true;
}

static bool from_host(struct image *image, const struct npurt_run *run)
{
    const struct run_bank *bank = run->bank;
    struct graph_image whole = {.segment_count = 1, .size = bank->graph.size};
    whole.segment[0].size = bank->graph.size;
    if (bank->graph.size <= RUN_SMALL_IMAGE)
        whole.segment[0].data = bank->upload + RUN_SMALL_IMAGE - ((bank->graph.size + 63) & ~UINT64_C(63));
    else if (bank->graph_number == run->device->graph_number)
        whole = bank->graph;
    else if (bank->shadowed)
        whole.segment[0].data = bank->shadow;
    else
        return false;
    return tables_of(image, &whole);
}

static bool from_device(struct image *image, const struct npurt_run *run)
{
    const struct run_bank *bank = run->bank;
    const uint64_t size = bank->graph.size;
    if (!(image->copy = malloc(size))) return false;
    if (run->device->driver->rtMemcpy(image->copy, size, device_pointer(bank->image), size,
                                      RT_MEMCPY_DEVICE_TO_HOST) != 0)
        return false;
    const struct graph_image whole = {.segment[0] = {.data = image->copy, .size = size}, .segment_count = 1};
    return tables_of(image, &whole);
}

bool tasks_of_image(const struct npurt_run *run, bool readable, struct task_source *out)
{
    struct image *image = calloc(1, sizeof *image);
    *out = (struct task_source){0};
    if (!image) return false;
    const bool small = run->bank->graph.size <= RUN_SMALL_IMAGE;
    if (run->bank->graph.size == 0 ||
        (!from_host(image, run) && (small || !readable || !from_device(image, run)))) {
        free(image->copy);
        free(image);
        return false;
    }
    *out = (struct task_source){.count = image->header.task_count,
                                .total = image->header.task_count,
                                .own = image,
                                .facts = facts,
                                .consumers = consumers,
                                .find = find,
                                .owner = owner,
                                .close = close_image};
    return true;
}
