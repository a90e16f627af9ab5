/* npurt_kernel_printf of include/npurt/kernel.h: a line of a kernel on standard error, which is the host's. Kernels say
 * something only when their author wants it, so it is shown at every level of NPUEMU_LOG but off. */
#include "log.h"

#include <stdio.h>
#include <unistd.h>

#include "engine.h"

__attribute__((visibility("default"), format(printf, 1, 2))) void npurt_kernel_log(const char *format, ...);

void npurt_kernel_log(const char *format, ...)
{
    const struct agent *self = engine_self();
    char line[1024];
    va_list args;

    if (log_is_off()) return;
    int used = snprintf(line, sizeof line, "npurt kernel core %u: ", self ? self->core : 0), more;
    va_start(args, format);
    more = vsnprintf(line + used, sizeof line - (size_t)used - 1, format, args);
    va_end(args);
    if (more < 0) return;
    size_t size = (size_t)used + (size_t)more;
    if (size > sizeof line - 2) size = sizeof line - 2;
    if (line[size - 1] != '\n') line[size++] = '\n';
    ssize_t ignored = write(STDERR_FILENO, line, size); /* one call: lines of several cores stay whole */
    (void)ignored;
}
