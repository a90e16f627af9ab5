/* Folders of the host, made and removed with all that is in them. */
#ifndef NPUEMU_FOLDER_H
#define NPUEMU_FOLDER_H

#include <stdbool.h>
#include <stddef.h>

/* Where the AICPU program of a card is installed, below the card's root. */
#define FOLDER_PREINSTALL "usr/lib64/aicpu_kernels/0/aicpu_kernels_device"

/* Makes root and root/FOLDER_PREINSTALL, where they are not there yet. false: errno; what was made stays. */
bool folder_make_root(const char *root);

void folder_remove(const char *path);

#endif
