/* Arrays in files: raw elements, little-endian, row by row, without a header; or, when the name ends in .npy, NumPy's files.
 *
 * Life: array_file_open → fields → array_file_read → array_file_close. */
#ifndef CLI_ARRAY_FILE_H
#define CLI_ARRAY_FILE_H

#include "npy.h"

struct array_file {
    const char *path; /* borrowed */
    int fd;
    uint64_t bytes;   /* of the elements */
    bool is_npy;
    struct npy npy;   /* when it is */
};

/* Regular files only, and nothing is waited for. false: `problem` says why, with the file's name; nothing is open then. */
bool array_file_open(const char *path, struct array_file *file, char *problem, size_t size);
/* All elements, row by row; `bytes` are file->bytes. */
bool array_file_read(const struct array_file *file, void *to, uint64_t bytes, char *problem, size_t size);
/* Closing one that was not opened, or zeroed, is legal. */
void array_file_close(struct array_file *file);

/* Writes a file of the kind that its name says. A regular file that is there is replaced. */
bool array_file_write(const char *path, npurt_dtype dtype, uint32_t ndims, const uint32_t *shape, const void *from,
                      uint64_t bytes, char *problem, size_t size);

#endif
