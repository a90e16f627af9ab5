#include "redirect.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "loader.h"
#include "plan.h"

static const char prefix[] = "/usr/lib64/aicpu_kernels";
static char card_root[32]; /* through the descriptor: what its path means may change */

/* The C library's own, looked up beforehand: the calls below are also made under the dynamic loader's lock, where a
 * look-up would wait for itself. */
static FILE *(*real_fopen)(const char *, const char *);
static FILE *(*real_fopen64)(const char *, const char *);
static int (*real_mkostemps)(char *, int, int);

static void find(void *call, const char *name)
{
    void *found = dlsym(RTLD_NEXT, name);

    memcpy(call, &found, sizeof found);
}

__attribute__((constructor)) static void find_all(void)
{
    find(&real_fopen, "fopen");
    find(&real_fopen64, "fopen64");
    find(&real_mkostemps, "mkostemps");
}

void redirect_init(int root)
{
    snprintf(card_root, sizeof card_root, "/proc/self/fd/%d", root);
}

/* Resolves ".", ".." and repeated slashes by the text alone. False when it does not fit. No library call: see the build
 * file for who else comes through here. */
static int normalize(const char *path, char *out, size_t size)
{
    size_t length = 0;

    while (*path) {
        size_t n = 0;
        while (path[n] && path[n] != '/')
            n++;
        if (n == 2 && path[0] == '.' && path[1] == '.') {
            while (length > 0 && out[--length] != '/') {
            }
        } else if (n > 0 && !(n == 1 && path[0] == '.')) {
            if (length + 1 + n + 1 > size) return 0;
            out[length++] = '/';
            for (size_t i = 0; i < n; i++)
                out[length++] = path[i];
        }
        path += n;
        while (*path == '/')
            path++;
    }
    out[length] = 0;
    return 1;
}

const char *redirect_path(const char *path, char *out, size_t size)
{
    char clean[4096];
    size_t n = 0;

    if (!path || path[0] != '/' || !card_root[0] || !normalize(path, clean, sizeof clean)) return path;
    while (prefix[n] && clean[n] == prefix[n])
        n++;
    if (prefix[n] || (clean[n] && clean[n] != '/')) return path;
    if ((size_t)snprintf(out, size, "%s%s", card_root, clean) >= size) return "/proc/self/fd/nowhere";
    return out;
}

#define REAL(path) redirect_path(path, __builtin_alloca(4096), 4096)
#define EXPORT     __attribute__((visibility("default")))

/* The calls below are the C library's, seen by every library loaded here. Plain system calls where one does the work.
 */

static int openat_call(int at, const char *path, int flags, va_list args)
{
    unsigned mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(args, unsigned) : 0;

    return (int)syscall(SYS_openat, at, REAL(path), flags, mode);
}

#define OPEN(name, parameters, at)                                                                                     \
    EXPORT int name parameters                                                                                         \
    {                                                                                                                  \
        va_list args;                                                                                                  \
        int fd;                                                                                                        \
        va_start(args, flags);                                                                                         \
        fd = openat_call(at, path, flags, args);                                                                       \
        va_end(args);                                                                                                  \
        return fd;                                                                                                     \
    }
OPEN(open, (const char *path, int flags, ...), AT_FDCWD)
OPEN(open64, (const char *path, int flags, ...), AT_FDCWD)
OPEN(openat, (int at, const char *path, int flags, ...), at)
OPEN(openat64, (int at, const char *path, int flags, ...), at)

EXPORT int creat(const char *path, mode_t mode)
{
    return (int)syscall(SYS_openat, AT_FDCWD, REAL(path), O_WRONLY | O_CREAT | O_TRUNC, mode);
}

EXPORT int creat64(const char *path, mode_t mode)
{
    return creat(path, mode);
}

EXPORT FILE *fopen(const char *path, const char *mode)
{
    return real_fopen(REAL(path), mode);
}

EXPORT FILE *fopen64(const char *path, const char *mode)
{
    return real_fopen64(REAL(path), mode);
}

EXPORT int renameat(int from_at, const char *from, int to_at, const char *to)
{
    const char *real = REAL(to);
    int result = (int)syscall(SYS_renameat2, from_at, REAL(from), to_at, real, 0);

    if (result == 0 && real != to) plan_installed(real);
    return result;
}

EXPORT int rename(const char *from, const char *to)
{
    return renameat(AT_FDCWD, from, AT_FDCWD, to);
}

EXPORT int chmod(const char *path, mode_t mode)
{
    return (int)syscall(SYS_fchmodat, AT_FDCWD, REAL(path), mode);
}

EXPORT int fchmodat(int at, const char *path, mode_t mode, int flags)
{
    if (flags) {
        errno = ENOTSUP;
        return -1;
    }
    return (int)syscall(SYS_fchmodat, at, REAL(path), mode);
}

EXPORT int unlinkat(int at, const char *path, int flags)
{
    return (int)syscall(SYS_unlinkat, at, REAL(path), flags);
}

EXPORT int unlink(const char *path)
{
    return unlinkat(AT_FDCWD, path, 0);
}

EXPORT int rmdir(const char *path)
{
    return unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

EXPORT int remove(const char *path)
{
    int result = unlinkat(AT_FDCWD, path, 0);

    return result && errno == EISDIR ? unlinkat(AT_FDCWD, path, AT_REMOVEDIR) : result;
}

EXPORT int mkdir(const char *path, mode_t mode)
{
    return (int)syscall(SYS_mkdirat, AT_FDCWD, REAL(path), mode);
}

EXPORT int link(const char *from, const char *to)
{
    return (int)syscall(SYS_linkat, AT_FDCWD, REAL(from), AT_FDCWD, REAL(to), 0);
}

EXPORT int symlink(const char *target, const char *path)
{
    return (int)syscall(SYS_symlinkat, target, AT_FDCWD, REAL(path));
}

EXPORT ssize_t readlink(const char *path, char *to, size_t size)
{
    return syscall(SYS_readlinkat, AT_FDCWD, REAL(path), to, size);
}

EXPORT int truncate(const char *path, off_t size)
{
    return (int)syscall(SYS_truncate, REAL(path), size);
}

EXPORT int faccessat(int at, const char *path, int mode, int flags)
{
    (void)flags; /* AT_EACCESS: this process has one identity */
    return (int)syscall(SYS_faccessat, at, REAL(path), mode);
}

EXPORT int access(const char *path, int mode)
{
    return faccessat(AT_FDCWD, path, mode, 0);
}

EXPORT int fstatat(int at, const char *path, struct stat *to, int flags)
{
    return (int)syscall(SYS_newfstatat, at, REAL(path), to, flags); /* the kernel's struct stat is the C library's */
}

EXPORT int stat(const char *path, struct stat *to)
{
    return fstatat(AT_FDCWD, path, to, 0);
}

EXPORT int lstat(const char *path, struct stat *to)
{
    return fstatat(AT_FDCWD, path, to, AT_SYMLINK_NOFOLLOW);
}

_Static_assert(sizeof(struct stat) == sizeof(struct stat64), "one struct stat on a 64-bit host");
EXPORT int stat64(const char *path, struct stat64 *to)
{
    return fstatat(AT_FDCWD, path, (struct stat *)to, 0);
}

EXPORT int lstat64(const char *path, struct stat64 *to)
{
    return fstatat(AT_FDCWD, path, (struct stat *)to, AT_SYMLINK_NOFOLLOW);
}

/* The name chosen goes back into the caller's template, whose last characters are the same on both paths. */
EXPORT int mkostemps(char *template, int suffix, int flags)
{
    char buffer[4096], copy[4096];
    const char *path = redirect_path(template, buffer, sizeof buffer);
    size_t length, end = strlen(template);
    int fd;

    if (path == template) return real_mkostemps(template, suffix, flags);
    length = strlen(path);
    memcpy(copy, path, length + 1);
    fd = real_mkostemps(copy, suffix, flags);
    if (fd >= 0 && suffix >= 0 && (size_t)suffix + 6 <= end)
        memcpy(template + end - (size_t)suffix - 6, copy + length - (size_t)suffix - 6, 6);
    return fd;
}

EXPORT int mkstemp(char *template)
{
    return mkostemps(template, 0, 0);
}

EXPORT int mkstemp64(char *template)
{
    return mkostemps(template, 0, 0);
}

EXPORT int mkostemp(char *template, int flags)
{
    return mkostemps(template, 0, flags);
}

EXPORT int mkstemps(char *template, int suffix)
{
    return mkostemps(template, suffix, 0);
}

EXPORT void *dlopen(const char *path, int mode)
{
    char buffer[4096];

    if (path && redirect_path(path, buffer, sizeof buffer) != path) return loader_dlopen_card_file(path, mode);
    return loader_real_dlopen(path, mode);
}

EXPORT int dlclose(void *handle)
{
    return loader_close(handle);
}
