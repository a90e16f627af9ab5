#include "array_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "files/regular.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "elements are read as they are");

static bool has_npy_name(const char *path)
{
    const size_t length = strlen(path);
    return length >= 4 && strcmp(path + length - 4, ".npy") == 0;
}

static bool read_at(int fd, void *to, uint64_t bytes, uint64_t offset)
{
    for (uint64_t done = 0; done < bytes;) {
        const ssize_t n = pread(fd, (char *)to + done, bytes - done, (off_t)(offset + done));
        if (n < 0 && errno == EINTR) continue;
        if (n == 0) errno = ENODATA;
        if (n <= 0) return false;
        done += (uint64_t)n;
    }
    return true;
}

static bool read_npy(struct array_file *file, char *problem, size_t size)
{
    const size_t length = file->bytes < NPY_LONGEST ? (size_t)file->bytes : NPY_LONGEST;
    char *header = malloc(length + 1), text[256];
    bool good = header && read_at(file->fd, header, length, 0);
    if (!good) snprintf(text, sizeof text, "%s", header ? strerror(errno) : "no host memory");
    good = good && npy_read_header(header, length, &file->npy, text, sizeof text);
    free(header);
    const uint64_t bytes = good ? file->npy.elements * npurt_dtype_size(file->npy.dtype) : 0;
    if (good && file->bytes - file->npy.header_bytes != bytes) {
        snprintf(text, sizeof text, "it has %llu bytes behind its header, whose array needs %llu",
                 (unsigned long long)(file->bytes - file->npy.header_bytes), (unsigned long long)bytes);
        good = false;
    }
    if (!good) snprintf(problem, size, "%s: %s", file->path, text);
    file->bytes = bytes;
    file->is_npy = true;
    return good;
}

bool array_file_open(const char *path, struct array_file *file, char *problem, size_t size)
{
    char begin[NPY_MAGIC];
    *file = (struct array_file){0};
    if (regular_open(path, &file->fd, &file->bytes, problem, size) != REGULAR_OK) return false;
    file->path = path;
    if (has_npy_name(path)) {
        if (read_npy(file, problem, size)) return true;
        array_file_close(file);
        return false;
    }
    if (file->bytes < NPY_MAGIC || !read_at(file->fd, begin, NPY_MAGIC, 0) || !npy_begins(begin, NPY_MAGIC))
        return true;
    snprintf(problem, size, "%s: it begins as a .npy file does, and its name does not end so", path);
    array_file_close(file);
    return false;
}

bool array_file_read(const struct array_file *file, void *to, uint64_t bytes, char *problem, size_t size)
{
    const bool reorder = file->is_npy && file->npy.fortran_order && file->npy.ndims > 1;
    void *as_it_is = reorder ? malloc(bytes + 1) : to;
    errno = ENOMEM;
    const bool good = as_it_is && bytes == file->bytes &&
                      read_at(file->fd, as_it_is, bytes, file->is_npy ? file->npy.header_bytes : 0);
    if (!good) snprintf(problem, size, "%s: can not be read to its end: %s", file->path, strerror(errno));
    if (good && reorder) npy_to_c_order(&file->npy, as_it_is, to);
    if (reorder) free(as_it_is);
    return good;
}

void array_file_close(struct array_file *file)
{
    if (file->path && file->fd >= 0) close(file->fd);
    *file = (struct array_file){0};
}

static bool write_all(int fd, const void *from, uint64_t bytes)
{
    for (uint64_t done = 0; done < bytes;) {
        const ssize_t n = write(fd, (const char *)from + done, bytes - done);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return false;
        done += (uint64_t)n;
    }
    return true;
}

bool array_file_write(const char *path, npurt_dtype dtype, uint32_t ndims, const uint32_t *shape, const void *from,
                      uint64_t bytes, char *problem, size_t size)
{
    char header[NPY_WRITTEN];
    const size_t length = has_npy_name(path) ? npy_write_header(header, dtype, ndims, shape) : 0;
    const int fd = regular_output(path);
    const bool no_reader = fd < 0 && errno == EPIPE;
    bool written = fd >= 0 && write_all(fd, header, length) && write_all(fd, from, bytes);
    int error = errno;
    if (fd >= 0 && close(fd) != 0 && written) written = false, error = errno; /* a full disk may show only now */
    if (!written) snprintf(problem, size, "%s: %s", path, no_reader ? "a pipe that no process reads" : strerror(error));
    return written;
}
