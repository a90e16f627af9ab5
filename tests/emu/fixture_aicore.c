/* An AICore program for tests: key 0 counts its blocks in two device words, key 1 faults; one helper is no kernel. */
#include <stdatomic.h>
#include <stdint.h>

#define ENTRY __attribute__((visibility("default")))

ENTRY void fixture_0_mix_aic(uint64_t words);
ENTRY void fixture_0_mix_aiv(uint64_t words);
ENTRY void fixture_1_mix_aic(uint64_t address);
ENTRY void fixture_1_mix_aiv(uint64_t address);

static void count(uint64_t words, int which)
{
    atomic_fetch_add((_Atomic uint32_t *)(uintptr_t)words + which, 1);
}

void fixture_0_mix_aic(uint64_t words)
{
    count(words, 0);
}

void fixture_0_mix_aiv(uint64_t words)
{
    count(words, 1);
}

void fixture_1_mix_aic(uint64_t address)
{
    *(volatile uint32_t *)(uintptr_t)address = 1;
}

void fixture_1_mix_aiv(uint64_t address)
{
    (void)address;
}
