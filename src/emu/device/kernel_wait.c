/* npurt_kernel_pause and npurt_kernel_notify of include/npurt/kernel.h: a kernel that waits for another core, and one
 * that tasks wait for. */
#include "device.h"
#include "fault.h"
#include "port/port.h"
#include "simulation.h"

#define KERNEL_CALL __attribute__((visibility("default")))

KERNEL_CALL void npurt_kernel_yield(void);
KERNEL_CALL void npurt_kernel_signal(uint32_t *counter, uint32_t value, int32_t op);

void npurt_kernel_yield(void)
{
    struct agent *self = engine_self();

    if (self) engine->pause(self);
}

/* The word is the kernel's fault when it is no memory, not the engine's. */
void npurt_kernel_signal(uint32_t *counter, uint32_t value, int32_t op)
{
    enum { SET = 0 }; /* enum npurt_notify */
    struct agent *self = engine_self();
    uint64_t at = (uint64_t)(uintptr_t)counter;

    if (self && (at % sizeof *counter || !port_is_memory(at, sizeof *counter))) fault_raise(self, at);
    if (simulation_on && self) simulation_notify(counter, value);
    if (op == SET)
        __atomic_store_n(counter, value, __ATOMIC_RELEASE);
    else
        __atomic_fetch_add(counter, value, __ATOMIC_ACQ_REL);
    if (self) port_kick(PORT_AGENT_ALL_AICPU);
}
