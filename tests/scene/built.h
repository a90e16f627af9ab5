/* An example's graph as the engine builds it, in host memory: begin → build… → end. */
#ifndef TESTS_SCENE_BUILT_H
#define TESTS_SCENE_BUILT_H

#include "check.h"

#include <dlfcn.h>
#include <limits.h>

#include "graph/graph.h"
#include "interpreter.h"

enum { BUILT_HEAP = 64 << 20 };

struct run {
    struct interpreter_kernels kernels;
    struct graph *graph;
    void *heap;
    int (*orchestrate)(npurt_orch *, const npurt_orch_args *);
};

static inline void begin(struct run *run, const struct example *example)
{
    char folder[PATH_MAX], path[PATH_MAX + 64], message[512] = "";
    memset(run, 0, sizeof *run);
    CHECK(example_folder(folder, sizeof folder));
    if (interpreter_kernels_open(&run->kernels, example, folder, message, sizeof message) != 0)
        CHECK_FAIL("%s", message);
    snprintf(path, sizeof path, "%s/%s/orchestration.so", folder, example->name);
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    void *symbol = library ? dlsym(library, "orchestration_entry") : NULL;
    if (!symbol) CHECK_FAIL("%s", dlerror());
    memcpy(&run->orchestrate, &symbol, sizeof symbol);
    CHECK_EQ(graph_create(NULL, &run->graph), NPURT_OK);
    run->heap = aligned_alloc(4096, BUILT_HEAP);
    CHECK(run->heap != NULL);
}

static inline void end(struct run *run)
{
    graph_destroy(run->graph);
    interpreter_kernels_close(&run->kernels);
    free(run->heap);
}

/* The image in one piece. */
static inline uint8_t *build(struct run *run, const struct example_problem *problem, uint32_t edge_kinds)
{
    npurt_tensor tensor[EXAMPLE_MAX_TENSORS];
    npurt_orch_args args = {.tensor_count = problem->tensor_count,
                            .scalar_count = problem->scalar_count,
                            .tensor = tensor,
                            .scalar = problem->scalar};
    struct graph_begin_info info = {
        .heap_base = (uint64_t)(uintptr_t)run->heap, .heap_size = BUILT_HEAP, .cluster_count = 4, .edge_kinds = edge_kinds};
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

#endif
