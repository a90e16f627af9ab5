#include <math.h>
#include <npurt/kernel.h>

NPURT_KERNEL void kernel_count(NPURT_GM int64_t *args);
NPURT_KERNEL void kernel_math(NPURT_GM int64_t *args);
NPURT_KERNEL void kernel_crash(NPURT_GM int64_t *args);
NPURT_KERNEL void kernel_endless(NPURT_GM int64_t *args);
NPURT_KERNEL void kernel_overflow(NPURT_GM int64_t *args);

NPURT_KERNEL void kernel_count(NPURT_GM int64_t *args)
{
    (*(uint64_t *)(uintptr_t)args[0])++;
}

NPURT_KERNEL void kernel_math(NPURT_GM int64_t *args)
{
    uint64_t *value = (uint64_t *)(uintptr_t)args[0];
    *value = (uint64_t)llround(1000.0 * exp((double)*value + 1.0));
}

NPURT_KERNEL void kernel_crash(NPURT_GM int64_t *args)
{
    args[0] = *(volatile int64_t *)(uintptr_t)0x1234; /* a load: several cores run this at once */
}

NPURT_KERNEL void kernel_endless(NPURT_GM int64_t *args)
{
    volatile uint64_t *value = (uint64_t *)(uintptr_t)args[0];
    while (*value != UINT64_MAX)
        (*value) |= 1;
}

static int64_t deeper(volatile int64_t *at, int64_t depth)
{
    volatile int64_t here[512];

    here[depth % 512] = *at;
    return depth < 0 ? 0 : deeper(here, depth + 1) + here[0];
}

NPURT_KERNEL void kernel_overflow(NPURT_GM int64_t *args)
{
    args[1] = deeper(args, 0);
}
