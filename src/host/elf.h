/* What the host reads of ELF files before it hands them to the device. Every offset is checked against the size. */
#ifndef HOST_ELF_H
#define HOST_ELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* NULL when `data` begins with a sound ELF64 little-endian header; else what is wrong ("is empty", "is not an ELF
 * file", …), a static text to follow the file's name. */
const char *elf_problem(const void *data, size_t size);
/* NULL when elf_problem is NULL and the file is a shared object for this machine whose segments and dynamic section lie
 * inside of it. What the segments hold is not looked at. */
const char *elf_shared_object_problem(const void *data, size_t size);
/* The same for the machine of an AICPU, which is an aarch64. */
const char *elf_aicpu_object_problem(const void *data, size_t size);
/* A defined global or weak function named `symbol` is in a symbol table (.dynsym; with dynamic_only false also
 * .symtab). Pre: elf_problem is NULL. */
bool elf_has_function(const void *data, size_t size, const char *symbol, bool dynamic_only);
/* The dynamic symbol table asks other objects for `symbol`. Pre: elf_problem is NULL. */
bool elf_needs_symbol(const void *data, size_t size, const char *symbol);
/* The API version in the notes of a shared object (npurt/version.h); when its parts were built with different ones, one that
 * is not `own`. 0: there is none. Pre: elf_shared_object_problem, or that of an AICPU, is NULL. */
uint32_t elf_api_version(const void *data, size_t size, uint32_t own);

#endif
