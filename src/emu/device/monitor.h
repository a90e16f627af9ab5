/* The monitor: a thread that ticks while launches are active.
 *
 * Every MONITOR_PERIOD_NS it makes the device thread look at deadlines and at words the host wrote without a kick, and
 * preempts agents that have kept their carrier for a whole period. While nothing has been launched for a while it
 * blocks, so an idle device costs nothing.
 */
#ifndef NPUEMU_MONITOR_H
#define NPUEMU_MONITOR_H

#include <stdbool.h>
#include <stdint.h>

enum { MONITOR_PERIOD_NS = 10000000 };

void monitor_init(void);
/* A launch begins. Device thread; a system call only when the monitor blocks. */
void monitor_launches_active(void);

/* Device thread: is a tick due, and its time. */
bool monitor_tick_due(void);
uint64_t monitor_tick_take(void);

#endif
