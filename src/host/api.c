#include "api.h"

#include <stdlib.h>
#include <string.h>
#include "error.h"

/* By version, the oldest served first. A new version is a new row; the numbers of the last one are what the headers say
 * now, and those of the others never change. */
static const struct api served[] = {
    {.version = 1,
     .device_options = 108, /* behind its last member is padding, which need not be zero */
     .device_info = 216,
     .ledger_totals = 40,
     .callable_desc = 144,
     .kernel_desc = 64,
     .param = 32,
     .call_args = 96,
     .call_tensor = 48,
     .timing = 88},
    {.version = 2,
     .device_options = 120,
     .device_info = 216,
     .ledger_totals = 40,
     .callable_desc = 144,
     .kernel_desc = 64,
     .param = 32,
     .call_args = 96,
     .call_tensor = 72,
     .timing = 96},
};

/* Who changes one of these gives NPURT_API_VERSION its next number (docs/reference/api-version.md), with a row above.
 */
_Static_assert(sizeof served / sizeof served[0] == NPURT_API_VERSION - NPURT_API_OLDEST + 1, "a row is missing");
_Static_assert(sizeof(npurt_device_options) == 120 && sizeof(npurt_device_info) == 216 &&
                   sizeof(npurt_ledger_totals) == 40 && sizeof(npurt_callable_desc) == 144 &&
                   sizeof(npurt_kernel_desc) == 64 && sizeof(npurt_param) == 32 && sizeof(npurt_call_args) == 96 &&
                   sizeof(npurt_call_tensor) == 72 && sizeof(npurt_timing) == 96,
               "a program's struct has another size than in API version 2");
_Static_assert(sizeof(npurt_ring_options) == 16 && sizeof(npurt_binary) == 24, "structs inside of others can not grow");
_Static_assert(sizeof(npurt_task) == 888 && sizeof(npurt_tensor_spec) == 40 && sizeof(npurt_template) == 40 &&
                   sizeof(npurt_orch_args) == 24 && sizeof(npurt_tensor) == 128 && sizeof(npurt_orch_ops) == 88,
               "an orchestration's struct has another size than in API version 2");

const struct api *api_find(uint32_t version)
{
    if (version < NPURT_API_OLDEST || version > NPURT_API_VERSION) return NULL;
    return &served[version - NPURT_API_OLDEST];
}

/* `count` elements of `theirs` bytes as elements of `ours`; NULL for none. */
static bool widen(const void *from, size_t count, size_t theirs, size_t ours, void **copy, const void **out)
{
    *out = from;
    if (theirs == ours || !from) return true;
    char *to = calloc(count + 1, ours);
    if (!to) {
        error_raise(NPURT_ERROR_OUT_OF_HOST_MEMORY, "no host memory for %zu structs of an older program", count);
        return false;
    }
    for (size_t i = 0; i < count; i++)
        memcpy(to + i * ours, (const char *)from + i * theirs, theirs < ours ? theirs : ours);
    *out = *copy = to;
    return true;
}

/* A count that will be refused is no reason to read what it counts. */
static size_t unless_above(size_t count, size_t limit)
{
    return count <= limit ? count : 0;
}

const npurt_device_options *api_options(const struct api *api, const npurt_device_options *given, struct api_copy *copy)
{
    copy->array[0] = copy->array[1] = NULL;
    if (!given || api->device_options == sizeof *given) return given;
    copy->options = (npurt_device_options){0};
    memcpy(&copy->options, given, api->device_options);
    return &copy->options;
}

const npurt_callable_desc *api_desc(const struct api *api, const npurt_callable_desc *given, struct api_copy *copy)
{
    copy->array[0] = copy->array[1] = NULL;
    if (!given || api->version == NPURT_API_VERSION) return given;
    const void *kernels, *params;
    copy->desc = (npurt_callable_desc){0};
    memcpy(&copy->desc, given, api->callable_desc);
    if (!widen(copy->desc.kernels, unless_above(copy->desc.kernel_count, NPURT_MAX_KERNELS), api->kernel_desc,
               sizeof(npurt_kernel_desc), &copy->array[0], &kernels) ||
        !widen(copy->desc.params, unless_above(copy->desc.param_count, NPURT_CALL_MAX_TENSORS), api->param,
               sizeof(npurt_param), &copy->array[1], &params)) {
        api_release(copy);
        return NULL;
    }
    copy->desc.kernels = kernels;
    copy->desc.params = params;
    return &copy->desc;
}

const npurt_call_args *api_args(const struct api *api, const npurt_call_args *given, uint32_t declared,
                                struct api_copy *copy)
{
    copy->array[0] = copy->array[1] = NULL;
    if (!given || api->version == NPURT_API_VERSION) return given;
    const void *tensors;
    copy->args = (npurt_call_args){0};
    memcpy(&copy->args, given, api->call_args);
    if (!widen(copy->args.tensors, copy->args.tensor_count == declared ? declared : 0, api->call_tensor,
               sizeof(npurt_call_tensor), &copy->array[0], &tensors))
        return NULL;
    copy->args.tensors = tensors;
    return &copy->args;
}

void api_release(struct api_copy *copy)
{
    free(copy->array[0]);
    free(copy->array[1]);
    copy->array[0] = copy->array[1] = NULL;
}
