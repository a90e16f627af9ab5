/* Status codes and the error record.
 *
 * Every public function that can fail returns an npurt_status; NPURT_OK is 0. The failing call also leaves an error
 * record for the calling thread: what failed, where, the driver's code with its name, what it usually means, and what
 * to do. The first cause is kept; what the driver reported afterwards is in `fallout`.
 */
#ifndef NPURT_STATUS_H
#define NPURT_STATUS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define NPURT_API __attribute__((visibility("default")))
#else
#define NPURT_API
#endif

typedef enum npurt_status {
    NPURT_OK = 0,
    NPURT_ERROR_INVALID_ARGUMENT = 1,      /* an argument is wrong; the message names it */
    NPURT_ERROR_NO_TARGET = 2,             /* the target string names nothing that can be opened */
    NPURT_ERROR_MISSING_LIBRARY = 3,       /* a driver library, or an entry point in it, was not found */
    NPURT_ERROR_MISSING_BINARY = 4,        /* a device program, kernel or orchestration file was not found */
    NPURT_ERROR_BAD_BINARY = 5,            /* a file is not what it should be: no ELF, no entry, other version */
    NPURT_ERROR_OUT_OF_DEVICE_MEMORY = 6,
    NPURT_ERROR_OUT_OF_HOST_MEMORY = 7,
    NPURT_ERROR_LIMIT = 8,                 /* a documented limit was met: tasks, callables, arguments */
    NPURT_ERROR_GRAPH = 9,                 /* a submission of the orchestration was refused */
    NPURT_ERROR_ORCHESTRATION = 10,        /* the orchestration function itself returned non-zero, or faulted */
    NPURT_ERROR_KERNEL_FAULT = 11,         /* a kernel faulted on a core */
    NPURT_ERROR_KERNEL_TIMEOUT = 12,       /* a kernel did not end in time */
    NPURT_ERROR_AICPU_FAULT = 13,          /* the AICPU program faulted or refused */
    NPURT_ERROR_STALLED = 14,              /* nothing can move and no kernel is running; or the orchestration did not
                                            * return within its limit */
    NPURT_ERROR_POISONED = 15,             /* refused: the device failed before; reset it */
    NPURT_ERROR_LOST = 16,                 /* the device-side process is gone */
    NPURT_ERROR_DRIVER = 17,               /* a driver call failed in a way that no other code names */
    NPURT_ERROR_FORKED = 18,               /* the handle was made before a fork, in the parent */
    NPURT_ERROR_BUSY = 19,                 /* two runs are in flight, the memory is in use by one, or the call came from
                                            * inside the orchestration of a call on this device */
    NPURT_ERROR_UNSUPPORTED = 20,          /* this target does not have it */
    NPURT_ERROR_LEAK = 21,                 /* closing found something still owned; the message names it */
    NPURT_ERROR_IO = 22,                   /* a host file could not be read or written */
    NPURT_ERROR_CANCELLED = 23,            /* the run was cancelled, or its device reset under it */
} npurt_status;

enum { NPURT_NO_TASK = -1, NPURT_NO_CORE = -1, NPURT_NO_KERNEL = -1 };

/* The record of one failure. Strings are empty when unknown, never NULL. */
typedef struct npurt_error {
    npurt_status status;
    int32_t driver_code;      /* the driver's code of the first cause, 0 when no driver call was involved */
    char driver_name[48];     /* its name, e.g. "ACL_ERROR_RT_AICORE_EXCEPTION" */
    char call[48];            /* the driver or npurt call that failed */
    int64_t task;             /* task number in its graph, or NPURT_NO_TASK */
    int32_t kernel;           /* kernel id, or NPURT_NO_KERNEL */
    char kernel_name[64];
    int32_t core;             /* physical core, or NPURT_NO_CORE */
    char message[512];        /* one sentence: what failed, where, naming the input */
    char hint[256];           /* what it usually means and what to do */
    char fallout[256];        /* driver codes that followed, in order, with names */
    char dump[512];           /* a failed run: the file with all that is known of it, which `npurt explain FILE` shows
                               * (docs/reference/dump.md); empty: none was written, the log says why */
} npurt_error;

/* Name of a status, e.g. "NPURT_ERROR_LIMIT"; never NULL. Thread-safe. */
NPURT_API const char *npurt_status_name(npurt_status status);

/* The record of the calling thread's most recent failure; zeroed with status NPURT_OK when there was none. The pointer
 * stays valid for the life of the thread, its content until the thread's next failing call. */
NPURT_API const npurt_error *npurt_error_last(void);

#ifdef __cplusplus
}
#endif
#endif
