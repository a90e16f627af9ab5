/* Opening a device and letting it go: a count of SetDevice calls, a device process while it is not zero. */
#include "reset.h"
#include "entries.h"
#include "message.h"
#include "stream.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int32_t setup_failed(const struct device *device, const char *why)
{
    return message_fail(ACL_ERROR_RT_DEV_SETUP_ERROR, "device %d (%s) can not be opened: %s", device->id,
                        device->card->key, why);
}

/* Stops the process and forgets everything that lived in it. */
static void close_device(struct device *device, bool ask)
{
    struct process *process = device->process;
    uint64_t taken;

    if (atomic_load_explicit(&device->epoch, memory_order_relaxed) & 1) atomic_fetch_add(&device->epoch, 1);
    device->references = 0;
    if (!process) return;
    if (atomic_load_explicit(&process->shared->faulted, memory_order_relaxed)) device->poisoned = true;
    fault_plan_merge(&device->machine.faults, &process->shared->machine.faults);
    device->last_trace_hash = atomic_load_explicit(&process->shared->trace_hash, memory_order_relaxed);
    atomic_store_explicit(&device->window, 0, memory_order_release);
    for (uint32_t i = 0; i < device->stream_high; i++)
        device->stream[i].live = false;
    for (uint32_t i = 0; i < device->event_high; i++)
        device->event[i].live = false;
    for (uint32_t i = 0; i < device->function_high; i++)
        device->function[i].live = false;
    for (uint32_t i = 0; i < device->program_high; i++)
        device->loaded[i].program = NULL;
    device->stream_high = device->event_high = device->function_high = device->program_high = 0;
    free(device->pending);
    device->pending = NULL;
    device->pending_count = device->pending_room = 0;
    device->down = false;
    device->status = 0;
    taken = device->heap.taken;
    heap_fini(&device->heap);
    device->process = NULL;
    process_stop(process, ask);
    card_hbm_refund(device, taken);
}

static int32_t open_device(struct device *device)
{
    struct process_options options = {
        .machine = &device->machine, .device = device->driver_id, .die = device->machine.die};
    char problem[768];
    uint32_t slot;
    int32_t code;

    if (!card_root(device->card)) return setup_failed(device, strerror(errno));
    options.root = device->card->root;
    options.root_fd = device->card->root_fd;
    device->process = process_start(&options, problem, sizeof problem);
    if (!device->process) return setup_failed(device, problem);
    device->host_ns = 0;
    atomic_store_explicit(&device->window_size, device->process->hbm_size, memory_order_relaxed);
    atomic_store_explicit(&device->window, device->process->hbm_base, memory_order_release);
    if (!heap_init(&device->heap, device->process->hbm_base, device->process->hbm_size)) {
        close_device(device, false);
        return setup_failed(device, "out of host memory");
    }
    code = timeout_announce(device);
    if (!code) {
        const bool poisoned = device->poisoned; /* the default stream is made all the same */
        device->poisoned = false;
        code = stream_create(device, &slot);
        device->poisoned = poisoned;
    }
    if (code) {
        const char *why = aclGetRecentErrMsg();
        snprintf(problem, sizeof problem, "%s", why ? why : "no default stream");
        close_device(device, false);
        return setup_failed(device, problem);
    }
    atomic_fetch_add(&device->epoch, 1);
    return 0;
}

static int32_t find(int32_t id, struct device **device)
{
    if (card_forked())
        return message_fail(ACL_ERROR_RT_DEV_SETUP_ERROR,
                            "this process is a fork: its parent's devices are out of its reach");
    *device = card_device(id);
    if (*device) return 0;
    return message_fail(ACL_ERROR_RT_INVALID_DEVICEID, "there is no device %d; there are %u", id, card_device_count());
}

rtError_t rtSetDevice(int32_t id)
{
    struct device *device;
    int32_t code = find(id, &device);

    if (code) return code;
    pthread_mutex_lock(&device->lock);
    if (device->references == 0) code = open_device(device);
    if (!code) {
        device->references++;
        device_bind(device);
    }
    pthread_mutex_unlock(&device->lock);
    return code;
}

static int32_t not_open(const struct device *device)
{
    return message_fail(ACL_ERROR_RT_CONTEXT_RELEASE_ERROR, "device %d is not set", device->id);
}

static bool at_work(const struct device *device)
{
    for (uint32_t slot = 0; slot < device->stream_high; slot++) {
        const struct emu_stream *stream = &device->process->shared->stream[slot];
        if (device->stream[slot].live && atomic_load_explicit(&stream->completed, memory_order_acquire) !=
                                             (uint32_t)atomic_load_explicit(&stream->submitted, memory_order_relaxed))
            return true;
    }
    return false;
}

/* Waits for running work, unless nothing can come of it. */
static void drain(struct device *device)
{
    const struct process *process = device->process;

    if (at_work(device) && device_fault(device, FAULT_TEARDOWN_WITH_RUNNING_CORES)) {
        device->poisoned = true;
        return;
    }
    for (uint32_t slot = 0; device->process == process && slot < device->stream_high; slot++) {
        const struct emu_stream *stream = &device->process->shared->stream[slot];
        if (!device->stream[slot].live) continue;
        if (device->down || atomic_load_explicit(&process->shared->faulted, memory_order_relaxed)) return;
        device_wait(device, slot, (uint32_t)atomic_load_explicit(&stream->submitted, memory_order_relaxed), -1);
    }
}

rtError_t rtDeviceReset(int32_t id)
{
    struct device *device;
    int32_t code = find(id, &device);

    if (code) return code;
    pthread_mutex_lock(&device->lock);
    if (device->references == 1) drain(device); /* may give the lock up: the count is looked at again */
    if (device->references == 0)
        code = not_open(device);
    else if (device->references > 1)
        device->references--;
    else
        close_device(device, !device->down);
    pthread_mutex_unlock(&device->lock);
    return code;
}

rtError_t rtDeviceResetForce(int32_t id)
{
    struct device *device;
    int32_t code = find(id, &device);

    if (code) return code;
    pthread_mutex_lock(&device->lock);
    if (device->references == 0) {
        code = not_open(device);
    } else {
        close_device(device, false);
        device->poisoned = device_fault(device, FAULT_RESET_LIES) != NULL;
    }
    pthread_mutex_unlock(&device->lock);
    return code;
}

aclError aclrtSetDevice(int32_t device)
{
    return rtSetDevice(device);
}

aclError aclrtResetDevice(int32_t device)
{
    return rtDeviceReset(device);
}

aclError aclrtResetDeviceForce(int32_t device)
{
    return rtDeviceResetForce(device);
}

aclError aclrtGetDevice(int32_t *id)
{
    const struct device *device = device_current();

    if (!id) return message_fail(ACL_ERROR_INVALID_PARAM, "aclrtGetDevice: device is NULL");
    if (!device) return message_fail(ACL_ERROR_RT_CONTEXT_NULL, "this thread has not set a device");
    *id = device->id;
    return 0;
}

aclError aclrtGetDeviceCount(uint32_t *count)
{
    if (!count) return message_fail(ACL_ERROR_INVALID_PARAM, "aclrtGetDeviceCount: count is NULL");
    *count = card_device_count();
    return 0;
}

int npuemu_trace_hash(int32_t id, uint64_t *hash)
{
    struct device *device;
    int32_t code = find(id, &device);

    if (code) return code;
    if (!hash) return message_fail(ACL_ERROR_INVALID_PARAM, "the place for the hash is NULL");
    if (device->machine.mode == EMU_MODE_FREE)
        return message_fail(ACL_ERROR_RT_FEATURE_NOT_SUPPORT, "a card keeps a trace hash in timed and explore mode only");
    pthread_mutex_lock(&device->lock);
    *hash = device->process ? atomic_load_explicit(&device->process->shared->trace_hash, memory_order_acquire)
                            : device->last_trace_hash;
    pthread_mutex_unlock(&device->lock);
    return 0;
}

/* At exit and at fork: see card.c. */
void device_shutdown(struct device *device)
{
    pthread_mutex_lock(&device->lock);
    close_device(device, !device->down);
    pthread_mutex_unlock(&device->lock);
}

void device_forget(struct device *device)
{
    if (device->process) process_forget(device->process);
}
