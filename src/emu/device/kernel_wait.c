/* npurt_kernel_pause of include/npurt/kernel.h: a kernel that waits for another core. */
#include "engine.h"

__attribute__((visibility("default"))) void npurt_kernel_yield(void);

void npurt_kernel_yield(void)
{
    struct agent *self = engine_self();

    if (self) engine->pause(self);
}
