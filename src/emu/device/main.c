/* npuemu: the device process of one emulated card (one host process, one device id). Started by libnpuemu with the
 * descriptors of emu/shared.h; of no use by hand. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "carrier.h"
#include "fault.h"
#include "launch.h"
#include "life.h"
#include "log.h"
#include "monitor.h"
#include "redirect.h"

struct emu_shared *device_shared;

/* The host is told why, when the shared page is there to tell it. */
static _Noreturn void give_up(const char *format, ...) __attribute__((format(printf, 1, 2)));
static _Noreturn void give_up(const char *format, ...)
{
    char text[400];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    fprintf(stderr, "npuemu: %s\n", text);
    if (device_shared) {
        problem_report(0, -1, "%s", text);
        atomic_store(&device_shared->state, EMU_FAILED);
        futex_wake(&device_shared->state, 1 << 30);
    }
    _exit(1);
}

static void map_shared(void)
{
    struct stat file;
    void *at;

    if (fstat(EMU_FD_SHARED, &file) || (size_t)file.st_size < sizeof(struct emu_shared))
        give_up("descriptor %d is not the shared page; libnpuemu starts this program", EMU_FD_SHARED);
    at = mmap(NULL, sizeof(struct emu_shared), PROT_READ | PROT_WRITE, MAP_SHARED, EMU_FD_SHARED, 0);
    if (at == MAP_FAILED) give_up("mapping the shared page: %s", strerror(errno));
    if (((struct emu_shared *)at)->magic != EMU_SHARED_MAGIC || ((struct emu_shared *)at)->version != EMU_SHARED_VERSION)
        give_up("the shared page is of another version of libnpuemu");
    device_shared = at;
}

static void map_hbm(void)
{
    void *base = (void *)(uintptr_t)device_shared->hbm_base;
    void *at = mmap(base, device_shared->hbm_size, PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_NORESERVE | MAP_FIXED_NOREPLACE, EMU_FD_HBM, 0);

    if (at != base)
        give_up("mapping %llu bytes of HBM at %p: %s", (unsigned long long)device_shared->hbm_size, base,
                at == MAP_FAILED ? strerror(errno) : "the address is taken");
    madvise(at, device_shared->hbm_size, MADV_DONTDUMP);
}

/* Code is loaded from it. */
static void check_root(void)
{
    struct stat root;

    if (fstat(EMU_FD_ROOT, &root) || !S_ISDIR(root.st_mode) || root.st_uid != geteuid() || root.st_mode & 022)
        give_up("the card's file system %s is no folder that this user alone can write to", device_shared->root);
}

/* Each loaded library keeps a descriptor open. */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit)) return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

static uint32_t carriers(const struct emu_machine *machine)
{
    uint32_t cpus = (uint32_t)sysconf(_SC_NPROCESSORS_ONLN), count = machine->carriers ? machine->carriers : cpus;

    if (machine->mode != EMU_MODE_FREE || machine->engine == EMU_ENGINE_THREAD) return 1;
    return count < 1 ? 1 : count > ENGINE_MAX_CARRIERS ? ENGINE_MAX_CARRIERS : count;
}

int main(void)
{
    map_shared();
    setsid(); /* an interrupt from the terminal is for the host */
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* RLIMIT_FSIZE is told by the write, as EFBIG */
    for (int fd = EMU_FD_SHARED; fd <= EMU_FD_ROOT; fd++) fcntl(fd, F_SETFD, FD_CLOEXEC);
    raise_descriptor_limit();
    map_hbm();
    log_init();
    check_root();
    redirect_init(EMU_FD_ROOT); /* before any thread: they all open files */
    life_init(device_shared->root, device_shared->machine.card[0] != 0);
    cpu_init(&device_shared->machine);
    core_init(&device_shared->machine);
    engine_init(&device_shared->machine);
    fault_init();
    carrier_init(carriers(&device_shared->machine), &device_shared->sleeping, &device_shared->doorbell);
    monitor_init();
    atomic_store(&device_shared->state, EMU_READY);
    futex_wake(&device_shared->state, 1 << 30);
    carrier_main();
}
