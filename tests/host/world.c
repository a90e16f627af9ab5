#include "host/world.h"

#include <stdlib.h>
#include <string.h>

const char world_orchestration[] = HOST_FIXTURES "/host_orchestration.so";
const char world_other_orchestration[] = HOST_FIXTURES "/host_other_orchestration.so";
const char world_version_7[] = HOST_FIXTURES "/host_version_7.so";
const char world_kernels[] = HOST_FIXTURES "/host_kernels.so";
const char world_binaries[] = HOST_BINARIES;

npurt_runtime world_runtime = NPURT_HOST_BUILD_GRAPH;

__attribute__((constructor)) static void choose_runtime(void)
{
    const char *name = getenv("FIXTURE_RUNTIME");
    if (name && strcmp(name, "tensormap_and_ringbuffer") == 0) world_runtime = NPURT_TENSORMAP_AND_RINGBUFFER;
}

npurt_kernel_desc world_kernel(uint32_t id, npurt_core core, const char *name)
{
    return (npurt_kernel_desc){.id = id, .name = name, .core = core, .binary.path = world_kernels, .entry = name};
}

npurt_status world_load_from(npurt_device *device, const char *orchestration, npurt_callable **out)
{
    const npurt_kernel_desc kernels[] = {
        world_kernel(FIXTURE_ADD_ONE, NPURT_CORE_AIV, "add_one"),
        world_kernel(FIXTURE_FAULT, NPURT_CORE_AIV, "fault"),
        world_kernel(FIXTURE_SPIN, NPURT_CORE_AIV, "spin"),
        world_kernel(FIXTURE_ADD_SLICE, NPURT_CORE_AIV, "add_slice"),
        world_kernel(FIXTURE_ADD_SLICE_AIC, NPURT_CORE_AIC, "add_slice_aic"),
        world_kernel(FIXTURE_GATE, NPURT_CORE_AIV, "gate"),
        world_kernel(FIXTURE_DIVIDE, NPURT_CORE_AIV, "divide"),
        world_kernel(FIXTURE_ILLEGAL, NPURT_CORE_AIV, "illegal"),
        world_kernel(FIXTURE_ABORT, NPURT_CORE_AIV, "aborts"),
        world_kernel(FIXTURE_OVERFLOW, NPURT_CORE_AIV, "overflow"),
        world_kernel(FIXTURE_SAY, NPURT_CORE_AIV, "say"),
        world_kernel(FIXTURE_STORM, NPURT_CORE_AIV, "storm"),
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
