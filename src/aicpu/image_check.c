/* Checks of the image, in the pass that initialises the task states: every number that a scheduler later uses as an
 * index or an address is in its range, so that a corrupt image ends the run and nothing else. What is not checked here
 * can only stall: counts that never reach zero (the watch), or underflow (completion.c). */
#include "scheduler.h"
#include "shelf.h"

enum { ARGUMENTS_MAX = 48, PAYLOAD_UNIT = 64 };

static bool table_fits(uint64_t size, uint64_t offset, uint64_t count, uint64_t entry)
{
    return offset % 64 == 0 && offset <= size && count <= (size - offset) / entry;
}

const struct image_header *image_check_header(const struct run_control *control, int64_t *detail)
{
    const struct image_header *h = (const struct image_header *)(uintptr_t)control->image;
    *detail = 0;
    if (!h || control->image % 64 != 0 || control->image_size < sizeof *h) return NULL;
    port_cache_invalidate(h, sizeof *h);
    if (h->magic != IMAGE_MAGIC || h->version != IMAGE_VERSION) return NULL;
    *detail = offsetof(struct image_header, size);
    if (h->size < sizeof *h || h->size > control->image_size) return NULL;
    *detail = offsetof(struct image_header, task_count);
    if (h->task_count > SHELF_TASKS || h->ready_count > h->task_count) return NULL;
    *detail = offsetof(struct image_header, join_count);
    if (h->join_count > h->task_count || (h->join_count > 0 && h->gated_count > 0)) return NULL;
    const uint32_t nodes = h->task_count + h->join_count;
    if (control->workspace_size < image_workspace_size(nodes, h->gated_count > 0, control->aicpu_threads)) return NULL;
    *detail = offsetof(struct image_header, tasks_offset);
    if (!table_fits(h->size, h->tasks_offset, nodes, sizeof(struct image_task))) return NULL;
    *detail = offsetof(struct image_header, ready_offset);
    if (!table_fits(h->size, h->ready_offset, h->ready_count, sizeof(uint32_t))) return NULL;
    *detail = offsetof(struct image_header, edges_offset);
    if (!table_fits(h->size, h->edges_offset, h->edge_count, sizeof(uint32_t))) return NULL;
    *detail = offsetof(struct image_header, payload_offset);
    if (!table_fits(h->size, h->payload_offset, 0, 1)) return NULL;
    return h;
}

static enum run_code check_kernels(const struct scheduler *s, const struct image_task *t)
{
    for (unsigned slot = 0; slot < CORE_SLOTS; slot++) {
        if (!(t->core_mask >> slot & 1)) continue;
        uint32_t type = slot == 0 ? 0 : 1; /* npurt_core */
        int16_t id = t->kernel[slot];
        if (id < 0 || (uint32_t)id >= s->control->kernel_count || s->kernels[id].core_type != type ||
            s->kernels[id].image == 0)
            return RUN_BAD_KERNEL;
    }
    return RUN_OK;
}

static bool mask_fits_shape(const struct image_task *t)
{
    switch (t->core_mask) {
    case 0:
        return t->shape == SHAPE_DUMMY && t->block_num == 1;
    case 1:
        return t->shape == SHAPE_AIC;
    case 2:
    case 4:
        return t->shape == SHAPE_AIV;
    case 3:
    case 5:
    case 6:
    case 7:
        return t->shape == SHAPE_MIX;
    default:
        return false;
    }
}

static enum run_code check_task(const struct scheduler *s, const struct image_task *t, uint64_t payload_size)
{
    if (!mask_fits_shape(t) || t->block_num == 0 || t->flags & ~IMAGE_FLAGS) return RUN_BAD_IMAGE;
    if (t->flags & IMAGE_SYNC_START &&
        (t->block_num < 2 || t->block_num > image_shape_capacity(t->shape, s->control->block_dim)))
        return RUN_BAD_IMAGE;
    if (t->flags & IMAGE_GATED && (t->flags & (IMAGE_SYNC_START | IMAGE_PREDICATE) || !s->gates)) return RUN_BAD_IMAGE;
    if (t->fanout_begin > s->edge_count || t->fanout_count > s->edge_count - t->fanout_begin) return RUN_BAD_IMAGE;
    uint64_t begin = (uint64_t)t->payload * PAYLOAD_UNIT;
    uint64_t size = image_payload_size(t);
    if (t->tensor_count + t->scalar_count > ARGUMENTS_MAX) return RUN_BAD_IMAGE;
    if (begin > payload_size || size > payload_size - begin) return RUN_BAD_IMAGE;
    if (t->flags & IMAGE_PREDICATE && !predicate_is_sound(s, t)) return RUN_BAD_IMAGE;
    if (t->flags & IMAGE_DEFERRED && !condition_is_sound(s, t)) return RUN_BAD_IMAGE;
    return check_kernels(s, t);
}

static bool check_tasks(struct scheduler *s, uint64_t payload_size)
{
    const uint32_t nodes = s->task_count + s->join_count;
    uint32_t begin = scheduler_share(s, s->index, nodes), end = scheduler_share(s, s->index + 1, nodes);
    uint32_t spmd = 0, sync = 0, sources = 0;
    port_cache_invalidate(s->tasks + begin, (size_t)(end - begin) * sizeof *s->tasks);
    for (uint32_t i = begin; i < end; i++) {
        const struct image_task *t = &s->tasks[i];
        enum run_code code = check_task(s, t, payload_size);
        if (code != RUN_OK) {
            scheduler_end(s, code, i);
            return false;
        }
        uint32_t cores = (uint32_t)__builtin_popcount(t->core_mask);
        s->state[i] = (struct task_state){.fanin_left = t->fanin, .subtasks_left = t->block_num * cores, .link = TASK_NONE};
        if (s->gates)
            s->gates[i] = (struct task_gate){.word = gate_word(i, GATE_SHUT),
                                             .left = t->flags & IMAGE_GATED ? t->fanin : GATE_NEVER,
                                             .unsent = t->block_num};
        spmd += t->block_num > 1;
        sync += (t->flags & IMAGE_SYNC_START) != 0;
        sources += t->fanin == 0;
    }
    if (spmd) port_fetch_add32(&s->head->spmd_tasks, spmd);
    if (sync) port_fetch_add32(&s->head->sync_tasks, sync);
    if (sources) port_fetch_add32(&s->head->source_tasks, sources);
    return true;
}

static bool check_edges(struct scheduler *s)
{
    uint32_t begin = scheduler_share(s, s->index, s->edge_count), end = scheduler_share(s, s->index + 1, s->edge_count);
    uint32_t largest = 0;
    port_cache_invalidate(s->edges + begin, (size_t)(end - begin) * sizeof *s->edges);
    for (uint32_t i = begin; i < end; i++)
        largest = s->edges[i] > largest ? s->edges[i] : largest;
    if (begin < end && largest >= s->task_count + s->join_count) {
        scheduler_end(s, RUN_BAD_IMAGE, largest);
        return false;
    }
    return true;
}

/* The ready list: rising, so that no task is in it twice. That its tasks have no producers is checked when it is dealt,
 * when the task table of all ranges is visible. */
static bool check_ready(struct scheduler *s)
{
    uint32_t begin = scheduler_share(s, s->index, s->ready_count), end = scheduler_share(s, s->index + 1, s->ready_count);
    uint32_t from = begin > 0 ? begin - 1 : 0;
    port_cache_invalidate(s->ready_tasks + from, (size_t)(end - from) * sizeof *s->ready_tasks);
    for (uint32_t i = begin; i < end; i++) {
        uint32_t task = s->ready_tasks[i];
        if (task >= s->task_count || (i > 0 && task <= s->ready_tasks[i - 1])) {
            scheduler_end(s, RUN_BAD_IMAGE, task);
            return false;
        }
    }
    return true;
}

void image_check_range(struct scheduler *s)
{
    const struct image_header *h = (const struct image_header *)(uintptr_t)s->control->image;
    uint64_t payload_size = h->size - h->payload_offset;
    uint64_t begin = payload_size / s->count * s->index;
    uint64_t end = s->index + 1 == s->count ? payload_size : payload_size / s->count * (s->index + 1);
    port_cache_invalidate((const char *)(uintptr_t)s->payloads + begin, end - begin);
    port_cache_invalidate(s->kernels, (size_t)s->control->kernel_count * sizeof *s->kernels);
    if (check_tasks(s, payload_size) && check_edges(s)) check_ready(s);
}
