#include "stream.h"
#include "entries.h"
#include "futex.h"
#include "message.h"
#include "ring.h"
#include "wait.h"

static struct emu_stream *shared_stream(const struct device *device, uint32_t slot)
{
    return &device->process->shared->stream[slot];
}

static uint32_t submitted(const struct device *device, uint32_t slot)
{
    return (uint32_t)atomic_load_explicit(&shared_stream(device, slot)->submitted, memory_order_relaxed);
}

/* A slot whose last tenant was destroyed by force may still have work; it is passed over until that has ended. */
static bool slot_is_free(const struct device *device, uint32_t slot)
{
    const struct emu_stream *shared = shared_stream(device, slot);

    if (device->stream[slot].live) return false;
    return slot >= device->stream_high ||
           wait_passed(atomic_load_explicit(&shared->completed, memory_order_acquire), submitted(device, slot));
}

int32_t stream_create(struct device *device, uint32_t *slot)
{
    struct emu_command *command;
    struct stream *stream;
    uint32_t i = 0;
    int32_t code = device_refuses(device);

    if (!code) code = device_claim(device, EMU_CMD_STREAM_CREATE, 0, &command);
    if (code) return code;
    while (i < EMU_MAX_STREAMS && !slot_is_free(device, i))
        i++;
    if (i == EMU_MAX_STREAMS || device_fault(device, FAULT_STREAM_EXHAUSTION))
        return message_fail(ACL_ERROR_RT_NO_STREAM_RESOURCE, "all %d streams of device %d are in use", EMU_MAX_STREAMS,
                            device->id);
    stream = &device->stream[i];
    device_arguments_reap(device);
    stream->memory = device_take(device, STREAM_MEMORY, HEAP_UNIT, HEAP_CARD);
    if (!stream->memory)
        return message_fail(ACL_ERROR_RT_DRV_INTERNAL_ERROR, "no device memory for the %d KiB of a stream's queues",
                            STREAM_MEMORY / 1024);
    stream->live = true;
    stream->serial++;
    if (i >= device->stream_high) device->stream_high = i + 1;
    stream->stop = false;
    atomic_store_explicit(&shared_stream(device, i)->error, 0, memory_order_relaxed);
    atomic_store_explicit(&shared_stream(device, i)->stopped, 0, memory_order_relaxed);
    command->stream = i;
    device_publish(device);
    device_charge(device, COST_STREAM);
    *slot = i;
    return 0;
}

int32_t stream_slot(const struct device *device, const void *handle, uint32_t *slot)
{
    struct handle h;

    if (!handle) {
        *slot = DEVICE_DEFAULT_STREAM;
        return 0;
    }
    if (!handle_unpack(handle, HANDLE_STREAM, &h) || h.slot >= EMU_MAX_STREAMS || h.device >= CARD_DEVICES)
        return message_fail(ACL_ERROR_RT_INVALID_HANDLE, "%p is not a stream", handle);
    if (h.device != (uint32_t)device->driver_id)
        return message_fail(ACL_ERROR_RT_STREAM_CONTEXT, "the stream %p is not of device %d", handle, device->id);
    if (!device->stream[h.slot].live || device->stream[h.slot].serial != h.serial)
        return message_fail(ACL_ERROR_RT_INVALID_HANDLE, "the stream %p was destroyed", handle);
    *slot = h.slot;
    return 0;
}

int32_t stream_enter(const void *handle, struct device **device, uint32_t *slot)
{
    struct device *of;
    struct handle h;
    int32_t code = device_enter(device);

    if (code) return code;
    if (!handle || !handle_unpack(handle, HANDLE_STREAM, &h) || h.device == (uint32_t)(*device)->driver_id ||
        !(of = card_device_by_driver_id(h.device))) {
        code = stream_slot(*device, handle, slot);
    } else {
        device_leave(*device);
        if (device_enter_this(of))
            return message_fail(ACL_ERROR_RT_INVALID_HANDLE, "the stream %p was destroyed", handle);
        *device = of;
        code = of->down || !process_alive_lately(of->process) ? device_down(of) : stream_slot(of, handle, slot);
    }
    if (code) device_leave(*device);
    return code;
}

/* The first error since the context is in stop mode; 0: none. */
static int32_t failure(const struct device *device)
{
    return device->process ? atomic_load_explicit(&device->process->shared->failure, memory_order_acquire) : 0;
}

int32_t stream_check(struct device *device)
{
    const int32_t code = failure(device);

    return code ? message_task_error(code, &device->process->shared->problem) : 0;
}

/* A stream that an error has stopped keeps that error. */
int32_t stream_take_error(struct device *device, uint32_t slot)
{
    struct emu_stream *stream = shared_stream(device, slot);
    int32_t code = atomic_load_explicit(&stream->stopped, memory_order_acquire)
                       ? atomic_load_explicit(&stream->error, memory_order_acquire)
                       : atomic_exchange_explicit(&stream->error, 0, memory_order_acq_rel);

    if (!code) code = failure(device);
    return code ? message_task_error(code, &device->process->shared->problem) : 0;
}

/* ---- entries ---------------------------------------------------------------------------------------------------- */

rtError_t rtStreamCreate(rtStream_t *stream, int32_t priority)
{
    struct device *device;
    uint32_t slot = 0;
    int32_t code;

    (void)priority; /* clamped to 0…7 and without effect: streams are served side by side */
    if (!stream) return message_fail(ACL_ERROR_RT_PARAM_INVALID, "rtStreamCreate: stream is NULL");
    code = device_enter(&device);
    if (code) return code;
    code = stream_create(device, &slot);
    if (!code) *stream = handle_pack(HANDLE_STREAM, (uint32_t)device->driver_id, device->stream[slot].serial, slot);
    device_leave(device);
    return code;
}

static int32_t destroy(rtStream_t stream, bool force)
{
    struct emu_command *command;
    struct device *device;
    uint32_t slot;
    int32_t code;

    if (!stream) return message_fail(ACL_ERROR_RT_PARAM_INVALID, "the stream to destroy is NULL");
    code = device_enter_any(&device);
    if (code) return code;
    code = stream_slot(device, stream, &slot);
    if (!code && slot == DEVICE_DEFAULT_STREAM)
        code = message_fail(ACL_ERROR_RT_PARAM_INVALID, "the default stream is not the caller's to destroy");
    if (code) goto done;
    if (!force && !device->down && !failure(device)) {
        code = device_wait(device, slot, submitted(device, slot), -1);
        if (code && !device->down) goto done;
        code = 0;
    }
    if (!device->down && device_claim(device, EMU_CMD_STREAM_DESTROY, slot, &command) == 0) device_publish(device);
    device_arguments_reap(device);
    device_give(device, device->stream[slot].memory, HEAP_CARD);
    device->stream[slot].live = false;
done:
    device_leave(device);
    return code;
}

rtError_t rtStreamDestroy(rtStream_t stream)
{
    return destroy(stream, false);
}

rtError_t rtStreamDestroyForce(rtStream_t stream)
{
    return destroy(stream, true);
}

rtError_t rtStreamQuery(rtStream_t stream)
{
    struct device *device;
    bool drained = false;
    uint32_t slot;
    int32_t code = stream_enter(stream, &device, &slot);

    if (code) return code;
    device_charge(device, COST_QUERY);
    code = stream_check(device);
    if (!code) code = device_poll(device, slot, &drained);
    if (!code && !drained) code = message_fail(ACL_ERROR_RT_STREAM_NOT_COMPLETE, "the stream is not drained");
    device_leave(device);
    return code;
}

rtError_t rtStreamSynchronizeWithTimeout(rtStream_t stream, int32_t timeout_ms)
{
    struct device *device;
    uint32_t slot;
    int32_t code;

    if (timeout_ms == 0 || timeout_ms < -1)
        return message_fail(ACL_ERROR_RT_PARAM_INVALID, "a timeout of %d ms: -1 or a positive number is due",
                            timeout_ms);
    code = stream_enter(stream, &device, &slot);
    if (code) return code;
    device_charge(device, COST_SYNC);
    code = stream_check(device);
    if (!code) code = device_wait(device, slot, submitted(device, slot), timeout_ms);
    if (!code) code = stream_take_error(device, slot);
    device_leave(device);
    return code;
}

rtError_t rtStreamSynchronize(rtStream_t stream)
{
    return rtStreamSynchronizeWithTimeout(stream, -1);
}

/* One timeout over many waits. In timed and explore mode each wait has the whole of it. */
static int32_t ms_left(const struct device *device, int32_t timeout_ms, int64_t end)
{
    int64_t left;

    if (timeout_ms < 0 || device_simulated(device)) return timeout_ms;
    left = (end - futex_now_ns()) / 1000000;
    return left < 1 ? 1 : (int32_t)left;
}

aclError aclrtSynchronizeDeviceWithTimeout(int32_t timeout_ms)
{
    struct device *device;
    const int64_t end = futex_now_ns() + timeout_ms * INT64_C(1000000);
    int32_t code, first = 0;

    if (timeout_ms == 0 || timeout_ms < -1)
        return message_fail(ACL_ERROR_RT_PARAM_INVALID, "a timeout of %d ms: -1 or a positive number is due",
                            timeout_ms);
    code = device_enter(&device);
    if (code) return code;
    device_charge(device, COST_SYNC);
    if (device_fault(device, FAULT_DRAIN_LIES)) {
        device_leave(device);
        return 0;
    }
    code = stream_check(device);
    for (uint32_t slot = 0; slot < device->stream_high && !code; slot++) {
        if (!device->stream[slot].live) continue;
        code = device_wait(device, slot, submitted(device, slot), ms_left(device, timeout_ms, end));
        if (code) break;
        if (!first)
            first = stream_take_error(device, slot);
        else
            stream_take_error(device, slot);
    }
    device_leave(device);
    return code ? code : first;
}

aclError aclrtCreateStream(aclrtStream *stream)
{
    if (!stream) return message_fail(ACL_ERROR_INVALID_PARAM, "aclrtCreateStream: stream is NULL");
    return rtStreamCreate(stream, 0);
}

aclError aclrtDestroyStream(aclrtStream stream)
{
    if (!stream) return message_fail(ACL_ERROR_INVALID_PARAM, "aclrtDestroyStream: stream is NULL");
    return rtStreamDestroy(stream);
}

aclError aclrtSynchronizeStream(aclrtStream stream)
{
    return rtStreamSynchronizeWithTimeout(stream, -1);
}

aclError aclrtSynchronizeStreamWithTimeout(aclrtStream stream, int32_t timeout_ms)
{
    return rtStreamSynchronizeWithTimeout(stream, timeout_ms);
}

aclError aclrtStreamQuery(aclrtStream stream, int *status)
{
    enum { COMPLETE = 0, NOT_READY = 1 };
    int32_t code;

    if (!status) return message_fail(ACL_ERROR_INVALID_PARAM, "aclrtStreamQuery: status is NULL");
    code = rtStreamQuery(stream);
    if (code && code != ACL_ERROR_RT_STREAM_NOT_COMPLETE) return code;
    *status = code ? NOT_READY : COMPLETE;
    return 0;
}

static int32_t set_mode(struct device *device, uint32_t slot, bool stop)
{
    struct emu_stream *shared = shared_stream(device, slot);
    const bool stopped = atomic_load_explicit(&shared->stopped, memory_order_acquire);

    if (device->stream[slot].stop == stop && !stopped) return 0;
    if (device->stream[slot].stop)
        return message_fail(ACL_ERROR_RT_FEATURE_NOT_SUPPORT, "stop-on-failure can not be undone");
    device->stream[slot].stop = stop;
    atomic_store_explicit(&shared->stopped, 0, memory_order_release);
    atomic_store_explicit(&device->process->shared->stop_on_failure, 1, memory_order_release);
    return 0;
}

/* The mode is the stream's; what it does is the context's: once one stream is in stop mode, the first error of any of
 * them stops that stream and is what the whole context is refused with. Of the mode one bit counts. */
aclError aclrtSetStreamFailureMode(aclrtStream stream, uint64_t mode)
{
    struct device *device;
    uint32_t slot;
    int32_t code = device_enter(&device);

    if (code == ACL_ERROR_RT_CONTEXT_NULL && !stream)
        return message_fail(ACL_ERROR_RT_PARAM_INVALID, "aclrtSetStreamFailureMode: there is no default stream");
    if (code) return code;
    code = stream_slot(device, stream, &slot);
    if (!code) code = set_mode(device, slot, mode & ACL_STOP_ON_FAILURE);
    device_leave(device);
    return code;
}

aclError aclrtGetStreamResLimit(aclrtStream stream, aclrtDevResLimitType type, uint32_t *value)
{
    struct device *device;
    uint32_t slot;
    int32_t code;

    if (!value) return message_fail(ACL_ERROR_INVALID_PARAM, "aclrtGetStreamResLimit: value is NULL");
    code = stream_enter(stream, &device, &slot);
    if (code) return code;
    if (type != ACL_RT_DEV_RES_CUBE_CORE && type != ACL_RT_DEV_RES_VECTOR_CORE)
        code = message_fail(ACL_ERROR_RT_PARAM_INVALID, "resource type %d is neither 0 (cube) nor 1 (vector)", (int)type);
    if (!code) *value = device->machine.clusters * (type == ACL_RT_DEV_RES_CUBE_CORE ? 1 : 2);
    device_leave(device);
    return code;
}
