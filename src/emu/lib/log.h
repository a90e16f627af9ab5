/* The host's end of the device processes' log (driver/card_log.h, struct emu_log). */
#ifndef NPUEMU_LIB_LOG_H
#define NPUEMU_LIB_LOG_H

#include "process.h"

/* A process that is about to start gets the route; one that goes is forgotten. */
void log_join(struct process *process);
void log_leave(struct process *process);

/* Whether there is something to hand on; a few loads. */
bool log_pending(const struct process *process);
/* Hands all on that the process had said when this was called, and waits for a thread that is at it already. Without any
 * lock. Does nothing inside of a sink. */
void log_drain(struct process *process);

/* In a forked child: there are no processes. */
void log_forget(void);

#endif
