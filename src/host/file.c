#include "file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "../files/own.h"
#include "../files/regular.h"
#include "error.h"

npurt_status file_read(const char *path, const char *what, struct bytes *out)
{
    static const npurt_status status_of[] = {[REGULAR_ABSENT] = NPURT_ERROR_MISSING_BINARY,
                                             [REGULAR_OTHER] = NPURT_ERROR_IO,
                                             [REGULAR_TOO_LARGE] = NPURT_ERROR_IO,
                                             [REGULAR_UNREADABLE] = NPURT_ERROR_IO,
                                             [REGULAR_NO_MEMORY] = NPURT_ERROR_OUT_OF_HOST_MEMORY};
    char problem[PATH_MAX + 128], *data;
    size_t size;
    *out = (struct bytes){0};
    const enum regular read = regular_read(path, SIZE_MAX / 2, &data, &size, problem, sizeof problem);
    if (read != REGULAR_OK) return error_raise(status_of[read], "%s: %s", what, problem);
    *out = (struct bytes){.data = data, .size = size, .owned = data};
    return NPURT_OK;
}

npurt_status file_read_binary(const npurt_binary *binary, const char *what, struct bytes *out)
{
    *out = (struct bytes){0};
    if (!binary->path && !binary->data)
        return error_raise(NPURT_ERROR_INVALID_ARGUMENT, "%s: neither a path nor data is given", what);
    if (binary->path && binary->data)
        return error_raise(NPURT_ERROR_INVALID_ARGUMENT, "%s: both a path (%s) and data are given", what, binary->path);
    if (binary->path) return file_read(binary->path, what, out);
    *out = (struct bytes){.data = binary->data, .size = binary->size};
    return NPURT_OK;
}

void file_release(struct bytes *bytes)
{
    free(bytes->owned);
    *bytes = (struct bytes){0};
}

static bool write_all(int fd, const void *data, size_t size)
{
    for (size_t done = 0; done < size;) {
        ssize_t n = write(fd, (const char *)data + done, size - done);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        done += (size_t)n;
    }
    return true;
}

npurt_status file_memory(const char *name, const void *data, size_t size, int *fd, char *path, size_t path_size)
{
    *fd = memfd_create(name, MFD_CLOEXEC);
    if (*fd < 0 || !write_all(*fd, data, size)) {
        npurt_status status =
            error_raise(NPURT_ERROR_IO, "%s: no memory file of %zu bytes: %s", name, size, strerror(errno));
        if (*fd >= 0) close(*fd);
        *fd = -1;
        return status;
    }
    snprintf(path, path_size, "/proc/%d/fd/%d", (int)getpid(), *fd);
    return NPURT_OK;
}

#define TEMPORARY "npurt-temporary-"

/* What hosts that were killed have left in this user's folder. */
static void sweep(int base)
{
    const int again = openat(base, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = again < 0 ? NULL : fdopendir(again);
    struct dirent *entry;
    if (!dir && again >= 0) close(again);
    while (dir && (entry = readdir(dir))) {
        if (strncmp(entry->d_name, TEMPORARY, sizeof TEMPORARY - 1) != 0) continue;
        int fd = openat(base, entry->d_name, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        if (fd < 0) continue;
        if (flock(fd, LOCK_EX | LOCK_NB) == 0) unlinkat(base, entry->d_name, 0);
        close(fd);
    }
    if (dir) closedir(dir);
}

/* Whether the file still has its name once it is locked: a sweep may have come between its making and its lock. */
static bool lock_named(int fd)
{
    struct stat info;
    return flock(fd, LOCK_EX) == 0 && fstat(fd, &info) == 0 && info.st_nlink > 0;
}

npurt_status file_temporary(const char *suffix, const void *data, size_t size, char *path, size_t path_size, int *fd)
{
    char folder[OWN_PATH];
    for (unsigned which = 0; which < OWN_BASES; which++) {
        for (int tries = 0; tries < 8; tries++) { /* the folder may go with the last file of another process */
            const int base = own_base(which, folder);
            if (base < 0) break;
            sweep(base);
            close(base);
            int length = snprintf(path, path_size, "%s/" TEMPORARY "XXXXXX%s", folder, suffix);
            if (length < 0 || (size_t)length >= path_size) break;
            *fd = mkostemps(path, (int)strlen(suffix), O_CLOEXEC);
            if (*fd < 0 && errno == ENOENT) continue;
            if (*fd < 0) break;
            if (lock_named(*fd) && write_all(*fd, data, size)) return NPURT_OK;
            file_temporary_remove(path, *fd);
        }
    }
    *fd = -1;
    return error_raise(NPURT_ERROR_IO,
                       "no temporary file can be written in TMPDIR, XDG_RUNTIME_DIR, /dev/shm or /tmp");
}

void file_temporary_remove(const char *path, int fd)
{
    char folder[OWN_PATH];
    const char *slash = strrchr(path, '/');
    unlink(path);
    close(fd);
    if (slash && snprintf(folder, sizeof folder, "%.*s", (int)(slash - path), path) < (int)sizeof folder)
        own_base_leave(folder);
}
