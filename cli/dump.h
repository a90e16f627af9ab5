/* Dumps of runs (docs/reference/dump.md), read and shown. */
#ifndef CLI_DUMP_H
#define CLI_DUMP_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* Reads a dump and checks all of it: whatever the pages below look at is there and of its type. NULL: `problem` says
 * why, with the file's name and the place. */
json_t *dump_load(const char *path, char *problem, size_t size);

/* The page, on standard output. */
void dump_show(const char *path, const json_t *dump);

#endif
