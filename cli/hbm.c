#include "hbm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "driver/driver.h"

bool hbm_open(struct hbm_probe *probe, const char *target)
{
    const char *colon = strchr(target, ':');
    char provider[16];
    *probe = (struct hbm_probe){0};
    if (!colon || (size_t)(colon - target) >= sizeof provider) return false;
    snprintf(provider, sizeof provider, "%.*s", (int)(colon - target), target);
    if (driver_open(provider, &probe->driver) != NPURT_OK) return false;
    bool known = true;
    if (strcmp(provider, "emu") == 0)
        known = probe->driver->npuemu_device_add(colon + 1, &probe->device) == 0;
    else
        probe->device = (int32_t)strtol(colon + 1, NULL, 10);
    if (known && probe->driver->rtSetDevice(probe->device) == 0) return true;
    driver_close(probe->driver);
    probe->driver = NULL;
    return false;
}

bool hbm_is_shared(const char *target)
{
    return strncmp(target, "emu:", 4) != 0 || strstr(target, "?card=") || strstr(target, "&card=");
}

bool hbm_in_use(struct hbm_probe *probe, uint64_t *bytes)
{
    size_t left, total;
    if (!probe->driver) return false;
    if (probe->driver->aclrtGetMemInfo(ACL_HBM_MEM, &left, &total) != 0) {
        /* A forced reset has taken the probe's reference with it. */
        if (probe->driver->rtSetDevice(probe->device) != 0) return false;
        if (probe->driver->aclrtGetMemInfo(ACL_HBM_MEM, &left, &total) != 0) return false;
    }
    *bytes = total - left;
    return true;
}

void hbm_close(struct hbm_probe *probe)
{
    if (!probe->driver) return;
    probe->driver->rtDeviceReset(probe->device);
    driver_close(probe->driver);
    probe->driver = NULL;
}
