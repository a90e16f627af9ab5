#include "device.h"
#include "entries.h"
#include "futex.h"
#include "log.h"
#include "message.h"
#include "ring.h"
#include "wait.h"

#include <stdlib.h>

static _Thread_local struct {
    struct device *device;
    uint32_t epoch;
} current;

struct device *device_create(struct card *card, const struct emu_machine *machine, int32_t driver_id)
{
    struct device *device = calloc(1, sizeof *device);

    if (!device) return NULL;
    pthread_mutex_init(&device->lock, NULL);
    device->card = card;
    device->machine = *machine;
    device->id = -1;
    device->driver_id = driver_id;
    return device;
}

/* ---- entering --------------------------------------------------------------------------------------------------- */

void device_bind(struct device *device)
{
    current.device = device;
    current.epoch = atomic_load_explicit(&device->epoch, memory_order_relaxed);
}

struct device *device_current(void)
{
    struct device *device = current.device;

    if (!device || card_forked()) return NULL;
    return atomic_load_explicit(&device->epoch, memory_order_relaxed) == current.epoch ? device : NULL;
}

static int32_t no_context(void)
{
    if (card_forked())
        return message_fail(ACL_ERROR_RT_CONTEXT_NULL,
                            "this process is a fork: its parent's devices are out of its reach");
    return message_fail(ACL_ERROR_RT_CONTEXT_NULL,
                        current.device ? "the device of this thread was reset" : "this thread has not set a device");
}

/* Gives the lock up around a wait; afterwards the device may be another one's. */
static struct process *lock_release(struct device *device)
{
    struct process *process = device->process;

    process_retain(process);
    pthread_mutex_unlock(&device->lock);
    return process;
}

int32_t device_enter_any(struct device **out)
{
    struct device *device = device_current();

    if (!device) return no_context();
    pthread_mutex_lock(&device->lock);
    if (atomic_load_explicit(&device->epoch, memory_order_relaxed) != current.epoch) {
        pthread_mutex_unlock(&device->lock);
        return no_context();
    }
    *out = device;
    return 0;
}

int32_t device_enter(struct device **out)
{
    const struct fault_event *status;
    int32_t code = device_enter_any(out);

    if (code) return code;
    if (device_fault(*out, FAULT_SESSION_CLOSED)) (*out)->down = true;
    if ((status = device_fault(*out, FAULT_DEVICE_STATUS)) && !(*out)->down) {
        (*out)->down = true;
        (*out)->status = (int32_t)status->value;
    }
    if (!(*out)->down && process_alive_lately((*out)->process)) return 0;
    code = device_down(*out);
    struct process *process = lock_release(*out);
    log_drain(process);
    process_release(process);
    return code;
}

int32_t device_enter_this(struct device *device)
{
    if (card_forked()) return no_context();
    pthread_mutex_lock(&device->lock);
    if (device->references == 0) {
        pthread_mutex_unlock(&device->lock);
        return message_fail(ACL_ERROR_RT_CONTEXT_NULL, "device %d is not open in this process", device->id);
    }
    return 0;
}

void device_leave(struct device *device)
{
    pthread_mutex_unlock(&device->lock);
}

int32_t device_refuses(struct device *device)
{
    if (!device->poisoned && !atomic_load_explicit(&device->process->shared->faulted, memory_order_relaxed)) return 0;
    return message_fail(ACL_ERROR_RT_DRV_INTERNAL_ERROR,
                        "device %d is poisoned by an earlier fault; only a force reset clears it", device->id);
}

int32_t device_down(struct device *device)
{
    device->down = true;
    if (device->status)
        return message_fail(device->status, "device %d has the status %d; reset the device", device->id,
                            device->status);
    return message_fail(ACL_ERROR_RT_SOCKET_CLOSE, "the device process of device %d has ended; reset the device",
                        device->id);
}

/* ---- commands --------------------------------------------------------------------------------------------------- */

static int32_t lock_regain(struct device *device, struct process *process, enum wait_result result)
{
    bool same;

    log_drain(process);
    pthread_mutex_lock(&device->lock);
    same = device->process == process;
    process_release(process);
    if (!same) return no_context();
    return result == WAIT_DEAD ? device_down(device) : 0;
}

/* Timed and explore mode: posts an advance and waits for its answer. */
static int32_t advance(struct device *device, uint32_t stream, uint32_t sequence, uint64_t timeout_us)
{
    struct emu_command *command;
    struct process *process;
    uint32_t position;
    uint64_t virtual_ns;
    int32_t code;

    while (!(command = ring_claim(device->process, EMU_CMD_ADVANCE, stream, true))) {
        process = lock_release(device);
        code = lock_regain(device, process, ring_wait_space(process) ? WAIT_DONE : WAIT_DEAD);
        if (code) return code;
    }
    command->handle = sequence;
    command->timeout_us = timeout_us;
    command->host_ns = device->host_ns;
    position = ring_publish(device->process);
    process = lock_release(device);
    code = lock_regain(device, process, wait_advance(process, position));
    if (code) return code;
    virtual_ns = atomic_load_explicit(&device->process->shared->virtual_ns, memory_order_acquire);
    if (virtual_ns > device->host_ns) device->host_ns = virtual_ns;
    return 0;
}

static uint32_t completed(const struct device *device, uint32_t stream)
{
    return atomic_load_explicit(&device->process->shared->stream[stream].completed, memory_order_acquire);
}

static uint32_t submitted(const struct device *device, uint32_t stream)
{
    return (uint32_t)atomic_load_explicit(&device->process->shared->stream[stream].submitted, memory_order_relaxed);
}

int32_t device_claim(struct device *device, uint32_t kind, uint32_t stream, struct emu_command **out)
{
    int32_t code;

    while (!(*out = ring_claim(device->process, kind, stream, false))) {
        if (device_simulated(
                device)) { /* commands are taken only while the host waits: wait for what is there already */
            code = advance(device, DEVICE_DEFAULT_STREAM, completed(device, DEVICE_DEFAULT_STREAM), 0);
        } else {
            struct process *process = lock_release(device);
            code = lock_regain(device, process, ring_wait_space(process) ? WAIT_DONE : WAIT_DEAD);
        }
        if (code) return code;
    }
    (*out)->host_ns = device->host_ns;
    return 0;
}

void device_sequence(struct device *device, struct emu_command *command)
{
    struct emu_stream *stream = &device->process->shared->stream[command->stream];

    command->sequence = atomic_load_explicit(&stream->submitted, memory_order_relaxed) + 1;
    atomic_store_explicit(&stream->submitted, command->sequence, memory_order_relaxed);
}

void device_publish(struct device *device)
{
    ring_publish(device->process);
}

/* ---- waiting ---------------------------------------------------------------------------------------------------- */

static int32_t wait_simulated(struct device *device, uint32_t stream, uint32_t sequence, int32_t timeout_ms)
{
    return advance(device, stream, sequence, timeout_ms < 0 ? UINT64_MAX : (uint64_t)timeout_ms * 1000);
}

static int32_t wait_free(struct device *device, uint32_t stream, uint32_t sequence, int32_t timeout_ms)
{
    const int64_t deadline = timeout_ms < 0 ? INT64_MAX : futex_now_ns() + timeout_ms * INT64_C(1000000);
    struct process *process = lock_release(device);

    return lock_regain(device, process, wait_stream(process, stream, sequence, deadline));
}

/* What was said before a stream came to an end is told before the end is. Looked at after the end was seen: pairs with
 * the order in which the device side publishes both. */
static int32_t tell_lines(struct device *device)
{
    if (!log_pending(device->process)) return 0;
    return lock_regain(device, lock_release(device), WAIT_DONE);
}

int32_t device_wait(struct device *device, uint32_t stream, uint32_t sequence, int32_t timeout_ms)
{
    int32_t code;

    if (wait_passed(completed(device, stream), sequence)) return tell_lines(device);
    code = device_simulated(device) ? wait_simulated(device, stream, sequence, timeout_ms)
                                    : wait_free(device, stream, sequence, timeout_ms);
    if (code) return code;
    if (wait_passed(completed(device, stream), sequence)) return 0;
    return message_fail(ACL_ERROR_RT_STREAM_SYNC_TIMEOUT, "not done after %d ms; the work goes on", timeout_ms);
}

int32_t device_poll(struct device *device, uint32_t stream, bool *drained)
{
    const uint32_t target = submitted(device, stream);
    int32_t code = 0;

    *drained = wait_passed(completed(device, stream), target);
    if (*drained) return tell_lines(device);
    if (device_simulated(device))
        code = advance(device, stream, target, 0);
    else if (!process_alive(device->process))
        code = device_down(device);
    if (!code) *drained = wait_passed(completed(device, stream), target);
    if (!code && *drained) code = tell_lines(device);
    return code;
}
