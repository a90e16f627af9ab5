#include "life.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "device.h"
#include "emu/folder.h"
#include "emu/shared_card.h"

static char root_path[256];
static bool card_named;

/* Every device process of a private card holds a shared lock on its root; whoever gets the exclusive one is the last. A
 * failed conversion gives up the shared lock too, so of several that end together one gets it. */
static void remove_root(void)
{
    struct timespec pause = {.tv_nsec = 10000000};

    for (int i = 0; i < 20; i++) {
        if (flock(EMU_FD_ROOT, LOCK_EX | LOCK_NB) == 0) {
            folder_remove_root(EMU_FD_ROOT, root_path);
            return;
        }
        nanosleep(&pause, NULL);
    }
}

static void *watch(void *argument)
{
    struct pollfd host = {.fd = EMU_FD_HOST, .events = POLLIN};

    (void)argument;
    while (poll(&host, 1, -1) < 0) {
    }
    if (!(host.revents & POLLNVAL)) {
        /* Whatever another thread was stopped in the middle of, a lock of the C library or a sanitizer's, this process
         * ends: by the clean-up, or by the alarm's default action. */
        signal(SIGALRM, SIG_DFL);
        alarm(5);
        if (card_named)
            shared_card_tidy(root_path);
        else
            remove_root();
    }
    syscall(SYS_exit_group, 0); /* not _exit: a sanitizer's waits for its own locks */
    return NULL;
}

/* A kernel that forks: its child would go on in the code of the device, with nobody to end it. */
static void end_child(void)
{
    syscall(SYS_exit_group, 0);
}

void life_init(const char *root, bool named)
{
    sigset_t all, before;
    pthread_t thread;

    snprintf(root_path, sizeof root_path, "%s", root);
    card_named = named;
    if (!named) flock(EMU_FD_ROOT, LOCK_SH | LOCK_NB);
    pthread_atfork(NULL, NULL, end_child);
    if (fcntl(EMU_FD_HOST, F_GETFD) < 0) return; /* a test without a host to follow */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    if (pthread_create(&thread, NULL, watch, NULL)) {
        perror("npuemu: watching the host process");
        _Exit(70);
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_detach(thread);
}

_Noreturn void life_stop(void)
{
    atomic_store(&device_shared->state, EMU_STOPPED);
    futex_wake(&device_shared->state, 1 << 30);
    _exit(0);
}
