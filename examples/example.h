/* The workloads, as the command, the scene tests and the benchmarks see them.
 *
 * An example is a folder: an orchestration, its kernels, a golden computed independently of both. A case is one size of
 * it. A problem is a case with inputs made from a seed:
 *
 *     example_find → example_prepare → [ example_restore → run → example_check ]… → example_release
 *
 * Running goes through npurt (example_load, example_call) or through the interpreter (interpreter.h). The seed fills
 * the inputs (and draws the graph of random_graph); it has nothing to do with the seed of a timed card.
 */
#ifndef NPURT_EXAMPLES_EXAMPLE_H
#define NPURT_EXAMPLES_EXAMPLE_H

#include <npurt/npurt.h>

#include <math.h>

#include "comparison.h"

enum { EXAMPLE_MAX_TENSORS = 24, EXAMPLE_MAX_SCALARS = 128, EXAMPLE_MAX_CASE_PARAMS = 24 };

struct example_kernel {
    uint32_t id;
    npurt_core core;
    const char *file;  /* FILE.so in the example's folder */
    const char *entry; /* NULL: kernel_entry */
    uint32_t duration_ns; /* npurt_kernel_desc */
};

struct example_case {
    const char *name; /* "small"; names that begin with "full" take seconds; or one of the example's own */
    const char *summary;
    uint64_t param[EXAMPLE_MAX_CASE_PARAMS]; /* meaning: the example's */
};

/* Sizes of each of the four rings through which a case streams; what a call asks for goes before them. */
struct example_rings {
    const char *which; /* the case's name */
    npurt_ring_options ring;
};

struct example_problem;

struct example {
    const char *name; /* of the folder too */
    const char *summary;
    const struct example_kernel *kernels;
    uint32_t kernel_count;
    const struct example_case *cases;
    uint32_t case_count;
    const char *reads_back; /* the case that reads what its tasks have computed, which host_build_graph can not; NULL none */
    const struct example_rings *rings; /* of the cases that do not take the defaults in tensormap_and_ringbuffer */
    uint32_t rings_count;
    bool elements;   /* its orchestration reads and writes elements: an image alone is not the whole graph */
    bool cores_talk; /* cores of a block wait for each other: the interpreter runs them side by side */
    /* Declares arguments (example_add_tensor, example_add_scalar), fills the inputs and sets task_count. -1: no memory.
     */
    int (*prepare)(struct example_problem *problem);
    /* Compares the outputs with the golden: example_note for each element. 0, or -1: no memory. */
    int (*check)(struct example_problem *problem);
    void (*release)(struct example_problem *problem); /* frees problem->own; NULL: free() does */
};

struct example_problem {
    const struct example *example;
    const struct example_case *which;
    uint64_t seed;
    npurt_runtime runtime; /* example_load's; whoever wants another than host_build_graph sets it after example_prepare */
    uint32_t task_count;
    npurt_call_tensor tensor[EXAMPLE_MAX_TENSORS]; /* host tensors, owned */
    npurt_param param[EXAMPLE_MAX_TENSORS];
    void *initial[EXAMPLE_MAX_TENSORS]; /* INOUT: a copy of what the caller gave */
    uint32_t tensor_count;
    uint64_t scalar[EXAMPLE_MAX_SCALARS];
    uint32_t scalar_count;
    struct comparison found[EXAMPLE_MAX_TENSORS]; /* of the last check, for each tensor */
    void *own; /* the example's */
};

extern const struct example vector_example, matmul, paged_attention, random_graph, spmd, mixed_shapes, dummy_task,
    alternating, benchmark_bgemm, decoder_layer, paged_attention_spmd, async_notify, deferred_notify, scalar_data;

/* All examples, in the order in which they are listed. */
extern const struct example *const example_all[];
extern const uint32_t example_count;

/* NULL when there is none of the name. */
const struct example *example_find(const char *name);
const struct example_case *example_find_case(const struct example *example, const char *name);
/* Its name begins with "full". */
bool example_case_is_full(const struct example_case *which);

/* The runtime can do what the case asks of it. */
bool example_case_runs(const struct example *example, const struct example_case *which, npurt_runtime runtime);

/* 0, or -1 when host memory does not suffice; release is due only after 0. */
int example_prepare(const struct example *example, const struct example_case *which, uint64_t seed,
                    struct example_problem *problem);
/* Before a run: INOUT tensors get their first content again, outputs a pattern that no golden holds. */
void example_restore(struct example_problem *problem);
/* Compares the outputs with the golden. Returns the wrong elements of all, -1 without host memory; *max_abs_error is the
 * largest difference, and problem->found says more. */
int64_t example_check(struct example_problem *problem, double *max_abs_error);
void example_release(struct example_problem *problem);

/* For prepare: the memory of a new argument, zeroed; NULL when there is none left. */
void *example_add_tensor(struct example_problem *problem, npurt_access access, npurt_dtype dtype, uint32_t ndims,
                         const uint32_t *shape);
void example_add_scalar(struct example_problem *problem, uint64_t bits);
uint64_t example_tensor_elements(const npurt_call_tensor *tensor);
uint64_t example_tensor_bytes(const npurt_call_tensor *tensor);

/* Folder that holds one folder per example, found from the program's own place: ../lib/npurt/examples beside bin/.
 * `buffer` of `size`; false when there is none. */
bool example_folder(char *buffer, size_t size);

/* NULL: the defaults. */
const npurt_ring_options *example_case_ring(const struct example *example, const struct example_case *which);

/* Loads the example's callable, with the rings of the problem's case; call it with the problem's arguments. Errors as
 * npurt_callable_load and npurt_call. */
npurt_status example_load(npurt_device *device, const struct example_problem *problem, const char *folder,
                          npurt_callable **out);
npurt_status example_call(npurt_callable *callable, const struct example_problem *problem, npurt_timing *timing);

/* The generator of inputs: a hash of (seed, stream, index), so that any element can be made on its own. */
static inline uint64_t example_random(uint64_t seed, uint64_t stream, uint64_t index)
{
    uint64_t x = seed * UINT64_C(0x9e3779b97f4a7c15) + stream * UINT64_C(0xd1342543de82ef95) + index;
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}
/* Uniform in [-1, 1), 24 bits. */
static inline float example_random_f32(uint64_t seed, uint64_t stream, uint64_t index)
{
    return (float)(int32_t)(example_random(seed, stream, index) >> 40) * 0x1p-23f - 1.0f;
}

/* Enters one element of an output: comparison.h says which are right. */
static inline void example_note(struct example_problem *problem, uint32_t tensor, uint64_t index, double got, double wanted,
                                double absolute, double relative)
{
    comparison_note(&problem->found[tensor], index, got, wanted, absolute, relative);
}

#endif
