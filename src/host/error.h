/* The error record of the calling thread (npurt_error_last).
 *
 * Life of a record: each public function calls error_begin; the first failure that anything below it raises replaces
 * the thread's record, and that is the first cause; driver codes raised later in the same public call are appended to
 * its `fallout`. The record then stays until the thread's next failing call.
 */
#ifndef HOST_ERROR_H
#define HOST_ERROR_H

#include <npurt/status.h>
#include <stdbool.h>

/* A public function begins; `call` is its name, static. */
void error_begin(const char *call);

/* Raises `status` with a sentence. Returns `status`, so that `return error_raise(…)` reads well. Later raises of one
 * public call leave the first cause alone. */
npurt_status error_raise(npurt_status status, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Raises the failure of a driver call: the status is derived from the code (error_status_of), the record gets the code,
 * its name, and as hint its meaning. `call` is the entry point's name. A second one becomes fallout. */
npurt_status error_driver(int32_t code, const char *call, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The same for a code of the hal family. */
npurt_status error_hal(int32_t code, const char *call, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The status that an rt or acl code stands for when nothing better is known. */
npurt_status error_status_of(int32_t code);

/* A status of the whole device, which every call answers from then on: its process is gone (507901), its heartbeat
 * lost (507010), its memory or a link has an error (507053 to 507057), its tasks are being aborted (107022). */
bool error_is_lost(int32_t code);

/* Adds to the record raised in this public call. */
void error_hint(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Adds to the end of the hint, which is cut so that there is room for it. `text` is short. */
void error_hint_add(const char *text);
/* Adds to the end of the message. */
void error_append(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Names the file with the dump of the run. */
void error_dump(const char *path);
/* Puts "…: " before the message. */
void error_prepend(const char *format, ...) __attribute__((format(printf, 1, 2)));
void error_place(int64_t task, int32_t kernel, const char *kernel_name, int32_t core);
void error_driver_code(int32_t code, const char *call);
void error_fallout(int32_t code, const char *call);

/* True when a failure was raised since error_begin. */
bool error_pending(void);

/* Copies *cause into the record as the reason why the device refuses work. */
npurt_status error_refuse(npurt_status status, const npurt_error *cause, const char *what);

/* The thread's record is that of the public call it makes. What becomes of somebody else's run meanwhile is explained
 * between error_save and error_restore, and told to whoever waits for the run by error_adopt. */
struct error_state {
    npurt_error record;
    const char *call;
    bool raised;
};
void error_save(struct error_state *state);
void error_restore(const struct error_state *state);
void error_adopt(const npurt_error *error);

/* Keeps the first of several statuses, for paths that go on after a failure. */
static inline void error_first(npurt_status *status, npurt_status next)
{
    if (*status == NPURT_OK) *status = next;
}

#endif
