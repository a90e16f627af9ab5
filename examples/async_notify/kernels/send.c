/* inbox[to] = x / 2, then counter `to` goes up by one. x [1, n], inbox [ranks, n], f32; counters u32. */
#include <npurt/kernel.h>

#include "../layout.h"

NPURT_KERNEL void kernel_entry(NPURT_GM int64_t *args);
void kernel_entry(NPURT_GM int64_t *args)
{
    NPURT_GM const npurt_tensor *tx = npurt_kernel_tensor(args, 0), *inbox = npurt_kernel_tensor(args, 1);
    const uint32_t to = npurt_kernel_u32(args, 0);
    NPURT_GM const float *x = (NPURT_GM const float *)npurt_kernel_data(tx);
    NPURT_GM float *row = (NPURT_GM float *)npurt_kernel_data(inbox) + (size_t)to * inbox->strides[0];
    NPURT_GM uint32_t *counter =
        (NPURT_GM uint32_t *)npurt_kernel_data(npurt_kernel_tensor(args, 2)) + to * COUNTER_LINE;
    for (uint32_t i = 0; i < tx->shape[1]; i++)
        row[i] = x[i] * 0.5f;
    npurt_kernel_clean(row, tx->shape[1] * sizeof *row);
    npurt_kernel_notify(counter, 1, NPURT_NOTIFY_ADD);
}
