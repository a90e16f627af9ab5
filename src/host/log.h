/* Log of the host library: one line per message to stderr. NPURT_LOG (debug, info, warn, error, off) chooses the least
 * level that is shown; default warn (docs/guide/environment.md). Thread-safe: a line is one write. */
#ifndef HOST_LOG_H
#define HOST_LOG_H

#include <stdbool.h>

enum log_level { LOG_LEVEL_DEBUG = 0, LOG_LEVEL_INFO = 1, LOG_LEVEL_WARN = 2, LOG_LEVEL_ERROR = 3, LOG_LEVEL_OFF = 4 };

bool log_enabled(enum log_level level);

/* `source` names the part that speaks ("bootstrap"); printf format, no newline. */
void log_write(enum log_level level, const char *source, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
