/* A kernel: adds 1 to the word that its first argument names. */
#include <npurt/kernel.h>

NPURT_KERNEL void add_to_word(NPURT_GM int64_t *args);

void add_to_word(NPURT_GM int64_t *args)
{
    ++*(NPURT_GM uint32_t *)(uintptr_t)args[0];
}
