#include "own.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define NAME "npurt-"
enum { OTHERS_WRITE = 022, DRAWN = 12, DEPTH_MOST = 64 };

/* ---- opening and making ----------------------------------------------------------------------------------------- */

static bool is_own(const struct stat *info)
{
    return S_ISDIR(info->st_mode) && info->st_uid == geteuid() && !(info->st_mode & OTHERS_WRITE);
}

int own_open(int at, const char *name)
{
    const int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct stat info;

    /* A link, a file, or a folder that another user keeps closed. */
    if (fd < 0 && (errno == ENOTDIR || errno == ELOOP || errno == EACCES) &&
        fstatat(at, name, &info, AT_SYMLINK_NOFOLLOW) == 0 && !is_own(&info))
        errno = EPERM;
    if (fd < 0) return -1;
    if (fstat(fd, &info) == 0 && is_own(&info)) return fd;
    close(fd);
    errno = EPERM;
    return -1;
}

int own_make(int at, const char *name)
{
    if (mkdirat(at, name, 0700) && errno != EEXIST) return -1;
    return own_open(at, name);
}

static uint64_t draw(void)
{
    uint64_t bits;
    struct timespec now;

    if (getrandom(&bits, sizeof bits, GRND_NONBLOCK) == (ssize_t)sizeof bits) return bits;
    clock_gettime(CLOCK_MONOTONIC, &now); /* a name that can be guessed is a name that is taken, no more */
    return (uint64_t)now.tv_nsec << 32 ^ (uint64_t)now.tv_sec ^ (uint64_t)getpid() << 20;
}

int own_make_random(int at, const char *prefix, char name[OWN_NAME])
{
    static const char character[] = "abcdefghijklmnopqrstuvwxyz234567";

    for (int tries = 0; tries < 16; tries++) {
        uint64_t bits = draw();
        int length = snprintf(name, OWN_NAME - DRAWN, "%s", prefix);
        if (length < 0 || length >= OWN_NAME - DRAWN) break;
        for (int i = 0; i < DRAWN; i++, bits >>= 5)
            name[length++] = character[bits & 31];
        name[length] = 0;
        if (mkdirat(at, name, 0700) == 0) return own_open(at, name);
        if (errno != EEXIST) return -1;
    }
    errno = EEXIST;
    return -1;
}

void own_problem(const char *path, char *text, size_t size)
{
    struct stat info;

    if (lstat(path, &info))
        snprintf(text, size, "%s", strerror(errno));
    else if (S_ISLNK(info.st_mode))
        snprintf(text, size, "is a link");
    else if (!S_ISDIR(info.st_mode))
        snprintf(text, size, "is no folder");
    else if (info.st_uid != geteuid())
        snprintf(text, size, "belongs to user %u", (unsigned)info.st_uid);
    else
        snprintf(text, size, "can be written to by others");
}

/* ---- removing --------------------------------------------------------------------------------------------------- */

static bool remove_below(int at, const char *name, dev_t device, int depth);

/* All entries of an open folder. What can not go stays, and its folder with it. */
static void empty(int fd, dev_t device, int depth)
{
    const int again = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC); /* the caller's keeps its place */
    DIR *folder = again < 0 ? NULL : fdopendir(again);

    if (!folder && again >= 0) close(again);
    if (!folder) return;
    for (struct dirent *entry; (entry = readdir(folder));) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        if (unlinkat(fd, entry->d_name, 0) && (errno == EISDIR || errno == EPERM))
            remove_below(fd, entry->d_name, device, depth + 1);
    }
    closedir(folder);
}

/* `device` 0: any. */
static bool remove_below(int at, const char *name, dev_t device, int depth)
{
    const int fd = depth > DEPTH_MOST ? -1 : openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct stat info;

    if (fd < 0) return false;
    if (fstat(fd, &info) || info.st_uid != geteuid() || (device && info.st_dev != device)) {
        close(fd);
        errno = EPERM;
        return false;
    }
    empty(fd, info.st_dev, depth);
    close(fd);
    return unlinkat(at, name, AT_REMOVEDIR) == 0;
}

bool own_remove(int at, const char *name)
{
    return remove_below(at, name, 0, 0);
}

/* Removes the empty folder `fd` from the folder that it is in now. */
static void remove_name(int fd, const char *path)
{
    const char *slash = strrchr(path, '/');
    const int parent = openat(fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
    struct stat open_one, named;

    if (parent >= 0 && slash && fstat(fd, &open_one) == 0 &&
        fstatat(parent, slash + 1, &named, AT_SYMLINK_NOFOLLOW) == 0 && named.st_ino == open_one.st_ino &&
        named.st_dev == open_one.st_dev)
        unlinkat(parent, slash + 1, AT_REMOVEDIR);
    if (parent >= 0) close(parent);
}

void own_remove_open(int fd, const char *path)
{
    struct stat info;

    if (fstat(fd, &info) || info.st_uid != geteuid()) return;
    empty(fd, info.st_dev, 0);
    remove_name(fd, path);
}

/* ---- the user's folder ------------------------------------------------------------------------------------------ */

/* Whether only this user can give a name below the folder another meaning: it is this user's alone, or names in it are
 * their owners' (the sticky bit). */
static bool is_safe_place(int fd, bool must_be_own)
{
    struct stat info;

    if (fstat(fd, &info)) return false;
    if (must_be_own ? info.st_uid == geteuid() && !(info.st_mode & 077)
                    : !(info.st_mode & S_IWOTH) || (info.st_mode & S_ISVTX))
        return true;
    errno = EPERM;
    return false;
}

int own_base(unsigned which, char path[OWN_PATH])
{
    static const struct {
        const char *variable, *fixed;
        bool must_be_own;
    } place[OWN_BASES] = {
        {"TMPDIR", NULL, false}, {"XDG_RUNTIME_DIR", NULL, true}, {NULL, "/dev/shm", false}, {NULL, "/tmp", false}};
    const char *parent = place[which].variable ? secure_getenv(place[which].variable) : place[which].fixed;
    char name[OWN_NAME], prefix[OWN_NAME];
    int at, fd = -1;

    snprintf(name, sizeof name, NAME "%u", (unsigned)geteuid());
    if (!parent || parent[0] != '/') {
        errno = ENOENT;
        return -1;
    }
    if (strlen(parent) + 1 + sizeof name >= OWN_PATH) {
        errno = ENAMETOOLONG;
        return -1;
    }
    at = open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (at < 0) return -1;
    if (is_safe_place(at, place[which].must_be_own)) {
        fd = own_make(at, name);
        if (fd < 0 && errno == EPERM) {
            snprintf(prefix, sizeof prefix, NAME "%u-", (unsigned)geteuid());
            fd = own_make_random(at, prefix, name);
        }
    }
    if (fd >= 0) snprintf(path, OWN_PATH, "%s/%s", parent, name);
    const int why = errno;
    close(at);
    errno = why;
    return fd;
}

void own_base_leave(const char *path)
{
    const char *slash = strrchr(path, '/');
    const int fd = slash && strncmp(slash + 1, NAME, sizeof NAME - 1) == 0 ? own_open(AT_FDCWD, path) : -1;

    if (fd < 0) return;
    remove_name(fd, path);
    close(fd);
}
