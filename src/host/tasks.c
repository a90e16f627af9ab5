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
    char *copy;                 /* of the device's, owned; or NULL */
    uint32_t *begin, *consumer; /* of task t, without joins: consumer[begin[t] … begin[t + 1]) */
    uint32_t *fanin;            /* the same */
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
        .fanin = image->fanin[place],
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
    *count = image->begin[place + 1] - image->begin[place];
    return image->consumer + image->begin[place];
}

void tasks_use_states(struct task_source *source, struct task_state *state)
{
    const struct image *image = source->own;
    const struct image_header *h = &image->header;
    source->state = state;
    for (uint32_t j = h->task_count; state && j < h->task_count + h->join_count; j++) {
        const struct image_task *join = &image->task[j];
        if (state[j].fanin_left == 0) continue; /* it has told them, or is about to */
        for (uint32_t k = 0; k < join->fanout_count; k++) {
            const uint32_t consumer = image->edge[join->fanout_begin + k];
            if (consumer < h->task_count) state[consumer].fanin_left += state[j].fanin_left - 1;
        }
    }
}

static int64_t find(const struct task_source *source, uint32_t recorded)
{
    return recorded < source->count ? (int64_t)recorded : TASKS_NOWHERE;
}

static int64_t owner(const struct task_source *source, npurt_task_id id)
{
    return id < source->count ? (int64_t)id : TASKS_NOWHERE;
}

static void free_image(struct image *image)
{
    free(image->begin);
    free(image->consumer);
    free(image->fanin);
    free(image->copy);
    free(image);
}

static void close_image(struct task_source *source)
{
    free_image(source->own);
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
    const uint64_t nodes = (uint64_t)h->task_count + h->join_count;
    image->task = in_segments(graph, h->tasks_offset, nodes * sizeof *image->task, &rest);
    image->edge = in_segments(graph, h->edges_offset, h->edge_count * sizeof *image->edge, &rest);
    image->payload = in_segments(graph, h->payload_offset, 0, &image->payload_size);
    if (!image->task || !image->edge || !image->payload) return false;
    for (uint64_t t = 0; t < nodes; t++)
        if (image->task[t].fanout_begin > h->edge_count ||
            image->task[t].fanout_count > h->edge_count - image->task[t].fanout_begin)
            return false;
    for (uint32_t e = 0; e < h->edge_count; e++)
        if (image->edge[e] >= nodes) return false;
    return true;
}

/* Writes whom the task leads to, in person and through joins, unless `to` is NULL. Returns how many. */
static uint32_t follow(const struct image *image, uint32_t task, uint32_t *to)
{
    const uint32_t tasks = image->header.task_count;
    const struct image_task *t = &image->task[task];
    uint32_t count = 0;
    for (uint32_t i = 0; i < t->fanout_count; i++) {
        const uint32_t node = image->edge[t->fanout_begin + i];
        const struct image_task *join = node < tasks ? NULL : &image->task[node];
        for (uint32_t k = 0; k < (join ? join->fanout_count : 1); k++) {
            const uint32_t consumer = join ? image->edge[join->fanout_begin + k] : node;
            if (consumer >= tasks) continue; /* a join leads to tasks */
            if (to) to[count] = consumer;
            count++;
        }
    }
    return count;
}

/* Whoever reads about tasks knows nothing of joins. */
static bool spell_out(struct image *image)
{
    const uint32_t tasks = image->header.task_count;
    uint64_t total = 0;
    image->begin = calloc((size_t)tasks + 1, sizeof *image->begin);
    image->fanin = calloc((size_t)tasks + 1, sizeof *image->fanin);
    if (!image->begin || !image->fanin) return false;
    for (uint32_t t = 0; t < tasks; t++) {
        total += follow(image, t, NULL);
        if (total > UINT32_MAX) return false;
        image->begin[t + 1] = (uint32_t)total;
    }
    image->consumer = malloc((total + 1) * sizeof *image->consumer);
    if (!image->consumer) return false;
    for (uint32_t t = 0; t < tasks; t++)
        follow(image, t, image->consumer + image->begin[t]);
    for (uint64_t e = 0; e < total; e++)
        image->fanin[image->consumer[e]]++;
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
        (!from_host(image, run) && (small || !readable || !from_device(image, run))) || !spell_out(image)) {
        free_image(image);
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
