/* Arrays in files: raw elements, little-endian, row-major, without a header. */
#ifndef CLI_ARRAY_H
#define CLI_ARRAY_H

#include <npurt/tensor.h>
#include <npurt/status.h>

/* false: `problem` says why, with the file's name. */
bool array_file_size(const char *path, uint64_t *bytes, char *problem, size_t size);
bool array_read(const char *path, void *to, uint64_t bytes, char *problem, size_t size); /* the whole file, exactly */
bool array_write(const char *path, const void *from, uint64_t bytes, char *problem, size_t size);

/* Floats uniform in [-1, 1), integers in [0, 128), the same each time for one `stream`. */
void array_random(npurt_dtype dtype, void *to, uint64_t elements, uint64_t stream);

/* Elements that differ by more than `tolerance`; *max_abs_error grows to the largest difference. A NaN equals only the
 * same NaN. */
int64_t array_compare(npurt_dtype dtype, const void *got, const void *wanted, uint64_t elements, double tolerance,
                      double *max_abs_error);

#endif
