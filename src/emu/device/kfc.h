/* The vendor's extend-kernels library, as far as it installs a dispatcher (docs/reference/cann-abi.md). */
#ifndef NPUEMU_KFC_H
#define NPUEMU_KFC_H

#include "launch.h"

/* Runs one KFC launch in a worker. 0, or what the launch fails with; the reason is given to the launch. */
uint32_t kfc_run(struct launch *launch);

/* cpu.c: a library of the pre-install folder. */
void *cpu_library(const char *name, char *problem, size_t problem_size);

#endif
