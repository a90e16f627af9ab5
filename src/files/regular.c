#include "regular.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *kind_of(mode_t mode)
{
    switch (mode & S_IFMT) {
    case S_IFDIR:
        return "a folder";
    case S_IFIFO:
        return "a pipe";
    case S_IFCHR:
    case S_IFBLK:
        return "a device";
    case S_IFSOCK:
        return "a socket";
    default:
        return "something else";
    }
}

static enum regular refuse_other(const char *path, mode_t mode, char *problem, size_t size)
{
    snprintf(problem, size, "%s: not a regular file but %s", path, kind_of(mode));
    return REGULAR_OTHER;
}

enum regular regular_open(const char *path, int *fd, uint64_t *size, char *problem, size_t problem_size)
{
    struct stat info;
    enum regular result = REGULAR_ABSENT;

    /* Looked at first: the opening of a device may do something to it, and a socket can not be opened. */
    *fd = -1;
    if (stat(path, &info) == 0 && !S_ISREG(info.st_mode)) return refuse_other(path, info.st_mode, problem, problem_size);
    *fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (*fd < 0 || fstat(*fd, &info) != 0) {
        snprintf(problem, problem_size, "%s: %s", path, strerror(errno));
    } else if (!S_ISREG(info.st_mode)) { /* another one since the look */
        result = refuse_other(path, info.st_mode, problem, problem_size);
    } else {
        *size = (uint64_t)info.st_size;
        return REGULAR_OK;
    }
    if (*fd >= 0) close(*fd);
    *fd = -1;
    return result;
}

static enum regular read_whole(const char *path, int fd, char *to, uint64_t size, char *problem, size_t problem_size)
{
    for (uint64_t got = 0; got < size;) {
        const ssize_t n = read(fd, to + got, size - got);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) {
            snprintf(problem, problem_size, "%s: can not be read to its end: %s", path,
                     n < 0 ? strerror(errno) : "it has become shorter");
            return REGULAR_UNREADABLE;
        }
        got += (uint64_t)n;
    }
    return REGULAR_OK;
}

enum regular regular_read(const char *path, uint64_t limit, char **data, size_t *size, char *problem,
                          size_t problem_size)
{
    int fd;
    uint64_t bytes = 0;
    char *text = NULL;
    enum regular result = regular_open(path, &fd, &bytes, problem, problem_size);

    *data = NULL;
    if (result == REGULAR_OK && bytes > limit) {
        snprintf(problem, problem_size, "%s: has %llu bytes; at most %llu are possible", path,
                 (unsigned long long)bytes, (unsigned long long)limit);
        result = REGULAR_TOO_LARGE;
    } else if (result == REGULAR_OK && (bytes >= SIZE_MAX || !(text = malloc((size_t)bytes + 1)))) {
        snprintf(problem, problem_size, "%s: no host memory for %llu bytes", path, (unsigned long long)bytes);
        result = REGULAR_NO_MEMORY;
    }
    if (result == REGULAR_OK) result = read_whole(path, fd, text, bytes, problem, problem_size);
    if (fd >= 0) close(fd);
    if (result != REGULAR_OK) {
        free(text);
        return result;
    }
    text[bytes] = 0;
    *data = text;
    *size = (size_t)bytes;
    return REGULAR_OK;
}

enum regular regular_fill(const char *path, void *to, uint64_t size, char *problem, size_t problem_size)
{
    int fd;
    uint64_t bytes = 0;
    enum regular result = regular_open(path, &fd, &bytes, problem, problem_size);

    if (result == REGULAR_OK && bytes != size) {
        snprintf(problem, problem_size, "%s has %llu bytes; the array needs %llu", path, (unsigned long long)bytes,
                 (unsigned long long)size);
        result = bytes > size ? REGULAR_TOO_LARGE : REGULAR_UNREADABLE;
    }
    if (result == REGULAR_OK) result = read_whole(path, fd, to, size, problem, problem_size);
    if (fd >= 0) close(fd);
    return result;
}

int regular_output(const char *path)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0666);

    if (fd < 0 && errno == ENXIO) errno = EPIPE;
    if (fd >= 0 && fcntl(fd, F_SETFL, 0) != 0) {
        const int why = errno;
        close(fd);
        errno = why;
        return -1;
    }
    return fd;
}
