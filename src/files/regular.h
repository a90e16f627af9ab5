/* Files that a user names: opened without waiting, and read only when they are regular files.
 *
 * A pipe without a writer would hold its opener up for ever, and a device might answer for ever. The refusal is a sentence
 * that begins with the path and says what stands there. A link is followed: the user may name files by links. Thread-safe.
 */
#ifndef FILES_REGULAR_H
#define FILES_REGULAR_H

#include <stddef.h>
#include <stdint.h>

enum regular {
    REGULAR_OK = 0,
    REGULAR_ABSENT,     /* it can not be opened: not there, no permission */
    REGULAR_OTHER,      /* a folder, a pipe, a device, a socket */
    REGULAR_TOO_LARGE,  /* more bytes than the caller takes */
    REGULAR_UNREADABLE, /* the reading failed, or the file shrank meanwhile */
    REGULAR_NO_MEMORY,
};

/* Opens `path` for reading: *fd, close-on-exec, is the caller's, and *size has its bytes. Otherwise `problem` has the
 * sentence, and *fd is -1. */
enum regular regular_open(const char *path, int *fd, uint64_t *size, char *problem, size_t problem_size);

/* The same file whole, with a NUL behind it, of at most `limit` bytes: *data is to be freed. */
enum regular regular_read(const char *path, uint64_t limit, char **data, size_t *size, char *problem,
                          size_t problem_size);

/* Fills `to` from a file of exactly `size` bytes. */
enum regular regular_fill(const char *path, void *to, uint64_t size, char *problem, size_t problem_size);

/* Opens `path` for an output: a file, made or emptied, a device, or a pipe that a process reads. Writes wait as usual. -1 with
 * errno; EPIPE: a pipe that no process reads, which would be waited for. */
int regular_output(const char *path);

#endif
