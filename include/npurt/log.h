/* The log: what the host library, the device's AICPU program and its kernels have to say, line by line, in one place.
 *
 * Without a callback a line goes to standard error: those of the host library from the level that NPURT_LOG names, those
 * of an emulated card from NPUEMU_LOG's (docs/guide/environment.md). With one, every line of all devices of the process
 * goes to it, and nowhere else.
 *
 *     static void show(const npurt_log_line *line, void *context)
 *     {
 *         fprintf(context, "%s %s %s: %s\n", line->target, npurt_log_level_name(line->level), line->part, line->text);
 *     }
 *     npurt_log_set_callback(show, stderr, NPURT_LOG_INFO);
 *
 * When. Lines of the host library come while they are said, in the thread that says them. Lines of an emulated card come
 * in a thread that waits for the device, while it waits, and all that a run has said before npurt_wait or npurt_call
 * returns, whether it failed or not; npurt_poll delivers them too. There is no thread of the library's own: a run that
 * nobody waits for keeps its lines. The card keeps 1,024 per device. A kernel whose line finds them all taken waits
 * for 20 ms, or for a second when somebody is in a wait for the device; then the line is lost, and a line of its own tells
 * how many were (`lost`).
 *
 * Order. Lines of one source come in the order in which they were said. Between sources `time_ns` tells, where the clock
 * is the same.
 *
 * Silicon. Lines of the device's AICPU program go to the vendor's log, as module CCECPU with "[npurt]" before them, by
 * the vendor's level settings (ASCEND_GLOBAL_LOG_LEVEL, ASCEND_PROCESS_LOG_PATH); npurt_kernel_printf does nothing
 * there. The callback gets the host library's lines.
 */
#ifndef NPURT_LOG_H
#define NPURT_LOG_H

#include <npurt/status.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum npurt_log_level {
    NPURT_LOG_BY_ENVIRONMENT = -1, /* as a filter: what NPURT_LOG and NPUEMU_LOG say. Never a line's */
    NPURT_LOG_DEBUG = 0,           /* every allocation and run */
    NPURT_LOG_INFO = 1,            /* bootstrap step by step; errors as they are raised */
    NPURT_LOG_WARN = 2,            /* changes of a device's state; lines that were lost */
    NPURT_LOG_ERROR = 3,
    NPURT_LOG_PRINT = 4,           /* npurt_kernel_printf: passes every filter but OFF */
    NPURT_LOG_OFF = 5,             /* as a filter: nothing. Never a line's */
} npurt_log_level;

typedef enum npurt_log_source {
    NPURT_LOG_HOST = 0,   /* the host library */
    NPURT_LOG_DEVICE = 1, /* the emulated card itself */
    NPURT_LOG_AICPU = 2,  /* code on an AICPU thread: `unit` says which */
    NPURT_LOG_CORE = 3,   /* code on a core: `unit` is its physical number */
} npurt_log_source;

typedef enum npurt_log_clock {
    NPURT_LOG_MONOTONIC = 0, /* CLOCK_MONOTONIC of the host: the host library, and cards in free mode */
    NPURT_LOG_VIRTUAL = 1,   /* of a card in timed mode: virtual time since its device process began; explore mode: steps */
} npurt_log_clock;

/* One line. Everything pointed to is borrowed during the callback; strings are empty when unknown, never NULL. */
typedef struct npurt_log_line {
    npurt_log_level level;
    npurt_log_source source;
    npurt_log_clock clock;
    uint64_t time_ns;        /* on that clock */
    const char *part;        /* HOST: "device", "bootstrap", "run", "memory", …; else "card", "aicpu", "aic", "aiv" */
    const char *target;      /* the device's, as opened; "" when the line is of no device */
    int32_t unit;            /* AICPU thread or physical core; -1 with other sources */
    uint32_t run;            /* run that executed on the device, from 1, counted per npurt_device; 0: none. Card only */
    const char *callable;    /* of that run */
    int64_t task;            /* with `block`: what the core was running; NPURT_NO_TASK: no kernel of ours */
    int32_t block;           /* -1 with NPURT_NO_TASK */
    int32_t kernel;          /* kernel id, or NPURT_NO_KERNEL. Of ids with the same code and core type: the lowest */
    const char *kernel_name;
    uint64_t lost;           /* not 0: this line says that so many were lost, of this target after the ones before it */
    const char *text;        /* without the newline at its end; cut at about 960 bytes */
} npurt_log_line;

/* Called by one thread at a time, from any thread that is in a call of npurt, with locks of the library held: so it
 * should be quick, and must not wait for a thread that may be in such a call. It must not call npurt: functions of a
 * device, a callable or a run, npurt_device_open and npurt_log_set_callback then answer BUSY, and what they would have
 * logged is counted as lost. npurt_status_name, npurt_log_level_name and npurt_version may be called. */
typedef void (*npurt_log_callback)(const npurt_log_line *line, void *context);

/* Sends every line from `least` on to `callback`; NULL: to standard error again, and `least` is not looked at. One for
 * the process, devices opened before and after. Lines that a card still holds go to the callback of before. When this
 * returns that one is not running and is never called again: its context may be freed. A child made by fork keeps the
 * callback for its own host lines. Thread-safe.
 * Errors: INVALID_ARGUMENT (no such level), BUSY (called from inside a callback). */
NPURT_API npurt_status npurt_log_set_callback(npurt_log_callback callback, void *context, npurt_log_level least);

/* "debug", "info", "warn", "error", "print", "off"; "?" for anything else. Never NULL. Thread-safe. */
NPURT_API const char *npurt_log_level_name(npurt_log_level level);

#ifdef __cplusplus
}
#endif
#endif
