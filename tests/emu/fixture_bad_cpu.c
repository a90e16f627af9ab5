/* An AICPU library, its dispatcher included, with an entry that goes wrong as it is told and one that counts. Written
 * against the vendor's contract alone. */
#include <stdatomic.h>

#include "bad_code.h"

#define ENTRY __attribute__((visibility("default")))

ENTRY int StaticTileFwkBackendKernelServer(void *args);
ENTRY uint32_t DynTileFwkBackendKernelServerInit(void *args);
ENTRY uint32_t DynTileFwkBackendKernelServer(void *args);
ENTRY uint32_t bad_entry(void *args);
ENTRY uint32_t bad_count(void *args);

int StaticTileFwkBackendKernelServer(void *args)
{
    (void)args;
    return 0;
}

uint32_t DynTileFwkBackendKernelServerInit(void *args)
{
    (void)args;
    return 0;
}

uint32_t DynTileFwkBackendKernelServer(void *args)
{
    (void)args;
    return 0;
}

uint32_t bad_entry(void *args)
{
    bad_code((enum bad_code) * (const uint64_t *)args);
    return 0;
}

uint32_t bad_count(void *args)
{
    atomic_fetch_add(*(_Atomic uint32_t *const *)args, 1);
    return 0;
}
