#include "log.h"

#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core.h"
#include "device.h"
#include "simulation.h"

static const char *const names[] = {"debug", "info", "warn", "error", "print", "off"};
static uint32_t least_here = CARD_LOG_WARN;

void log_init(void)
{
    const char *wanted = getenv("NPUEMU_LOG");

    for (uint32_t i = 0; wanted && i < sizeof names / sizeof names[0]; i++)
        if (i != CARD_LOG_PRINT && strcmp(wanted, names[i]) == 0) least_here = i;
}

/* ---- to standard error ----------------------------------------------------------------------------------------------
 */

static void write_here(const struct card_log_line *line)
{
    char text[CARD_LOG_TEXT + 64];
    int n;

    if (line->level == CARD_LOG_PRINT)
        n = snprintf(text, sizeof text, "npurt kernel core %u: %s\n", line->unit, line->text);
    else
        n = snprintf(text, sizeof text, "npuemu %s %s %u: %s\n", names[line->level],
                     line->source == CARD_LOG_DEVICE  ? "device"
                     : line->source == CARD_LOG_AICPU ? "aicpu"
                                                      : "core",
                     line->unit, line->text);
    ssize_t ignored = write(STDERR_FILENO, text, (size_t)n); /* one call: lines of several threads stay whole */
    (void)ignored;
}

/* ---- to the host ----------------------------------------------------------------------------------------------------
 */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint32_t stale_tail; /* the ring was full and stayed so for as long as a line waits, with this tail */
static bool gave_up;

static bool is_full(const struct emu_log *ring)
{
    return atomic_load_explicit(&ring->head, memory_order_relaxed) - atomic_load(&ring->tail) >= EMU_LOG_LINES;
}

/* A host that waits for a stream sleeps on the stream's word: waking it makes it look round. */
static void wake_readers(void)
{
    for (uint32_t i = 0; i < EMU_MAX_STREAMS; i++)
        if (atomic_load(&device_shared->stream[i].waiters)) futex_wake(&device_shared->stream[i].completed, 1 << 30);
    futex_wake(&device_shared->advance_reply, 1 << 30);
}

static bool make_room(struct emu_log *ring)
{
    const uint64_t began = engine_now(), ms = 1000000;

    while (is_full(ring)) {
        const uint32_t tail = atomic_load(&ring->tail);
        if (gave_up && tail == stale_tail) return false;
        gave_up = engine_now() - began >= (atomic_load(&ring->readers) ? EMU_LOG_READER_MS : EMU_LOG_PATIENCE_MS) * ms;
        stale_tail = tail;
        if (gave_up) return false;
        wake_readers();
        futex_wait(&ring->tail, tail, ms);
    }
    gave_up = false;
    return true;
}

/* No signal may leave this agent behind while it holds the lock. */
static void write_ring(struct emu_log *ring, const struct card_log_line *line)
{
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_mutex_lock(&lock);
    if (make_room(ring)) {
        const uint32_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
        memcpy(&ring->line[head % EMU_LOG_LINES], line, offsetof(struct card_log_line, text) + line->size + 1);
        atomic_store_explicit(&ring->head, head + 1, memory_order_release);
        if (head + 1 - atomic_load(&ring->tail) == EMU_LOG_LINES / 2 && atomic_load(&ring->readers)) wake_readers();
    } else {
        atomic_fetch_add(&ring->lost, 1);
    }
    pthread_mutex_unlock(&lock);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* ---- a line ---------------------------------------------------------------------------------------------------------
 */

/* Task and block are known of npurt's own payloads only. */
static void place(struct card_log_line *line, const struct agent *self)
{
    const struct dispatch_payload *payload;

    line->unit = self->core;
    line->source = CARD_LOG_CORE;
    line->core_type = core_is_aic(self->core) ? 0 : 1; /* npurt_core */
    if (!atomic_load_explicit(&self->kernel, memory_order_relaxed)) return;
    line->image = self->image;
    payload = (const void *)((const char *)self->args - offsetof(struct dispatch_payload, args));
    if (payload->kernel != self->image) return;
    line->task = payload->task;
    line->block = (uint32_t)payload->block_idx;
}

void log_device(uint32_t level, const char *format, va_list args)
{
    const struct agent *self = engine_self();
    struct emu_log *ring = &device_shared->log;
    const uint32_t route = atomic_load_explicit(&ring->route, memory_order_acquire);
    const uint32_t least = route && route != 1 + CARD_LOG_BY_ENVIRONMENT ? route - 1 : least_here;
    struct card_log_line line;
    int size;

    if (level < least) return;
    memset(&line, 0, offsetof(struct card_log_line, text));
    line.level = (uint8_t)level;
    line.task = CARD_LOG_NO_TASK;
    line.virtual_time = simulation_on;
    line.time_ns = simulation_on ? simulation_now() : engine_now();
    if (self && self->core != UINT16_MAX) {
        place(&line, self);
    } else if (self) {
        line.source = CARD_LOG_AICPU;
        line.unit = self->id & 0xf;
    }
    size = vsnprintf(line.text, sizeof line.text, format, args);
    if (size < 0) return;
    if ((size_t)size >= sizeof line.text) size = sizeof line.text - 1;
    while (size > 0 && line.text[size - 1] == '\n')
        size--;
    line.text[size] = 0;
    line.size = (uint32_t)size;
    if (route)
        write_ring(ring, &line);
    else
        write_here(&line);
}
