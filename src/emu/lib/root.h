/* The file system of a private card's AICPU OS: a folder of the host, with the pre-install folder in it.
 *
 * Life: made with the card's first device process → outlives resets, as the files on silicon do → removed when the host
 * process ends; by the device process when the host was killed; by the next user's first use when both were.
 */
#ifndef NPUEMU_ROOT_H
#define NPUEMU_ROOT_H

#include <stdbool.h>
#include <stddef.h>

/* Makes the folder of card number `card` and fills `path`; the base is $TMPDIR, /dev/shm or /tmp, the first that takes
 * it. false: errno says why. The first call of a process sweeps what dead hosts have left there. */
bool root_create(unsigned card, char *path, size_t size);

#endif
