/* Notices that this process was made by fork: driver handles are of no use in the child. */
#include "device.h"
#include "log.h"

static uint64_t forks;

static void count_fork(void)
{
    handle_fork_ended();
    forks++; /* in the child, which has one thread */
    log_forked();
}

__attribute__((constructor)) static void watch_forks(void)
{
    (void)pthread_atfork(handle_fork_begins, handle_fork_ended, count_fork);
}

uint64_t fork_count(void)
{
    return forks;
}
