/* The examples through npurt; apart from example.c so that a program which only interprets needs no npurt. */
#include "example.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

enum { LOAD_MAX_KERNELS = 32 };

const npurt_ring_options *example_case_ring(const struct example *example, const struct example_case *which)
{
    for (uint32_t i = 0; i < example->rings_count; i++)
        if (strcmp(example->rings[i].which, which->name) == 0) return &example->rings[i].ring;
    return NULL;
}

npurt_status example_load(npurt_device *device, const struct example_problem *problem, const char *folder,
                          npurt_callable **out)
{
    const struct example *example = problem->example;
    char orchestration[PATH_MAX], path[LOAD_MAX_KERNELS][PATH_MAX];
    npurt_kernel_desc kernel[LOAD_MAX_KERNELS];
    if (example->kernel_count > LOAD_MAX_KERNELS) return NPURT_ERROR_LIMIT;
    snprintf(orchestration, sizeof orchestration, "%s/%s/orchestration.so", folder, example->name);
    for (uint32_t i = 0; i < example->kernel_count; i++) {
        const struct example_kernel *k = &example->kernels[i];
        snprintf(path[i], sizeof path[i], "%s/%s/%s.so", folder, example->name, k->file);
        kernel[i] = (npurt_kernel_desc){.id = k->id,
                                        .name = k->entry ? k->entry : k->file,
                                        .core = k->core,
                                        .binary = {.path = path[i]},
                                        .entry = k->entry,
                                        .duration_ns = k->duration_ns};
    }
    npurt_callable_desc desc = {
        .name = example->name,
        .runtime = problem->runtime,
        .orchestration = {.path = orchestration},
        .kernels = kernel,
        .kernel_count = example->kernel_count,
        .params = problem->param,
        .param_count = problem->tensor_count,
        .scalar_count = problem->scalar_count,
    };
    const npurt_ring_options *ring = example_case_ring(example, problem->which);
    for (uint32_t r = 0; ring && r < NPURT_RINGS; r++)
        desc.ring[r] = *ring;
    return npurt_callable_load(device, &desc, out);
}

npurt_status example_call(npurt_callable *callable, const struct example_problem *problem, npurt_timing *timing)
{
    npurt_call_args args = {.tensors = problem->tensor,
                            .tensor_count = problem->tensor_count,
                            .scalars = problem->scalar,
                            .scalar_count = problem->scalar_count};
    return npurt_call(callable, &args, timing);
}
