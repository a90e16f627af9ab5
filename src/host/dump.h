/* The dump of a run: all that is known when it failed, or while it is going on, as one JSON file
 * (docs/reference/dump.md).
 *
 * Life: dump_gather (reads the device, finds who waits for whom) → dump_block_on helps to blame → dump_tell_waits adds the
 * root to the error raised → dump_failure writes the file and puts its name into the error → dump_fini. A dump that can
 * not be made or written costs a line in the log and nothing else: the error stays what it was. */
#ifndef HOST_DUMP_H
#define HOST_DUMP_H

#include <jansson.h>
#include "evidence.h"
#include "run.h"
#include "tasks.h"
#include "waits.h"

struct dump {
    const npurt_run *run; /* NULL: none is in flight */
    bool whole;           /* everything below is there; else there was no host memory */
    struct evidence evidence;
    struct task_source tasks; /* count 0: not at hand */
    struct waits waits;
};

/* `ask`: the device may be read. */
void dump_gather(const npurt_run *run, bool ask, struct dump *out);
void dump_fini(struct dump *dump);

/* The block that a core was at: the first of those sent to it that has not ended. False: the recorder does not know the
 * core, or nothing on it is unfinished, or the tasks are not at hand. `aiv`: only a vector core can be meant. */
bool dump_block_on(const struct dump *dump, int32_t physical_core, bool aiv, struct run_suspect *out);

/* How a task is called wherever people read of one: `task 3 "spin"`, with all its kernels' names. Returns text. */
enum { DUMP_TASK_NAME = 96 };
const char *dump_task_name(const struct dump *dump, uint32_t place, char text[DUMP_TASK_NAME]);

/* Adds to the message of the error raised what the run waits for, when somebody does. */
void dump_tell_waits(const struct dump *dump);

/* Writes the dump of a failed run whose error has been raised. `outcome` NULL: it was not started. `state` is what the
 * device's becomes. */
void dump_failure(const struct dump *dump, const struct outcome *outcome, npurt_device_state state);

/* The same for a run that the driver refused to launch. */
void dump_not_started(const npurt_run *run, npurt_device_state state);

/* The document as text, to be freed; error and outcome may be NULL. NULL without host memory. */
char *dump_print(const struct dump *dump, npurt_device *device, const npurt_error *error, const struct outcome *outcome,
                 npurt_device_state state);

/* ---- dump_tasks.c: the parts of the document that are about cores and tasks. Each adds its members to `root`. */

void dump_put_cores(json_t *root, const struct dump *dump);
void dump_put_waits(json_t *root, const struct dump *dump);
void dump_put_tasks(json_t *root, const struct dump *dump, const struct outcome *outcome);

/* ---- shared by both */

/* A text of the caller's, which need not be UTF-8. */
json_t *dump_text(const char *text);
/* "0x…": 64 bits do not fit the numbers of most JSON readers. */
json_t *dump_hex(uint64_t value);

#endif
