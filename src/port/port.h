/* The whole difference between silicon and the emulated card in device code.
 *
 * AICPU and AICore programs reach registers, shared words, caches, clocks, identity and kernel code only through these
 * functions. On silicon they are inline (port/silicon/); on the emulated card they are symbols of the device process,
 * resolved when the program is loaded (port/emu/ declares, src/emu/ defines).
 *
 * Shared words. A word that one agent writes and another reads is written with port_publish and read with port_observe:
 * a publish makes everything its agent wrote before visible to whoever observes it (release/acquire). Nothing else
 * orders memory; device code has no fences of its own.
 *
 * Waiting. An agent that found nothing to do calls
 *     token = port_wait_begin();  …look at every word that could have changed…;  port_wait(token);
 * port_wait may return at any time, and returns at once when anybody kicked this agent since port_wait_begin. An agent
 * that publishes something another may be waiting for calls port_kick(agent) afterwards. A store to a core's register
 * kicks that core; a store to COND kicks the AICPU thread that owns the core. On silicon waiting is a pause and a kick
 * nothing. An AICPU thread waits PORT_WAIT_MAX_MS of device time at most, because its limits (an endless kernel, a core
 * that never says hello, the host's abort, which comes by DMA) are clocks that nobody kicks for.
 *
 * Caches. Data that travels without a publish/observe pair needs the two calls named at each function. They cost what
 * silicon charges and are checked by the coherence model; on coherent machines they do nothing.
 */
#ifndef NPURT_PORT_H
#define NPURT_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Agents: cores are their physical sub-core index (index into run_control.regs); AICPU threads PORT_AGENT_AICPU + n. */
enum { PORT_AGENT_AICPU = 0x1000, PORT_AGENT_ALL_AICPU = 0x1fff };

enum { PORT_WAIT_MAX_MS = 10 };

typedef uint32_t port_token;

enum port_level { PORT_DEBUG = 0, PORT_INFO = 1, PORT_WARN = 2, PORT_ERROR = 3 };

typedef void (*port_kernel)(int64_t *args);

#if defined(NPURT_PORT_SILICON_AICPU)
#include "silicon/port_aicpu.h"
#elif defined(NPURT_PORT_SILICON_AICORE)
#include "silicon/port_aicore.h"
#else

/* ---- both ---------------------------------------------------------------------------------------------------- */

/* Loads with acquire order, stores with release order. Pre: p naturally aligned, in device memory. */
uint32_t port_observe32(const uint32_t *p);
uint64_t port_observe64(const uint64_t *p);
void port_publish32(uint32_t *p, uint32_t value);
void port_publish64(uint64_t *p, uint64_t value);

port_token port_wait_begin(void);
void port_wait(port_token token);
/* Before going on at once, without having waited: lets agents that share this one's host thread go on. Silicon: nothing. */
void port_yield(void);
void port_kick(uint32_t agent);

/* Ticks of the device's counter (50 MHz on a2 and a3, 1 GHz on a5), and its rate. Monotonic across agents. */
uint64_t port_clock(void);
uint64_t port_clock_hz(void);

/* Own agent number. */
uint32_t port_agent_self(void);

/* One line to the device log; printf format, no newline. Cold paths only. */
void port_log(enum port_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- AICPU only ------------------------------------------------------------------------------------------------ */

/* Register of the sub-core whose window begins at `base` (an entry of run_control.regs). The load costs ~100 ns on
 * silicon, and later loads of this agent are ordered after it: what the core published before writing the register is
 * visible. The store is posted; everything this agent wrote before is visible to the core that reads it. */
uint32_t port_reg_load(uint64_t base, uint32_t offset);
void port_reg_store(uint64_t base, uint32_t offset, uint32_t value);

/* Read-modify-write on a word shared between AICPU threads, acquire and release. Returns the value before. */
uint32_t port_fetch_add32(uint32_t *p, uint32_t value);
uint32_t port_fetch_sub32(uint32_t *p, uint32_t value);
uint32_t port_exchange32(uint32_t *p, uint32_t value);
/* True and *p = desired when *p was *expected; else false and *expected = *p. */
bool port_cas32(uint32_t *p, uint32_t *expected, uint32_t desired);
bool port_cas64(uint64_t *p, uint64_t *expected, uint64_t desired);

/* Before reading what the host's DMA wrote; after writing plain data that the host will copy out. */
void port_cache_invalidate(const void *p, size_t size);
void port_cache_clean(const void *p, size_t size);

/* Whether `size` bytes at a device address can be read and written here. On silicon, where an AICPU can not ask, it tells
 * addresses apart that no device has (0 and its page, beyond 48 bits); others that are not mapped fault when used. */
bool port_is_memory(uint64_t address, uint64_t size);

/* "This thread schedules partition `index` of `count`": a placement hint, called once at most, when the graph or the time
 * it has taken shows that there is work worth several host threads. No-op on silicon. */
void port_place(uint32_t index, uint32_t count);
/* "This thread owns physical sub-core `core` from now on": COND writes of the core kick this thread. Pre: the core has
 * said hello. Again after port_place, so that the core follows; it may be running a kernel then. */
void port_adopt_core(uint32_t core);

/* AICPU cores that can run blocks of one launch at the same time (bits of OCCUPY as the device sees them). */
uint32_t port_aicpu_threads(void);

/* ---- AICore only ----------------------------------------------------------------------------------------------- */

uint32_t port_core_dmb(void);            /* DATA_MAIN_BASE, low word: the register read of the worker loop */
uint32_t port_core_doorbell(void);       /* its high word: the two are stored one after the other, never at once */
void port_core_set_cond(uint32_t value); /* COND; everything cleaned before is visible to the AICPU that loads it */

uint32_t port_core_physical(void);       /* physical sub-core number */
uint32_t port_core_type(void);           /* npurt_core */
uint32_t port_core_block(void);          /* cluster number of the launch, 0 … block_dim-1 */
uint32_t port_core_sub_block(void);      /* 0 AIC or AIV0, 1 AIV1 */

/* Before reading what another agent wrote; after writing what another agent will read. Whole 64-byte lines. */
void port_core_cache_invalidate(const void *p, size_t size);
void port_core_cache_clean(const void *p, size_t size);
/* The whole data cache: before a kernel runs, and after it, before FIN. */
void port_core_cache_invalidate_all(void);
void port_core_cache_clean_all(void);

/* Before waiting for leave to run that kernel: brings near what it needs and nobody writes any more, so that less is left to
 * do by port_core_run. */
void port_core_prepare(uint64_t image, const int64_t *args);
/* Runs the kernel whose struct kernel_image (protocol.h) lies at device address `image`. Returns when it returns. */
void port_core_run(uint64_t image, int64_t *args);

#endif
#endif
