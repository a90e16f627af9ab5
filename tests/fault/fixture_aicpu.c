/* AICPU entries that wait as npurt's program does, so that virtual time passes while they wait. */
#include "port/port.h"

#define ENTRY __attribute__((visibility("default")))

struct meeting {
    uint32_t *arrived; /* device */
    uint32_t count;
};

ENTRY uint32_t fault_meet(void *args);

/* Returns when `count` blocks have come. */
uint32_t fault_meet(void *args)
{
    const struct meeting *meeting = args;

    port_fetch_add32(meeting->arrived, 1);
    port_kick(PORT_AGENT_ALL_AICPU);
    for (;;) {
        port_token token = port_wait_begin();
        if (port_observe32(meeting->arrived) >= meeting->count) return 0;
        port_wait(token);
    }
}
