/* The device side of the launch fuzzer: the AICPU OS's server of KFC launches, over a disk and a loader that look at
 * what they are given. */
#include "fuzz.h"
#include "launch.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/file.h>

static bool in_hbm(const void *at, uint64_t size)
{
    const uint64_t offset = (uint64_t)(uintptr_t)at - (uint64_t)(uintptr_t)fuzz_hbm;

    return offset <= FUZZ_HBM && size <= FUZZ_HBM - offset;
}

static int disk_open(const char *path, int flags, ...)
{
    FUZZ_CHECK(strncmp(path, "/usr/lib64/aicpu_kernels/0/aicpu_kernels_device", 47) == 0 && !strstr(path, ".."), "%s",
               path);
    return flags & O_DIRECTORY ? 70 : 71;
}

static ssize_t disk_write(int fd, const void *bytes, size_t size)
{
    FUZZ_CHECK(fd == 71, "descriptor %d", fd);
    FUZZ_CHECK(in_hbm(bytes, size), "%zu bytes at %p are saved, which is not device memory", size, bytes);
    return (ssize_t)size;
}

#define open(...)  disk_open(__VA_ARGS__)
#define write(...) disk_write(__VA_ARGS__)
#define flock(...) 0
#define close(...) ((void)0)
#include "emu/device/kfc.c"
#undef open
#undef write
#undef close

struct emu_shared *device_shared;

bool plan_latch_taken(void)
{
    return false;
}

void launch_reason(struct launch *launch, const char *format, ...)
{
    va_list args;

    if (atomic_fetch_add(&launch->reason_taken, 1)) return;
    va_start(args, format);
    vsnprintf(launch->reason, sizeof launch->reason, format, args);
    va_end(args);
}

/* The product's own refuses names that lead elsewhere; here it is enough that there is a name. */
void *cpu_library(const char *name, char *problem, size_t problem_size)
{
    snprintf(problem, problem_size, "no library of %zu letters", strlen(name));
    return name[0] == 'l' ? &device_shared : NULL;
}

static int serve(void *args)
{
    uint64_t first = 0;

    memcpy(&first, args, 1); /* the arguments are there */
    return first == 'x';
}

void *loader_open_card_file(const char *path, bool global, char *problem, size_t problem_size)
{
    (void)global;
    snprintf(problem, problem_size, "%s", path);
    return &device_shared;
}

void *loader_symbol(void *handle, const char *name)
{
    int (*entry)(void *) = serve;
    void *symbol;

    memcpy(&symbol, &entry, sizeof symbol);
    return handle == RTLD_DEFAULT || strchr(name, '?') ? NULL : symbol;
}

uint32_t fuzz_device_kfc(uint8_t *args, uint32_t args_size, uint32_t so_offset, uint32_t name_offset, char reason[280])
{
    static struct launch launch;
    uint32_t result;

    if (!device_shared && !(device_shared = calloc(1, sizeof *device_shared))) abort();
    device_shared->hbm_base = (uint64_t)(uintptr_t)fuzz_hbm;
    device_shared->hbm_size = FUZZ_HBM;
    memset(&launch, 0, sizeof launch);
    launch.args = args;
    launch.args_size = args_size;
    launch.so_offset = so_offset;
    launch.name_offset = name_offset;
    backend.saved = backend.loaded = false; /* as in a device process of its own */
    backend.init = backend.serve = backend.serve_static = NULL;
    result = kfc_run(&launch);
    FUZZ_CHECK(pthread_mutex_trylock(&backend.mutex) == 0, "the dispatcher's lock is held");
    pthread_mutex_unlock(&backend.mutex);
    memcpy(reason, launch.reason, 280);
    return result;
}
