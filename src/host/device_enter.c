/* Entering and leaving a device: fork, lock, state, thread binding. */
#include "device.h"

#include <stdio.h>
#include <stdlib.h>
#include "callable.h"
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
    atomic_store(&device->entry->state, (int)state);
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

static npurt_status leave(npurt_device *device, npurt_status status)
{
    log_about(NULL);
    device->inside--;
    if (device->closing) pthread_cond_broadcast(&device->flight.changed);
    pthread_mutex_unlock(&device->entry->lock);
    return status;
}

npurt_status device_check_work(npurt_device *device)
{
    npurt_status status = check_lost(device);
    return status == NPURT_OK ? check_poisoned(device) : status;
}

/* The lock is the device's, whoever has its entry: a handle that ended while the lock was waited for is refused. */
static npurt_status enter(const void *handle, enum handle_kind kind, const char *call, enum device_need need,
                          void **object)
{
    error_begin(call);
    struct handle_entry *own = handle_find(handle, kind);
    if (!own) return handle_refuse(handle, kind);
    struct handle_entry *of = atomic_load(&own->device);
    if (atomic_load(&of->forks) != fork_count())
        return error_raise(
            NPURT_ERROR_FORKED,
            "the device was opened before a fork, in the parent; open it in the child of an exec instead");
    if (log_delivering()) return error_raise(NPURT_ERROR_BUSY, "called from inside a log callback");
    if (pthread_mutex_lock(&of->lock) != 0)
        return error_raise(NPURT_ERROR_BUSY, "called from inside the orchestration of a call on this device");
    if (!handle_is_good(own, handle)) {
        pthread_mutex_unlock(&of->lock);
        return handle_refuse(handle, kind);
    }
    npurt_device *device = of->object;
    log_about(device);
    device->inside++;
    *object = own->object;
    if (need == DEVICE_NEED_HANDLE) return NPURT_OK;

    npurt_status status = check_lost(device);
    if (status == NPURT_OK && need == DEVICE_NEED_WORK) status = check_poisoned(device);
    if (status == NPURT_OK) status = device_bind_thread(device);
    return status == NPURT_OK ? NPURT_OK : leave(device, status);
}

npurt_status device_enter(npurt_device *handle, const char *call, enum device_need need, npurt_device **device)
{
    void *object = NULL;
    npurt_status status = enter(handle, HANDLE_DEVICE, call, need, &object);
    *device = object;
    return status;
}

npurt_status device_enter_callable(npurt_callable *handle, const char *call, enum device_need need,
                                   npurt_callable **callable)
{
    void *object = NULL;
    npurt_status status = enter(handle, HANDLE_CALLABLE, call, need, &object);
    *callable = object;
    return status;
}

npurt_status device_enter_run(npurt_run *handle, const char *call, npurt_run **run)
{
    void *object = NULL;
    npurt_status status = enter(handle, HANDLE_RUN, call, DEVICE_NEED_HANDLE, &object);
    *run = object;
    return status;
}

npurt_status device_leave(npurt_device *device, npurt_status status)
{
    if (status == NPURT_ERROR_LOST && atomic_load(&device->state) != NPURT_DEVICE_LOST)
        device_set_state(device, NPURT_DEVICE_LOST);
    return leave(device, status);
}

void device_end_handles(npurt_device *device)
{
    device->closing = true;
    handle_close(device->entry, NULL);
    callable_end_handles(device);
    flight_end_handles(device);
    while (device->inside > 1)
        pthread_cond_wait(&device->flight.changed, &device->entry->lock);
}

npurt_device *device_of(const npurt_device *handle)
{
    const struct handle_entry *entry = handle_find(handle, HANDLE_DEVICE);
    return entry ? entry->object : NULL;
}
