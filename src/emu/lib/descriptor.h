/* The JSON descriptor of a CPU-kernel binary: which functions of which shared objects can be launched, by name.
 *
 *     {"KEY": {"opInfo": {"functionName": "symbol", "kernelSo": "lib.so", "opKernelLib": "AICPUKernel"}}, …}
 *
 * docs/reference/cann-abi.md says what each member means. Only what launching needs is kept. Every text is legal input:
 * it is read, or refused with ACL_ERROR_RT_PARAM_INVALID and a message (message.h) that names the file and the line of
 * a syntax error, or the member that is wrong.
 *
 * Life: descriptor_load (or _parse) → read the entries → descriptor_release.
 */
#ifndef NPUEMU_DESCRIPTOR_H
#define NPUEMU_DESCRIPTOR_H

#include <stddef.h>

#include "emu/shared.h"

struct descriptor_entry {
    char *key;
    struct emu_function function;
    uint32_t kernel_type; /* rtKernelType_t; RT_KERNEL_TYPE_RESERVED: opKernelLib is missing or unknown */
};

struct descriptor {
    struct descriptor_entry *entry; /* in the text's order; keys are unique: of several the last counts */
    uint32_t count;                 /* at least 1 */
};

/* 0 or a status; then *out is empty. */
int32_t descriptor_load(const char *path, struct descriptor *out);
/* The same from memory; `path` is for messages only. */
int32_t descriptor_parse(const char *text, size_t size, const char *path, struct descriptor *out);
void descriptor_release(struct descriptor *descriptor);

#endif
