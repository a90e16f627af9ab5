/* Timed mode: fibers in virtual time on one carrier. See timed.c. */
#ifndef NPUEMU_TIMED_H
#define NPUEMU_TIMED_H

#include "core.h"
#include "engine.h"

extern bool timed_on;

/* Virtual ns: of the running agent, else of the simulation. */
uint64_t timed_now(void);

/* EMU_CMD_ADVANCE; `reply` is what the host waits for. Device thread. */
void timed_advance(const struct emu_command *command, uint32_t reply);

/* ---- between timed.c and timed_port.c ---------------------------------------------------------------------------- */
/* The running agent spends time; returns when nobody has a lower one. */
void timed_charge(struct agent *self, uint64_t ns);
/* Something that `agent` may be waiting for can be seen from `at` on. */
void timed_kick_at(struct agent *agent, uint64_t at);

/* ---- what port.c asks instead of doing it at once: each charges its cost and may let others run first ---------------- */
uint64_t timed_clock(void);
uint32_t timed_observe32(const uint32_t *p);
uint64_t timed_observe64(const uint64_t *p);
void timed_publish(const void *p, uint64_t value);
void timed_atomic(const void *p, uint64_t value);
uint32_t timed_reg_load(struct core_registers *registers, uint32_t offset);
void timed_reg_store(struct core_registers *registers, uint32_t offset, uint32_t value);
uint32_t timed_core_dmb(struct agent *self);
void timed_core_set_cond(struct agent *self, uint32_t value);
void timed_core_clean(struct agent *self);
/* Forgets stores that nobody has seen: the core starts anew. */
void timed_registers_reset(uint32_t core);
void timed_kernel_begin(struct agent *self, uint64_t image, uint64_t duration_ns);
void timed_kernel_end(struct agent *self, uint64_t image);

#endif
