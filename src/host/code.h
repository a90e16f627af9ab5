/* Code on the device: each distinct kernel or orchestration is uploaded once and shared by the callables that use it. */
#ifndef HOST_CODE_H
#define HOST_CODE_H

#include "device.h"

enum code_kind { CODE_KERNEL_AIC = NPURT_CORE_AIC, CODE_KERNEL_AIV = NPURT_CORE_AIV, CODE_ORCHESTRATION };

struct code_upload {
    struct code_upload *next;
    enum code_kind kind;
    uint32_t users; /* callables */
    uint32_t duration_ns; /* of a kernel: npurt_kernel_desc */
    uint64_t hash;  /* FNV-1a-64 of the code */
    uint64_t code_size;
    char entry[64];
    uint64_t address, size; /* device: struct kernel_image or orchestration_image, then the code */
};

/* Uploads the code, or finds it. `name` is for the ledger and messages; `entry` has at most 63 characters;
 * `duration_ns` is a kernel's. */
npurt_status code_take(npurt_device *device, const char *name, enum code_kind kind, const char *entry,
                       uint32_t duration_ns, const void *code, size_t size, struct code_upload **out);
/* One user less; the last one frees it. NULL is legal. */
npurt_status code_give(npurt_device *device, struct code_upload *code);
/* Frees what is left; forgets it without freeing on the device. */
npurt_status code_clear(npurt_device *device);
void code_forget(npurt_device *device);

#endif
