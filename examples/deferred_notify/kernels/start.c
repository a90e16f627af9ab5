/* Stands for a kernel that starts an engine: complete when every chunk's event is set and all chunks are counted.
 * Tensors: source, destination, events. Scalars: the round's first line of events, chunks. */
#include <npurt/kernel.h>

#include "../layout.h"

NPURT_KERNEL void kernel_entry(NPURT_GM int64_t *args);
void kernel_entry(NPURT_GM int64_t *args)
{
    NPURT_GM const uint32_t *events = (NPURT_GM const uint32_t *)npurt_kernel_data(npurt_kernel_tensor(args, 2)) +
                                      npurt_kernel_u64(args, 0) * EVENT_LINE;
    const uint32_t chunks = npurt_kernel_u32(args, 1);
    for (uint32_t i = 0; i < chunks; i++)
        npurt_kernel_expect_event(args, events + i * EVENT_LINE, NPURT_ENGINE_SDMA);
    npurt_kernel_expect(args, events + chunks * EVENT_LINE, chunks);
}
