#include "interrupt.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>

static _Atomic(npurt_device *) cancels;

static void set_signals(sigset_t *signals)
{
    sigemptyset(signals);
    sigaddset(signals, SIGINT);
    sigaddset(signals, SIGTERM);
}

static void *wait_for_signals(void *unused)
{
    sigset_t signals;
    int number;
    (void)unused;
    set_signals(&signals);
    while (sigwait(&signals, &number) == 0) {
        npurt_device *device = atomic_exchange(&cancels, NULL);
        if (!device || npurt_device_cancel(device) != NPURT_OK) break;
        fprintf(stderr, "npurt: the run is being cancelled; once more ends the command\n");
    }
    /* As if nothing had been in its way. */
    pthread_sigmask(SIG_UNBLOCK, &signals, NULL);
    (void)signal(number, SIG_DFL);
    (void)raise(number);
    return NULL;
}

void interrupt_begin(void)
{
    pthread_t thread;
    sigset_t signals;
    set_signals(&signals);
    if (pthread_sigmask(SIG_BLOCK, &signals, NULL) != 0) return;
    if (pthread_create(&thread, NULL, wait_for_signals, NULL) == 0)
        pthread_detach(thread);
    else
        pthread_sigmask(SIG_UNBLOCK, &signals, NULL);
}

void interrupt_cancels(npurt_device *device)
{
    atomic_store(&cancels, device);
}
