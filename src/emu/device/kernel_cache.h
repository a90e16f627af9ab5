/* Kernels: from the struct kernel_image in device memory to a function that can be called. Any agent. */
#ifndef NPUEMU_KERNEL_CACHE_H
#define NPUEMU_KERNEL_CACHE_H

#include <stddef.h>
#include <stdint.h>

#include "port/port.h"

struct kernel {
    struct kernel *next;
    uint64_t size, hash;
    uint64_t duration_ns; /* 0: the machine's default */
    uint32_t core_type;
    port_kernel run;
    char entry[64];
};

/* The kernel whose image lies at `address`, valid for good; NULL with a sentence. The image's head is read each time: what
 * is loaded anew is found anew. A hit costs a line of the table, one of the kernel and two of the image. */
const struct kernel *kernel_cache_find(uint64_t address, char *problem, size_t problem_size);

#endif
