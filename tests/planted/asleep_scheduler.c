/* scheduler.c with a lost wake-up: a scheduler begins to wait only after its look round, so that what was kicked in
 * between is slept over. Results stay right: the clock wakes it, PORT_WAIT_MAX_MS later. */
#include "port/port.h"

static inline void late_wait(port_token looked)
{
    (void)looked;
    port_wait(port_wait_begin());
}
#define port_wait(token) late_wait(token)

#include "aicpu/scheduler.c"
