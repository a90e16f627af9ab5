/* A user's bundle, loaded from its folder. */
#include <npurt/bundle.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../bundle/description.h"
#include "callable.h"
#include "device.h"
#include "error.h"

/* Paths of the orchestration and of every kernel, in that order; freed at once. */
static char *paths_of(const char *folder, const struct description *d, size_t *size)
{
    *size = strlen(folder) + NAME_MAX + 2;
    char *path = malloc(((size_t)d->kernel_count + 1) * *size);
    if (!path) return NULL;
    snprintf(path, *size, "%s/%s", folder, d->orchestration.binary);
    for (uint32_t i = 0; i < d->kernel_count; i++)
        snprintf(path + (i + 1) * *size, *size, "%s/%s", folder, d->kernel[i].binary);
    return path;
}

static npurt_status load(npurt_device *device, const char *folder, const struct description *d, npurt_runtime runtime,
                         npurt_callable **out)
{
    size_t size;
    char *path = paths_of(folder, d, &size);
    npurt_kernel_desc *kernels = calloc((size_t)d->kernel_count + 1, sizeof *kernels);
    npurt_param *params = calloc((size_t)d->param_count + 1, sizeof *params);
    npurt_status status = NPURT_OK;
    if (!path || !kernels || !params) {
        error_begin("npurt_callable_load_bundle");
        status = error_raise(NPURT_ERROR_OUT_OF_HOST_MEMORY, "no host memory to load bundle %s", folder);
    } else {
        for (uint32_t i = 0; i < d->kernel_count; i++)
            kernels[i] = (npurt_kernel_desc){.id = d->kernel[i].id,
                                             .name = d->kernel[i].name,
                                             .core = d->kernel[i].core,
                                             .binary = {.path = path + (i + 1) * size},
                                             .entry = d->kernel[i].entry,
                                             .duration_ns = d->kernel[i].duration_ns};
        for (uint32_t i = 0; i < d->param_count; i++)
            params[i] = d->param[i].param;
        const npurt_callable_desc desc = {.name = d->name,
                                          .runtime = runtime,
                                          .orchestration = {.path = path},
                                          .entry = d->orchestration.entry,
                                          .kernels = kernels,
                                          .kernel_count = d->kernel_count,
                                          .params = params,
                                          .param_count = d->param_count,
                                          .scalar_count = d->scalar_count};
        status = callable_load(device, &desc, out);
    }
    free(params);
    free(kernels);
    free(path);
    return status;
}

/* runtime NULL: the description's. */
static npurt_status load_bundle(npurt_device *device, const char *path, const npurt_runtime *runtime,
                                npurt_callable **out)
{
    struct description description;
    char file[PATH_MAX], problem[400];
    if (out) *out = NULL;
    if (!handle_find(device, HANDLE_DEVICE)) return handle_refuse(device, HANDLE_DEVICE);
    if (!path || !out) return error_raise(NPURT_ERROR_INVALID_ARGUMENT, "%s is NULL", !path ? "path" : "out");
    int length = snprintf(file, sizeof file, "%s/%s", path, DESCRIPTION_FILE);
    if (length < 0 || (size_t)length >= sizeof file)
        return error_raise(NPURT_ERROR_INVALID_ARGUMENT, "the bundle's path is longer than %d", PATH_MAX);
    npurt_status status = description_load(file, DESCRIPTION_OF_BUNDLE, &description, problem, sizeof problem);
    if (status != NPURT_OK) {
        error_raise(status, "bundle %s", problem);
        error_hint("a bundle is a folder made by npurt build (docs/guide/own-code.md)");
        return status;
    }
    status = load(device, path, &description, runtime ? *runtime : description.runtime, out);
    description_release(&description);
    return status;
}

npurt_status npurt_callable_load_bundle(npurt_device *device, const char *path, npurt_callable **out)
{
    error_begin("npurt_callable_load_bundle");
    return load_bundle(device, path, NULL, out);
}

npurt_status npurt_callable_load_bundle_as(npurt_device *device, const char *path, npurt_runtime runtime,
                                           npurt_callable **out)
{
    error_begin("npurt_callable_load_bundle_as");
    return load_bundle(device, path, &runtime, out);
}
