/* npurt devices: what can be opened here. Emulated cards are opened to see that they can; the vendor's devices are only
 * counted, as somebody may be using them. */
#include "commands.h"
#include "options.h"

#include <stdio.h>

#include "driver/driver.h"

static bool show_emulated(const char *target)
{
    npurt_device *device;
    npurt_device_info info;
    if (npurt_device_open(target, NULL, &device) != NPURT_OK) {
        printf("%-10s  can not be opened: %s\n", target, npurt_error_last()->message);
        return false;
    }
    bool known = npurt_device_get_info(device, &info) == NPURT_OK;
    if (known)
        printf("%-10s  emulated %s: %u AIC, %u AIV, %u AICPU threads, %.1f GiB HBM\n", target, info.soc, info.clusters,
               2 * info.clusters, info.aicpu_threads, (double)info.hbm_total / 0x1p30);
    return npurt_device_close(device) == NPURT_OK && known;
}

int command_devices(const struct words *words)
{
    (void)words;
    static const char *const emulated[] = {"emu:a2", "emu:a3:0", "emu:a3:1", "emu:a5"};
    bool all = true;
    char problem[512];
    struct driver *driver;
    uint32_t count = 0;
    /* Counted first: when the vendor's libraries are the emulated card's, its devices join those that are opened. */
    const bool there = driver_open("cann", &driver) == NPURT_OK;
    if (there && driver->aclrtGetDeviceCount(&count) != 0) count = 0;
    snprintf(problem, sizeof problem, "%s",
             there ? "the vendor's driver is here and counts no device" : driver_problem());
    if (there) driver_close(driver);
    for (uint32_t i = 0; i < sizeof emulated / sizeof emulated[0]; i++)
        all = show_emulated(emulated[i]) && all;
    for (uint32_t i = 0; i < count; i++)
        printf("cann:%-5u  device %u of the vendor's driver\n", i, i);
    if (count == 0) printf("cann:…      none: %s\n", problem);
    printf("Any emulated machine: emu:NAME?key=value&…, such as emu:a5?clusters=4&hbm=2GiB (docs/guide/targets.md).\n");
    return all ? EXIT_RIGHT : EXIT_FAILED;
}
