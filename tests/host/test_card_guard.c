/* Orchestrations that fault or do not return, on the host and on the device: the call answers, and says which and where. */
#include "bad_code.h"
#include "check.h"
#include "host/world.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

enum { N = 64, LIMIT_MS = 500, OP_MS = 20000, SYNC_MS = 25000 };

static uint32_t x[N], y[N];
static npurt_device *device;
static npurt_callable *callable;

static void open_device(const char *target, npurt_runtime runtime, uint32_t limit_ms, bool catch_faults)
{
    const npurt_device_options options = {.scheduler_timeout_ms = LIMIT_MS,
                                          .op_timeout_ms = OP_MS,
                                          .sync_timeout_ms = SYNC_MS,
                                          .orchestration_timeout_ms = limit_ms,
                                          .catch_faults = catch_faults};
    printf("  %s\n", target);
    world_runtime = runtime;
    if (npurt_device_open(target, &options, &device) != NPURT_OK) CHECK_FAIL("%s", npurt_error_last()->message);
    CHECK_EQ(world_load(device, &callable), NPURT_OK);
}

static void close_device(void)
{
    CHECK_EQ(npurt_callable_unload(callable), NPURT_OK);
    CHECK_EQ(npurt_device_close(device), NPURT_OK);
}

static void chain_works(void)
{
    if (world_call(callable, x, y, N, FIXTURE_CHAIN, 2, NULL) != NPURT_OK) CHECK_FAIL("%s", npurt_error_last()->message);
    CHECK_EQ(y[N - 1], 2);
}

/* The device was not touched; the callable is refused until it is loaded again. */
static void is_broken_until_loaded_again(void)
{
    CHECK_EQ(npurt_device_get_state(device), NPURT_DEVICE_HEALTHY);
    CHECK_EQ(world_call(callable, x, y, N, FIXTURE_CHAIN, 2, NULL), NPURT_ERROR_INVALID_ARGUMENT);
    CHECK_HAS(npurt_error_last()->message, "callable \"fixture\" is broken");
    CHECK_EQ(npurt_callable_unload(callable), NPURT_OK);
    CHECK_EQ(world_load(device, &callable), NPURT_OK);
    chain_works();
}

static void fails(uint64_t mode, uint64_t argument, npurt_status status, const char *words)
{
    CHECK_EQ(world_call(callable, x, y, N, mode, argument, NULL), status);
    const npurt_error *e = npurt_error_last();
    printf("    %s\n    %s\n", e->message, e->hint);
    CHECK_HAS(e->message, "orchestration of \"fixture\"");
    CHECK_HAS(e->message, words);
}

/* ---- on the host */

TEST(an_endless_orchestration_of_the_host_is_interrupted_and_names_its_last_task)
{
    open_device("emu:a2", NPURT_HOST_BUILD_GRAPH, LIMIT_MS, false);
    fails(FIXTURE_ENDLESS, 3, NPURT_ERROR_STALLED, "it has submitted 3 tasks, the last of them task 2 \"add_one\"");
    CHECK_HAS(npurt_error_last()->message, "did not return within ");
    is_broken_until_loaded_again();
    fails(FIXTURE_SLEEPS, 0, NPURT_ERROR_STALLED, "it has submitted 1 task, ");
    is_broken_until_loaded_again();
    fails(FIXTURE_SUBMITS, 0, NPURT_ERROR_STALLED, "did not return within ");
    is_broken_until_loaded_again();
    close_device();
}

TEST(one_that_heeds_what_it_is_answered_does_no_harm)
{
    open_device("emu:a2", NPURT_HOST_BUILD_GRAPH, LIMIT_MS, false);
    fails(FIXTURE_SUBMITS, 1, NPURT_ERROR_STALLED, "it has submitted no task");
    CHECK_EQ(npurt_device_get_state(device), NPURT_DEVICE_HEALTHY);
    chain_works();
    close_device();
}

static void *cancel_later(void *unused)
{
    const struct timespec a_little = {.tv_nsec = 100 * 1000000};
    (void)unused;
    clock_nanosleep(CLOCK_MONOTONIC, 0, &a_little, NULL);
    CHECK_EQ(npurt_device_cancel(device), NPURT_OK);
    return NULL;
}

static void is_cancelled(uint64_t mode, uint64_t argument, const char *words)
{
    pthread_t other;
    CHECK_EQ(pthread_create(&other, NULL, cancel_later, NULL), 0);
    const npurt_status status = world_call(callable, x, y, N, mode, argument, NULL);
    pthread_join(other, NULL);
    printf("    %s\n", npurt_error_last()->message);
    CHECK_EQ(status, NPURT_ERROR_CANCELLED);
    CHECK_HAS(npurt_error_last()->message, words);
}

/* Without a limit that could end it instead. */
TEST(another_thread_cancels_an_orchestration_of_the_host)
{
    open_device("emu:a2", NPURT_HOST_BUILD_GRAPH, 0, false);
    is_cancelled(FIXTURE_ENDLESS, 2, "orchestration of \"fixture\" was cancelled after ");
    CHECK_HAS(npurt_error_last()->message, "2 tasks, the last of them task 1 \"add_one\"");
    is_broken_until_loaded_again();
    is_cancelled(FIXTURE_SUBMITS, 1, "orchestration of \"fixture\" was cancelled after ");
    chain_works();
    close_device();
}

TEST(a_cancel_ends_the_run_that_executes_and_no_later_one)
{
    open_device("emu:a5", NPURT_HOST_BUILD_GRAPH, 0, false);
    is_cancelled(FIXTURE_ONE_KERNEL, FIXTURE_SPIN, "kernel \"spin\"");
    CHECK_EQ(npurt_device_reset(device), NPURT_OK);
    CHECK_EQ(npurt_callable_unload(callable), NPURT_OK);
    CHECK_EQ(world_load(device, &callable), NPURT_OK);
    CHECK_EQ(npurt_device_cancel(device), NPURT_OK); /* nothing runs */
    chain_works();
    close_device();
    CHECK_EQ(npurt_device_cancel(device), NPURT_ERROR_INVALID_ARGUMENT);
}

/* ---- faults */

static const char *const cause[BAD_KINDS] = {
    [BAD_NULL] = "bad address 0x8 (SIGSEGV) in ", [BAD_DIVIDE] = "arithmetic fault", [BAD_ILLEGAL] = "illegal instruction (SIGILL) in ",
    [BAD_ABORT] = "abort() or a failed assertion (SIGABRT)", [BAD_OVERFLOW] = "stack overflow (SIGSEGV) in bad_deeper() at bad_code.h:",
};
static const char *const hint[BAD_KINDS] = {
    [BAD_NULL] = "a null pointer", [BAD_DIVIDE] = "zero", [BAD_ILLEGAL] = "illegal instruction",
    [BAD_ABORT] = "abort()",       [BAD_OVERFLOW] = "its stack is full",
};
#if defined(__x86_64__)
static const char divided[] = "arithmetic fault, division by zero (SIGFPE) in ";
#else
static const char divided[] = "arithmetic fault";
#endif

static void faults_are_named(const char *target, npurt_runtime runtime)
{
    open_device(target, runtime, 0, true);
    for (uint64_t kind = 0; kind < BAD_KINDS; kind++) {
        fails(FIXTURE_BAD, kind, NPURT_ERROR_ORCHESTRATION, kind == BAD_DIVIDE ? divided : cause[kind]);
        CHECK_HAS(npurt_error_last()->message, " at bad_code.h:");
        CHECK_HAS(npurt_error_last()->message, "3 tasks, the last of them task 2 \"add_one\"");
        CHECK_HAS(npurt_error_last()->hint, hint[kind]);
        if (runtime == NPURT_HOST_BUILD_GRAPH) {
            is_broken_until_loaded_again();
            continue;
        }
        CHECK_EQ(npurt_device_get_state(device), NPURT_DEVICE_POISONED);
        CHECK_EQ(npurt_device_reset(device), NPURT_OK);
        CHECK_EQ(npurt_callable_unload(callable), NPURT_OK);
        CHECK_EQ(world_load(device, &callable), NPURT_OK);
    }
    chain_works();
    close_device();
}

TEST(a_fault_in_an_orchestration_of_the_host_is_named_with_its_line)
{
    faults_are_named("emu:a2", NPURT_HOST_BUILD_GRAPH);
}

TEST(a_fault_in_an_orchestration_of_the_device_is_named_with_its_line)
{
    faults_are_named("emu:a2", NPURT_TENSORMAP_AND_RINGBUFFER);
    faults_are_named("emu:a3:1", NPURT_TENSORMAP_AND_RINGBUFFER);
    faults_are_named("emu:a5?engine=thread&clusters=2", NPURT_TENSORMAP_AND_RINGBUFFER);
}

static void check_untouched(const struct sigaction *before)
{
    for (int number = 1; number < 32; number++) {
        struct sigaction now;
        if (sigaction(number, NULL, &now) != 0) continue;
        if (now.sa_handler != before[number].sa_handler) CHECK_FAIL("signal %d has another handler", number);
    }
}

TEST(no_signal_handler_is_installed_unasked_and_none_is_left_behind)
{
    struct sigaction before[32] = {0};
    for (int number = 1; number < 32; number++)
        (void)sigaction(number, NULL, &before[number]);
    open_device("emu:a2", NPURT_HOST_BUILD_GRAPH, LIMIT_MS, false);
    chain_works();
    check_untouched(before);
    fails(FIXTURE_ENDLESS, 1, NPURT_ERROR_STALLED, "did not return within ");
    check_untouched(before);
    close_device();
    open_device("emu:a2", NPURT_HOST_BUILD_GRAPH, LIMIT_MS, true);
    chain_works();
    close_device();
    check_untouched(before);
}

/* ---- on the device */

TEST(the_limit_ends_orchestrations_of_the_device_whatever_they_do)
{
    static const char *const target[] = {"emu:a2", "emu:a5?engine=thread&clusters=2"};
    for (size_t i = 0; i < sizeof target / sizeof target[0]; i++) {
        open_device(target[i], NPURT_TENSORMAP_AND_RINGBUFFER, LIMIT_MS, false);
        fails(FIXTURE_SUBMITS, 0, NPURT_ERROR_STALLED, "did not return within ");
        CHECK_EQ(npurt_device_reset(device), NPURT_OK);
        CHECK_EQ(npurt_callable_unload(callable), NPURT_OK);
        CHECK_EQ(world_load(device, &callable), NPURT_OK);
        fails(FIXTURE_ENDLESS, 3, NPURT_ERROR_STALLED, "it has submitted 3 tasks, the last of them task 2 \"add_one\"");
        CHECK_EQ(npurt_device_reset(device), NPURT_OK);
        CHECK_EQ(npurt_callable_unload(callable), NPURT_OK);
        CHECK_EQ(world_load(device, &callable), NPURT_OK);
        chain_works();
        close_device();
    }
}

TEST_MAIN
