/* An AICore program for tests: key 0 counts its blocks in two device words, key 1 faults, keys 2 to 5 are kernels beyond
 * those, which add their own number to a word; one helper is no kernel. */
#include <stdatomic.h>
#include <stdint.h>

#define ENTRY __attribute__((visibility("default")))

ENTRY void fixture_0_mix_aic(uint64_t words);
ENTRY void fixture_0_mix_aiv(uint64_t words);
ENTRY void fixture_1_mix_aic(uint64_t address);
ENTRY void fixture_1_mix_aiv(uint64_t address);

ENTRY void fixture_2_mix_aic(uint64_t word);
ENTRY void fixture_3_mix_aic(uint64_t word);
ENTRY void fixture_4_mix_aiv(uint64_t word);
ENTRY void fixture_5_mix_aiv(uint64_t word);

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

static void add(uint64_t word, uint32_t number)
{
    atomic_fetch_add((_Atomic uint32_t *)(uintptr_t)word, number);
}

void fixture_2_mix_aic(uint64_t word)
{
    add(word, 2);
}

void fixture_3_mix_aic(uint64_t word)
{
    add(word, 3);
}

void fixture_4_mix_aiv(uint64_t word)
{
    add(word, 4);
}

/* Faults where it is given no address. */
void fixture_5_mix_aiv(uint64_t word)
{
    add(word, 5);
}
