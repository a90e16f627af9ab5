#include "folder.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "files/own.h"

bool folder_fill_root(int root)
{
    char names[] = FOLDER_PREINSTALL, *rest = names;
    int at = root;

    for (char *name; (name = strsep(&rest, "/"));) {
        const int next = own_make(at, name);
        if (at != root) close(at);
        if (next < 0) return false;
        at = next;
    }
    close(at);
    return true;
}

void folder_remove_root(int root, const char *path)
{
    const char *slash = strrchr(path, '/');
    char base[OWN_PATH];

    own_remove_open(root, path);
    if (slash && snprintf(base, sizeof base, "%.*s", (int)(slash - path), path) < (int)sizeof base)
        own_base_leave(base);
}
