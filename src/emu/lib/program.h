/* AICore programs: registered on the host, copied to a device at the first launch there.
 *
 * Life: rtRegisterAllKernel (host copy, kernels) → first launch on a device (copy in HBM, charged) → … →
 * rtDevBinaryUnRegister, or the device's reset for its copy. Registering the same bytes again makes another program,
 * with copies of its own.
 */
#ifndef NPUEMU_PROGRAM_H
#define NPUEMU_PROGRAM_H

#include "device.h"
#include "elf.h"

struct program {
    _Atomic uint32_t references;
    uint32_t serial, slot;
    unsigned char *image;
    uint64_t size;
    struct elf_kernel *kernels;
    uint32_t kernel_count;
};

/* A held program; NULL when the handle is none or stale. */
struct program *program_get(const void *handle);
void program_put(struct program *program);

/* Which of its kernels has the tiling key; -1: none. */
int program_kernel(const struct program *program, uint64_t tiling_key);

/* Under the device's lock, which may be given up meanwhile: the number by which the device process knows the program,
 * after it has been copied there, and told of this kernel, when it was not. 207001: it does not fit. */
int32_t program_load(struct device *device, const struct program *program, const void *handle, int kernel,
                     uint32_t *number);

#endif
