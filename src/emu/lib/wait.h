/* Waiting for a stream. No lock is held; the caller holds a reference to the process. */
#ifndef NPUEMU_WAIT_H
#define NPUEMU_WAIT_H

#include "process.h"

enum wait_result { WAIT_DONE, WAIT_TIMEOUT, WAIT_DEAD };

static inline bool wait_passed(uint32_t now, uint32_t target)
{
    return (int32_t)(now - target) >= 0;
}

/* Until the stream in `slot` has completed `sequence`. deadline_ns on CLOCK_MONOTONIC, INT64_MAX: none. */
enum wait_result wait_stream(struct process *process, uint32_t slot, uint32_t sequence, int64_t deadline_ns);

/* Timed mode: until the device side has answered the EMU_CMD_ADVANCE at `position` (as ring_publish gave it). */
enum wait_result wait_advance(struct process *process, uint32_t position);

#endif
