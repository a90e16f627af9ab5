#include "process.h"
#include "futex.h"
#include "log.h"
#include "ring.h"
#include "window.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static int pidfd_of(pid_t pid)
{
    return (int)syscall(SYS_pidfd_open, pid, 0);
}

/* ---- npuemu is looked for next to the real file of this library ------------------------------------------------- */

static bool program_find(char *path, size_t size, char *problem, size_t problem_size)
{
    static const char *const place[] = {"../bin/npuemu", "npuemu", "../libexec/npurt/npuemu"};
    char own[PATH_MAX], *slash;
    Dl_info info;

    if (!dladdr((void *)program_find, &info) || !realpath(info.dli_fname, own)) {
        snprintf(problem, problem_size, "libnpuemu does not know its own path: %s", strerror(errno));
        return false;
    }
    slash = strrchr(own, '/');
    *slash = 0;
    for (size_t i = 0; i < sizeof place / sizeof place[0]; i++)
        if ((size_t)snprintf(path, size, "%s/%s", own, place[i]) < size && access(path, X_OK) == 0) return true;
    snprintf(problem, problem_size, "npuemu is not in %s/../bin, %s or %s/../libexec/npurt", own, own, own);
    return false;
}

enum { PASSED = EMU_FD_ROOT - EMU_FD_SHARED + 1 };

/* ---- start ------------------------------------------------------------------------------------------------------ */

/* Spawned with vfork semantics: no lock of this process is inherited, no at-fork handler runs. Descriptors beyond the
 * four of shared.h are closed; standard input is /dev/null, output and errors go where the host's go. */
static int spawn(struct process *process, const char *program, int host_pidfd, int root)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    char *arguments[] = {(char *)program, NULL};
    int from[PASSED] = {process->shared_fd, process->hbm_fd, host_pidfd, root}, above[PASSED], error = 0;

    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    for (int i = 0; i < PASSED; i++) { /* out of the way of the places they go to */
        above[i] = fcntl(from[i], F_DUPFD_CLOEXEC, EMU_FD_ROOT + 1);
        if (above[i] < 0)
            error = errno;
        else
            posix_spawn_file_actions_adddup2(&actions, above[i], EMU_FD_SHARED + i);
    }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addclosefrom_np(&actions, EMU_FD_ROOT + 1);
    if (!error) error = posix_spawn(&process->pid, program, &actions, &attributes, arguments, environ);
    if (!error) {
        process->pidfd = pidfd_of(process->pid);
        if (process->pidfd < 0) error = errno;
    }
    for (int i = 0; i < PASSED; i++)
        if (above[i] >= 0) close(above[i]);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

static bool wait_ready(struct process *process, char *problem, size_t problem_size)
{
    struct emu_shared *shared = process->shared;
    const int64_t deadline = futex_now_ns() + (int64_t)PROCESS_START_MS * 1000000;

    for (;;) {
        uint32_t state = atomic_load_explicit(&shared->state, memory_order_acquire);
        if (state == EMU_READY) return true;
        if (state == EMU_FAILED) {
            snprintf(problem, problem_size, "npuemu could not start: %s", shared->problem.text);
            return false;
        }
        if (!process_alive(process)) {
            snprintf(problem, problem_size, "npuemu ended before it was ready%s%s", shared->problem.text[0] ? ": " : "",
                     shared->problem.text);
            return false;
        }
        if (futex_now_ns() > deadline) {
            snprintf(problem, problem_size, "npuemu was not ready after %d s", PROCESS_START_MS / 1000);
            return false;
        }
        futex_wait(&shared->state, state, 10000000);
    }
}

/* Beyond RLIMIT_FSIZE ftruncate raises SIGXFSZ, which ends the program. */
static bool file_size_allowed(uint64_t size)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_FSIZE, &limit) || limit.rlim_cur == RLIM_INFINITY) return true;
    if (limit.rlim_cur >= size && limit.rlim_cur >= sizeof(struct emu_shared)) return true;
    errno = EFBIG;
    return false;
}

static bool share(struct process *process, const struct process_options *options)
{
    struct emu_shared *shared;

    process->hbm_size = options->machine->hbm;
    process->hbm_base = window_reserve(process->hbm_size);
    if (!process->hbm_base) return false;
    if (!file_size_allowed(process->hbm_size)) return false;
    process->shared_fd = memfd_create("npuemu-shared", MFD_CLOEXEC);
    process->hbm_fd = memfd_create("npuemu-hbm", MFD_CLOEXEC);
    if (process->shared_fd < 0 || process->hbm_fd < 0) return false;
    if (ftruncate(process->shared_fd, (off_t)sizeof *shared) || ftruncate(process->hbm_fd, (off_t)process->hbm_size))
        return false;
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED, process->shared_fd, 0);
    if (shared == MAP_FAILED) return false;
    process->shared = shared;
    madvise(shared, sizeof *shared, MADV_DONTFORK);
    shared->magic = EMU_SHARED_MAGIC;
    shared->version = EMU_SHARED_VERSION;
    shared->machine = *options->machine;
    shared->machine.die = options->die;
    shared->device = options->device;
    shared->file_device = (int32_t)options->die;
    shared->hbm_base = process->hbm_base;
    shared->hbm_size = process->hbm_size;
    snprintf(shared->root, sizeof shared->root, "%s", options->root);
    return true;
}

struct process *process_start(const struct process_options *options, char *problem, size_t problem_size)
{
    struct process *process = calloc(1, sizeof *process);
    char program[PATH_MAX];
    int host_pidfd = -1, root = -1, error;

    if (!process) {
        snprintf(problem, problem_size, "out of host memory");
        return NULL;
    }
    process->pidfd = process->shared_fd = process->hbm_fd = -1;
    atomic_init(&process->references, 1);
    pthread_mutex_init(&process->log.lock, NULL);
    if (!program_find(program, sizeof program, problem, problem_size)) goto failed;
    if (!share(process, options)) {
        snprintf(problem, problem_size, "no room for a device of %llu MiB: %s%s",
                 (unsigned long long)(options->machine->hbm >> 20), strerror(errno),
                 errno == EFBIG ? " (the limit on file sizes, ulimit -f, applies to device memory)" : "");
        goto failed;
    }
    log_join(process);
    host_pidfd = pidfd_of(getpid());
    root = openat(options->root_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC); /* for a lock of its own */
    error = host_pidfd < 0 || root < 0 ? errno : spawn(process, program, host_pidfd, root);
    if (host_pidfd >= 0) close(host_pidfd);
    if (root >= 0) close(root);
    if (error) {
        snprintf(problem, problem_size, "%s could not be started: %s", program, strerror(error));
        goto failed;
    }
    if (!wait_ready(process, problem, problem_size)) goto failed;
    return process;

failed:
    process_stop(process, false);
    return NULL;
}

/* ---- life and end ----------------------------------------------------------------------------------------------- */

bool process_alive(struct process *process)
{
    struct pollfd ended = {.fd = process->pidfd, .events = POLLIN};

    if (atomic_load_explicit(&process->dead, memory_order_relaxed)) return false;
    if (poll(&ended, 1, 0) == 1) atomic_store_explicit(&process->dead, true, memory_order_relaxed);
    return !atomic_load_explicit(&process->dead, memory_order_relaxed);
}

bool process_alive_lately(struct process *process)
{
    int64_t now = futex_coarse_ns();

    if (now - process->checked_ns < 20000000) return !atomic_load_explicit(&process->dead, memory_order_relaxed);
    process->checked_ns = now;
    return process_alive(process);
}

void process_stop(struct process *process, bool ask)
{
    log_leave(process);
    if (process->pidfd >= 0) {
        struct pollfd ended = {.fd = process->pidfd, .events = POLLIN};
        siginfo_t info;
        if (ask && process_alive(process) && ring_shutdown(process)) poll(&ended, 1, PROCESS_END_MS);
        syscall(SYS_pidfd_send_signal, process->pidfd, SIGKILL, NULL, 0);
        poll(&ended, 1, -1);
        waitid(P_PIDFD, (id_t)process->pidfd, &info, WEXITED);
        atomic_store_explicit(&process->dead, true, memory_order_relaxed);
    } else if (process->pid > 0) { /* started, but the kernel has no pidfd for it */
        kill(process->pid, SIGKILL);
        waitpid(process->pid, NULL, 0);
    }
    process_release(process);
}

void process_retain(struct process *process)
{
    atomic_fetch_add_explicit(&process->references, 1, memory_order_relaxed);
}

void process_release(struct process *process)
{
    if (atomic_fetch_sub_explicit(&process->references, 1, memory_order_acq_rel) != 1) return;
    if (process->hbm_base) window_release(process->hbm_base, process->hbm_size);
    if (process->shared) munmap(process->shared, sizeof *process->shared);
    process_forget(process);
    pthread_mutex_destroy(&process->log.lock);
    free(process);
}

void process_forget(struct process *process)
{
    if (process->pidfd >= 0) close(process->pidfd);
    if (process->shared_fd >= 0) close(process->shared_fd);
    if (process->hbm_fd >= 0) close(process->hbm_fd);
    process->pidfd = process->shared_fd = process->hbm_fd = -1;
}
