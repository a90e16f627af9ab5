/* The card's file system: whatever code in this process names below /usr/lib64/aicpu_kernels is a file below the card's
 * root instead, so that any dispatcher works and none can touch the real path. */
#ifndef NPUEMU_REDIRECT_H
#define NPUEMU_REDIRECT_H

#include <stddef.h>

/* `root`: the open folder that is the card's root; it stays open. Pre: called once, before any device code. */
void redirect_init(int root);

/* The path to use: `path` itself when it is not on the card, else the path below the root, written to `out`. A path that
 * does not fit becomes one that exists nowhere. */
const char *redirect_path(const char *path, char *out, size_t size);

#endif
