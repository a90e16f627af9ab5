/* Events: marks in a stream, waited for through the stream that recorded them. */
#include "device.h"
#include "entries.h"
#include "message.h"
#include "stream.h"
#include "wait.h"

enum {
    ACL_ERROR_RT_EVENT_TIMESTAMP_INVALID = 107006,
    ACL_ERROR_RT_NO_EVENT_RESOURCE = 207007,
};

static int32_t is_null(const char *entry)
{
    return message_fail(ACL_ERROR_INVALID_PARAM, "%s: event is NULL", entry);
}

static int32_t event_find(struct device *device, const void *handle, struct event **event)
{
    struct handle h;

    if (!handle_unpack(handle, HANDLE_EVENT, &h) || h.slot >= EMU_MAX_EVENTS)
        return message_fail(ACL_ERROR_RT_INVALID_HANDLE, "%p is not an event", handle);
    *event = &device->event[h.slot];
    if (h.device != (uint32_t)device->driver_id || !(*event)->live || (*event)->serial != h.serial)
        return message_fail(ACL_ERROR_RT_INVALID_HANDLE, "the event %p is not of device %d, or was destroyed", handle,
                            device->id);
    return 0;
}

/* The event's device, locked: no call about an event alone needs a device of its thread. */
static int32_t event_enter(const void *handle, struct device **device, struct event **event)
{
    struct device *of = NULL;
    struct handle h;
    int32_t code;

    if (handle_unpack(handle, HANDLE_EVENT, &h)) of = card_device_by_driver_id(h.device);
    if (!of || device_enter_this(of)) return message_fail(ACL_ERROR_RT_INVALID_HANDLE, "%p is not an event", handle);
    *device = of;
    code = event_find(of, handle, event);
    if (code) device_leave(of);
    return code;
}

/* Flags that stand alone, and those that may be combined. */
static int32_t check_flags(uint32_t flag)
{
    const uint32_t alone[] = {ACL_EVENT_DEVICE_USE_ONLY, ACL_EVENT_EXTERNAL, ACL_EVENT_IPC};
    const uint32_t known = ACL_EVENT_SYNC | ACL_EVENT_CAPTURE_STREAM_PROGRESS | ACL_EVENT_DDSYNC | ACL_EVENT_TIME_LINE |
                           ACL_EVENT_IPC;

    for (size_t i = 0; i < sizeof alone / sizeof *alone; i++)
        if (flag & alone[i] && flag != alone[i])
            return message_fail(ACL_ERROR_RT_PARAM_INVALID, "event flags 0x%x: 0x%x stands alone", flag, alone[i]);
    if (flag == 0 || flag & ~known)
        return message_fail(ACL_ERROR_RT_PARAM_INVALID, "event flags 0x%x are not known", flag);
    if (flag & ACL_EVENT_IPC) return message_fail(ACL_ERROR_RT_FEATURE_NOT_SUPPORT, "IPC events are not emulated");
    return 0;
}

aclError aclrtCreateEventExWithFlag(aclrtEvent *event, uint32_t flag)
{
    struct device *device;
    uint32_t slot = 0;
    int32_t code;

    if (!event) return message_fail(ACL_ERROR_INVALID_PARAM, "aclrtCreateEventExWithFlag: event is NULL");
    code = check_flags(flag);
    if (!code) code = device_enter(&device);
    if (code) return code;
    while (slot < EMU_MAX_EVENTS && device->event[slot].live)
        slot++;
    if (slot == EMU_MAX_EVENTS) {
        code = message_fail(ACL_ERROR_RT_NO_EVENT_RESOURCE, "all %d events are in use", EMU_MAX_EVENTS);
    } else {
        struct event *made = &device->event[slot];
        *made = (struct event){.live = true, .serial = made->serial + 1, .flags = flag};
        if (slot >= device->event_high) device->event_high = slot + 1;
        *event = handle_pack(HANDLE_EVENT, (uint32_t)device->driver_id, made->serial, slot);
    }
    device_leave(device);
    return code;
}

/* A command about this event in this stream, not yet published. */
static int32_t event_in_stream(struct device *device, const void *event, const void *stream, uint32_t kind,
                               struct emu_command **command, struct event **found)
{
    uint32_t slot;
    int32_t code;

    device_charge(device, COST_LAUNCH);
    code = device_claim(device, kind, 0, command);
    if (!code) code = event_find(device, event, found);
    if (!code) code = stream_slot(device, stream, &slot);
    if (!code) code = stream_check(device);
    if (code) return code;
    (*command)->stream = slot;
    (*command)->handle = (uint32_t)(*found - device->event);
    return 0;
}

aclError aclrtRecordEvent(aclrtEvent event, aclrtStream stream)
{
    struct emu_command *command;
    struct device *device;
    struct event *e;
    int32_t code = event ? device_enter(&device) : is_null("aclrtRecordEvent");

    if (code) return code;
    code = event_in_stream(device, event, stream, EMU_CMD_EVENT_RECORD, &command, &e);
    if (!code) {
        device_sequence(device, command);
        e->recorded = true;
        e->stream = command->stream;
        e->sequence = command->sequence;
        device_publish(device);
    }
    device_leave(device);
    return code;
}

/* The stream waits for what the event has recorded so far; an event that was never recorded holds nobody up. */
aclError aclrtStreamWaitEvent(aclrtStream stream, aclrtEvent event)
{
    struct emu_command *command;
    struct device *device;
    struct event *e;
    int32_t code = event ? device_enter(&device) : is_null("aclrtStreamWaitEvent");

    if (code) return code;
    code = event_in_stream(device, event, stream, EMU_CMD_EVENT_WAIT, &command, &e);
    if (!code && !(e->flags & (ACL_EVENT_SYNC | ACL_EVENT_DDSYNC)))
        code = message_fail(ACL_ERROR_RT_FEATURE_NOT_SUPPORT,
                            "an event without the flag ACL_EVENT_SYNC can not be waited for");
    if (!code && e->recorded) {
        device_sequence(device, command);
        device_publish(device);
    }
    device_leave(device);
    return code;
}

aclError aclrtSynchronizeEvent(aclrtEvent event)
{
    struct device *device;
    struct event *e;
    int32_t code = event ? event_enter(event, &device, &e) : is_null("aclrtSynchronizeEvent");

    if (code) return code;
    device_charge(device, COST_SYNC);
    code = device->down || !process_alive_lately(device->process) ? device_down(device) : stream_check(device);
    if (!code && e->recorded) code = device_wait(device, e->stream, (uint32_t)e->sequence, -1);
    device_leave(device);
    return code;
}

static int32_t timestamp(struct device *device, const struct event *event, uint64_t *time_us)
{
    const struct emu_shared *shared = device->process->shared;

    if (!event->recorded) return message_fail(ACL_ERROR_RT_INTERNAL_ERROR, "the event was never recorded");
    if (!(event->flags & ACL_EVENT_TIME_LINE))
        return message_fail(ACL_ERROR_RT_EVENT_TIMESTAMP_INVALID, "the event was made without ACL_EVENT_TIME_LINE");
    if (!wait_passed(atomic_load_explicit(&shared->stream[event->stream].completed, memory_order_acquire),
                     (uint32_t)event->sequence))
        return message_fail(ACL_ERROR_RT_EVENT_TIMESTAMP_INVALID, "the device has not reached the event");
    *time_us = atomic_load_explicit(&shared->event[event - device->event].time_us, memory_order_relaxed);
    return 0;
}

aclError aclrtEventGetTimestamp(aclrtEvent event, uint64_t *time_us)
{
    struct device *device;
    struct event *e;
    int32_t code;

    if (!time_us) return message_fail(ACL_ERROR_INVALID_PARAM, "aclrtEventGetTimestamp: time_us is NULL");
    code = event ? event_enter(event, &device, &e) : is_null("aclrtEventGetTimestamp");
    if (code) return code;
    code = timestamp(device, e, time_us);
    device_leave(device);
    return code;
}

aclError aclrtDestroyEvent(aclrtEvent event)
{
    struct device *device;
    struct event *e;
    int32_t code = event ? event_enter(event, &device, &e) : is_null("aclrtDestroyEvent");

    if (code) return code;
    e->live = false;
    device_leave(device);
    return 0;
}
