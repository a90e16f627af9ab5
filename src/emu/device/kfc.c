#include "kfc.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "loader.h"
#include "plan.h"

#define EXTEND_LIBRARY "libaicpu_extend_kernels.so"
#define PREINSTALL     "/usr/lib64/aicpu_kernels/0/aicpu_kernels_device"

enum { ARGS_CONFIG = 40, CONFIG_SO = 96, CONFIG_SO_SIZE = 104, CONFIG_DEVICE = 112, CONFIG_SIZE = 120 };
enum { DISPATCHER_MOST = 1 << 30 }; /* a size that is garbage must not fill the host's disk */

typedef int (*server_entry)(void *);

/* One dispatcher for the life of the process: the first image that is saved wins, and it is loaded once. */
static struct {
    pthread_mutex_t mutex;
    bool saved, loaded;
    server_entry serve_static, init, serve;
} backend = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static uint64_t word(uint64_t address)
{
    uint64_t value;

    memcpy(&value, (const void *)(uintptr_t)address, sizeof value);
    return value;
}

/* This program itself reads the configuration and the dispatcher: outside of memory it would be the end of the process,
 * or leave a lock held, and what else lies in this process is no part of the card. */
static bool readable(struct launch *launch, uint64_t address, uint64_t size, const char *what)
{
    const uint64_t offset = address - device_shared->hbm_base;

    if (offset < device_shared->hbm_size && device_shared->hbm_size - offset >= size) return true;
    launch_reason(launch, "bad address 0x%llx: its %llu bytes of %s are not in device memory",
                  (unsigned long long)address, (unsigned long long)size, what);
    return false;
}

static bool dispatcher_readable(struct launch *launch, uint64_t address, uint64_t size)
{
    if (size <= DISPATCHER_MOST) return readable(launch, address, size, "dispatcher");
    launch_reason(launch, "a dispatcher of %llu bytes; at most %d are possible", (unsigned long long)size,
                  DISPATCHER_MOST);
    return false;
}

/* A plain write in place, as the vendor's: neither atomic nor renamed. */
static bool save(struct launch *launch, const char *path, uint64_t address, uint64_t size)
{
    const char *bytes = (const char *)(uintptr_t)address;
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
    ssize_t n = fd < 0 ? -1 : 0;

    while (n >= 0 && size > 0) {
        n = write(fd, bytes, size);
        if (n < 0 && errno == EINTR) n = 0;
        if (n > 0) bytes += n, size -= (uint64_t)n;
    }
    if (n < 0) launch_reason(launch, "saving the dispatcher as %s: %s", path, strerror(errno));
    if (fd >= 0) close(fd);
    return n >= 0;
}

/* The save is in place, and the files are those of every process of the card: without the lock another process would
 * find half a dispatcher between our save and our load. -1: the folder is missing, which the save will tell. */
static int files_lock(void)
{
    int fd = open(PREINSTALL, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    while (fd >= 0 && flock(fd, LOCK_EX) && errno == EINTR) {
    }
    return fd;
}

static bool backend_load(struct launch *launch, uint64_t config)
{
    char path[128], problem[200];
    const uint64_t so = word(config + CONFIG_SO), size = word(config + CONFIG_SO_SIZE);
    bool ok = true;
    int lock;

    snprintf(path, sizeof path, PREINSTALL "/libpypto_server%u.so", (unsigned)(word(config + CONFIG_DEVICE) & 0xff));
    pthread_mutex_lock(&backend.mutex);
    lock = files_lock();
    if (!backend.saved && size >= 1) {
        ok = dispatcher_readable(launch, so, size) && save(launch, path, so, size);
        backend.saved = ok;
    }
    if (ok && !backend.loaded) {
        void *handle = loader_open_card_file(path, false, problem, sizeof problem);
        if (handle) {
            backend.serve_static = (server_entry)loader_symbol(handle, "StaticTileFwkBackendKernelServer");
            backend.init = (server_entry)loader_symbol(handle, "DynTileFwkBackendKernelServerInit");
            backend.serve = (server_entry)loader_symbol(handle, "DynTileFwkBackendKernelServer");
            backend.loaded = true; /* a missing symbol is noticed by whoever needs it */
        } else {
            launch_reason(launch, "the dispatcher cannot be loaded: %s", problem);
            ok = false;
        }
    }
    if (lock >= 0) close(lock);
    pthread_mutex_unlock(&backend.mutex);
    return ok;
}

static uint32_t call(struct launch *launch, server_entry entry, const char *name)
{
    int result;

    if (!entry) {
        launch_reason(launch, "the dispatcher has no symbol %s", name);
        return 1;
    }
    result = entry(launch->args);
    if (result) launch_reason(launch, "%s returned %d", name, result);
    return result != 0;
}

static uint32_t serve_init(struct launch *launch)
{
    uint64_t config;

    if (launch->args_size < ARGS_CONFIG + 8) {
        launch_reason(launch, "%u bytes of arguments hold no word at offset 40", launch->args_size);
        return 1;
    }
    if (plan_latch_taken()) return 0;
    config = word((uint64_t)(uintptr_t)launch->args + ARGS_CONFIG);
    if (!readable(launch, config, CONFIG_SIZE, "configuration") || !backend_load(launch, config)) return 1;
    return call(launch, backend.init, "DynTileFwkBackendKernelServerInit");
}

static const char *blob_name(const struct launch *launch, uint32_t offset)
{
    if (offset == UINT32_MAX || offset >= launch->args_size) return NULL;
    if (!memchr(launch->args + offset, 0, launch->args_size - offset)) return NULL;
    return (const char *)launch->args + offset;
}

/* Any other library of the pre-install folder, or a symbol that is there already. */
static uint32_t serve_other(struct launch *launch, const char *so, const char *name)
{
    uint32_t (*entry)(void *);
    char problem[200] = "";
    void *handle = so ? cpu_library(so, problem, sizeof problem) : RTLD_DEFAULT;
    void *symbol;
    uint32_t result;

    if (so && !handle) {
        launch_reason(launch, "AICPU library %.80s: %s", so, problem);
        return 1;
    }
    symbol = loader_symbol(handle, name);
    if (!symbol) {
        launch_reason(launch, "no AICPU entry %.100s", name);
        return 1;
    }
    memcpy(&entry, &symbol, sizeof entry);
    result = entry(launch->args);
    if (result) launch_reason(launch, "AICPU entry %.100s returned %u", name, result);
    return result;
}

uint32_t kfc_run(struct launch *launch)
{
    const char *name = blob_name(launch, launch->name_offset), *so = blob_name(launch, launch->so_offset);

    if (!name) {
        launch_reason(launch, "a KFC launch without a kernel name at offset %u", launch->name_offset);
        return 1;
    }
    if (so && strcmp(so, EXTEND_LIBRARY) != 0) return serve_other(launch, so, name);
    if (strcmp(name, "DynTileFwkKernelServerInit") == 0) return serve_init(launch);
    if (strcmp(name, "DynTileFwkKernelServer") == 0)
        return call(launch, backend.serve, "DynTileFwkBackendKernelServer");
    if (strcmp(name, "StaticTileFwkKernelServer") == 0) {
        if (launch->args_size < CONFIG_SIZE) {
            launch_reason(launch, "%u bytes of arguments are no configuration", launch->args_size);
            return 1;
        }
        if (!backend_load(launch, (uint64_t)(uintptr_t)launch->args)) return 1;
        return call(launch, backend.serve_static, "StaticTileFwkBackendKernelServer");
    }
    if (!so) return serve_other(launch, NULL, name);
    launch_reason(launch, EXTEND_LIBRARY " has no entry %.100s", name);
    return 1;
}
