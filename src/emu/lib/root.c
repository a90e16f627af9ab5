#include "root.h"
#include "emu/folder.h"
#include "files/own.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define PREFIX "root-"
enum { ROOM_LEAST = 8 << 20 }; /* device programs and orchestrations of several versions; one is 1 MB */

/* What nobody holds in this user's own folder. */
static void sweep(int base)
{
    const int again = openat(base, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = again < 0 ? NULL : fdopendir(again);

    if (!folder && again >= 0) close(again);
    if (!folder) return;
    for (struct dirent *entry; (entry = readdir(folder));) {
        if (strncmp(entry->d_name, PREFIX, sizeof PREFIX - 1) != 0) continue;
        const int root = own_open(base, entry->d_name);
        if (root < 0) continue;
        if (flock(root, LOCK_EX | LOCK_NB) == 0) own_remove(base, entry->d_name);
        close(root);
    }
    closedir(folder);
}

/* Whether the root still has its name once it is locked: a sweep may have come between its making and its lock. On a file
 * system without locks nothing is swept either. */
static bool is_named(int base, const char *name, int root)
{
    struct stat open_one, named;

    while (flock(root, LOCK_SH) && errno == EINTR) {
    }
    return fstat(root, &open_one) == 0 && fstatat(base, name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
           open_one.st_ino == named.st_ino && open_one.st_dev == named.st_dev;
}

/* A small /dev/shm, as containers have, would take the folder and not the programs: a place is full before that. */
static bool has_room(int base)
{
    struct statvfs info;

    if (fstatvfs(base, &info) == 0 && (uint64_t)info.f_bavail * info.f_frsize < ROOM_LEAST) {
        errno = ENOSPC;
        return false;
    }
    return true;
}

/* In one place. ENOENT: the user's folder went meanwhile, with the last root of another process. */
static int create_in(unsigned which, bool swept, char *path, size_t size)
{
    char base_path[OWN_PATH], name[OWN_NAME];
    const int base = own_base(which, base_path);
    int root, why;

    if (base < 0) return -1;
    if (!swept) sweep(base);
    root = has_room(base) ? own_make_random(base, PREFIX, name) : -1;
    why = errno;
    if (root >= 0 && !is_named(base, name, root)) {
        close(root);
        root = -1;
        why = ENOENT;
    } else if (root >= 0 && ((size_t)snprintf(path, size, "%s/%s", base_path, name) >= size || !folder_fill_root(root))) {
        why = errno;
        folder_remove_root(root, path);
        close(root);
        root = -1;
    }
    close(base);
    if (root < 0) own_base_leave(base_path);
    errno = why;
    return root;
}

int root_create(char *path, size_t size)
{
    static bool swept;
    int first = 0;

    for (unsigned which = 0; which < OWN_BASES; which++) {
        int root = -1;
        for (int tries = 0; tries < 16 && root < 0; tries++) {
            root = create_in(which, swept, path, size);
            if (root < 0 && errno != ENOENT) break;
        }
        if (root >= 0) {
            swept = true;
            return root;
        }
        if (errno != ENOENT) first = errno; /* of a place that is there */
    }
    errno = first ? first : ENOENT;
    return -1;
}
