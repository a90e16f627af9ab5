/* npurt doctor from the inside: a list of checks, each of which says what was found, or why it was not made.
 *
 * Life of an examination: host and driver → open → memory, streams, cores, AICPU → close. A check that fails does not end
 * it: the device is reset, and what can still be examined is. */
#ifndef CLI_DOCTOR_H
#define CLI_DOCTOR_H

#include <npurt/npurt.h>
#include <stdbool.h>

#include "hbm.h"

enum { DOCTOR_CHECKS = 16, DOCTOR_CORES = 256, DOCTOR_TEXT = 1024, DOCTOR_FILES = 3 };

enum doctor_state { DOCTOR_NOT_RUN, DOCTOR_OK, DOCTOR_FAILED };

struct doctor_check {
    const char *name;
    enum doctor_state state;
    char detail[DOCTOR_TEXT];
    npurt_error error; /* of a failure; status NPURT_OK: no call of npurt failed */
};

/* A core, by its physical number. */
struct doctor_core {
    uint32_t ran, right; /* rows in which it named itself; of these, whose numbers are right */
    npurt_core type;
    bool failed; /* an error record names it */
};

struct doctor {
    const char *target;
    uint32_t timeout_s;
    bool json;

    npurt_device_options options; /* of every open */
    npurt_device *device;         /* NULL: not open, or given up */
    npurt_callable *callable;     /* of the probe; NULL: not loaded */
    npurt_device_info info;
    struct hbm_probe probe;
    uint32_t nonce;
    char given_up[DOCTOR_TEXT]; /* why nothing more can be examined; empty: it can */
    char file[DOCTOR_FILES][512]; /* the device programs that open found */
    uint32_t file_count;
    char aicpu_said[128]; /* the AICPU program's own first line */

    struct doctor_check check[DOCTOR_CHECKS];
    uint32_t check_count;
    struct doctor_core core[DOCTOR_CORES];
};

/* A new check, not run yet; when nothing more can be examined its detail says so and the answer is NULL. */
struct doctor_check *doctor_begin(struct doctor *d, const char *name);
void doctor_ok(struct doctor_check *check, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The first failure of a check stays. */
void doctor_fail(struct doctor_check *check, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A call of npurt has failed: takes over the thread's error record. */
void doctor_fail_call(struct doctor_check *check, const char *doing);
/* More words behind a check's detail. */
void doctor_add(struct doctor_check *check, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Resets a device that is not healthy. false, with d->given_up: it did not come back. */
bool doctor_recover(struct doctor *d);
/* Opens with d->options; false, with the thread's error record: it can not be. */
bool doctor_open(struct doctor *d);

/* ---- doctor_memory.c */
void doctor_memory(struct doctor *d);
void doctor_limit(struct doctor *d);
void doctor_streams(struct doctor *d);

/* ---- doctor_run.c: cores and AICPU threads, by kernels that say who they are */
void doctor_cores(struct doctor *d);
void doctor_aicpu(struct doctor *d);

/* ---- doctor_host.c: what is known without a device */
void doctor_host(struct doctor *d);
/* Variables that are set, of those that npurt and the card heed: name and value by index; NULL: no more. */
const char *doctor_variable(uint32_t index, const char **value);

/* ---- doctor_report.c */
void doctor_report(const struct doctor *d);

#endif
