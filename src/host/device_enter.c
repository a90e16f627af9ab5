/* Entering and leaving a device: fork, lock, state, thread binding. */
#include "device.h"

#include <stdio.h>
#include <stdlib.h>
#include "error.h"
#include "log.h"

static const char *const state_name[] = {"healthy", "draining", "poisoned", "lost"};

void device_set_state(npurt_device *device, npurt_device_state state)
{
    static const bool allowed[4][4] = {
        [NPURT_DEVICE_HEALTHY] = {true, true, false, true},
        [NPURT_DEVICE_DRAINING] = {true, false, true, true},
        [NPURT_DEVICE_POISONED] = {true, false, true, true},
        [NPURT_DEVICE_LOST] = {true, false, false, true},
    };
    int now = atomic_load(&device->state);
    if (!allowed[now][state]) {
        log_write(LOG_LEVEL_ERROR, "device", "%s: no way from %s to %s", device->info.target, state_name[now],
                  state_name[state]);
        abort(); /* a defect of this library, never of its caller */
    }
    if (now != (int)state)
        log_write(state == NPURT_DEVICE_HEALTHY ? LOG_LEVEL_INFO : LOG_LEVEL_WARN, "device", "%s: %s → %s",
                  device->info.target, state_name[now], state_name[state]);
    if (state == NPURT_DEVICE_POISONED || (state == NPURT_DEVICE_LOST && now != NPURT_DEVICE_LOST))
        device->cause = *npurt_error_last();
    atomic_store(&device->state, (int)state);
}

/* The device that the calling thread last bound through here. The caller's own rtSetDevice may have come since, so the
 * driver is asked as well (a thread-local read); rtSetDevice itself takes a lock and counts a reference. */
static __thread uint64_t bound;

void device_unbind(npurt_device *device)
{
    static _Atomic uint64_t next = 1;
    device->binding = atomic_fetch_add(&next, 1);
    device->retained = 0;
}

npurt_status device_bind_thread(npurt_device *device)
{
    int32_t now;
    log_about(device); /* an orchestration may have called another */
    if (bound == device->binding && device->driver->aclrtGetDevice(&now) == 0 && now == device->id) return NPURT_OK;
    rtError_t code = device->driver->rtSetDevice(device->id);
    if (code != 0) {
        char said[256] = ""; /* before the next call has other words */
        const char *text = device->driver->aclGetRecentErrMsg();
        if (text) snprintf(said, sizeof said, "%s", text);
        uint32_t count = 0;
        (void)device->driver->aclrtGetDeviceCount(&count);
        return error_driver(code, "rtSetDevice", "device %d of %u%s%s", device->id, count, *said ? ": " : "", said);
    }
    device->retained++;
    bound = device->binding;
    return NPURT_OK;
}

static npurt_status check_lost(npurt_device *device)
{
    if (atomic_load(&device->state) == NPURT_DEVICE_LOST)
        return error_refuse(NPURT_ERROR_LOST, &device->cause, "the device is lost");
    if (device->resets == slot_resets(device->slot)) return NPURT_OK;
    npurt_status status =
        error_raise(NPURT_ERROR_LOST, "%s was force-reset through another handle", device->info.target);
    device_set_state(device, NPURT_DEVICE_LOST);
    return status;
}

static npurt_status check_poisoned(npurt_device *device)
{
    if (atomic_load(&device->state) == NPURT_DEVICE_HEALTHY) return NPURT_OK;
    return error_refuse(NPURT_ERROR_POISONED, &device->cause, "the device failed before and refuses work");
}

npurt_status device_check_work(npurt_device *device)
{
    npurt_status status = check_lost(device);
    return status == NPURT_OK ? check_poisoned(device) : status;
}

npurt_status device_enter(npurt_device *device, const char *call, enum device_need need)
{
    error_begin(call);
    if (!device) return error_raise(NPURT_ERROR_INVALID_ARGUMENT, "device is NULL");
    if (device->forks != fork_count())
        return error_raise(
            NPURT_ERROR_FORKED,
            "the device was opened before a fork, in the parent; open it in the child of an exec instead");
    if (log_delivering()) return error_raise(NPURT_ERROR_BUSY, "called from inside a log callback");
    if (pthread_mutex_lock(&device->lock) != 0)
        return error_raise(NPURT_ERROR_BUSY, "called from inside the orchestration of a call on this device");
    log_about(device);
    if (need == DEVICE_NEED_HANDLE) return NPURT_OK;

    npurt_status status = check_lost(device);
    if (status == NPURT_OK && need == DEVICE_NEED_WORK) status = check_poisoned(device);
    if (status == NPURT_OK) status = device_bind_thread(device);
    if (status != NPURT_OK) {
        log_about(NULL);
        pthread_mutex_unlock(&device->lock);
    }
    return status;
}

npurt_status device_leave(npurt_device *device, npurt_status status)
{
    if (status == NPURT_ERROR_LOST && atomic_load(&device->state) != NPURT_DEVICE_LOST)
        device_set_state(device, NPURT_DEVICE_LOST);
    log_about(NULL);
    pthread_mutex_unlock(&device->lock);
    return status;
}
