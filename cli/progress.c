#include "progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { WIDTH = 30, FIRST_MS = 500, EVERY_MS = 100 };

static double seconds_since(const struct timespec *from)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - from->tv_sec) + 1e-9 * (double)(now.tv_nsec - from->tv_nsec);
}

static void draw(const struct progress *progress, double seconds)
{
    char bar[WIDTH + 1];
    uint64_t filled = progress->total ? progress->done * WIDTH / progress->total : 0;
    memset(bar, '.', WIDTH);
    memset(bar, '#', filled);
    bar[WIDTH] = 0;
    fprintf(stderr, "\r[%s] %-32s %6.1f s\033[K", bar, progress->step, seconds);
    fflush(stderr);
}

static void *progress_main(void *context)
{
    struct progress *progress = context;
    struct timespec start, until;
    bool shown = false;
    clock_gettime(CLOCK_MONOTONIC, &start);
    pthread_mutex_lock(&progress->lock);
    while (!progress->stop) {
        clock_gettime(CLOCK_REALTIME, &until);
        uint64_t at = (uint64_t)until.tv_nsec + (shown ? EVERY_MS : FIRST_MS) * UINT64_C(1000000);
        until.tv_sec += (time_t)(at / 1000000000);
        until.tv_nsec = (long)(at % 1000000000);
        pthread_cond_timedwait(&progress->wake, &progress->lock, &until);
        double seconds = seconds_since(&start);
        if (progress->stop || seconds * 1000 < FIRST_MS) continue;
        draw(progress, seconds);
        shown = true;
    }
    pthread_mutex_unlock(&progress->lock);
    if (shown) fprintf(stderr, "\r\033[K");
    return NULL;
}

void progress_begin(struct progress *progress, uint64_t total)
{
    *progress = (struct progress){.total = total};
    if (!isatty(STDERR_FILENO)) return;
    pthread_mutex_init(&progress->lock, NULL);
    pthread_cond_init(&progress->wake, NULL);
    progress->running = pthread_create(&progress->thread, NULL, progress_main, progress) == 0;
}

void progress_step(struct progress *progress, const char *step, uint64_t done)
{
    if (!progress->running) return;
    pthread_mutex_lock(&progress->lock);
    snprintf(progress->step, sizeof progress->step, "%s", step);
    progress->done = done < progress->total ? done : progress->total;
    pthread_mutex_unlock(&progress->lock);
}

void progress_end(struct progress *progress)
{
    if (!progress->running) return;
    pthread_mutex_lock(&progress->lock);
    progress->stop = true;
    pthread_cond_signal(&progress->wake);
    pthread_mutex_unlock(&progress->lock);
    pthread_join(progress->thread, NULL);
    pthread_cond_destroy(&progress->wake);
    pthread_mutex_destroy(&progress->lock);
    progress->running = false;
}
