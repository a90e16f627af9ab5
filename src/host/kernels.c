#include "kernels.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../protocol/fingerprint.h"
#include "error.h"
#include "memory.h"

static npurt_status upload(npurt_device *device, const char *name, const void *code, struct kernel_upload *kernel)
{
    char *image = calloc(1, KERNEL_IMAGE_CODE + kernel->code_size);
    if (!image) return error_raise(NPURT_ERROR_OUT_OF_HOST_MEMORY, "no host memory for kernel %s", name);
    struct kernel_image *header = (struct kernel_image *)image;
    *header = (struct kernel_image){.magic = KERNEL_IMAGE_MAGIC,
                                    .core_type = kernel->core_type,
                                    .code_size = kernel->code_size,
                                    .content_hash = kernel->hash};
    memcpy(header->entry, kernel->entry, sizeof header->entry);
    memcpy(image + KERNEL_IMAGE_CODE, code, kernel->code_size);
    npurt_status status = memory_take(device, KERNEL_IMAGE_CODE + kernel->code_size, "kernels", name, &kernel->address);
    if (status == NPURT_OK) {
        status = memory_write(device, kernel->address, image, KERNEL_IMAGE_CODE + kernel->code_size, name);
        if (status != NPURT_OK) (void)memory_give(device, kernel->address);
    }
    free(image);
    return status;
}

npurt_status kernels_take(npurt_device *device, const char *name, uint32_t core_type, const char *entry,
                          const void *code, size_t size, struct kernel_upload **out)
{
    const uint64_t hash = fingerprint_fnv1a(code, size);
    for (struct kernel_upload *k = device->kernels; k; k = k->next) {
        if (k->hash != hash || k->code_size != size || k->core_type != core_type || strcmp(k->entry, entry) != 0)
            continue;
        k->users++;
        *out = k;
        return NPURT_OK;
    }
    struct kernel_upload *kernel = calloc(1, sizeof *kernel);
    if (!kernel) return error_raise(NPURT_ERROR_OUT_OF_HOST_MEMORY, "no host memory for kernel %s", name);
    *kernel = (struct kernel_upload){.hash = hash, .code_size = size, .core_type = core_type, .users = 1};
    snprintf(kernel->entry, sizeof kernel->entry, "%s", entry);
    npurt_status status = upload(device, name, code, kernel);
    if (status != NPURT_OK) {
        free(kernel);
        return status;
    }
    kernel->next = device->kernels;
    device->kernels = kernel;
    *out = kernel;
    return NPURT_OK;
}

npurt_status kernels_give(npurt_device *device, struct kernel_upload *kernel)
{
    if (!kernel || --kernel->users) return NPURT_OK;
    struct kernel_upload **at = &device->kernels;
    while (*at != kernel)
        at = &(*at)->next;
    *at = kernel->next;
    npurt_status status = memory_give(device, kernel->address);
    free(kernel);
    return status;
}

npurt_status kernels_clear(npurt_device *device)
{
    npurt_status status = NPURT_OK;
    while (device->kernels) {
        device->kernels->users = 1;
        error_first(&status, kernels_give(device, device->kernels));
    }
    return status;
}

void kernels_forget(npurt_device *device)
{
    while (device->kernels) {
        struct kernel_upload *next = device->kernels->next;
        free(device->kernels);
        device->kernels = next;
    }
}
