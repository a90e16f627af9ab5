#include "folder.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

bool folder_make_root(const char *root)
{
    char full[512];

    if ((size_t)snprintf(full, sizeof full, "%s/" FOLDER_PREINSTALL, root) >= sizeof full) {
        errno = ENAMETOOLONG;
        return false;
    }
    for (char *at = full + strlen(root);; at++) {
        char c = *at;
        if (c != '/' && c != 0) continue;
        *at = 0;
        if (mkdir(full, 0700) && errno != EEXIST) return false;
        *at = c;
        if (c == 0) return true;
    }
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *walk)
{
    (void)st, (void)type, (void)walk;
    remove(path);
    return 0;
}

void folder_remove(const char *path)
{
    nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}
