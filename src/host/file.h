/* Whole files in memory, and private files that leave nothing behind. */
#ifndef HOST_FILE_H
#define HOST_FILE_H

#include <npurt/callable.h>

struct bytes {
    const void *data;
    size_t size;
    void *owned; /* to be freed; NULL when `data` is borrowed */
};

/* Reads `path`. MISSING_BINARY: it can not be opened; IO: it is no regular file, or can not be read. `what` begins the message. */
npurt_status file_read(const char *path, const char *what, struct bytes *out);
/* The bytes of a user's binary, read or borrowed. INVALID_ARGUMENT: neither or both of path and data. */
npurt_status file_read_binary(const npurt_binary *binary, const char *what, struct bytes *out);
void file_release(struct bytes *bytes);

/* A file without a name in any folder that holds `data`; *fd is the caller's. `path` (at least 32 bytes) receives a
 * name under which it can be opened as long as fd is open, by a debugger too. Works where /tmp can not execute. */
npurt_status file_memory(const char *name, const void *data, size_t size, int *fd, char *path, size_t path_size);

/* A temporary file npurt-temporary-XXXXXX`suffix` in this user's own folder (files/own.h) for as long as *fd is open: it is
 * locked, which ends with the process, and the next one to be made in that folder removes those that nobody locks.
 * IO: no folder takes it. */
npurt_status file_temporary(const char *suffix, const void *data, size_t size, char *path, size_t path_size, int *fd);
/* Removes it, and the folder with the last thing in it. */
void file_temporary_remove(const char *path, int fd);

#endif
