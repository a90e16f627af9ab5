/* Files of dumps: where they go, how they get there, how many stay.
 *
 * A file appears whole, under its final name, or not at all. Names sort by time:
 * npurt-dump-YYYYMMDDThhmmss.mmm-PID-TOKEN-N.json (UTC; TOKEN is drawn once in a process, N counts in it). Only this user's
 * files of this form are ever removed.
 *
 * A process keeps its own newest dumps and does not touch those of others, so that a busy one does not push out what
 * another has left for its user to see. The folder as a whole is bounded too; a process that makes it too full gives up its
 * own older ones first, and only then the oldest of others go. */
#ifndef HOST_DUMP_FILE_H
#define HOST_DUMP_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DUMP_FILE_KEEP = 16, DUMP_FILE_PATH = 512, DUMP_FILE_MOST = 256 };
#define DUMP_FILE_BYTES (UINT64_C(512) << 20)

/* Writes `text` to a new file in the folder that `option` (NULL: NPURT_DUMPS, then the default) means, and removes the
 * oldest dumps of this process there until `keep` are left, and what the folder has beyond DUMP_FILE_MOST files or
 * DUMP_FILE_BYTES. False, with a sentence in `problem`, when it could not be written; with an
 * empty one when dumps are switched off. On success `path` has its absolute name. */
bool dump_file_write(const char *option, unsigned keep, const char *text, size_t size, char path[DUMP_FILE_PATH],
                     char *problem, size_t problem_size);
/* False: dumps are switched off. */
bool dump_file_wanted(const char *option);

/* Writes `text` to `path`, which it replaces whole. */
bool dump_file_write_to(const char *path, const char *text, size_t size, char *problem, size_t problem_size);

#endif
