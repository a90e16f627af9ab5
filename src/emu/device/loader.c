#include "loader.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine.h"
#include "redirect.h"

/* Libraries are loaded from here and nothing else is. */
#define LIBRARY_PREFIX "/proc/"

/* One open memfd-backed library; card files are remembered by what identifies them. */
struct loaded {
    struct loaded *next;
    void *handle;
    int fd;
    uint32_t references;
    struct stat file; /* st_ino 0: from bytes */
};

static struct loaded *list;
/* Loads of card files are one after the other; the list has a lock of its own, which is never held while constructors or
 * destructors run: they may open and close libraries. */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER, list_mutex = PTHREAD_MUTEX_INITIALIZER;

void *loader_real_dlopen(const char *path, int mode)
{
    static _Atomic(void *) real;
    void *(*call)(const char *, int);
    void *found = real;

    if (!found) real = found = dlsym(RTLD_NEXT, "dlopen");
    memcpy(&call, &found, sizeof call);
    return call(path, mode);
}

static int real_dlclose(void *handle)
{
    static _Atomic(void *) real;
    int (*call)(void *);
    void *found = real;

    if (!found) real = found = dlsym(RTLD_NEXT, "dlclose");
    memcpy(&call, &found, sizeof call);
    return call(handle);
}

static bool write_all(int fd, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t n = write(fd, bytes, size);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        bytes += n;
        size -= (size_t)n;
    }
    return true;
}

/* The loader's message without the memfd's path, which tells the reader nothing. */
static void explain(char *problem, size_t size)
{
    const char *text = dlerror(), *colon;

    if (!text) text = "it cannot be loaded";
    if (strncmp(text, LIBRARY_PREFIX, sizeof LIBRARY_PREFIX - 1) == 0 && (colon = strstr(text, ": "))) text = colon + 2;
    snprintf(problem, size, "%s", text);
}

/* What a library is known as. Not /proc/self: a debugger that opens the name must find the file, and not whatever
 * descriptor of its own has the number, where it may wait for ever. */
static void name_fd(char path[64], int fd)
{
    snprintf(path, 64, LIBRARY_PREFIX "%d/fd/%d", (int)getpid(), fd);
}

static struct loaded *load_fd(int fd, int mode, char *problem, size_t problem_size)
{
    struct loaded *loaded = calloc(1, sizeof *loaded);
    char path[64];

    if (!loaded) {
        snprintf(problem, problem_size, "out of memory");
        close(fd);
        return NULL;
    }
    name_fd(path, fd);
    loaded->handle = loader_real_dlopen(path, mode);
    if (!loaded->handle) {
        explain(problem, problem_size);
        free(loaded);
        close(fd);
        return NULL;
    }
    loaded->fd = fd;
    loaded->references = 1;
    return loaded;
}

static void enlist(struct loaded *loaded)
{
    pthread_mutex_lock(&list_mutex);
    loaded->next = list;
    list = loaded;
    pthread_mutex_unlock(&list_mutex);
}

void *loader_open_bytes(const char *name, const void *bytes, size_t size, char *problem, size_t problem_size)
{
    int fd = memfd_create(name, MFD_CLOEXEC);
    struct loaded *loaded;

    if (fd < 0 || !write_all(fd, bytes, size)) {
        snprintf(problem, problem_size, "copying %zu bytes for the loader: %s", size, strerror(errno));
        if (fd >= 0) close(fd);
        return NULL;
    }
    loaded = load_fd(fd, RTLD_NOW | RTLD_LOCAL, problem, problem_size);
    if (!loaded) return NULL;
    enlist(loaded);
    return loaded->handle;
}

static bool same_file(const struct stat *a, const struct stat *b)
{
    return a->st_ino == b->st_ino && a->st_dev == b->st_dev && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* The library of an unchanged file, with one more reference. */
static struct loaded *find_file(const struct stat *file)
{
    struct loaded *loaded;

    pthread_mutex_lock(&list_mutex);
    for (loaded = list; loaded; loaded = loaded->next)
        if (loaded->file.st_ino && same_file(&loaded->file, file)) break;
    if (loaded) loaded->references++;
    pthread_mutex_unlock(&list_mutex);
    return loaded;
}

/* Gives a reference back; with the last one the library leaves the list and is the caller's. */
static struct loaded *drop_reference(void *handle)
{
    struct loaded **at, *loaded;

    pthread_mutex_lock(&list_mutex);
    for (at = &list; (loaded = *at) && loaded->handle != handle;)
        at = &loaded->next;
    if (loaded && --loaded->references == 0)
        *at = loaded->next;
    else
        loaded = NULL;
    pthread_mutex_unlock(&list_mutex);
    return loaded;
}

/* After its dlclose. A library that refuses to go (C++ unique symbols, thread-local destructors) keeps its path, so its
 * descriptor stays open: the loader would answer it to the next memfd of that number. */
static void forget(struct loaded *loaded)
{
    char path[64];
    void *still;

    if (!loaded) return;
    name_fd(path, loaded->fd);
    still = loader_real_dlopen(path, RTLD_NOLOAD | RTLD_LAZY);
    if (still)
        real_dlclose(still);
    else
        close(loaded->fd);
    free(loaded);
}

static int copy_to_memfd(int from, const char *name)
{
    int fd = memfd_create(name, MFD_CLOEXEC);
    char buffer[65536];
    ssize_t n;

    if (fd < 0) return -1;
    while ((n = read(from, buffer, sizeof buffer)) > 0)
        if (!write_all(fd, buffer, (size_t)n)) break;
    if (n != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

/* Code of this user's own: the root is, and a link in it may lead elsewhere. */
static bool may_load(const struct stat *file)
{
    if (S_ISREG(file->st_mode) && (file->st_uid == geteuid() || file->st_uid == 0)) return true;
    errno = EACCES;
    return false;
}

static void *open_card_file(const char *path, int mode, char *problem, size_t problem_size)
{
    const char *name = strrchr(path, '/');
    struct loaded *loaded = NULL;
    void *handle = NULL;
    struct stat file;
    char real[4096];
    int from, fd;

    from = open(redirect_path(path, real, sizeof real), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (from < 0 || fstat(from, &file) || !may_load(&file)) {
        int why = errno;
        snprintf(problem, problem_size, "%s: %s", path, strerror(why));
        if (from >= 0) close(from);
        errno = why;
        return NULL;
    }
    pthread_mutex_lock(&mutex);
    loaded = find_file(&file);
    if (loaded) {
        name_fd(real, loaded->fd);
        handle = loader_real_dlopen(real, mode);
        if (!handle) forget(drop_reference(loaded->handle));
    } else if (!(mode & RTLD_NOLOAD)) {
        fd = copy_to_memfd(from, name ? name + 1 : path);
        if (fd < 0) {
            snprintf(problem, problem_size, "%s: %s", path, strerror(errno));
        } else {
            loaded = load_fd(fd, mode, problem, problem_size);
            errno = ENOEXEC;
        }
        if (loaded) {
            loaded->file = file;
            enlist(loaded);
            handle = loaded->handle;
        }
    }
    pthread_mutex_unlock(&mutex);
    close(from);
    return handle;
}

/* RTLD_DEEPBIND, which the vendor's loader gives, would hide the sanitizers' allocator from the library. */
void *loader_open_card_file(const char *path, bool global, char *problem, size_t problem_size)
{
    return open_card_file(path, RTLD_LAZY | (global ? RTLD_GLOBAL : RTLD_LOCAL), problem, problem_size);
}

void *loader_dlopen_card_file(const char *path, int mode)
{
    char problem[256];
    void *handle = open_card_file(path, mode & ~RTLD_DEEPBIND, problem, sizeof problem);

    /* dlerror should tell: let the C library fail on the card's path, which it finds missing or not loadable too. */
    if (!handle && !(mode & RTLD_NOLOAD)) {
        char real[4096];
        const bool refused = errno == EACCES; /* what may not be loaded must not be loaded to find out why */
        handle = loader_real_dlopen(refused ? "/proc/self/fd/nowhere" : redirect_path(path, real, sizeof real),
                                    mode & ~RTLD_DEEPBIND);
    }
    return handle;
}

void *loader_symbol(void *handle, const char *name)
{
    return dlsym(handle, name);
}

int loader_close(void *handle)
{
    struct loaded *loaded = drop_reference(handle);
    int result = real_dlclose(handle);

    forget(loaded);
    return result;
}

ENGINE_NO_TSAN bool loader_is_device_code(uintptr_t pc)
{
    struct dl_find_object found;

    /* Lock-free and async-signal-safe (glibc 2.35). */
    if (_dl_find_object((void *)pc, &found)) return false;
    return found.dlfo_link_map->l_name[0] == '/' &&
           __builtin_memcmp(found.dlfo_link_map->l_name, LIBRARY_PREFIX, sizeof LIBRARY_PREFIX - 1) == 0;
}
