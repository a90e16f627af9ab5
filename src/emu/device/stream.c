#include <stdlib.h>
#include <string.h>

#include "launch.h"
#include "simulation.h"
#include "trace.h"

struct pending {
    struct pending *next;
    struct emu_command command;
};

struct stream {
    struct pending *first, *last;
    bool busy;            /* a command is running */
    uint32_t waits_event; /* the running command waits for this event … */
    uint32_t waits_count; /* … to have been recorded so often; 0 none */
    uint64_t waits_sequence;
};

static struct stream streams[EMU_MAX_STREAMS];
static uint32_t streams_used;                /* slots below have been submitted to */
static uint32_t event_taken[EMU_MAX_EVENTS]; /* records taken from the ring */
static struct pending *pool;

static void stream_pump(struct stream *stream);

static uint32_t stream_slot(const struct stream *stream)
{
    return (uint32_t)(stream - streams);
}

static uint64_t uptime_us(void)
{
    return simulation_on ? simulation_now() / 1000 : engine_now() / 1000;
}

static void publish(struct stream *stream, uint64_t sequence, int32_t error)
{
    struct emu_stream *shared = &device_shared->stream[stream_slot(stream)];
    int32_t none = 0;

    if (error) atomic_compare_exchange_strong(&shared->error, &none, error);
    if (error && atomic_load(&device_shared->stop_on_failure)) {
        none = 0;
        atomic_compare_exchange_strong(&device_shared->failure, &none, error);
        atomic_store(&shared->stopped, 1);
    }
    /* Pairs with the waiter: it sets `waiters` before it looks at `completed`, we store before we look. */
    atomic_store(&shared->completed, (uint32_t)sequence);
    if (atomic_load(&shared->waiters)) futex_wake(&shared->completed, 1 << 30);
    trace(TRACE_STREAM, TRACE_DEVICE, stream_slot(stream), sequence);
    stream->busy = false;
}

static void event_record(struct stream *stream, const struct emu_command *command)
{
    struct emu_event *event = &device_shared->event[command->handle];

    atomic_store(&event->time_us, uptime_us());
    uint32_t count = atomic_fetch_add(&event->recorded, 1) + 1;
    futex_wake(&event->recorded, 1 << 30);
    publish(stream, command->sequence, 0);
    for (uint32_t i = 0; i < streams_used; i++) {
        struct stream *waiter = &streams[i];
        if (!waiter->waits_count || waiter->waits_event != command->handle) continue;
        if ((int32_t)(count - waiter->waits_count) < 0) continue;
        waiter->waits_count = 0;
        publish(waiter, waiter->waits_sequence, 0);
        stream_pump(waiter);
    }
}

static void event_wait(struct stream *stream, const struct emu_command *command)
{
    uint32_t count = (uint32_t)command->reserved1[0]; /* records that were in the ring before this command */

    if ((int32_t)(atomic_load(&device_shared->event[command->handle].recorded) - count) >= 0) {
        publish(stream, command->sequence, 0);
        return;
    }
    stream->busy = true;
    stream->waits_event = command->handle;
    stream->waits_count = count;
    stream->waits_sequence = command->sequence;
}

static void begin(struct stream *stream, const struct emu_command *command)
{
    stream->busy = true;
    switch (command->kind) {
    case EMU_CMD_EVENT_RECORD:
        event_record(stream, command);
        return;
    case EMU_CMD_EVENT_WAIT:
        event_wait(stream, command);
        return;
    default:
        if (atomic_load(&device_shared->stream[stream_slot(stream)].stopped))
            publish(stream, command->sequence, 0);
        else
            launch_begin(stream, command);
    }
}

static bool has_startable(const struct stream *stream)
{
    return !stream->busy && stream->first;
}

/* When the stream's next command can be seen by the device, in timed mode. */
static uint64_t due(const struct stream *stream)
{
    return stream->first->command.host_ns + device_shared->machine.latency.launch;
}

static void begin_first(struct stream *stream)
{
    struct pending *pending = stream->first;

    if (!(stream->first = pending->next)) stream->last = NULL;
    begin(stream, &pending->command);
    pending->next = pool;
    pool = pending;
}

/* Begins what may begin: in free mode at once, in timed mode when it is due, in explore mode when it is drawn. */
static void stream_pump(struct stream *stream)
{
    if (simulation_on && simulation_order->timeless) return;
    while (has_startable(stream) && (!simulation_on || due(stream) <= simulation_now()))
        begin_first(stream);
}

void stream_submit(const struct emu_command *command)
{
    struct stream *stream;
    struct pending *pending;
    struct emu_command *copy = NULL;

    if (command->stream >= EMU_MAX_STREAMS) return;
    if ((command->kind == EMU_CMD_EVENT_RECORD || command->kind == EMU_CMD_EVENT_WAIT) &&
        command->handle >= EMU_MAX_EVENTS)
        return;
    stream = &streams[command->stream];
    if (command->stream >= streams_used) streams_used = command->stream + 1;
    if (command->kind == EMU_CMD_EVENT_RECORD) event_taken[command->handle]++;
    if (command->kind != EMU_CMD_EVENT_WAIT && !simulation_on && !stream->busy && !stream->first) {
        begin(stream, command);
        return;
    }
    pending = pool;
    if (pending)
        pool = pending->next;
    else if (!(pending = malloc(sizeof *pending)))
        abort();
    pending->next = NULL;
    copy = &pending->command;
    memcpy(copy, command, sizeof *copy);
    if (command->kind == EMU_CMD_EVENT_WAIT) copy->reserved1[0] = event_taken[command->handle];
    if (stream->last)
        stream->last->next = pending;
    else
        stream->first = pending;
    stream->last = pending;
    if (!simulation_on) stream_pump(stream);
}

void stream_completed(struct stream *stream, uint64_t sequence, int32_t error)
{
    publish(stream, sequence, error);
    stream_pump(stream);
}

uint64_t stream_next_due(void)
{
    uint64_t first = UINT64_MAX;

    for (uint32_t i = 0; i < streams_used; i++)
        if (has_startable(&streams[i]) && due(&streams[i]) < first) first = due(&streams[i]);
    return first;
}

void stream_begin_due(void)
{
    for (uint32_t i = 0; i < streams_used; i++)
        stream_pump(&streams[i]);
}

uint32_t stream_startable(void)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < streams_used; i++)
        count += has_startable(&streams[i]);
    return count;
}

void stream_begin_one(uint32_t nth)
{
    for (uint32_t i = 0; i < streams_used; i++)
        if (has_startable(&streams[i]) && nth-- == 0) {
            begin_first(&streams[i]);
            return;
        }
}
