/* What registering an AICore program reads of its ELF file: the kernels in its symbol table. */
#ifndef NPUEMU_ELF_H
#define NPUEMU_ELF_H

#include <stddef.h>
#include <stdint.h>

/* A kernel: its AIC half, its AIV half, or both. Tiling key: the number at the end of its name, else ELF_NO_KEY. */
struct elf_kernel {
    char name[96];         /* without _mix_aic and _mix_aiv */
    char aic[96], aiv[96]; /* symbols; empty when the half is missing */
    uint64_t tiling_key;
};
#define ELF_NO_KEY UINT64_MAX

enum { ELF_MAX_KERNELS = 64 }; /* what a device keeps for a program: EMU_MAX_KERNELS */

/* Fills kernels[] and returns how many there are, or -1 with a sentence. Every offset in the image is checked. A symbol
 * without a _mix suffix is an AIV kernel when `vector` is set, else an AIC one. */
int elf_kernels(const void *image, uint64_t size, int vector, struct elf_kernel kernels[ELF_MAX_KERNELS], char *problem,
                size_t problem_size);

#endif
