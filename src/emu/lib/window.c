#include "window.h"

#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/mman.h>

enum { WINDOW_STEP = 1 << 30, WINDOW_STEPS = (WINDOW_END - WINDOW_FIRST) / WINDOW_STEP };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned char step_taken[WINDOW_STEPS];

static uint64_t steps_of(uint64_t size)
{
    return (size + WINDOW_STEP - 1) / WINDOW_STEP;
}

static void mark(uint64_t first, uint64_t count, unsigned char taken)
{
    for (uint64_t i = first; i < first + count; i++)
        step_taken[i] = taken;
}

static uint64_t free_steps_from(uint64_t first)
{
    uint64_t i = first;

    while (i < WINDOW_STEPS && !step_taken[i])
        i++;
    return i - first;
}

/* The lowest place first: a run then has the same device addresses each time. A place that something else of the
 * process holds (an address-space layout of its own) is passed over. */
uint64_t window_reserve(uint64_t size)
{
    const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE;
    const uint64_t count = steps_of(size);
    uint64_t found = 0;

    pthread_mutex_lock(&lock);
    for (uint64_t i = 0; i + count <= WINDOW_STEPS && !found; i++) {
        const uint64_t address = WINDOW_FIRST + i * WINDOW_STEP;
        void *at;
        if (free_steps_from(i) < count) continue;
        at = mmap((void *)(uintptr_t)address, size, PROT_NONE, flags, -1, 0);
        if (at == MAP_FAILED) continue;
        if ((uintptr_t)at != address) { /* a kernel older than 4.17 takes the address for a hint */
            munmap(at, size);
            continue;
        }
        madvise(at, size, MADV_DONTDUMP);
        mark(i, count, 1);
        found = address;
    }
    pthread_mutex_unlock(&lock);
    return found;
}

void window_release(uint64_t address, uint64_t size)
{
    pthread_mutex_lock(&lock);
    munmap((void *)(uintptr_t)address, size);
    mark((address - WINDOW_FIRST) / WINDOW_STEP, steps_of(size), 0);
    pthread_mutex_unlock(&lock);
}
