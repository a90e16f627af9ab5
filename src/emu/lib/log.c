#include "log.h"
#include "entries.h"
#include "futex.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of the list and the route */
static struct process *processes;
static uint32_t route; /* as in emu_log */
static _Atomic(card_log_sink) sink;
static _Thread_local bool handing_on;

void log_join(struct process *process)
{
    pthread_mutex_lock(&lock);
    process->log.next = processes;
    processes = process;
    atomic_store(&process->shared->log.route, route);
    pthread_mutex_unlock(&lock);
}

void log_leave(struct process *process)
{
    pthread_mutex_lock(&lock);
    for (struct process **at = &processes; *at; at = &(*at)->log.next) {
        if (*at != process) continue;
        *at = process->log.next;
        break;
    }
    pthread_mutex_unlock(&lock);
}

void log_forget(void)
{
    pthread_mutex_init(&lock, NULL);
    processes = NULL;
}

bool log_pending(const struct process *process)
{
    const struct emu_log *ring = &process->shared->log;

    return atomic_load_explicit(&ring->head, memory_order_acquire) !=
               atomic_load_explicit(&ring->tail, memory_order_acquire) ||
           atomic_load_explicit(&ring->lost, memory_order_relaxed) !=
               atomic_load_explicit(&process->log.lost_told, memory_order_acquire);
}

/* Lines that were on their way when the route was closed have nobody else to go to. */
static void hand_on(const struct process *process, const struct card_log_line *line)
{
    const card_log_sink to = atomic_load(&sink);

    if (to)
        to(process->shared->device, line);
    else
        fprintf(stderr, "npuemu: %s\n", line->text);
}

static void tell_loss(struct process *process)
{
    const uint64_t lost = atomic_load(&process->shared->log.lost), told = atomic_load(&process->log.lost_told);
    struct card_log_line line = {.level = CARD_LOG_WARN, .task = CARD_LOG_NO_TASK};

    if (lost == told) return;
    line.lost = lost - told;
    line.time_ns = (uint64_t)futex_now_ns();
    line.size = (uint32_t)snprintf(line.text, sizeof line.text,
                                   "%llu lines of the device were lost: %d were waiting and nobody took them",
                                   (unsigned long long)line.lost, EMU_LOG_LINES);
    hand_on(process, &line);
    atomic_store_explicit(&process->log.lost_told, lost, memory_order_release);
}

void log_drain(struct process *process)
{
    struct emu_log *ring = &process->shared->log;
    struct card_log_line line;

    if (!log_pending(process) || handing_on) return;
    pthread_mutex_lock(&process->log.lock);
    handing_on = true;
    const uint32_t head = atomic_load_explicit(&ring->head, memory_order_acquire);
    for (uint32_t tail = atomic_load(&ring->tail); tail != head; tail++) {
        const struct card_log_line *from = &ring->line[tail % EMU_LOG_LINES];
        const uint32_t size = from->size < CARD_LOG_TEXT ? from->size : CARD_LOG_TEXT - 1;
        memcpy(&line, from, offsetof(struct card_log_line, text) + size + 1);
        line.text[line.size = size] = 0;
        hand_on(process, &line);
        atomic_store(&ring->tail, tail + 1); /* a thread that sees nothing pending has nothing to wait for */
        if ((tail + 1) % (EMU_LOG_LINES / 4) == 0) futex_wake_all(&ring->tail);
    }
    futex_wake_all(&ring->tail);
    tell_loss(process);
    handing_on = false;
    pthread_mutex_unlock(&process->log.lock);
}

void npuemu_log_route(card_log_sink to, uint32_t least)
{
    pthread_mutex_lock(&lock);
    atomic_store(&sink, to); /* before the first line is on its way */
    route = to && least != CARD_LOG_STANDARD_ERROR ? 1 + least : 0;
    for (struct process *p = processes; p; p = p->log.next)
        atomic_store(&p->shared->log.route, route);
    pthread_mutex_unlock(&lock);
}

void npuemu_log_drain(void)
{
    struct process *some[256];
    uint32_t count = 0;

    pthread_mutex_lock(&lock);
    for (struct process *p = processes; p && count < sizeof some / sizeof some[0]; p = p->log.next) {
        process_retain(p);
        some[count++] = p;
    }
    pthread_mutex_unlock(&lock);
    for (uint32_t i = 0; i < count; i++) {
        log_drain(some[i]);
        process_release(some[i]);
    }
}
