/* The file system of a private card's AICPU OS: a folder of the host, with the pre-install folder in it.
 *
 * Life: made with the card's first device process, with a drawn name in this user's own folder → outlives resets, as the
 * files on silicon do → removed when the host process ends; by the device process when the host was killed; by this
 * user's next card when both were. Its users hold a shared lock on it (flock) for as long as they live, which the kernel
 * gives back however they end: a root that can be locked exclusively is nobody's.
 */
#ifndef NPUEMU_ROOT_H
#define NPUEMU_ROOT_H

#include <stddef.h>

/* Makes a root and fills `path`: in the first folder of own_base that takes it and has
 * 8 MiB free. The descriptor holds the lock; -1: errno
 * says why. The first call of a process sweeps what dead hosts have left there. */
int root_create(char *path, size_t size);

#endif
