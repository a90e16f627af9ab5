/* The test of the tests: a random graph executed by nothing but its edges, in random orders that they allow, gives the
 * interpreter's result; with any one kind of edge switched off it does not. So the graphs do ask for every kind. */
#include "check.h"

#include <dlfcn.h>
#include <limits.h>

#include "graph/graph.h"
#include "interpreter.h"

enum { GRAPHS = 60, ORDERS = 3, HEAP = 64 << 20 };

struct run {
    struct interpreter_kernels kernels;
    struct graph *graph;
    void *heap;
    int (*orchestrate)(npurt_orch *, const npurt_orch_args *);
};

static void begin(struct run *run)
{
    char folder[PATH_MAX], path[PATH_MAX + 64], message[512] = "";
    memset(run, 0, sizeof *run);
    CHECK(example_folder(folder, sizeof folder));
    if (interpreter_kernels_open(&run->kernels, &random_graph, folder, message, sizeof message) != 0)
        CHECK_FAIL("%s", message);
    snprintf(path, sizeof path, "%s/random_graph/orchestration.so", folder);
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    void *symbol = library ? dlsym(library, "orchestration_entry") : NULL;
    if (!symbol) CHECK_FAIL("%s", dlerror());
    memcpy(&run->orchestrate, &symbol, sizeof symbol);
    CHECK_EQ(graph_create(NULL, &run->graph), NPURT_OK);
    run->heap = aligned_alloc(4096, HEAP);
    CHECK(run->heap != NULL);
}

static void end(struct run *run)
{
    graph_destroy(run->graph);
    interpreter_kernels_close(&run->kernels);
    free(run->heap);
}

/* The image in one piece. */
static uint8_t *build(struct run *run, const struct example_problem *problem, uint32_t edge_kinds)
{
    npurt_tensor tensor[EXAMPLE_MAX_TENSORS];
    npurt_orch_args args = {.tensor_count = problem->tensor_count,
                            .scalar_count = problem->scalar_count,
                            .tensor = tensor,
                            .scalar = problem->scalar};
    struct graph_begin_info info = {
        .heap_base = (uint64_t)(uintptr_t)run->heap, .heap_size = HEAP, .cluster_count = 4, .edge_kinds = edge_kinds};
    struct graph_image image;
    for (uint32_t i = 0; i < problem->tensor_count; i++) {
        const npurt_call_tensor *t = &problem->tensor[i];
        npurt_tensor_init(&tensor[i], (uint64_t)(uintptr_t)t->host, t->dtype, t->ndims, t->shape);
    }
    CHECK_EQ(graph_begin(run->graph, &info), NPURT_OK);
    CHECK_EQ(run->orchestrate(graph_orch(run->graph), &args), 0);
    npurt_status status = graph_finish(run->graph, &image);
    if (status != NPURT_OK) CHECK_FAIL("graph_finish: status %d: %s", status, graph_problem(run->graph));
    CHECK_EQ(image.task_count, problem->task_count);
    uint8_t *whole = aligned_alloc(64, (image.size + 63) & ~UINT64_C(63));
    CHECK(whole != NULL);
    for (uint32_t i = 0; i < image.segment_count; i++)
        memcpy(whole + image.segment[i].offset, image.segment[i].data, image.segment[i].size);
    return whole;
}

/* Executes the image's tasks in an order drawn from `seed`: any task whose producers are done may be next. */
static void execute(const struct run *run, const uint8_t *image, uint64_t seed)
{
    const struct image_header *header = (const struct image_header *)image;
    const struct image_task *task = (const struct image_task *)(image + header->tasks_offset);
    const uint32_t *first = (const uint32_t *)(image + header->ready_offset);
    const uint32_t *edge = (const uint32_t *)(image + header->edges_offset);
    uint32_t *waiting = malloc(header->task_count * sizeof waiting[0]);
    uint32_t *ready = malloc(header->task_count * sizeof ready[0]), ready_count = header->ready_count, done = 0;
    CHECK(waiting && ready);
    for (uint32_t i = 0; i < header->task_count; i++)
        waiting[i] = task[i].fanin;
    memcpy(ready, first, ready_count * sizeof ready[0]);
    while (ready_count > 0) {
        uint32_t pick = (uint32_t)(example_random(seed, 11, done) % ready_count), number = ready[pick];
        const struct image_task *t = &task[number];
        const uint8_t *payload = image + header->payload_offset + (uint64_t)t->payload * 64;
        ready[pick] = ready[--ready_count];
        if (t->shape != SHAPE_DUMMY) {
            struct interpreter_task call = {.kernel = {t->kernel[0], t->kernel[1], t->kernel[2]},
                                            .block_num = t->block_num,
                                            .tensor_count = t->tensor_count,
                                            .scalar_count = t->scalar_count,
                                            .tensor = (const npurt_tensor *)payload,
                                            .scalar =
                                                (const uint64_t *)(payload + t->tensor_count * sizeof(npurt_tensor))};
            interpreter_run_task(&run->kernels, &call);
        }
        for (uint32_t i = 0; i < t->fanout_count; i++)
            if (--waiting[edge[t->fanout_begin + i]] == 0) ready[ready_count++] = edge[t->fanout_begin + i];
        done++;
    }
    uint32_t all = header->task_count;
    free(waiting);
    free(ready);
    CHECK_EQ(done, all);
}

/* In how many of the graphs some allowed order gives a wrong result. */
static uint32_t wrong_graphs(uint32_t edge_kinds)
{
    struct run run;
    uint32_t wrong_count = 0;
    begin(&run);
    for (uint32_t g = 0; g < GRAPHS; g++) {
        struct example_case which = {"random", "", {50 + 10 * g}};
        struct example_problem problem;
        double max_abs_error;
        bool wrong = false;
        CHECK_EQ(example_prepare(&random_graph, &which, 5000 + g, &problem), 0);
        uint8_t *image = build(&run, &problem, edge_kinds);
        for (uint32_t order = 0; order < ORDERS; order++) {
            example_restore(&problem);
            execute(&run, image, g * ORDERS + order);
            wrong = example_check(&problem, &max_abs_error) != 0 || wrong;
        }
        wrong_count += wrong;
        free(image);
        example_release(&problem);
    }
    end(&run);
    return wrong_count;
}

TEST(every_order_that_the_edges_allow_is_right)
{
    CHECK_EQ(wrong_graphs(GRAPH_ALL_EDGES), 0);
}

/* Half: one lucky graph would be no proof that the kind is tested. */
static void is_missed(uint32_t kind)
{
    uint32_t wrong = wrong_graphs(GRAPH_ALL_EDGES & ~kind);
    printf("  wrong without it: %u of %u graphs\n", wrong, (unsigned)GRAPHS);
    CHECK(wrong >= GRAPHS / 2);
}

TEST(missing_read_after_write_edges_are_noticed)
{
    is_missed(GRAPH_RAW);
}
TEST(missing_write_after_write_edges_are_noticed)
{
    is_missed(GRAPH_WAW);
}
TEST(missing_write_after_read_edges_are_noticed)
{
    is_missed(GRAPH_WAR);
}

TEST_MAIN
