/* An AICore program that goes wrong as it is told: its argument says how and on which core type, or is the address of a
 * word to count in. */
#include <stdatomic.h>

#include "bad_code.h"

#define ENTRY __attribute__((visibility("default")))

enum { ON_AIV = 0x100, LEAST_ADDRESS = 0x1000 };

ENTRY void bad_0_mix_aic(uint64_t argument);
ENTRY void bad_0_mix_aiv(uint64_t argument);

static void work(uint64_t argument, uint64_t self)
{
    if (argument >= LEAST_ADDRESS)
        atomic_fetch_add((_Atomic uint32_t *)(uintptr_t)argument, 1);
    else if ((argument & ON_AIV) == self)
        bad_code((enum bad_code)(argument & ~(uint64_t)ON_AIV));
}

void bad_0_mix_aic(uint64_t argument)
{
    work(argument, 0);
}

void bad_0_mix_aiv(uint64_t argument)
{
    work(argument, ON_AIV);
}
