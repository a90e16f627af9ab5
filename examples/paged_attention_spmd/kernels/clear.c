/* Zeroes a contiguous tensor of u32; AIV. */
#include <npurt/kernel.h>

NPURT_KERNEL void kernel_entry(NPURT_GM int64_t *args);
void kernel_entry(NPURT_GM int64_t *args)
{
    NPURT_GM const npurt_tensor *t = npurt_kernel_tensor(args, 0);
    NPURT_GM uint32_t *word = npurt_kernel_data(t);
    for (uint64_t i = 0; i < npurt_tensor_elements(t); i++)
        word[i] = 0;
}
