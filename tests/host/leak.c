/* A whole life of a device, and with an argument one forgotten block: the proof that a leak would be reported. */
#include "host/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
    static uint32_t x[64], y[64];
    npurt_device *device;
    npurt_callable *callable;
    npurt_status status = npurt_device_open("emu:a5", NULL, &device);

    if (status == NPURT_OK) status = world_load(device, &callable);
    if (status == NPURT_OK) status = world_call(callable, x, y, 64, FIXTURE_CHAIN, 3, NULL);
    if (status == NPURT_OK) status = npurt_callable_unload(callable);
    if (status == NPURT_OK) status = npurt_device_close(device);
    if (status != NPURT_OK) fprintf(stderr, "%s\n", npurt_error_last()->message);
    if (argc > 1) {
        char *volatile forgotten = strdup(argv[1]);
        forgotten = NULL;
        (void)forgotten;
    }
    return status != NPURT_OK;
}
