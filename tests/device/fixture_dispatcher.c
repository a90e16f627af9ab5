/* A dispatcher as the vendor's loader sees one: three symbols; Init counts its calls at the address in DeviceArgs +
 * 120. */
#include <stdint.h>
#include <string.h>

#define ENTRY __attribute__((visibility("default")))
ENTRY int StaticTileFwkBackendKernelServer(void *args);
ENTRY uint32_t DynTileFwkBackendKernelServerInit(void *args);
ENTRY uint32_t DynTileFwkBackendKernelServer(void *args);

int StaticTileFwkBackendKernelServer(void *args)
{
    (void)args;
    return 0;
}

uint32_t DynTileFwkBackendKernelServerInit(void *args)
{
    uint64_t config, counter, code;

    memcpy(&config, (char *)args + 40, 8);
    memcpy(&counter, (char *)(uintptr_t)config + 120, 8);
    memcpy(&code, (char *)(uintptr_t)config + 128, 8);
    (*(uint64_t *)(uintptr_t)counter)++;
    return (uint32_t)code;
}

uint32_t DynTileFwkBackendKernelServer(void *args)
{
    (void)args;
    return 0;
}
