/* The files that a bundle is made of, as one rule for make and ninja.
 *
 * Life: depfile_begin → depfile_add_file, depfile_add_rule → depfile_end, which frees. */
#ifndef CLI_DEPFILE_H
#define CLI_DEPFILE_H

#include <stdbool.h>
#include <stdio.h>

struct depfile {
    FILE *stream; /* NULL: nothing is collected, and adding does nothing */
    char *text;
    size_t size;
};

bool depfile_begin(struct depfile *depfile);
void depfile_add_file(struct depfile *depfile, const char *path);
/* The prerequisites of the rule in a file that a compiler wrote (-M). false: it can not be read. */
bool depfile_add_rule(struct depfile *depfile, const char *path);
/* Writes `target: prerequisites` to the file. false: `path` could not be written. NULL: only frees. */
bool depfile_end(struct depfile *depfile, const char *target, const char *path);

#endif
