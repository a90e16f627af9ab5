/* The root of a card's AICPU file system: a folder of the host that is this user's alone (files/own.h). Host and device
 * process reach it by a descriptor; its path is for messages, and to find its name again when it goes. */
#ifndef NPUEMU_FOLDER_H
#define NPUEMU_FOLDER_H

#include <stdbool.h>

/* Where the AICPU program of a card is installed, below the card's root. */
#define FOLDER_PREINSTALL "usr/lib64/aicpu_kernels/0/aicpu_kernels_device"

/* Makes FOLDER_PREINSTALL below an open root, where it is not there yet. false: errno; what was made stays. */
bool folder_fill_root(int root);

/* Removes an open root of a private card, whose path is PLACE/npurt-UID/NAME, and PLACE/npurt-UID with the last one in
 * it. */
void folder_remove_root(int root, const char *path);

#endif
