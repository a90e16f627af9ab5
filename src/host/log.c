#include "log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const level_name[] = {"debug", "info", "warn", "error", "off"};
static _Atomic int least = -1;

static int least_level(void)
{
    int level = atomic_load_explicit(&least, memory_order_relaxed);
    if (level >= 0) return level;
    level = LOG_LEVEL_WARN;
    const char *text = getenv("NPURT_LOG");
    for (int i = 0; text && i <= LOG_LEVEL_OFF; i++)
        if (strcmp(text, level_name[i]) == 0) level = i;
    atomic_store_explicit(&least, level, memory_order_relaxed);
    return level;
}

bool log_enabled(enum log_level level)
{
    return (int)level >= least_level();
}

void log_write(enum log_level level, const char *source, const char *format, ...)
{
    if (!log_enabled(level)) return;
    char line[1024];
    int used = snprintf(line, sizeof line, "npurt %s %s: ", level_name[level], source);
    va_list list;
    va_start(list, format);
    int more = vsnprintf(line + used, sizeof line - (size_t)used - 1, format, list);
    va_end(list);
    if (more < 0) return;
    size_t size = (size_t)used + (size_t)more;
    if (size > sizeof line - 2) size = sizeof line - 2;
    line[size++] = '\n';
    ssize_t written = write(STDERR_FILENO, line, size);
    (void)written; /* a log that can not be written has nobody to tell */
}
