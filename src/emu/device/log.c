#include "log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine.h"

static const char *const names[] = {"debug", "info", "warn", "error", "off"};
static uint32_t least = 2;

void log_init(void)
{
    const char *wanted = getenv("NPUEMU_LOG");

    for (uint32_t i = 0; wanted && i < sizeof names / sizeof names[0]; i++)
        if (strcmp(wanted, names[i]) == 0) least = i;
}

bool log_is_off(void)
{
    return least == 4;
}

void log_device(uint32_t level, const char *format, va_list args)
{
    const struct agent *self = engine_self();
    char line[512];
    int n;
    ssize_t ignored;

    if (level > 3) level = 3;
    if (level < least) return;
    n = snprintf(line, sizeof line, "npuemu %s %s %u: ", names[level],
                 !self                      ? "device"
                 : self->core == UINT16_MAX ? "aicpu"
                                            : "core",
                 !self                      ? 0
                 : self->core == UINT16_MAX ? self->id & 0xf
                                            : self->core);
    n += vsnprintf(line + n, sizeof line - (size_t)n - 1, format, args);
    if (n > (int)sizeof line - 2) n = (int)sizeof line - 2;
    line[n++] = '\n';
    ignored = write(STDERR_FILENO, line, (size_t)n); /* one call, so that lines of several threads stay whole */
    (void)ignored;
}
