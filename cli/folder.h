/* A folder of files that appears whole or not at all. */
#ifndef CLI_FOLDER_H
#define CLI_FOLDER_H

#include <stdbool.h>
#include <stddef.h>

/* Makes an empty folder beside `output`. What stands at `output` must be nothing, an empty folder, or one with a file
 * `mark` in it, and this user's own, no link: no home folder is replaced, and no user's folder by another. false: the reason is on stderr. */
bool folder_begin(const char *output, const char *mark, char *making, size_t size);
/* Puts it in the place of `output`; what was there is removed. */
bool folder_move(const char *making, const char *output);
/* Removes a folder and the plain files in it; one with more in it stays. */
void folder_remove(const char *folder);

#endif
