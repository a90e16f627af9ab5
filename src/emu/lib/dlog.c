/* The vendor's log, as far as programs call it: lines on stderr from a level on. */
#include "entries.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>

enum { DLOG_DEBUG, DLOG_INFO, DLOG_WARN, DLOG_ERROR, DLOG_OFF };

static _Atomic int32_t level = DLOG_ERROR;

int32_t dlog_setlevel(int32_t module, int32_t to, int32_t enable_event)
{
    (void)module, (void)enable_event; /* one level for all modules */
    if (to < DLOG_DEBUG || to > DLOG_OFF) return -1;
    atomic_store(&level, to);
    return 0;
}

int32_t dlog_getlevel(int32_t module, int32_t *enable_event)
{
    (void)module;
    if (enable_event) *enable_event = 0;
    return atomic_load(&level);
}

int32_t CheckLogLevel(int32_t module, int32_t at)
{
    (void)module;
    return at >= atomic_load(&level) && at < DLOG_OFF;
}

void DlogRecord(int32_t module, int32_t at, const char *format, ...)
{
    static const char *const name[] = {"DEBUG", "INFO", "WARN", "ERROR"};
    char line[1024];
    va_list args;

    if (!CheckLogLevel(module, at) || at < 0) return;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    fprintf(stderr, "[%s] module %d: %s\n", name[at], module, line);
}
