#include "root.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A folder's name tells whose it is: namespace of process numbers, process number, start of that process, card. A
 * process is known by number and start together, since numbers come round again. */
#define ROOT_NAME_FORMAT "npuemu-%" PRIu64 "-%d-%" PRIu64 "-%u"

static uint64_t pid_namespace(void)
{
    struct stat st;

    return stat("/proc/self/ns/pid", &st) ? 0 : (uint64_t)st.st_ino;
}

/* Field 22 of /proc/PID/stat, in clock ticks since boot; 0 when there is no such process. */
static uint64_t start_time(int pid)
{
    char path[64], text[1024], *at;
    ssize_t n;
    int fd;

    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return 0;
    n = read(fd, text, sizeof text - 1);
    close(fd);
    if (n <= 0) return 0;
    text[n] = 0;
    at = strrchr(text, ')'); /* the end of field 2, which may hold spaces itself */
    for (int field = 2; at && field < 22; field++)
        at = strchr(at + 1, ' ');
    return at ? strtoull(at + 1, NULL, 10) : 0;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    remove(path);
    return 0;
}

void root_destroy(const char *path)
{
    nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static void sweep(const char *base)
{
    DIR *dir = opendir(base);
    const uint64_t space = pid_namespace();
    struct dirent *entry;

    if (!dir) return;
    while ((entry = readdir(dir))) {
        uint64_t of_space, of_start;
        unsigned card;
        char path[512];
        int pid;
        if (sscanf(entry->d_name, ROOT_NAME_FORMAT, &of_space, &pid, &of_start, &card) != 4) continue;
        if (of_space != space || start_time(pid) == of_start) continue;
        snprintf(path, sizeof path, "%s/%s", base, entry->d_name);
        root_destroy(path);
    }
    closedir(dir);
}

static bool make_folders(char *path, size_t size, const char *base, const char *name)
{
    char full[512];
    size_t own;

    if ((size_t)snprintf(path, size, "%s/%s", base, name) >= size) {
        errno = ENAMETOOLONG;
        return false;
    }
    own = strlen(path);
    snprintf(full, sizeof full, "%s/" ROOT_PREINSTALL, path);
    for (char *at = full + own;; at++) {
        char c = *at;
        if (c != '/' && c != 0) continue;
        *at = 0;
        if (mkdir(full, 0700) && errno != EEXIST) {
            int why = errno;
            root_destroy(path);
            errno = why;
            return false;
        }
        *at = c;
        if (c == 0) return true;
    }
}

bool root_create(unsigned card, char *path, size_t size)
{
    const char *base[] = {getenv("TMPDIR"), "/dev/shm", "/tmp"};
    static bool swept;
    char name[128];

    snprintf(name, sizeof name, ROOT_NAME_FORMAT, pid_namespace(), (int)getpid(), start_time((int)getpid()), card);
    for (size_t i = 0; i < sizeof base / sizeof base[0]; i++) {
        if (!base[i] || base[i][0] != '/') continue;
        if (!swept) sweep(base[i]);
        if (make_folders(path, size, base[i], name)) {
            swept = true;
            return true;
        }
    }
    return false;
}
