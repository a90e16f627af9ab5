/* npurt_kernel_printf of include/npurt/kernel.h. Kernels say something only when their author wants it, so it is shown
 * at every level but off. */
#include "driver/card_log.h"
#include "log.h"

__attribute__((visibility("default"), format(printf, 1, 2))) void npurt_kernel_log(const char *format, ...);

void npurt_kernel_log(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    log_device(CARD_LOG_PRINT, format, args);
    va_end(args);
}
