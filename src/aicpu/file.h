/* Files that the dispatcher and the AICPU program write on the AICPU's file system. */
#ifndef NPURT_AICPU_FILE_H
#define NPURT_AICPU_FILE_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* write() may take a part, or be interrupted. */
static inline bool file_write_all(int fd, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t n = write(fd, bytes, size);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        bytes += n;
        size -= (size_t)n;
    }
    return true;
}

/* Opens a new file beside `path`. A name left behind by a process that died is stepped over. */
static inline int file_open_beside(const char *path, char *name, size_t name_size)
{
    for (unsigned attempt = 0; attempt < 100; attempt++) {
        int n = snprintf(name, name_size, "%s.%ld.%u", path, (long)getpid(), attempt);
        if (n < 0 || (size_t)n >= name_size) return -1;
        int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (fd >= 0 || errno != EEXIST) return fd;
    }
    return -1;
}

#endif
