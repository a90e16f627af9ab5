/* The trace of a run as a hash: FNV-1a over every engine event in timed and explore mode. It covers agent, kind and
 * operands, in timed mode the time too, never a host address and never the seed. */
#ifndef NPUEMU_TRACE_H
#define NPUEMU_TRACE_H

#include <stdint.h>

enum trace_kind {
    TRACE_LAUNCH_BEGIN = 1, TRACE_LAUNCH_END, TRACE_STREAM, TRACE_REG_LOAD, TRACE_REG_STORE, TRACE_COND, TRACE_DMB,
    TRACE_PUBLISH, TRACE_OBSERVE, TRACE_ATOMIC, TRACE_KERNEL_BEGIN, TRACE_KERNEL_END, TRACE_WAIT, TRACE_KICK,
    TRACE_AGENT_BEGIN, TRACE_AGENT_END,
    TRACE_WAIT_BEGIN, TRACE_CLOCK, TRACE_CACHE, TRACE_ADOPT, TRACE_STALL, TRACE_ROUSE, /* explore mode only */
};
enum { TRACE_DEVICE = 0xffff }; /* agent number of the device thread */

void trace(enum trace_kind kind, uint32_t agent, uint64_t a, uint64_t b);
uint64_t trace_hash(void);
uint64_t trace_events(void);

#endif
