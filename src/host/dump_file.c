#include "dump_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define NAME_PREFIX "npurt-dump-"
#define NAME_SUFFIX ".json"
enum { NAME_DIGITS = 19 /* of the time */, REMOVE_AT_MOST = 256 };

__attribute__((format(printf, 3, 4))) static bool refuse(char *problem, size_t size, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    vsnprintf(problem, size, format, list);
    va_end(list);
    return false;
}

/* ---- the folder */

static const char *asked_for(const char *option)
{
    const char *variable = secure_getenv("NPURT_DUMPS");
    if (option && *option) return option;
    return variable && *variable ? variable : NULL;
}

bool dump_file_wanted(const char *option)
{
    const char *asked = asked_for(option);
    return !asked || strcmp(asked, "off") != 0;
}

/* Makes the folder and those above it, for this user alone. */
static bool make_folders(const char *folder)
{
    char path[DUMP_FILE_PATH];
    if ((size_t)snprintf(path, sizeof path, "%s", folder) >= sizeof path) {
        errno = ENAMETOOLONG;
        return false;
    }
    for (char *at = path + 1;; at++) {
        const char c = *at;
        if (c != '/' && c != 0) continue;
        *at = 0;
        if (mkdir(path, 0700) != 0 && errno != EEXIST) return false;
        *at = c;
        if (c == 0) break;
    }
    struct stat st;
    if (stat(folder, &st) != 0) return false;
    if (!S_ISDIR(st.st_mode)) errno = ENOTDIR;
    return S_ISDIR(st.st_mode);
}

/* In a folder that everybody can write to, one of that name may be somebody else's trap. */
static bool own_folder(const char *folder)
{
    struct stat st;
    if (mkdir(folder, 0700) != 0 && errno != EEXIST) return false;
    if (lstat(folder, &st) != 0) return false;
    if (S_ISDIR(st.st_mode) && st.st_uid == geteuid() && (st.st_mode & 022) == 0) return true;
    errno = EPERM;
    return false;
}

static bool default_folder(char folder[DUMP_FILE_PATH])
{
    const char *const parent[] = {secure_getenv("TMPDIR"), "/tmp", "/dev/shm"};
    for (size_t i = 0; i < sizeof parent / sizeof parent[0]; i++) {
        if (!parent[i] || parent[i][0] != '/') continue;
        if ((size_t)snprintf(folder, DUMP_FILE_PATH, "%s/npurt-dumps-%u", parent[i], (unsigned)geteuid()) >=
            DUMP_FILE_PATH)
            continue;
        if (own_folder(folder) && access(folder, W_OK | X_OK) == 0) return true;
    }
    return false;
}

static bool find_folder(const char *option, char folder[DUMP_FILE_PATH], char *problem, size_t size)
{
    const char *asked = asked_for(option);
    if (!asked) {
        if (default_folder(folder)) return true;
        return refuse(problem, size, "no folder for it can be made in TMPDIR, /tmp or /dev/shm: %s", strerror(errno));
    }
    char here[DUMP_FILE_PATH / 2] = "";
    if (asked[0] != '/' && !getcwd(here, sizeof here))
        return refuse(problem, size, "%s: the current folder is not known: %s", asked, strerror(errno));
    if ((size_t)snprintf(folder, DUMP_FILE_PATH, "%s%s%s", here, *here ? "/" : "", asked) >= DUMP_FILE_PATH - 64)
        return refuse(problem, size, "%s: the name is too long", asked);
    if (!make_folders(folder)) return refuse(problem, size, "folder %s: %s", folder, strerror(errno));
    return true;
}

/* ---- writing */

/* Beyond RLIMIT_FSIZE a write raises SIGXFSZ, which would end the program. */
static bool may_write(size_t size)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY || size <= limit.rlim_cur) return true;
    errno = EFBIG;
    return false;
}

static bool write_all(int fd, const char *text, size_t size)
{
    while (size > 0) {
        const ssize_t n = write(fd, text, size);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        text += n;
        size -= (size_t)n;
    }
    return true;
}

bool dump_file_write_to(const char *path, const char *text, size_t size, char *problem, size_t problem_size)
{
    char making[DUMP_FILE_PATH + 32];
    if ((size_t)snprintf(making, sizeof making, "%s.%u.tmp", path, (unsigned)getpid()) >= sizeof making)
        return refuse(problem, problem_size, "%s: the name is too long", path);
    int fd = may_write(size) ? open(making, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600) : -1;
    bool whole = fd >= 0 && write_all(fd, text, size);
    int why = errno;
    if (fd >= 0 && close(fd) != 0 && whole) {
        whole = false;
        why = errno;
    }
    if (whole && rename(making, path) != 0) {
        whole = false;
        why = errno;
    }
    if (whole) return true;
    if (fd >= 0) (void)unlink(making);
    return refuse(problem, problem_size, "%s: %s", path, strerror(why));
}

/* ---- how many stay */

/* One that was being written when its process died counts too. */
static int is_dump(const struct dirent *entry)
{
    const char *name = entry->d_name;
    return strncmp(name, NAME_PREFIX, sizeof NAME_PREFIX - 1) == 0 && strlen(name) > sizeof NAME_PREFIX + NAME_DIGITS &&
           strstr(name, NAME_SUFFIX) != NULL;
}

static void prune(const char *folder, unsigned keep)
{
    struct dirent **entry;
    const int count = scandir(folder, &entry, is_dump, alphasort);
    for (int i = 0; i < count; i++) {
        char path[DUMP_FILE_PATH + 256];
        if (i < count - (int)keep && i < REMOVE_AT_MOST) {
            snprintf(path, sizeof path, "%s/%s", folder, entry[i]->d_name);
            (void)unlink(path); /* another process may have been faster */
        }
        free(entry[i]);
    }
    if (count >= 0) free(entry);
}

bool dump_file_write(const char *option, unsigned keep, const char *text, size_t size, char path[DUMP_FILE_PATH],
                     char *problem, size_t problem_size)
{
    static _Atomic unsigned serial;
    char folder[DUMP_FILE_PATH];
    *problem = '\0';
    if (!dump_file_wanted(option) || !find_folder(option, folder, problem, problem_size)) return false;
    struct timespec now;
    struct tm utc;
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    char time[32];
    strftime(time, sizeof time, "%Y%m%dT%H%M%S", &utc);
    if ((size_t)snprintf(path, DUMP_FILE_PATH, "%s/" NAME_PREFIX "%s.%03ld-%u-%06u" NAME_SUFFIX, folder, time,
                         now.tv_nsec / 1000000, (unsigned)getpid(), atomic_fetch_add(&serial, 1)) >= DUMP_FILE_PATH)
        return refuse(problem, problem_size, "%s: the name is too long", folder);
    if (!dump_file_write_to(path, text, size, problem, problem_size)) return false;
    prune(folder, keep ? keep : DUMP_FILE_KEEP);
    return true;
}
