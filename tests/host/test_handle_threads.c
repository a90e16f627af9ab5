/* Handles that end in one thread while others use them, on the emulated card: whoever comes too late is refused, and
 * whoever is inside is waited for. */
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "check.h"
#include "host/world.h"

enum { N = 16, THREADS = 4 };
static const char target[] = "emu:a5?clusters=1&hbm=1GiB";

struct world {
    npurt_device *device;
    npurt_callable *callable;
    npurt_run *run;
    uint64_t x, y;
    uint32_t who;
};

static struct world set_up(void)
{
    struct world w = {0};
    const uint32_t zeros[N] = {0};
    if (npurt_device_open(target, NULL, &w.device) != NPURT_OK) CHECK_FAIL("%s", npurt_error_last()->message);
    CHECK_EQ(world_load(w.device, &w.callable), NPURT_OK);
    CHECK_EQ(npurt_memory_alloc(w.device, sizeof zeros, "x", &w.x), NPURT_OK);
    CHECK_EQ(npurt_memory_alloc(w.device, sizeof zeros, "y", &w.y), NPURT_OK);
    CHECK_EQ(npurt_memory_copy_in(w.device, w.x, zeros, sizeof zeros), NPURT_OK);
    return w;
}

static void open_gate(struct world *w)
{
    const uint32_t one = 1;
    CHECK_EQ(npurt_memory_copy_in(w->device, w->x, &one, sizeof one), NPURT_OK);
}

/* ---- the same call in several threads at once ---- */

static pthread_barrier_t together;
static struct world shared;
static _Atomic uint32_t worked, refused, otherwise;
static npurt_status (*at_once)(void);

static void *do_at_once(void *unused)
{
    (void)unused;
    pthread_barrier_wait(&together);
    const npurt_status status = at_once();
    if (status == NPURT_OK || status == NPURT_ERROR_LEAK)
        worked++;
    else if (status == NPURT_ERROR_INVALID_ARGUMENT)
        refused++;
    else
        otherwise++;
    return NULL;
}

static void all_at_once(npurt_status (*call)(void), pthread_t thread[THREADS])
{
    at_once = call;
    worked = refused = otherwise = 0;
    pthread_barrier_init(&together, NULL, THREADS);
    for (int i = 0; i < THREADS; i++)
        pthread_create(&thread[i], NULL, do_at_once, NULL);
}

static void one_works(pthread_t thread[THREADS])
{
    for (int i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    pthread_barrier_destroy(&together);
    CHECK_EQ(worked, 1);
    CHECK_EQ(refused, THREADS - 1);
    CHECK_EQ(otherwise, 0);
}

static npurt_status close_it(void)
{
    return npurt_device_close(shared.device);
}
static npurt_status unload_it(void)
{
    return npurt_callable_unload(shared.callable);
}
static npurt_status wait_for_it(void)
{
    return npurt_wait(shared.run, NULL);
}

TEST(of_many_closes_unloads_and_waits_one_works)
{
    pthread_t thread[THREADS];
    shared = set_up();
    CHECK_EQ(world_launch(shared.callable, shared.x, shared.y, N, FIXTURE_GATED, 0, 0, &shared.run), NPURT_OK);
    all_at_once(wait_for_it, thread);
    while (refused < THREADS - 1) /* while one waits, the others are told at once */
        usleep(100);
    CHECK_EQ(worked, 0);
    open_gate(&shared);
    one_works(thread);
    CHECK_EQ(npurt_wait(shared.run, NULL), NPURT_ERROR_INVALID_ARGUMENT);

    CHECK_EQ(npurt_memory_set(shared.device, shared.x, 0, N * 4), NPURT_OK);
    CHECK_EQ(world_launch(shared.callable, shared.x, shared.y, N, FIXTURE_GATED, 0, 0, &shared.run), NPURT_OK);
    all_at_once(unload_it, thread);
    while (refused < THREADS - 1)
        usleep(100);
    CHECK_EQ(worked, 0); /* it waits for the run */
    CHECK_EQ(world_call(shared.callable, (uint32_t[N]){0}, (uint32_t[N]){0}, N, FIXTURE_CHAIN, 1, NULL),
             NPURT_ERROR_INVALID_ARGUMENT);
    CHECK_HAS(npurt_error_last()->message, "\"fixture\" is being unloaded by another thread");
    open_gate(&shared);
    one_works(thread);
    CHECK_EQ(npurt_wait(shared.run, NULL), NPURT_OK);
    all_at_once(close_it, thread);
    one_works(thread);
}

/* ---- closing under those that wait ---- */

static void *wait_in_thread(void *run)
{
    const npurt_status status = npurt_wait(run, NULL);
    return status == NPURT_OK || status == NPURT_ERROR_INVALID_ARGUMENT ? NULL : run; /* or it came too late */
}

static void *call_in_thread(void *w)
{
    uint32_t x[N] = {7}, y[N] = {0};
    const npurt_status status = world_call(((struct world *)w)->callable, x, y, N, FIXTURE_CHAIN, 1, NULL);
    if (status == NPURT_OK) return y[0] == 8 ? NULL : w;
    return status == NPURT_ERROR_INVALID_ARGUMENT ? NULL : w; /* it came too late, or had no place yet */
}

static void *unload_in_thread(void *callable)
{
    return npurt_callable_unload(callable) == NPURT_OK ? NULL : callable;
}

TEST(close_waits_for_the_threads_inside)
{
    struct world w = set_up();
    pthread_t thread[5];
    void *failed[5];
    npurt_run *run;
    npurt_callable *other;
    CHECK_EQ(world_load(w.device, &other), NPURT_OK);
    CHECK_EQ(world_launch(w.callable, w.x, w.y, N, FIXTURE_GATED, 10000, 0, &run), NPURT_OK);
    pthread_create(&thread[0], NULL, unload_in_thread, w.callable);
    do /* until the unload is inside, where it waits for the run */
        CHECK_EQ(npurt_call(w.callable, NULL, NULL), NPURT_ERROR_INVALID_ARGUMENT);
    while (!strstr(npurt_error_last()->message, "being unloaded"));
    pthread_create(&thread[1], NULL, wait_in_thread, run);
    w.callable = other;
    for (int i = 2; i < 5; i++) /* one is bound, two have no place */
        pthread_create(&thread[i], NULL, call_in_thread, &w);
    open_gate(&w);
    CHECK_EQ(npurt_device_close(w.device), NPURT_ERROR_LEAK);
    for (int i = 0; i < 5; i++)
        pthread_join(thread[i], &failed[i]);
    for (int i = 0; i < 5; i++)
        if (failed[i]) CHECK_FAIL("thread %d", i);
    CHECK_EQ(npurt_device_close(w.device), NPURT_ERROR_INVALID_ARGUMENT);
    CHECK_HAS(npurt_error_last()->message, "was closed");
}

/* ---- everything at once ---- */

static _Atomic bool enough;

/* OK, or refused because a handle is gone. A run that was cancelled, or waited for by another thread, is neither. */
static bool is_fair(npurt_status status)
{
    if (status == NPURT_OK || status == NPURT_ERROR_CANCELLED) return true;
    const char *message = npurt_error_last()->message;
    if (status == NPURT_ERROR_BUSY) return true;
    return status == NPURT_ERROR_INVALID_ARGUMENT &&
           (strstr(message, "it is gone") || strstr(message, "by another thread") || strstr(message, "another thread waits") ||
            strstr(message, "freed"));
}

static void *use(void *arg)
{
    struct world *w = arg;
    uint32_t seed = w->who * 977 + 1;
    while (!enough) {
        uint32_t x[N] = {3}, y[N];
        uint64_t address;
        npurt_run *run;
        npurt_status status = NPURT_OK;
        seed = seed * 1664525 + 1013904223;
        switch (seed >> 24 & 7) {
        case 0:
            status = npurt_memory_alloc(w->device, 512, "of a thread", &address);
            if (status == NPURT_OK) status = npurt_memory_free(w->device, address);
            break;
        case 1:
            status = npurt_memory_copy_out(w->device, x, w->x, sizeof x);
            break;
        case 2:
            status = world_call(w->callable, x, y, N, FIXTURE_CHAIN, 2, NULL);
            if (status == NPURT_OK && y[0] != 5) status = NPURT_ERROR_DRIVER;
            break;
        case 3:
            status = world_launch(w->callable, w->x, w->y, N, FIXTURE_CHAIN, 1, 0, &run);
            if (status == NPURT_OK) status = npurt_wait(run, NULL);
            break;
        case 4:
            status = npurt_poll(w->run);
            break;
        case 5:
            status = npurt_cancel(w->run);
            break;
        case 6:
            status = npurt_device_report(w->device, NULL, 0, NULL);
            break;
        default:
            (void)npurt_device_get_state(w->device);
        }
        if (!is_fair(status)) {
            printf("  status %d: %s\n", (int)status, npurt_error_last()->message);
            return arg;
        }
    }
    return NULL;
}

TEST(a_device_closes_under_threads_that_use_it)
{
    for (int round = 0; round < 4; round++) {
        struct world w = set_up(), copy[THREADS];
        pthread_t thread[THREADS];
        void *failed[THREADS];
        CHECK_EQ(world_launch(w.callable, w.x, w.y, N, FIXTURE_CHAIN, 1, 0, &w.run), NPURT_OK);
        enough = false;
        for (int i = 0; i < THREADS; i++) {
            copy[i] = w;
            copy[i].who = (uint32_t)(round * THREADS + i);
            pthread_create(&thread[i], NULL, use, &copy[i]);
        }
        usleep(20000);
        if (round % 2) {
            npurt_status status = npurt_wait(w.run, NULL);
            CHECK(status == NPURT_OK || status == NPURT_ERROR_CANCELLED);
            CHECK_EQ(npurt_callable_unload(w.callable), NPURT_OK);
        }
        CHECK_EQ(npurt_device_close(w.device), NPURT_ERROR_LEAK);
        usleep(5000);
        enough = true;
        for (int i = 0; i < THREADS; i++)
            pthread_join(thread[i], &failed[i]);
        for (int i = 0; i < THREADS; i++)
            CHECK(failed[i] == NULL);
    }
}

TEST_MAIN
