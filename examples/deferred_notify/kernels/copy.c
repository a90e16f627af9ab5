/* Stands for the engine: block i writes half of chunk i, sets its event and counts it. */
#include <npurt/kernel.h>

#include "../layout.h"

NPURT_KERNEL void kernel_entry(NPURT_GM int64_t *args);
void kernel_entry(NPURT_GM int64_t *args)
{
    NPURT_GM const npurt_tensor *from = npurt_kernel_tensor(args, 0), *to = npurt_kernel_tensor(args, 1);
    const uint32_t chunk = (uint32_t)npurt_kernel_block_idx(args), chunks = (uint32_t)npurt_kernel_block_num(args);
    NPURT_GM uint32_t *events = (NPURT_GM uint32_t *)npurt_kernel_data(npurt_kernel_tensor(args, 2)) +
                                npurt_kernel_u64(args, 0) * EVENT_LINE;
    NPURT_GM const float *x = (NPURT_GM const float *)npurt_kernel_data(from) + (size_t)chunk * from->strides[0];
    NPURT_GM float *y = (NPURT_GM float *)npurt_kernel_data(to) + (size_t)chunk * to->strides[0];
    for (uint32_t i = 0; i < from->shape[1]; i++)
        y[i] = x[i] * 0.5f;
    npurt_kernel_clean(y, from->shape[1] * sizeof *y);
    npurt_kernel_notify(events + chunk * EVENT_LINE, 1 + chunk, NPURT_NOTIFY_SET);
    npurt_kernel_notify(events + chunks * EVENT_LINE, 1, NPURT_NOTIFY_ADD);
}
