#include "dump_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../files/own.h"

#define NAME_PREFIX "npurt-dump-"
#define NAME_SUFFIX ".json"
enum { NAME_TIME = 19 /* characters of the time */, TOKEN = 8, SEEN_AT_MOST = 4096 };

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

/* -1: none; `folder` has the path of the last that was tried. */
static int default_folder(char folder[DUMP_FILE_PATH])
{
    const char *const parent[] = {secure_getenv("TMPDIR"), "/tmp", "/dev/shm"};
    int why = ENOENT;
    for (size_t i = 0; i < sizeof parent / sizeof parent[0]; i++) {
        if (!parent[i] || parent[i][0] != '/') continue;
        if ((size_t)snprintf(folder, DUMP_FILE_PATH, "%s/npurt-dumps-%u", parent[i], (unsigned)geteuid()) >=
            DUMP_FILE_PATH)
            continue;
        const int fd = own_make(AT_FDCWD, folder);
        if (fd >= 0 && faccessat(fd, ".", W_OK | X_OK, 0) == 0) return fd;
        why = errno;
        if (fd >= 0) close(fd);
    }
    errno = why;
    return -1;
}

/* Opens it. A folder that the user names may be shared, and reached through links; -1 with a sentence in `problem`. */
static int open_folder(const char *option, char folder[DUMP_FILE_PATH], char *problem, size_t size)
{
    const char *asked = asked_for(option);
    int fd;
    if (!asked) {
        fd = default_folder(folder);
        if (fd < 0) refuse(problem, size, "no folder for it can be made in TMPDIR, /tmp or /dev/shm: %s", strerror(errno));
        return fd;
    }
    char here[DUMP_FILE_PATH / 2] = "";
    if (asked[0] != '/' && !getcwd(here, sizeof here)) {
        refuse(problem, size, "%s: the current folder is not known: %s", asked, strerror(errno));
        return -1;
    }
    if ((size_t)snprintf(folder, DUMP_FILE_PATH, "%s%s%s", here, *here ? "/" : "", asked) >= DUMP_FILE_PATH - 80) {
        refuse(problem, size, "%s: the name is too long", asked);
        return -1;
    }
    fd = make_folders(folder) ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (fd < 0) refuse(problem, size, "folder %s: %s", folder, strerror(errno));
    return fd;
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

/* Ends the writing of `making`, which is open, and gives it its name. */
static bool finish(int at, int fd, bool whole, const char *making, const char *name)
{
    int why = errno;
    if (close(fd) != 0 && whole) {
        whole = false;
        why = errno;
    }
    if (whole && renameat(at, making, at, name) == 0) return true;
    if (whole) why = errno;
    (void)unlinkat(at, making, 0);
    errno = why;
    return false;
}

bool dump_file_write_to(const char *path, const char *text, size_t size, char *problem, size_t problem_size)
{
    char making[DUMP_FILE_PATH + 32];
    if ((size_t)snprintf(making, sizeof making, "%s.XXXXXX", path) >= sizeof making)
        return refuse(problem, problem_size, "%s: the name is too long", path);
    const int fd = may_write(size) ? mkostemp(making, O_CLOEXEC) : -1;
    if (fd >= 0 && finish(AT_FDCWD, fd, write_all(fd, text, size), making, path)) return true;
    return refuse(problem, problem_size, "%s: %s", path, strerror(errno));
}

static bool write_in(int folder, const char *name, const char *text, size_t size)
{
    char making[NAME_MAX + 1];
    snprintf(making, sizeof making, "%s.tmp", name);
    const int fd = may_write(size) ? openat(folder, making, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600) : -1;
    return fd >= 0 && finish(folder, fd, write_all(fd, text, size), making, name);
}

/* ---- how many stay */

/* What tells this process from all others whose dumps lie there: numbers of processes come round again, and containers
 * have them of their own. A forked child is another process. */
static const char *process_token(char token[TOKEN + 1])
{
    static _Atomic uint64_t drawn; /* number of the process, and what it has drawn */
    const uint32_t pid = (uint32_t)getpid();
    uint64_t now = atomic_load(&drawn), mine = 0;
    if ((uint32_t)(now >> 32) != pid) {
        uint32_t bits;
        struct timespec time;
        if (getrandom(&bits, sizeof bits, GRND_NONBLOCK) != (ssize_t)sizeof bits) {
            clock_gettime(CLOCK_MONOTONIC, &time);
            bits = (uint32_t)time.tv_nsec ^ (uint32_t)time.tv_sec << 12;
        }
        mine = (uint64_t)pid << 32 | bits;
        if (atomic_compare_exchange_strong(&drawn, &now, mine)) now = mine; /* or another thread's */
    }
    snprintf(token, TOKEN + 1, "%08x", (unsigned)now);
    return token;
}

/* One that was being written when its process died counts too. */
static bool is_dump(const char *name)
{
    return strncmp(name, NAME_PREFIX, sizeof NAME_PREFIX - 1) == 0 && strlen(name) > sizeof NAME_PREFIX + NAME_TIME &&
           strstr(name, NAME_SUFFIX) != NULL;
}

struct dumps {
    struct seen {
        char name[80];
        uint64_t bytes;
        bool own; /* of this process */
    } *seen;      /* the oldest first */
    size_t count, own;
    uint64_t bytes;
};

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct seen *)a)->name, ((const struct seen *)b)->name);
}

/* This user's dumps in the folder; in one that users share, those of others are theirs. */
static void look(int folder, const char *token, struct dumps *dumps)
{
    const int again = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = again < 0 ? NULL : fdopendir(again);
    char mark[TOKEN + 3];
    *dumps = (struct dumps){.seen = malloc(SEEN_AT_MOST * sizeof *dumps->seen)};
    if (!dir && again >= 0) close(again);
    snprintf(mark, sizeof mark, "-%s-", token);
    for (struct dirent *entry; dir && dumps->seen && dumps->count < SEEN_AT_MOST && (entry = readdir(dir));) {
        struct seen *one = &dumps->seen[dumps->count];
        struct stat info;
        if (!is_dump(entry->d_name) || strlen(entry->d_name) >= sizeof one->name ||
            fstatat(folder, entry->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(info.st_mode) ||
            info.st_uid != geteuid())
            continue;
        snprintf(one->name, sizeof one->name, "%s", entry->d_name);
        one->bytes = (uint64_t)info.st_size;
        one->own = strstr(entry->d_name, mark) != NULL;
        if (one->own && strstr(entry->d_name, NAME_SUFFIX ".")) continue; /* another thread is writing it */
        dumps->own += one->own;
        dumps->bytes += one->bytes;
        dumps->count++;
    }
    if (dir) closedir(dir);
    qsort(dumps->seen, dumps->seen ? dumps->count : 0, sizeof *dumps->seen, by_name);
}

static void drop(int folder, struct dumps *dumps, size_t i)
{
    if (!dumps->seen[i].name[0]) return;
    (void)unlinkat(folder, dumps->seen[i].name, 0); /* another process may have been faster */
    dumps->seen[i].name[0] = 0;
    dumps->bytes -= dumps->seen[i].bytes;
    dumps->own -= dumps->seen[i].own;
    dumps->count--;
}

/* A process gives up its own oldest first, but never its newest; only when the folder is too full all the same, the
 * oldest of other processes go. */
static void prune(int folder, const char *token, const char *newest, size_t keep)
{
    struct dumps dumps;
    look(folder, token, &dumps);
    const size_t seen = dumps.count;
    for (int others = 0; others < 2; others++)
        for (size_t i = 0; i < seen; i++) {
            const bool full = dumps.count > DUMP_FILE_MOST || dumps.bytes > DUMP_FILE_BYTES;
            if (dumps.seen[i].own == others || strcmp(dumps.seen[i].name, newest) == 0) continue;
            if (full || (!others && dumps.own > keep)) drop(folder, &dumps, i);
        }
    free(dumps.seen);
}

bool dump_file_write(const char *option, unsigned keep, const char *text, size_t size, char path[DUMP_FILE_PATH],
                     char *problem, size_t problem_size)
{
    static _Atomic unsigned serial;
    char folder[DUMP_FILE_PATH], name[NAME_MAX - 8], token[TOKEN + 1], time[32];
    *problem = '\0';
    if (!dump_file_wanted(option)) return false;
    const int at = open_folder(option, folder, problem, problem_size);
    if (at < 0) return false;
    struct timespec now;
    struct tm utc;
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    strftime(time, sizeof time, "%Y%m%dT%H%M%S", &utc);
    snprintf(name, sizeof name, NAME_PREFIX "%s.%03ld-%u-%s-%06u" NAME_SUFFIX, time, now.tv_nsec / 1000000,
             (unsigned)getpid(), process_token(token), atomic_fetch_add(&serial, 1));
    bool written = (size_t)snprintf(path, DUMP_FILE_PATH, "%s/%s", folder, name) < DUMP_FILE_PATH;
    if (!written)
        refuse(problem, problem_size, "%s: the name is too long", folder);
    else if (!(written = write_in(at, name, text, size)))
        refuse(problem, problem_size, "%s: %s", path, strerror(errno));
    else
        prune(at, token, name, keep ? keep : DUMP_FILE_KEEP);
    close(at);
    return written;
}
