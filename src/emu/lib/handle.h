/* Handles as callers hold them: a kind, a device, a slot and the serial number of the slot's tenant, packed in a
 * pointer. None is a valid address, so that a caller who looks inside faults, and a handle that has outlived its object
 * is told apart from its successor.
 */
#ifndef NPUEMU_HANDLE_H
#define NPUEMU_HANDLE_H

#include <stdbool.h>
#include <stdint.h>

enum handle_kind { HANDLE_STREAM = 5, HANDLE_EVENT = 6, HANDLE_PROGRAM = 7, HANDLE_BINARY = 9, HANDLE_FUNCTION = 10 };
enum { HANDLE_NO_DEVICE = 0xff };

struct handle {
    enum handle_kind kind;
    uint32_t device; /* HANDLE_NO_DEVICE: of the process */
    uint32_t serial, slot;
};

/* Bits: kind 60…63, device 52…59, serial 20…51, slot 0…19. */
static inline void *handle_pack(enum handle_kind kind, uint32_t device, uint32_t serial, uint32_t slot)
{
    return (void *)(uintptr_t)((uint64_t)kind << 60 | (uint64_t)(device & 0xff) << 52 | (uint64_t)serial << 20 | slot);
}

static inline bool handle_unpack(const void *value, enum handle_kind kind, struct handle *out)
{
    uint64_t bits = (uintptr_t)value;

    out->kind = kind;
    out->device = (uint32_t)(bits >> 52) & 0xff;
    out->serial = (uint32_t)(bits >> 20);
    out->slot = (uint32_t)bits & 0xfffff;
    return bits >> 60 == (uint64_t)kind;
}

#endif
