#include "host/world.h"

#include <stdlib.h>
#include <string.h>

const char world_orchestration[] = HOST_FIXTURES "/host_orchestration.so";
const char world_other_orchestration[] = HOST_FIXTURES "/host_other_orchestration.so";
const char world_kernels[] = HOST_FIXTURES "/host_kernels.so";
const char world_binaries[] = HOST_BINARIES;

npurt_runtime world_runtime = NPURT_HOST_BUILD_GRAPH;

__attribute__((constructor)) static void choose_runtime(void)
{
    const char *name = getenv("FIXTURE_RUNTIME");
    if (name && strcmp(name, "tensormap_and_ringbuffer") == 0) world_runtime = NPURT_TENSORMAP_AND_RINGBUFFER;
}

npurt_status world_load_from(npurt_device *device, const char *orchestration, npurt_callable **out)
{
    const npurt_kernel_desc kernels[] = {
        {.id = FIXTURE_ADD_ONE,
         .name = "add_one",
         .core = NPURT_CORE_AIV,
         .binary.path = world_kernels,
         .entry = "add_one"},
        {.id = FIXTURE_FAULT, .name = "fault", .core = NPURT_CORE_AIV, .binary.path = world_kernels, .entry = "fault"},
        {.id = FIXTURE_SPIN, .name = "spin", .core = NPURT_CORE_AIV, .binary.path = world_kernels, .entry = "spin"},
        {.id = FIXTURE_ADD_SLICE,
         .name = "add_slice",
         .core = NPURT_CORE_AIV,
         .binary.path = world_kernels,
         .entry = "add_slice"},
        {.id = FIXTURE_ADD_SLICE_AIC,
         .name = "add_slice_aic",
         .core = NPURT_CORE_AIC,
         .binary.path = world_kernels,
         .entry = "add_slice_aic"},
        {.id = FIXTURE_GATE, .name = "gate", .core = NPURT_CORE_AIV, .binary.path = world_kernels, .entry = "gate"},
        {.id = FIXTURE_DIVIDE,
         .name = "divide",
         .core = NPURT_CORE_AIV,
         .binary.path = world_kernels,
         .entry = "divide"},
        {.id = FIXTURE_ILLEGAL,
         .name = "illegal",
         .core = NPURT_CORE_AIV,
         .binary.path = world_kernels,
         .entry = "illegal"},
        {.id = FIXTURE_ABORT,
         .name = "aborts",
         .core = NPURT_CORE_AIV,
         .binary.path = world_kernels,
         .entry = "aborts"},
        {.id = FIXTURE_OVERFLOW,
         .name = "overflow",
         .core = NPURT_CORE_AIV,
         .binary.path = world_kernels,
         .entry = "overflow"},
        {.id = FIXTURE_SAY, .name = "say", .core = NPURT_CORE_AIV, .binary.path = world_kernels, .entry = "say"},
        {.id = FIXTURE_STORM, .name = "storm", .core = NPURT_CORE_AIV, .binary.path = world_kernels, .entry = "storm"},
    };
    const npurt_param params[] = {{.access = NPURT_ACCESS_INPUT, .dtype = NPURT_U32, .ndims = 1},
                                  {.access = NPURT_ACCESS_OUTPUT_EXISTING, .dtype = NPURT_U32, .ndims = 1}};
    const npurt_callable_desc desc = {.name = "fixture",
                                      .runtime = world_runtime,
                                      .orchestration.path = orchestration,
                                      .kernels = kernels,
                                      .kernel_count = FIXTURE_KERNELS,
                                      .params = params,
                                      .param_count = 2,
                                      .scalar_count = 2};
    return npurt_callable_load(device, &desc, out);
}

npurt_status world_load(npurt_device *device, npurt_callable **out)
{
    return world_load_from(device, world_orchestration, out);
}

npurt_status world_call(npurt_callable *callable, uint32_t *x, uint32_t *y, uint32_t n, uint64_t mode,
                        uint64_t argument, npurt_timing *timing)
{
    const npurt_call_tensor tensors[] = {{.host = x, .dtype = NPURT_U32, .ndims = 1, .shape = {n}},
                                         {.host = y, .dtype = NPURT_U32, .ndims = 1, .shape = {n}}};
    const uint64_t scalars[] = {mode, argument};
    const npurt_call_args args = {.tensors = tensors, .tensor_count = 2, .scalars = scalars, .scalar_count = 2};
    return npurt_call(callable, &args, timing);
}

npurt_status world_launch(npurt_callable *callable, uint64_t x, uint64_t y, uint32_t n, uint64_t mode,
                          uint64_t argument, uint32_t flags, npurt_run **run)
{
    const npurt_call_tensor tensors[] = {{.device = x, .dtype = NPURT_U32, .ndims = 1, .shape = {n}},
                                         {.device = y, .dtype = NPURT_U32, .ndims = 1, .shape = {n}}};
    const uint64_t scalars[] = {mode, argument};
    const npurt_call_args args = {
        .tensors = tensors, .tensor_count = 2, .scalars = scalars, .scalar_count = 2, .flags = flags};
    return npurt_launch(callable, &args, run);
}
