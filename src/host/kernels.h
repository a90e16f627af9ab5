/* Kernels on the device: each distinct kernel is uploaded once and shared by the callables that use it. */
#ifndef HOST_KERNELS_H
#define HOST_KERNELS_H

#include "device.h"

struct kernel_upload {
    struct kernel_upload *next;
    uint64_t hash; /* FNV-1a-64 of the code */
    uint64_t code_size;
    uint32_t core_type;
    uint32_t users; /* callables */
    char entry[64];
    uint64_t address; /* device: struct kernel_image, then the code */
};

/* Uploads the kernel, or finds it. `name` is for the ledger and messages. */
npurt_status kernels_take(npurt_device *device, const char *name, uint32_t core_type, const char *entry,
                          const void *code, size_t size, struct kernel_upload **out);
/* One user less; the last one frees it. NULL is legal. */
npurt_status kernels_give(npurt_device *device, struct kernel_upload *kernel);
/* Frees what is left; forgets it without freeing on the device. */
npurt_status kernels_clear(npurt_device *device);
void kernels_forget(npurt_device *device);

#endif
