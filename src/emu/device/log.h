/* What device code says: one line each, to this process's standard error, from a chosen level on. */
#ifndef NPUEMU_LOG_H
#define NPUEMU_LOG_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

/* Levels as in port.h. NPUEMU_LOG in the environment (debug, info, warn, error, off) says from which one on; warn. */
void log_init(void);
bool log_is_off(void);
void log_device(uint32_t level, const char *format, va_list args);

#endif
