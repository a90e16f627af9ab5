/* The doctor on the host: what this process may do, and whether the driver is there. */
#include "doctor.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "driver/driver.h"
#include "files/own.h"

const char *doctor_variable(uint32_t index, const char **value)
{
    static const char *const names[] = {"NPURT_LOG",
                                        "NPURT_BINARIES",
                                        "NPUEMU_LOG",
                                        "NPUEMU_MACHINE",
                                        "NPUEMU_CARDS",
                                        "ASCEND_RT_VISIBLE_DEVICES",
                                        "ASCEND_GLOBAL_LOG_LEVEL",
                                        "ASCEND_PROCESS_LOG_PATH",
                                        "LD_LIBRARY_PATH",
                                        "TMPDIR"};
    for (uint32_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        *value = getenv(names[i]);
        if (*value && index-- == 0) return names[i];
    }
    return NULL;
}

/* Code comes to the loader in memory files. */
static bool memory_can_be_executed(void)
{
    const int file = memfd_create("npurt-doctor", MFD_CLOEXEC);
    void *at = MAP_FAILED;
    if (file >= 0 && ftruncate(file, 4096) == 0) at = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, file, 0);
    const bool can = at != MAP_FAILED;
    if (can) munmap(at, 4096);
    if (file >= 0) close(file);
    return can;
}

static bool process_can_be_watched(void)
{
    const int file = (int)syscall(SYS_pidfd_open, getpid(), 0);
    if (file >= 0) close(file);
    return file >= 0;
}

static bool processes_can_be_traced(void)
{
    int status = 1;
    const pid_t child = fork();
    if (child == 0) _exit(ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0 ? 0 : 1);
    return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* The folder that temporary files of npurt and of a private card go to (docs/reference/security.md). */
static const char *temporary_folder(char path[OWN_PATH])
{
    for (unsigned i = 0; i < OWN_BASES; i++) {
        const int fd = own_base(i, path);
        if (fd < 0) continue;
        close(fd);
        own_base_leave(path);
        return path;
    }
    return NULL;
}

static void examine_permissions(struct doctor *d)
{
    struct doctor_check *check = doctor_begin(d, "permissions");
    struct rlimit files, size;
    char own[OWN_PATH];
    const char *const folder = temporary_folder(own);
    const bool traced = processes_can_be_traced();
    if (!memory_can_be_executed())
        doctor_fail(check,
                    "memory files can not be made or executed from (%s): kernels and orchestrations can not be loaded",
                    strerror(errno));
    if (!process_can_be_watched())
        doctor_fail(check, "pidfd_open: %s: an emulated card can not follow its host", strerror(errno));
    if (!folder) doctor_fail(check, "none of TMPDIR, XDG_RUNTIME_DIR, /dev/shm and /tmp serves for this user's files");
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < 64)
        doctor_fail(check, "%llu open files are allowed (ulimit -n); at least 64 are needed",
                    (unsigned long long)files.rlim_cur);
    if (getrlimit(RLIMIT_FSIZE, &size) == 0 && size.rlim_cur != RLIM_INFINITY)
        doctor_fail(check, "files are limited to %llu bytes (ulimit -f), which limits the memory of an emulated card",
                    (unsigned long long)size.rlim_cur);
    doctor_ok(check, "memory files executable, processes followed, files in %s; ptrace %s", folder ? folder : "",
              traced ? "permitted" : "not permitted, which only gdb needs");
}

static void examine_driver(struct doctor *d)
{
    struct doctor_check *check = doctor_begin(d, "driver");
    struct driver *driver;
    char provider[16];
    Dl_info where;
    void *entry;
    const char *colon = strchr(d->target, ':');
    const size_t n = colon ? (size_t)(colon - d->target) : 0;
    if (n == 0 || n >= sizeof provider) {
        doctor_fail(check, "\"%s\" is no target: emu:MACHINE or cann:DEVICE (docs/guide/targets.md)", d->target);
        snprintf(d->given_up, sizeof d->given_up, "there is no such target");
        return;
    }
    snprintf(provider, sizeof provider, "%.*s", (int)n, d->target);
    if (driver_open(provider, &driver) != NPURT_OK) {
        doctor_fail(check, "%s", driver_problem());
        if (strcmp(provider, "cann") == 0)
            doctor_add(check, " (source the vendor's set_env.sh, or put its libraries in LD_LIBRARY_PATH)");
        snprintf(d->given_up, sizeof d->given_up, "there is no driver");
        return;
    }
    memcpy(&entry, &driver->rtSetDevice, sizeof entry);
    doctor_ok(check, "%s, device programs of platform %s",
              dladdr(entry, &where) && where.dli_fname ? where.dli_fname : "in a library without a name",
              driver->platform);
    driver_close(driver);
}

void doctor_host(struct doctor *d)
{
    examine_permissions(d);
    examine_driver(d);
}
