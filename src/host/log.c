#include "log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "callable.h"
#include "error.h"
#include "code.h"

enum { TEXT = 1024 };

static const char *const level_name[] = {"debug", "info", "warn", "error", "print", "off"};
static _Atomic int least = -1; /* of this library's lines, whoever gets them; -1: NPURT_LOG was not looked at yet */

static pthread_mutex_t setting = PTHREAD_MUTEX_INITIALIZER; /* one npurt_log_set_callback at a time */
static pthread_mutex_t delivery = PTHREAD_MUTEX_INITIALIZER;
static npurt_log_callback callback; /* under `delivery`, and its context */
static void *callback_context;
static _Atomic bool called_back;                      /* there is one */
static _Atomic uint64_t unsaid;                       /* lines of this library that were said inside of a callback */
static uint32_t card_level = CARD_LOG_STANDARD_ERROR; /* of cards; under `setting` */
static __thread bool delivering;

static pthread_mutex_t origins = PTHREAD_MUTEX_INITIALIZER;
static npurt_device *devices;
static __thread const npurt_device *about;

const char *npurt_log_level_name(npurt_log_level level)
{
    return level >= NPURT_LOG_DEBUG && level <= NPURT_LOG_OFF ? level_name[level] : "?";
}

static int environment_level(void)
{
    int level = NPURT_LOG_WARN;
    const char *text = getenv("NPURT_LOG");
    for (int i = 0; text && i <= NPURT_LOG_OFF; i++)
        if (i != NPURT_LOG_PRINT && strcmp(text, level_name[i]) == 0) level = i;
    return level;
}

static int least_level(void)
{
    int level = atomic_load_explicit(&least, memory_order_relaxed), unknown = -1;
    if (level >= 0) return level;
    level = environment_level();
    return atomic_compare_exchange_strong(&least, &unknown, level) ? level : unknown;
}

bool log_enabled(enum log_level level)
{
    return (int)level >= least_level();
}

bool log_delivering(void)
{
    return delivering;
}

/* ---- delivering
 * ------------------------------------------------------------------------------------------------------
 */

static void write_stderr(const npurt_log_line *line)
{
    char text[TEXT + 64];
    int size;
    if (line->level == NPURT_LOG_PRINT)
        size = snprintf(text, sizeof text, "npurt kernel core %d: %s\n", line->unit, line->text);
    else if (line->unit >= 0)
        size = snprintf(text, sizeof text, "npurt %s %s %d: %s\n", level_name[line->level], line->part, line->unit,
                        line->text);
    else
        size = snprintf(text, sizeof text, "npurt %s %s: %s\n", level_name[line->level], line->part, line->text);
    ssize_t written = write(STDERR_FILENO, text, (size_t)size);
    (void)written; /* a log that can not be written has nobody to tell */
}

static void call(const npurt_log_line *line)
{
    delivering = true;
    callback(line, callback_context);
    delivering = false;
}

static npurt_log_line line_of_host(npurt_log_level level, const char *part, const char *text)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (npurt_log_line){.level = level,
                            .source = NPURT_LOG_HOST,
                            .time_ns = (uint64_t)t.tv_sec * UINT64_C(1000000000) + (uint64_t)t.tv_nsec,
                            .part = part,
                            .target = about ? about->info.target : "",
                            .unit = -1,
                            .callable = "",
                            .task = NPURT_NO_TASK,
                            .block = -1,
                            .kernel = NPURT_NO_KERNEL,
                            .kernel_name = "",
                            .text = text};
}

/* What a callback made this library say can be told only afterwards. */
static void tell_unsaid(void)
{
    char text[96];
    const uint64_t lost = atomic_exchange(&unsaid, 0);
    if (!lost) return;
    snprintf(text, sizeof text, "%llu lines were lost: a log callback called npurt", (unsigned long long)lost);
    npurt_log_line line = line_of_host(NPURT_LOG_WARN, "log", text);
    line.target = "";
    line.lost = lost;
    call(&line);
}

static void deliver(const npurt_log_line *line)
{
    if (!atomic_load_explicit(&called_back, memory_order_acquire)) {
        write_stderr(line);
        return;
    }
    pthread_mutex_lock(&delivery);
    if (callback) {
        call(line);
        tell_unsaid();
    } else {
        write_stderr(line);
    }
    pthread_mutex_unlock(&delivery);
}

void log_write(enum log_level level, const char *source, const char *format, ...)
{
    if (!log_enabled(level)) return;
    if (delivering) {
        atomic_fetch_add(&unsaid, 1);
        return;
    }
    char text[TEXT];
    va_list list;
    va_start(list, format);
    int size = vsnprintf(text, sizeof text, format, list);
    va_end(list);
    if (size < 0) return;
    npurt_log_line line = line_of_host((npurt_log_level)level, source, text);
    deliver(&line);
}

/* ---- lines of cards
 * --------------------------------------------------------------------------------------------------
 */

/* What is known of a card's line beyond the line: copied, because what it comes from may go. */
struct origin {
    char target[sizeof((npurt_device_info *)0)->target];
    char callable[64], kernel_name[64];
    uint32_t run;
    int32_t kernel;
};

static void find_kernel(const npurt_callable *callable, uint64_t image, struct origin *origin)
{
    for (uint32_t i = 0; image && i < callable->kernel_limit; i++) {
        if (!callable->kernel[i] || callable->kernel[i]->address != image) continue;
        origin->kernel = (int32_t)i;
        snprintf(origin->kernel_name, sizeof origin->kernel_name, "%s", callable->kernel_name[i]);
        return;
    }
}

static void find_origin(int32_t id, uint64_t image, struct origin *origin)
{
    const npurt_device *found = NULL;
    *origin = (struct origin){.kernel = NPURT_NO_KERNEL};
    pthread_mutex_lock(&origins);
    for (const npurt_device *d = devices; d; d = d->log.next) {
        if (d->hal_id != id || !d->driver->npuemu_log_route) continue;
        if (!found || d->log.run) found = d;
    }
    if (found) snprintf(origin->target, sizeof origin->target, "%s", found->info.target);
    if (found && found->log.run) {
        origin->run = found->log.run->number;
        snprintf(origin->callable, sizeof origin->callable, "%s", found->log.run->callable->name);
        find_kernel(found->log.run->callable, image, origin);
    }
    pthread_mutex_unlock(&origins);
}

static void take_card_line(int32_t device, const struct card_log_line *from)
{
    struct origin origin;
    find_origin(device, from->image, &origin);
    const bool placed = from->source == CARD_LOG_CORE && from->task != CARD_LOG_NO_TASK;
    const char *const part = from->source == CARD_LOG_DEVICE     ? "card"
                             : from->source == CARD_LOG_AICPU    ? "aicpu"
                             : from->core_type == NPURT_CORE_AIC ? "aic"
                                                                 : "aiv";
    const npurt_log_line line = {
        .level = (npurt_log_level)from->level,
        .source = from->source == CARD_LOG_DEVICE  ? NPURT_LOG_DEVICE
                  : from->source == CARD_LOG_AICPU ? NPURT_LOG_AICPU
                                                   : NPURT_LOG_CORE,
        .clock = from->virtual_time ? NPURT_LOG_VIRTUAL : NPURT_LOG_MONOTONIC,
        .time_ns = from->time_ns,
        .part = part,
        .target = origin.target,
        .unit = from->source == CARD_LOG_DEVICE ? -1 : (int32_t)from->unit,
        .run = origin.run,
        .callable = origin.callable,
        .task = placed ? (int64_t)from->task : NPURT_NO_TASK,
        .block = placed ? (int32_t)from->block : -1,
        .kernel = origin.kernel,
        .kernel_name = origin.kernel_name,
        .lost = from->lost,
        .text = from->text,
    };
    deliver(&line);
}

/* For all cards that the device's driver has. */
static void route(const npurt_device *device, bool to_us, uint32_t level)
{
    if (device->driver->npuemu_log_route) device->driver->npuemu_log_route(to_us ? take_card_line : NULL, level);
}

void log_collect(const npurt_device *device)
{
    if (device->driver->npuemu_log_drain) device->driver->npuemu_log_drain();
}

/* ---- devices and runs
 * ------------------------------------------------------------------------------------------------
 */

void log_about(const npurt_device *device)
{
    about = device;
}

void log_join(npurt_device *device)
{
    pthread_mutex_lock(&setting); /* a route that is set meanwhile reaches this device too */
    route(device, card_level != CARD_LOG_STANDARD_ERROR, card_level);
    pthread_mutex_lock(&origins);
    device->log.next = devices;
    devices = device;
    pthread_mutex_unlock(&origins);
    pthread_mutex_unlock(&setting);
}

void log_leave(npurt_device *device)
{
    if (about == device) about = NULL;
    pthread_mutex_lock(&setting); /* its driver is not in use for a route */
    pthread_mutex_lock(&origins);
    for (npurt_device **at = &devices; *at; at = &(*at)->log.next) {
        if (*at != device) continue;
        *at = device->log.next;
        break;
    }
    pthread_mutex_unlock(&origins);
    pthread_mutex_unlock(&setting);
}

void log_run_begin(npurt_run *run)
{
    pthread_mutex_lock(&origins);
    for (npurt_device *d = devices; d; d = d->log.next)
        if (d->hal_id == run->device->hal_id && d->driver == run->device->driver) d->log.run = NULL;
    run->device->log.run = run;
    pthread_mutex_unlock(&origins);
}

void log_run_end(const npurt_run *run)
{
    pthread_mutex_lock(&origins);
    if (run->device->log.run == run) run->device->log.run = NULL;
    pthread_mutex_unlock(&origins);
}

void log_forked(void)
{
    setting = delivery = origins = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    devices = NULL;
    delivering = false;
}

/* ---- the callback
 * ----------------------------------------------------------------------------------------------------
 */

npurt_status npurt_log_set_callback(npurt_log_callback to, void *context, npurt_log_level level)
{
    error_begin("npurt_log_set_callback");
    if (delivering) return error_raise(NPURT_ERROR_BUSY, "called from inside a log callback");
    if (to && (level < NPURT_LOG_BY_ENVIRONMENT || level > NPURT_LOG_OFF))
        return error_raise(NPURT_ERROR_INVALID_ARGUMENT, "there is no log level %d", (int)level);
    const bool by_environment = !to || level == NPURT_LOG_BY_ENVIRONMENT;
    pthread_mutex_lock(&setting);
    /* What cards hold was said to the callback of before. */
    for (npurt_device *d = devices; d; d = d->log.next) {
        route(d, true, CARD_LOG_STANDARD_ERROR);
        log_collect(d);
    }
    card_level = !to              ? (uint32_t)CARD_LOG_STANDARD_ERROR
                 : by_environment ? (uint32_t)CARD_LOG_BY_ENVIRONMENT
                                  : (uint32_t)level;
    pthread_mutex_lock(&delivery);
    callback = to;
    callback_context = to ? context : NULL;
    atomic_store_explicit(&called_back, to != NULL, memory_order_release);
    atomic_store(&least, by_environment ? environment_level() : (int)level);
    pthread_mutex_unlock(&delivery);
    for (npurt_device *d = devices; d; d = d->log.next)
        route(d, to != NULL, card_level);
    pthread_mutex_unlock(&setting);
    return NPURT_OK;
}
