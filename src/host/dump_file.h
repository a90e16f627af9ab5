/* Files of dumps: where they go, how they get there, how many stay.
 *
 * A file appears whole, under its final name, or not at all. Names sort by time: npurt-dump-YYYYMMDDThhmmss.mmm-PID-N.json
 * (UTC; N counts in the process). Only names of this form are ever removed. */
#ifndef HOST_DUMP_FILE_H
#define HOST_DUMP_FILE_H

#include <stdbool.h>
#include <stddef.h>

enum { DUMP_FILE_KEEP = 16, DUMP_FILE_PATH = 512 };

/* Writes `text` to a new file in the folder that `option` (NULL: NPURT_DUMPS, then the default) means, and removes the
 * oldest dumps there until `keep` are left. False, with a sentence in `problem`, when it could not be written; with an
 * empty one when dumps are switched off. On success `path` has its absolute name. */
bool dump_file_write(const char *option, unsigned keep, const char *text, size_t size, char path[DUMP_FILE_PATH],
                     char *problem, size_t problem_size);
/* False: dumps are switched off. */
bool dump_file_wanted(const char *option);

/* Writes `text` to `path`, which it replaces whole. */
bool dump_file_write_to(const char *path, const char *text, size_t size, char *problem, size_t problem_size);

#endif
