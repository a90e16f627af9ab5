#include "engine.h"
#include "predicate.h"
#include "../protocol/condition.h"

#include <string.h>
#include <sys/mman.h>

/* One mapping holds everything, the struct graph first. Address space for the largest graph costs nothing: pages are
 * taken when they are touched. */
struct plan {
    uint64_t size;
};

static uint64_t plan_take(struct plan *plan, uint64_t count, uint64_t size)
{
    uint64_t at = plan->size;
    plan->size = (at + count * size + 4095) & ~UINT64_C(4095);
    return at;
}

static uint32_t log2_above(uint64_t n)
{
    uint32_t bits = 0;
    while (UINT64_C(1) << bits < n)
        bits++;
    return bits;
}

npurt_status graph_create(const struct graph_config *config, struct graph **out)
{
    uint64_t tasks = config && config->max_tasks ? config->max_tasks : NPURT_GRAPH_MAX_TASKS;
    uint64_t edges = config && config->max_edges ? config->max_edges : tasks * 64;
    uint64_t regions = config && config->max_regions ? config->max_regions : tasks * NPURT_TASK_MAX_TENSORS;
    uint64_t grids = regions / 4 + MAP_GRIDS_PER_BUFFER;
    uint64_t most_payload = NPURT_TASK_MAX_TENSORS * sizeof(npurt_tensor) + NPURT_TASK_MAX_SCALARS * sizeof(uint64_t) +
                            GRAPH_PAYLOAD_UNIT;
    /* links and edges are numbered in 32 bits */
    if (tasks > NPURT_GRAPH_MAX_TASKS || edges > UINT32_MAX || regions > MAP_REGIONS_MAX)
        return NPURT_ERROR_INVALID_ARGUMENT;
    uint32_t table_bits = log2_above(regions / 2 + 64);

    struct plan plan = {0};
    plan_take(&plan, 1, sizeof(struct graph));
    uint64_t at_tasks = plan_take(&plan, tasks + joins_most(tasks), sizeof(struct image_task));
    uint64_t at_ready = plan_take(&plan, tasks, sizeof(uint32_t));
    uint64_t at_producers = plan_take(&plan, edges, sizeof(uint32_t));
    uint64_t at_consumers = plan_take(&plan, edges, sizeof(uint32_t));
    uint64_t at_wide = plan_take(&plan, joins_scratch(edges), sizeof(uint32_t));
    uint64_t at_payload = plan_take(&plan, tasks, most_payload);
    uint64_t at_regions = plan_take(&plan, regions, sizeof(struct region));
    uint64_t at_order = plan_take(&plan, regions, sizeof(struct order));
    uint64_t at_shapes = plan_take(&plan, regions, sizeof(struct shape));
    uint64_t at_buffers = plan_take(&plan, regions, sizeof(struct buffer));
    uint64_t at_spans = plan_take(&plan, regions, sizeof(struct span));
    uint64_t at_untracked = plan_take(&plan, tasks, sizeof(struct untracked));
    uint64_t at_own = plan_take(&plan, regions, sizeof(struct buffer));
    uint64_t at_fills = plan_take(&plan, regions, sizeof(struct graph_fill));
    uint64_t at_grids = plan_take(&plan, grids, sizeof(struct grid));
    uint64_t at_links = plan_take(&plan, regions * (MAP_CELLS_PER_REGION - 1), sizeof(struct link));
    uint64_t at_readers = plan_take(&plan, tasks * NPURT_TASK_MAX_TENSORS, sizeof(struct reader));
    uint64_t at_cells = plan_take(&plan, UINT64_C(1) << table_bits, sizeof(struct slot));
    uint64_t at_addresses = plan_take(&plan, UINT64_C(1) << table_bits, sizeof(struct slot));
    uint64_t at_templates = plan_take(&plan, 1, sizeof(struct templates));
    uint64_t at_bodies = plan_take(&plan, 1, TEMPLATE_MEMORY);

    uint8_t *memory = mmap(NULL, plan.size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) return NPURT_ERROR_OUT_OF_HOST_MEMORY;

    /* payloads are most of what a graph touches: faulted in by small pages the first graph costs 390 ns a task, so 240
     */
    madvise(memory + at_payload, at_regions - at_payload, MADV_HUGEPAGE);
    struct graph *g = (struct graph *)memory;
    g->reserved_size = plan.size;
    g->orch.ops = &graph_orch_ops;
    g->blank.is_contiguous = 1;
    g->max_tasks = (uint32_t)tasks;
    g->tasks = (struct image_task *)(memory + at_tasks);
    g->ready = (uint32_t *)(memory + at_ready);
    g->task_untracked = (struct untracked *)(memory + at_untracked);
    g->payload = memory + at_payload;
    g->fills = (struct graph_fill *)(memory + at_fills);
    g->edges = (struct edges){.tasks = g->tasks,
                              .producers = (uint32_t *)(memory + at_producers),
                              .consumers = (uint32_t *)(memory + at_consumers),
                              .scratch = (uint32_t *)(memory + at_wide),
                              .max = (uint32_t)edges};
    g->map = (struct tensor_map){.edges = &g->edges,
                                 .regions = (struct region *)(memory + at_regions),
                                 .order = (struct order *)(memory + at_order),
                                 .shapes = (struct shape *)(memory + at_shapes),
                                 .buffers = (struct buffer *)(memory + at_buffers),
                                 .spans = (struct span *)(memory + at_spans),
                                 .own = (struct buffer *)(memory + at_own),
                                 .grids = (struct grid *)(memory + at_grids),
                                 .links = (struct link *)(memory + at_links),
                                 .readers = (struct reader *)(memory + at_readers),
                                 .cells = (struct slot *)(memory + at_cells),
                                 .addresses = (struct slot *)(memory + at_addresses),
                                 .max_regions = (uint32_t)regions,
                                 .max_grids = (uint32_t)grids,
                                 .max_readers = (uint32_t)(tasks * NPURT_TASK_MAX_TENSORS),
                                 .table_bits = table_bits,
                                 .table_size = UINT32_C(1) << table_bits};
    g->templates = (struct templates *)(memory + at_templates);
    g->templates->memory = memory + at_bodies;
    *out = g;
    return NPURT_OK;
}

void graph_destroy(struct graph *graph)
{
    if (graph) munmap(graph, graph->reserved_size);
}

npurt_status graph_begin(struct graph *g, const struct graph_begin_info *info)
{
    uint32_t kinds = info->edge_kinds ? info->edge_kinds : GRAPH_ALL_EDGES | GRAPH_JOINS;
    g->orch.ops = &graph_orch_ops;
    g->state = GRAPH_IDLE;
    g->latched = NPURT_OK;
    g->task_count = g->join_count = g->ready_count = g->depth = 0;
    g->payload_used = 0;
    g->fill_count = 0;
    g->manual = g->opens = g->untracks = false;
    g->user_code = 0;
    g->sync_start_refused = false;
    g->problem[0] = 0;
    g->edges.count = g->edges.wide = 0;
    g->edges.full = false;
    g->joins = (kinds & GRAPH_JOINS) != 0;
    tensor_map_reset(&g->map, kinds & GRAPH_RAW, kinds & GRAPH_WAW, kinds & GRAPH_WAR);
    if (info->heap_base >= HEAP_VIRTUAL || info->heap_size >= HEAP_VIRTUAL - info->heap_base)
        return graph_refuse(g, NPURT_ERROR_INVALID_ARGUMENT,
                            WORD("a heap of outputs beyond the addresses of any device"));
    heap_init(&g->heap, info->heap_base, info->heap_size, info->grow, info->grow_context);
    g->element = info->element;
    g->element_context = info->element_context;
    g->kernel_core = info->kernel_core;
    g->kernel_count = info->kernel_count;
    g->cluster_count = info->cluster_count;
    templates_reset(g);
    g->state = GRAPH_OPEN;
    return NPURT_OK;
}

static uint64_t line_up(uint64_t n)
{
    return (n + 63) & ~UINT64_C(63);
}

static void relocate(struct graph *g)
{
    for (uint32_t i = 0; i < g->task_count; i++) {
        npurt_tensor *t = graph_task_tensors(g, i);
        for (uint32_t k = 0; k < g->tasks[i].tensor_count; k++)
            heap_relocate(&g->heap, &t[k].addr);
        if (unlikely(g->tasks[i].flags & IMAGE_PREDICATE)) {
            const uint64_t *scalars = (const uint64_t *)(t + g->tasks[i].tensor_count);
            struct image_predicate *p = (struct image_predicate *)(scalars + g->tasks[i].scalar_count);
            heap_relocate(&g->heap, &p->address);
            p->mark = predicate_mark(p);
        }
        if (unlikely(g->tasks[i].flags & IMAGE_DEFERRED)) {
            struct image_deferred *deferred = deferred_of(&g->tasks[i], t);
            heap_relocate(&g->heap, &deferred->slabs);
            deferred_write(deferred, deferred->slabs);
        }
    }
    for (uint32_t i = 0; i < g->fill_count; i++)
        heap_relocate(&g->heap, &g->fills[i].addr);
}

/* Marks the tasks that may be staged before their producers have ended, while the log still has them grouped by consumer;
 * returns their number. */
static uint32_t mark_gated(struct graph *g)
{
    const uint32_t *producer = g->edges.producers;
    uint32_t gated = 0;
    for (uint32_t i = 0; i < g->task_count && g->opens; i++) {
        struct image_task *t = &g->tasks[i];
        uint32_t open = 0;
        for (uint32_t k = 0; k < t->fanin; k++)
            open += (g->tasks[*producer++].flags & IMAGE_OPENS) != 0;
        if (open == 0 || open < t->fanin || t->flags & (IMAGE_SYNC_START | IMAGE_PREDICATE)) continue;
        t->flags |= t->shape == SHAPE_DUMMY ? IMAGE_GATED | IMAGE_OPENS : IMAGE_GATED;
        gated++;
    }
    return gated;
}

static void add_segment(struct graph_image *image, const void *data, uint64_t size)
{
    image->segment[image->segment_count++] = (struct graph_segment){data, size, image->size};
    image->size = line_up(image->size + size);
}

npurt_status graph_finish(struct graph *g, struct graph_image *image)
{
    if (g->latched) return g->latched;
    if (g->state != GRAPH_OPEN)
        return graph_refuse(g, NPURT_ERROR_INVALID_ARGUMENT, WORD("no graph was begun that could be finished"));
    if (g->depth != 0)
        return graph_refuse(g, NPURT_ERROR_INVALID_ARGUMENT, WORD("the graph ends with "), NUMBER(g->depth),
                            WORD(" scope(s) still open"));
    g->state = GRAPH_DONE;
    if (heap_moved(&g->heap)) relocate(g);
    const uint32_t gated = mark_gated(g);
    if (g->joins && !g->opens) g->join_count = joins_make(&g->edges, g->task_count); /* gates follow edges from task to task */
    const uint32_t nodes = g->task_count + g->join_count;
    g->ready_count = edges_flatten(&g->edges, nodes, g->ready);

    *image = (struct graph_image){.task_count = g->task_count,
                                  .edge_count = g->edges.count,
                                  .gated_count = gated,
                                  .join_count = g->join_count,
                                  .heap_used = g->heap.used,
                                  .fills = g->fills,
                                  .fill_count = g->fill_count,
                                  .template_records = g->templates->records,
                                  .template_replays = g->templates->replays};
    add_segment(image, &g->header, sizeof g->header);
    add_segment(image, g->tasks, (uint64_t)nodes * sizeof *g->tasks);
    add_segment(image, g->ready, (uint64_t)g->ready_count * sizeof *g->ready);
    add_segment(image, g->edges.consumers, (uint64_t)g->edges.count * sizeof *g->edges.consumers);
    add_segment(image, g->payload, g->payload_used);
    g->header = (struct image_header){.magic = IMAGE_MAGIC,
                                      .version = IMAGE_VERSION,
                                      .size = image->size,
                                      .task_count = g->task_count,
                                      .edge_count = g->edges.count,
                                      .ready_count = g->ready_count,
                                      .gated_count = gated,
                                      .join_count = g->join_count,
                                      .tasks_offset = image->segment[1].offset,
                                      .ready_offset = image->segment[2].offset,
                                      .edges_offset = image->segment[3].offset,
                                      .payload_offset = image->segment[4].offset};
    return NPURT_OK;
}
