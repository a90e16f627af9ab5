#include "root.h"
#include "emu/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
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

/* Field 22 of a process's stat, in clock ticks since boot; 0 when there is no such process. Its first thread's, which is
 * the same: of /proc/PID/stat qemu-user makes up what a process reads about itself, and others read the kernel's. */
static uint64_t start_time(int pid)
{
    char path[64], text[1024], *at;
    ssize_t n;
    int fd;

    snprintf(path, sizeof path, "/proc/%d/task/%d/stat", pid, pid);
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
        folder_remove(path);
    }
    closedir(dir);
}

static bool make_folders(char *path, size_t size, const char *base, const char *name)
{
    int why;

    if ((size_t)snprintf(path, size, "%s/%s", base, name) >= size) {
        errno = ENAMETOOLONG;
        return false;
    }
    if (folder_make_root(path)) return true;
    why = errno;
    folder_remove(path);
    errno = why;
    return false;
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
