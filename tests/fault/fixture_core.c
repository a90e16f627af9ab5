/* An AICore program: the AIC of block 0 runs the kernel that it is given, the others have nothing to do. */
#include "port/port.h"

#define ENTRY __attribute__((visibility("default")))

ENTRY void fault_0_mix_aic(uint64_t image, uint64_t args);
ENTRY void fault_0_mix_aiv(uint64_t image, uint64_t args);

void fault_0_mix_aic(uint64_t image, uint64_t args)
{
    if (port_core_block() == 0) port_core_run(image, (int64_t *)(uintptr_t)args);
}

void fault_0_mix_aiv(uint64_t image, uint64_t args)
{
    (void)image, (void)args;
}
