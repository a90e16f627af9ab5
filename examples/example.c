#include "example.h"

#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const struct example *const example_all[] = {
    &vector_example,       &matmul,       &paged_attention, &random_graph,    &spmd,
    &mixed_shapes,         &dummy_task,   &alternating,     &benchmark_bgemm, &decoder_layer,
    &paged_attention_spmd, &async_notify, &deferred_notify, &scalar_data};
const uint32_t example_count = sizeof example_all / sizeof example_all[0];

const struct example *example_find(const char *name)
{
    for (uint32_t i = 0; i < example_count; i++)
        if (strcmp(example_all[i]->name, name) == 0) return example_all[i];
    return NULL;
}

const struct example_case *example_find_case(const struct example *example, const char *name)
{
    for (uint32_t i = 0; i < example->case_count; i++)
        if (strcmp(example->cases[i].name, name) == 0) return &example->cases[i];
    return NULL;
}

bool example_case_is_full(const struct example_case *which)
{
    return strncmp(which->name, "full", 4) == 0;
}

bool example_case_runs(const struct example *example, const struct example_case *which, npurt_runtime runtime)
{
    return runtime == NPURT_TENSORMAP_AND_RINGBUFFER || !example->reads_back ||
           strcmp(example->reads_back, which->name) != 0;
}

int example_prepare(const struct example *example, const struct example_case *which, uint64_t seed,
                    struct example_problem *problem)
{
    *problem = (struct example_problem){.example = example, .which = which, .seed = seed};
    if (example->prepare(problem) != 0) {
        example_release(problem);
        return -1;
    }
    for (uint32_t i = 0; i < problem->tensor_count; i++) {
        if (problem->param[i].access != NPURT_ACCESS_INOUT) continue;
        uint64_t bytes = example_tensor_bytes(&problem->tensor[i]);
        problem->initial[i] = malloc(bytes);
        if (!problem->initial[i]) {
            example_release(problem);
            return -1;
        }
        memcpy(problem->initial[i], problem->tensor[i].host, bytes);
    }
    return 0;
}

void example_restore(struct example_problem *problem)
{
    for (uint32_t i = 0; i < problem->tensor_count; i++) {
        uint64_t bytes = example_tensor_bytes(&problem->tensor[i]);
        if (problem->param[i].access == NPURT_ACCESS_INOUT)
            memcpy(problem->tensor[i].host, problem->initial[i], bytes);
        else if (problem->param[i].access == NPURT_ACCESS_OUTPUT_EXISTING)
            memset(problem->tensor[i].host, 0xff, bytes); /* NaN in every floating type */
    }
}

int64_t example_check(struct example_problem *problem, double *max_abs_error)
{
    int64_t wrong = 0;
    *max_abs_error = 0;
    for (uint32_t i = 0; i < problem->tensor_count; i++)
        comparison_begin(&problem->found[i], &problem->tensor[i]);
    if (problem->example->check(problem) != 0) return -1;
    for (uint32_t i = 0; i < problem->tensor_count; i++) {
        wrong += (int64_t)problem->found[i].wrong;
        *max_abs_error = fmax(*max_abs_error, problem->found[i].max_abs_error);
    }
    return wrong;
}

void example_release(struct example_problem *problem)
{
    for (uint32_t i = 0; i < problem->tensor_count; i++) {
        free(problem->tensor[i].host);
        free(problem->initial[i]);
    }
    if (problem->own && problem->example->release)
        problem->example->release(problem);
    else
        free(problem->own);
    *problem = (struct example_problem){0};
}

void *example_add_tensor(struct example_problem *problem, npurt_access access, npurt_dtype dtype, uint32_t ndims,
                         const uint32_t *shape)
{
    uint32_t i = problem->tensor_count;
    if (i == EXAMPLE_MAX_TENSORS) return NULL;
    npurt_call_tensor *t = &problem->tensor[i];
    t->dtype = dtype;
    t->ndims = ndims;
    memcpy(t->shape, shape, ndims * sizeof shape[0]);
    t->host = calloc(1, example_tensor_bytes(t));
    if (!t->host) return NULL;
    problem->param[i] = (npurt_param){.access = access, .dtype = dtype, .ndims = ndims};
    memcpy(problem->param[i].shape, shape, ndims * sizeof shape[0]);
    problem->tensor_count++;
    return t->host;
}

void example_add_scalar(struct example_problem *problem, uint64_t bits)
{
    if (problem->scalar_count < EXAMPLE_MAX_SCALARS) problem->scalar[problem->scalar_count++] = bits;
}

uint64_t example_tensor_elements(const npurt_call_tensor *tensor)
{
    uint64_t n = 1;
    for (uint32_t d = 0; d < tensor->ndims; d++)
        n *= tensor->shape[d];
    return n;
}

uint64_t example_tensor_bytes(const npurt_call_tensor *tensor)
{
    return example_tensor_elements(tensor) * npurt_dtype_size(tensor->dtype);
}

bool example_folder(char *buffer, size_t size)
{
    char program[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", program, sizeof program - 1);
    if (n <= 0) return false;
    program[n] = 0;
    int length = snprintf(buffer, size, "%s/../lib/npurt/examples", dirname(program));
    return length > 0 && (size_t)length < size && access(buffer, R_OK) == 0;
}
