/* A line on stderr that says how far long work is: a bar, the step, the time. Only on a terminal, and only once the
 * work has taken half a second. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct progress {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool running, stop;
    char step[64];
    uint64_t done, total;
};

void progress_begin(struct progress *progress, uint64_t total);
/* `step` is what is going on now, `done` of `total` what lies behind. */
void progress_step(struct progress *progress, const char *step, uint64_t done);
void progress_end(struct progress *progress); /* the line is gone afterwards */

#endif
