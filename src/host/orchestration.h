/* A user's orchestration. One that runs on the host is opened in this process from a copy of its own, so that its file
 * may vanish or change, /tmp need not be executable, and two builds of one file do not get in each other's way. */
#ifndef HOST_ORCHESTRATION_H
#define HOST_ORCHESTRATION_H

#include "file.h"

typedef int (*orchestration_function)(npurt_orch *orch, const npurt_orch_args *args);

struct orchestration {
    void *library;
    int fd; /* of the copy, -1 none; open as long as the library, so that its path is not used again */
    orchestration_function entry;
};

/* The bytes of an orchestration for this machine, or for an AICPU of silicon; the caller releases them. `device`: it will
 * run there. BAD_BINARY: no shared object for it, `entry` is not in it, or its sanitizer is not where it will run. */
npurt_status orchestration_read(const npurt_binary *binary, const char *callable, const char *entry, bool device,
                                bool silicon, struct bytes *out);

/* Errors: those of orchestration_read; BAD_BINARY: the loader refuses it. */
npurt_status orchestration_open(const npurt_binary *binary, const char *callable, const char *entry,
                                struct orchestration *out);
/* One that was never opened is legal when its fd is -1. */
void orchestration_close(struct orchestration *orchestration);

#endif
