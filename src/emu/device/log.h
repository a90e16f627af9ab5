/* What device code says: one line each, to the host when it has asked for them (emu/shared.h, struct emu_log), else to
 * this process's standard error. */
#ifndef NPUEMU_LOG_H
#define NPUEMU_LOG_H

#include <stdarg.h>
#include <stdint.h>

/* NPUEMU_LOG in the environment (debug, info, warn, error, off) says from which level on; warn. A host that asks for a
 * level of its own is obeyed instead. */
void log_init(void);
/* `level` from CARD_LOG_DEBUG to CARD_LOG_PRINT. Any thread, any agent. */
void log_device(uint32_t level, const char *format, va_list args);

#endif
