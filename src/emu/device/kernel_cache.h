/* Kernels: from the struct kernel_image in device memory to a function that can be called. Any agent. */
#ifndef NPUEMU_KERNEL_CACHE_H
#define NPUEMU_KERNEL_CACHE_H

#include <stddef.h>
#include <stdint.h>

#include "port/port.h"

struct kernel {
    uint64_t address, size, hash;
    uint64_t duration_ns;   /* 0: the machine's default */
    uint32_t generation;    /* of the cache when it was entered */
    uint32_t core_type;
    port_kernel run;
    char entry[64];
};

/* The kernel whose image lies at `address`; NULL with a sentence. A hit costs one line of the table and one of the image. */
const struct kernel *kernel_cache_find(uint64_t address, char *problem, size_t problem_size);

/* Every address is looked at anew from now on: what a new stream does to a core's instruction cache. */
void kernel_cache_flush(void);

#endif
