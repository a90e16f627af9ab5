/* A device process, seen from its host: the npuemu that is one device id of this process, and what is shared with it.
 *
 * Life: process_start (memfds, window, spawn, wait for READY) → commands, waits → process_stop (asked to end, then
 * killed) → the mappings go with the last process_release, so that a thread still waiting in another call never reads
 * what is not there any more.
 */
#ifndef NPUEMU_PROCESS_H
#define NPUEMU_PROCESS_H

#include "emu/shared.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct process {
    _Atomic uint32_t references;
    _Atomic bool dead; /* it has ended; nobody waits for it again */
    pid_t pid;
    int pidfd, shared_fd, hbm_fd;
    struct emu_shared *shared;
    uint64_t hbm_base, hbm_size;
    uint64_t head;      /* the producer's own copy of shared->head */
    int64_t checked_ns; /* when it was last seen alive */
    struct {            /* log.c */
        struct process *next;
        pthread_mutex_t lock; /* held while lines are read and handed on */
        _Atomic uint64_t lost_told;
    } log;
};

struct process_options {
    const struct emu_machine *machine;
    const char *root;
    int root_fd;
    int32_t device;
    uint32_t die;
};

/* NULL: the sentence in `problem` says why. */
struct process *process_start(const struct process_options *options, char *problem, size_t problem_size);

/* Ends it: asks when `ask` is set, and kills what has not ended after PROCESS_END_MS. Gives up the caller's
 * reference. */
void process_stop(struct process *process, bool ask);
enum { PROCESS_START_MS = 20000, PROCESS_END_MS = 2000 };

void process_retain(struct process *process);
void process_release(struct process *process);

/* Whether it lives: one system call. */
bool process_alive(struct process *process);
/* The same, at most one system call in 20 ms; for paths that are called often. */
bool process_alive_lately(struct process *process);

/* In a forked child: closes what the fork has copied. Async-signal-safe. */
void process_forget(struct process *process);

#endif
