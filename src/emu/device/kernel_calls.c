/* What include/npurt/kernel.h asks of an emulated card. Kernels print only when their author wants it, so it is shown
 * at every level but off. */
#include "driver/card_log.h"
#include "engine.h"
#include "log.h"

#define KERNEL_CALL __attribute__((visibility("default")))

KERNEL_CALL int32_t npurt_kernel_core_number(void);
KERNEL_CALL __attribute__((format(printf, 1, 2))) void npurt_kernel_log(const char *format, ...);

int32_t npurt_kernel_core_number(void)
{
    const struct agent *self = engine_self();

    return self && self->core != UINT16_MAX ? self->core : -1;
}

void npurt_kernel_log(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    log_device(CARD_LOG_PRINT, format, args);
    va_end(args);
}
