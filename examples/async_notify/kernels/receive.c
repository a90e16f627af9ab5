/* Complete when the rank's counter has come to a number. */
#include <npurt/kernel.h>

#include "../layout.h"

NPURT_KERNEL void kernel_entry(NPURT_GM int64_t *args);
void kernel_entry(NPURT_GM int64_t *args)
{
    NPURT_GM const uint32_t *counters = (NPURT_GM const uint32_t *)npurt_kernel_data(npurt_kernel_tensor(args, 0));
    npurt_kernel_expect(args, counters + npurt_kernel_u64(args, 0) * COUNTER_LINE,
                        npurt_kernel_u32(args, 1));
}
