/* The device thread's view: what carrier 0 calls when it has time, and what the parts of the device process share.
 *
 * The device thread alone owns streams, launches, worker slots and clusters; so none of them has a lock.
 */
#ifndef NPUEMU_DEVICE_H
#define NPUEMU_DEVICE_H

#include "engine.h"

extern struct emu_shared *device_shared;

/* ---- ring.c: commands ------------------------------------------------------------------------------------------ */
/* True when there is a command; cheap, any thread. */
bool ring_waiting(void);
/* Takes what is there; true when it did something. */
bool ring_poll(void);

/* ---- launch.c: what became of agents --------------------------------------------------------------------------- */
void launch_agent_ended(struct agent *agent);
/* Every MONITOR_PERIOD_NS while launches are active: ends launches that ran out of time (`now` in the engine's time) and
 * gives the AICPU workers a look at words that the host writes without a kick. */
void launch_tick(uint64_t now);
uint32_t launch_active(void);

/* ---- problem.c ------------------------------------------------------------------------------------------------- */
/* The text of the last task error, for the host. Device thread. */
void problem_report(int32_t code, int32_t core, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* ---- futex.c --------------------------------------------------------------------------------------------------- */
/* Words in the shared page are futexes of two processes, so none is private. */
void futex_wait(_Atomic uint32_t *word, uint32_t expected, uint64_t timeout_ns /* UINT64_MAX: for ever */);
void futex_wake(_Atomic uint32_t *word, int count);

#endif
