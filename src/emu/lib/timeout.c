/* The op-execute timeout: one for the process, in units of what the hardware counts in. */
#include "entries.h"
#include "message.h"
#include "reset.h"

#include <stdatomic.h>

/* 254 units are the default 1091 s (docs/reference/cann-abi.md). */
enum { INTERVAL_US = 4294967, UNITS_MOST = 254 };

static _Atomic uint64_t process_timeout_us = (uint64_t)INTERVAL_US * UNITS_MOST;

int32_t timeout_announce(struct device *device)
{
    struct emu_command *command;
    int32_t code = device_claim(device, EMU_CMD_TIMEOUT, UINT32_MAX, &command);

    if (code) return code;
    command->timeout_us = atomic_load(&process_timeout_us);
    device_publish(device);
    return 0;
}

uint64_t timeout_in_force(void)
{
    return atomic_load(&process_timeout_us);
}

/* 0: the most there is. */
aclError aclrtSetOpExecuteTimeOutV2(uint64_t timeout_us, uint64_t *actual_us)
{
    uint64_t units = timeout_us / INTERVAL_US + (timeout_us % INTERVAL_US != 0);
    struct device *device;
    int32_t code = 0;

    if (!actual_us)
        return message_fail(ACL_ERROR_INVALID_PARAM, "aclrtSetOpExecuteTimeOutV2: the place for the result is NULL");
    if (!device_current()) return message_fail(ACL_ERROR_RT_CONTEXT_NULL, "this thread has not set a device");
    if (units == 0 || units > UNITS_MOST) units = UNITS_MOST;
    *actual_us = units * INTERVAL_US;
    atomic_store(&process_timeout_us, *actual_us);
    for (int64_t id = 0; (device = card_device_by_driver_id(id)) && !code; id++) {
        pthread_mutex_lock(&device->lock);
        if (device->process && !device->down) code = timeout_announce(device);
        pthread_mutex_unlock(&device->lock);
    }
    return code;
}

aclError aclrtGetOpTimeOutInterval(uint64_t *interval_us)
{
    if (!interval_us) return message_fail(ACL_ERROR_INVALID_PARAM, "aclrtGetOpTimeOutInterval: the place is NULL");
    if (!device_current()) return message_fail(ACL_ERROR_RT_CONTEXT_NULL, "this thread has not set a device");
    *interval_us = INTERVAL_US;
    return 0;
}
