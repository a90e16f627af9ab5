/* The tasks of a graph that is built on the device, from the rings' slots (protocol/stream.h).
 *
 * What is there: tasks of this run whose slot no later one has. Those in flight are all there, and of the others the
 * last ones; edges that a completed task had are gone. A run that goes on is read while it changes, so every index is
 * checked. */
#include <stdlib.h>
#include <string.h>

#include "device.h"
#include "streamed.h"
#include "tasks.h"

enum { ARGUMENTS = 2048 }; /* tasks of which they are read */
#define NOWHERE 0xffffffffu

struct rings {
    const npurt_device *device;
    uint64_t engine;
    struct stream_layout layout;
    struct image_task *task;     /* [slots] */
    struct stream_words *words;  /* [slots], and of joins */
    struct stream_edge *edge;    /* [edge_count] */
    uint32_t *place_of;          /* [slots] NOWHERE: none of this run */
    uint32_t *slot;              /* [count] */
    uint32_t *number;            /* [count] submissions', ascending */
    struct task_state *state;    /* [count] */
    uint64_t joins;              /* that lists of tasks in flight lead to, a bit each */
    uint32_t *begin, *consumer;  /* of place p: consumer[begin[p] … begin[p + 1]) */
    char *payload;               /* STREAM_PAYLOAD each */
    uint32_t *payload_of;        /* [count] NOWHERE: not read */
};

static bool is_done(const struct rings *rings, uint32_t slot)
{
    return rings->words[slot].done == rings->words[slot].number;
}

/* ---- the source */

static void facts(const struct task_source *source, uint32_t place, struct task_facts *out)
{
    const struct rings *rings = source->own;
    const struct image_task *t = &rings->task[rings->slot[place]];
    *out = (struct task_facts){
        .id = rings->number[place],
        .kernel = {t->kernel[0], t->kernel[1], t->kernel[2]},
        .shape = t->shape,
        .core_mask = t->core_mask,
        .block_num = t->block_num,
        .fanin = rings->state[place].fanin_left,
    };
    if (rings->payload_of[place] == NOWHERE) return;
    if (t->tensor_count > NPURT_TASK_MAX_TENSORS || t->scalar_count > NPURT_TASK_MAX_SCALARS) return;
    const char *payload = rings->payload + (size_t)rings->payload_of[place] * STREAM_PAYLOAD;
    out->tensor_count = t->tensor_count;
    out->scalar_count = t->scalar_count;
    out->tensor = (const npurt_tensor *)(const void *)payload;
    out->scalar = (const uint64_t *)(const void *)(payload + t->tensor_count * sizeof(npurt_tensor));
}

static const uint32_t *consumers(const struct task_source *source, uint32_t place, uint32_t *count)
{
    const struct rings *rings = source->own;
    *count = rings->begin[place + 1] - rings->begin[place];
    return rings->consumer + rings->begin[place];
}

static int64_t find(const struct task_source *source, uint32_t recorded)
{
    const struct rings *rings = source->own;
    uint32_t low = 0, high = source->count;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (rings->number[middle] < recorded)
            low = middle + 1;
        else
            high = middle;
    }
    return low < source->count && rings->number[low] == recorded ? (int64_t)low : TASKS_NOWHERE;
}

/* An id is ring << 32 | index. */
static int64_t owner(const struct task_source *source, npurt_task_id id)
{
    const struct rings *rings = source->own;
    const uint32_t ring = (uint32_t)(id >> 32);
    if (ring >= STREAM_RINGS) return TASKS_NOWHERE;
    const uint32_t end = ring + 1 < STREAM_RINGS ? rings->layout.first[ring + 1] : rings->layout.slots;
    for (uint32_t s = rings->layout.first[ring]; s < end; s++)
        if (rings->place_of[s] != NOWHERE && rings->words[s].number == (ring << STREAM_INDEX_BITS | (uint32_t)id))
            return rings->place_of[s];
    return TASKS_NOWHERE;
}

static void close_rings(struct task_source *source)
{
    struct rings *rings = source->own;
    free(rings->task);
    free(rings->words);
    free(rings->edge);
    free(rings->place_of);
    free(rings->slot);
    free(rings->number);
    free(rings->state);
    free(rings->begin);
    free(rings->consumer);
    free(rings->payload);
    free(rings->payload_of);
    free(rings);
}

/* ---- reading */

static bool read(const struct rings *rings, void *to, uint64_t offset, uint64_t size)
{
    return rings->device->driver->rtMemcpy(to, size, device_pointer(rings->engine + offset), size,
                                           RT_MEMCPY_DEVICE_TO_HOST) == 0;
}

/* Memory for `size` bytes at `offset` of the engine, filled from there; NULL. */
static void *copy_of(const struct rings *rings, uint64_t offset, uint64_t size)
{
    void *to = malloc(size);
    if (to && read(rings, to, offset, size)) return to;
    free(to);
    return NULL;
}

struct numbered {
    uint32_t number, slot;
};

static int by_number(const void *left, const void *right)
{
    const uint32_t a = ((const struct numbered *)left)->number, b = ((const struct numbered *)right)->number;
    return (a > b) - (a < b);
}

/* Gives every task of the run its place; NOWHERE: no host memory. */
static uint32_t find_places(struct rings *rings, uint32_t run)
{
    const uint32_t slots = rings->layout.slots;
    struct numbered *found = malloc(slots * sizeof *found);
    uint32_t count = 0;
    for (uint32_t s = 0; found && s < slots; s++)
        if (rings->task[s].fanout_count == run && rings->task[s].fanout_begin != NOWHERE)
            found[count++] = (struct numbered){rings->task[s].fanout_begin, s};
    rings->place_of = malloc(slots * sizeof *rings->place_of);
    rings->slot = malloc((count + 1) * sizeof *rings->slot);
    rings->number = malloc((count + 1) * sizeof *rings->number);
    rings->state = calloc(count + 1, sizeof *rings->state);
    if (!found || !rings->place_of || !rings->slot || !rings->number || !rings->state) {
        free(found);
        return NOWHERE;
    }
    qsort(found, count, sizeof *found, by_number);
    struct task_state *kept = copy_of(rings, rings->layout.state, slots * sizeof *kept); /* NULL: less is known */
    memset(rings->place_of, 0xff, slots * sizeof *rings->place_of);
    for (uint32_t p = 0; p < count; p++) {
        const uint32_t slot = found[p].slot;
        rings->slot[p] = slot;
        rings->number[p] = found[p].number;
        rings->place_of[slot] = p;
        rings->state[p] = (struct task_state){.fanin_left = rings->words[slot].fanin,
                                              .conditions = kept && (rings->task[slot].flags & IMAGE_DEFERRED)
                                                                ? kept[slot].conditions
                                                                : 0,
                                              .link = is_done(rings, slot) ? TASK_DONE : TASK_NONE};
    }
    free(kept);
    free(found);
    return count;
}

/* Follows the list of edges of a slot or join; writes the places it leads to, those of joins in their stead, unless `to` is
 * NULL. Returns how many. `place`: of the task where it began; *steps: edges left to be followed, since no two lists share any
 * unless they change meanwhile. */
static uint32_t follow(struct rings *rings, uint32_t node, uint32_t place, uint32_t *steps, uint32_t *to)
{
    const uint32_t slots = rings->layout.slots, edges = rings->layout.edge_count;
    uint32_t edge = stream_first_edge(rings->words[node].fanout), count = 0;
    for (; edge != STREAM_EDGE_NONE && edge <= edges && *steps > 0; --*steps) {
        const struct stream_edge e = rings->edge[edge - 1];
        edge = e.next;
        if (e.consumer >= slots) {
            if (node >= slots || e.consumer - slots >= STREAM_JOINS) continue; /* a join leads to none */
            rings->joins |= UINT64_C(1) << (e.consumer - slots);
            count += follow(rings, e.consumer, place, steps, to ? to + count : NULL);
            if (*steps == 0) break;
            continue;
        }
        if (rings->place_of[e.consumer] == NOWHERE) continue;
        if (rings->place_of[e.consumer] <= place) continue; /* who waits was submitted later: the list has changed */
        if (to) to[count] = rings->place_of[e.consumer];
        count++;
    }
    return count;
}

static uint32_t follow_place(struct rings *rings, uint32_t place, uint32_t *to)
{
    uint32_t steps = rings->layout.edge_count;
    return is_done(rings, rings->slot[place]) ? 0 : follow(rings, rings->slot[place], place, &steps, to);
}

static bool find_edges(struct rings *rings, uint32_t count)
{
    uint64_t total = 0;
    rings->begin = calloc((size_t)count + 1, sizeof *rings->begin);
    if (!rings->begin) return false;
    for (uint32_t p = 0; p < count; p++) {
        total += follow_place(rings, p, NULL);
        if (total > UINT32_MAX) return false;
        rings->begin[p + 1] = (uint32_t)total;
    }
    rings->consumer = malloc((total + 1) * sizeof *rings->consumer);
    for (uint32_t p = 0; p < count && rings->consumer; p++)
        follow_place(rings, p, rings->consumer + rings->begin[p]);
    return rings->consumer != NULL;
}

/* Who waits for a join is told to wait for as many as the join does. Pre: edges have been followed. */
static void spell_out(struct rings *rings)
{
    const uint32_t slots = rings->layout.slots, edges = rings->layout.edge_count;
    _Static_assert(STREAM_JOINS <= 64, "bits of rings.joins");
    for (uint64_t joins = rings->joins; joins; joins &= joins - 1) {
        const struct stream_words *join = &rings->words[slots + (uint32_t)__builtin_ctzll(joins)];
        uint32_t edge = stream_first_edge(join->fanout);
        for (uint32_t steps = 0; join->fanin > 0 && edge != STREAM_EDGE_NONE && edge <= edges && steps < edges; steps++) {
            const struct stream_edge e = rings->edge[edge - 1];
            edge = e.next;
            if (e.consumer < slots && rings->place_of[e.consumer] != NOWHERE)
                rings->state[rings->place_of[e.consumer]].fanin_left += join->fanin - 1;
        }
    }
}

/* Of a task that another one replaces just now, or of memory that was written over, any word may be anything. */
static bool has_payload(const struct rings *rings, const struct image_task *t)
{
    const uint64_t at = rings->layout.payload + (uint64_t)t->payload * 64, size = image_payload_size(t);
    return size <= STREAM_PAYLOAD && at + size <= rings->layout.size; /* a slot's, or a template's */
}

/* Of those in flight the first ones, of the others the last. */
static bool read_arguments(struct rings *rings, uint32_t count)
{
    const uint32_t room = count < ARGUMENTS ? count : ARGUMENTS;
    uint32_t taken = 0;
    rings->payload = malloc((size_t)(room + 1) * STREAM_PAYLOAD);
    rings->payload_of = malloc(((size_t)count + 1) * sizeof *rings->payload_of);
    if (!rings->payload || !rings->payload_of) return false;
    memset(rings->payload_of, 0xff, count * sizeof *rings->payload_of);
    for (int done = 0; done < 2; done++)
        for (uint32_t i = 0; i < count && taken < room; i++) {
            const uint32_t p = done ? count - 1 - i : i, slot = rings->slot[p];
            const struct image_task *t = &rings->task[slot];
            if (is_done(rings, slot) != (done == 1) || !has_payload(rings, t)) continue;
            const uint64_t size = image_payload_size(t);
            if (size > 0 && !read(rings, rings->payload + (size_t)taken * STREAM_PAYLOAD,
                                  rings->layout.payload + (uint64_t)t->payload * 64, size))
                return false;
            rings->payload_of[p] = taken++;
        }
    return true;
}

static bool read_all(struct rings *rings, uint32_t run, uint32_t *count)
{
    const struct stream_layout *l = &rings->layout;
    rings->task = copy_of(rings, l->tasks, l->slots * sizeof *rings->task);
    rings->words = copy_of(rings, l->words, (l->slots + STREAM_JOINS) * sizeof *rings->words);
    rings->edge = copy_of(rings, l->edges, (uint64_t)l->edge_count * sizeof *rings->edge);
    if (!rings->task || !rings->words || !rings->edge) return false;
    *count = find_places(rings, run);
    if (*count == NOWHERE || *count == 0 || !find_edges(rings, *count)) return false;
    spell_out(rings);
    return read_arguments(rings, *count);
}

bool tasks_of_rings(const struct npurt_run *run, struct task_source *out)
{
    const struct stream_control *control = streamed_control(run);
    struct rings *rings = calloc(1, sizeof *rings);
    uint32_t count = 0;
    *out = (struct task_source){0};
    if (!rings) return false;
    rings->device = run->device;
    rings->engine = control->engine;
    rings->layout = stream_layout_of(control);
    struct task_source source = {.own = rings,
                                 .facts = facts,
                                 .consumers = consumers,
                                 .find = find,
                                 .owner = owner,
                                 .close = close_rings};
    if (control->engine_key == 0 || control->run_number != run->number || !read_all(rings, run->number, &count)) {
        close_rings(&source);
        return false;
    }
    source.count = count;
    source.total = rings->number[count - 1] + 1;
    source.number = rings->number;
    source.state = rings->state;
    *out = source;
    return true;
}
