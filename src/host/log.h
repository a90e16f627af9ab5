/* The log from the inside: where lines of this library are said, and how lines of a card find their device and run.
 *
 * Two locks. `delivery` is held during a callback, so that one runs at a time and none is left when another is set.
 * `origins` guards the list of devices and what each executes; nothing is called with it held. Either is taken under a
 * device's lock, never the other way round. */
#ifndef HOST_LOG_H
#define HOST_LOG_H

#include <npurt/log.h>
#include <stdbool.h>

enum log_level { LOG_LEVEL_DEBUG = 0, LOG_LEVEL_INFO = 1, LOG_LEVEL_WARN = 2, LOG_LEVEL_ERROR = 3 };
_Static_assert((int)LOG_LEVEL_DEBUG == NPURT_LOG_DEBUG && (int)LOG_LEVEL_ERROR == NPURT_LOG_ERROR, "log levels");

bool log_enabled(enum log_level level);

/* `source` names the part that speaks ("bootstrap"); printf format, no newline. */
void log_write(enum log_level level, const char *source, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The calling thread is inside of a log callback. */
bool log_delivering(void);

struct npurt_device;
struct npurt_run;

/* Lines of the calling thread are about this device from now on; NULL: about none. Borrowed until then. */
void log_about(const struct npurt_device *device);
/* The device's lines are looked for; its driver is there and stays. And no more. */
void log_join(struct npurt_device *device);
void log_leave(struct npurt_device *device);
/* Lines of the device are the run's from now on, until it has ended or another run begins on the same device. */
void log_run_begin(struct npurt_run *run);
void log_run_end(const struct npurt_run *run);
/* Delivers what cards hold: before something is done that forgets it. */
void log_collect(const struct npurt_device *device);

/* In a forked child. */
void log_forked(void);

#endif
