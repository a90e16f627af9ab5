/* The AICores: clusters, their register windows, and what a core is running. */
#ifndef NPUEMU_CORE_H
#define NPUEMU_CORE_H

#include "engine.h"

/* The words of one sub-core's window that mean something here, on a line of their own. Writers: `dmb`, `fast_path` the
 * AICPU worker that owns the core; `doorbell`, the other half of the same register, any worker; `cond` the core; `owner` port_adopt_core, and the device thread at a launch. */
struct core_registers {
    _Alignas(64) _Atomic uint32_t dmb;
    _Atomic uint32_t doorbell;
    _Atomic uint32_t cond;
    _Atomic uint32_t fast_path;
    uint32_t core;
    _Atomic(struct agent *) owner; /* NULL: nobody yet; every AICPU worker is kicked */
};
_Static_assert(sizeof(struct core_registers) == 64, "core_registers");

extern struct core_registers core_registers[ENGINE_MAX_SUBCORES];

/* The sub-core whose window begins at `base`, NULL when none does. Windows are not memory: the address is a key. */
struct core_registers *core_of_base(uint64_t base);

/* Offsets of this machine's generation. */
extern uint32_t core_offset_dmb, core_offset_doorbell, core_offset_cond, core_offset_fast_path;

bool core_is_aic(uint32_t core);

#endif
