/* Writes nothing: a task that only stands between others. */
#include <npurt/kernel.h>

NPURT_KERNEL void kernel_entry(NPURT_GM int64_t *args);
void kernel_entry(NPURT_GM int64_t *args)
{
    (void)args;
}
