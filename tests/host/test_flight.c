/* Two runs in flight on the emulated card. A kernel that waits at a gate (a word of device memory) keeps the first run
 * executing for as long as a test wants. */
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "check.h"
#include "host/world.h"

enum { N = 64 };
static const char *const targets[] = {"emu:a5", "emu:a2", "emu:a3:1"};

struct world {
    npurt_device *device;
    npurt_callable *callable;
    uint64_t gate, x, y, z; /* device: N u32 each; the gate is 0 */
};

static struct world set_up(const char *target, uint32_t scheduler_timeout_ms)
{
    const npurt_device_options options = {
        .scheduler_timeout_ms = scheduler_timeout_ms, .op_timeout_ms = 40000, .sync_timeout_ms = 50000};
    struct world w = {0};
    uint32_t ones[N];
    printf("  %s\n", target);
    for (int i = 0; i < N; i++)
        ones[i] = 1;
    if (npurt_device_open(target, &options, &w.device) != NPURT_OK) CHECK_FAIL("%s", npurt_error_last()->message);
    CHECK_EQ(world_load(w.device, &w.callable), NPURT_OK);
    uint64_t *at[] = {&w.gate, &w.x, &w.y, &w.z};
    for (int i = 0; i < 4; i++) {
        CHECK_EQ(npurt_memory_alloc(w.device, sizeof ones, "of the test", at[i]), NPURT_OK);
        CHECK_EQ(npurt_memory_set(w.device, *at[i], 0, sizeof ones), NPURT_OK);
    }
    CHECK_EQ(npurt_memory_copy_in(w.device, w.x, ones, sizeof ones), NPURT_OK);
    return w;
}

static void tear_down(struct world *w)
{
    const uint64_t at[] = {w->gate, w->x, w->y, w->z};
    for (int i = 0; i < 4; i++)
        CHECK_EQ(npurt_memory_free(w->device, at[i]), NPURT_OK);
    CHECK_EQ(npurt_callable_unload(w->callable), NPURT_OK);
    CHECK_EQ(npurt_device_close(w->device), NPURT_OK);
}

static void open_gate(struct world *w)
{
    const uint32_t one = 1;
    CHECK_EQ(npurt_memory_copy_in(w->device, w->gate, &one, sizeof one), NPURT_OK);
}

static uint32_t last_of(struct world *w, uint64_t address)
{
    uint32_t data[N];
    CHECK_EQ(npurt_memory_copy_out(w->device, data, address, sizeof data), NPURT_OK);
    return data[N - 1];
}

static npurt_run *launch_gated(struct world *w, uint64_t more)
{
    npurt_run *run;
    CHECK_EQ(world_launch(w->callable, w->gate, w->y, N, FIXTURE_GATED, more, 0, &run), NPURT_OK);
    return run;
}

static npurt_run *launch_chain(struct world *w, uint64_t from, uint64_t to, uint64_t length)
{
    npurt_run *run;
    CHECK_EQ(world_launch(w->callable, from, to, N, FIXTURE_CHAIN, length, 0, &run), NPURT_OK);
    return run;
}

TEST(the_second_run_is_bound_while_the_first_executes_and_follows_it)
{
    for (int t = 0; t < 3; t++) {
        struct world w = set_up(targets[t], 20000);
        npurt_timing timing;
        npurt_run *first = launch_gated(&w, 3);
        npurt_run *second = launch_chain(&w, w.y, w.z, 5); /* reads what the first writes */
        CHECK_EQ(npurt_poll(first), NPURT_ERROR_BUSY);
        CHECK_EQ(npurt_poll(second), NPURT_ERROR_BUSY);
        CHECK_EQ(last_of(&w, w.z), 0);
        open_gate(&w);
        CHECK_EQ(npurt_wait(second, &timing), NPURT_OK);
        CHECK_EQ(timing.tasks, 5);
        CHECK(timing.device_wall_ns > 0);
        CHECK_EQ(npurt_poll(first), NPURT_OK); /* the second can only have ended after it */
        CHECK_EQ(npurt_wait(first, &timing), NPURT_OK);
        CHECK_EQ(timing.tasks, 4);
        CHECK_EQ(last_of(&w, w.y), 4); /* gate[N-1] is 0, plus 1, plus 3 */
        CHECK_EQ(last_of(&w, w.z), 9);
        tear_down(&w);
    }
}

TEST(a_third_run_is_refused_on_request)
{
    struct world w = set_up("emu:a5", 20000);
    npurt_run *third, *first = launch_gated(&w, 0), *second = launch_chain(&w, w.x, w.z, 2);
    CHECK_EQ(world_launch(w.callable, w.x, w.z, N, FIXTURE_CHAIN, 3, NPURT_CALL_NO_WAIT, &third), NPURT_ERROR_BUSY);
    CHECK(third == NULL);
    CHECK_HAS(npurt_error_last()->message, "two runs are in flight on emu:a5");
    open_gate(&w);
    CHECK_EQ(npurt_wait(first, NULL), NPURT_OK);
    CHECK_EQ(world_launch(w.callable, w.x, w.z, N, FIXTURE_CHAIN, 3, NPURT_CALL_NO_WAIT, &third), NPURT_OK);
    CHECK_EQ(npurt_wait(third, NULL), NPURT_OK);
    CHECK_EQ(npurt_wait(second, NULL), NPURT_OK);
    CHECK_EQ(last_of(&w, w.z), 4);
    CHECK_EQ(npurt_wait(second, NULL), NPURT_ERROR_INVALID_ARGUMENT);
    CHECK_HAS(npurt_error_last()->message, "waited for before");
    tear_down(&w);
}

static void *opens_later(void *arg)
{
    usleep(50000);
    open_gate(arg);
    return NULL;
}

TEST(a_third_launch_waits_for_the_first_run_and_ended_runs_keep_their_answer)
{
    struct world w = set_up("emu:a5", 20000);
    pthread_t thread;
    npurt_timing timing;
    npurt_run *run[6];
    run[0] = launch_gated(&w, 0);
    run[1] = launch_chain(&w, w.x, w.z, 2);
    pthread_create(&thread, NULL, opens_later, &w);
    run[2] = launch_chain(&w, w.x, w.z, 3);
    CHECK_EQ(npurt_poll(run[0]), NPURT_OK);
    for (int i = 3; i < 6; i++)
        run[i] = launch_chain(&w, w.x, w.z, (uint64_t)i + 1);
    for (int i = 6; i-- > 0;) {
        CHECK_EQ(npurt_wait(run[i], &timing), NPURT_OK);
        CHECK_EQ(timing.tasks, i + 1);
    }
    pthread_join(thread, NULL);
    CHECK_EQ(last_of(&w, w.z), 7);
    tear_down(&w);
}

TEST(polling_alone_brings_runs_to_their_end_and_starts_the_next)
{
    struct world w = set_up("emu:a5", 20000);
    npurt_run *first = launch_gated(&w, 1), *second = launch_chain(&w, w.y, w.z, 1);
    for (int i = 0; i < 20; i++)
        CHECK_EQ(npurt_poll(second), NPURT_ERROR_BUSY);
    open_gate(&w);
    while (npurt_poll(second) == NPURT_ERROR_BUSY)
        ;
    CHECK_EQ(last_of(&w, w.z), 3);
    CHECK_EQ(npurt_wait(first, NULL), NPURT_OK);
    CHECK_EQ(npurt_wait(second, NULL), NPURT_OK);
    tear_down(&w);
}

TEST(host_outputs_are_written_when_the_end_is_seen_and_inputs_may_change_after_the_launch)
{
    struct world w = set_up("emu:a5", 20000);
    uint32_t x[N] = {0}, y[N] = {0};
    const npurt_call_tensor tensors[] = {{.host = x, .dtype = NPURT_U32, .ndims = 1, .shape = {N}},
                                         {.host = y, .dtype = NPURT_U32, .ndims = 1, .shape = {N}}};
    const uint64_t scalars[] = {FIXTURE_CHAIN, 4};
    const npurt_call_args args = {.tensors = tensors, .tensor_count = 2, .scalars = scalars, .scalar_count = 2};
    npurt_run *first = launch_gated(&w, 0), *second;
    CHECK_EQ(npurt_launch(w.callable, &args, &second), NPURT_OK);
    x[5] = 1000;
    open_gate(&w);
    CHECK_EQ(npurt_wait(second, NULL), NPURT_OK);
    CHECK_EQ(y[5], 4);
    CHECK_EQ(npurt_wait(first, NULL), NPURT_OK);
    tear_down(&w);
}

TEST(a_run_that_fails_takes_the_queued_one_with_it_and_names_the_first_cause)
{
    for (int t = 0; t < 3; t++) {
        struct world w = set_up(targets[t], 20000);
        npurt_run *bad, *behind;
        npurt_callable *again;
        uint32_t host[N] = {7}, out[N];
        CHECK_EQ(world_launch(w.callable, w.x, w.y, N, FIXTURE_ONE_KERNEL, FIXTURE_FAULT, 0, &bad), NPURT_OK);
        /* The fault may have been seen already; then the launch says so. */
        npurt_status status = world_launch(w.callable, w.x, w.z, N, FIXTURE_CHAIN, 1, 0, &behind);
        if (status == NPURT_OK) status = npurt_wait(behind, NULL);
        CHECK_EQ(status, NPURT_ERROR_POISONED);
        CHECK_HAS(npurt_error_last()->message, "kernel \"fault\"");
        CHECK_EQ(npurt_wait(bad, NULL), NPURT_ERROR_KERNEL_FAULT);
        CHECK_STR(npurt_error_last()->kernel_name, "fault");
        CHECK_STR(npurt_error_last()->call, "rtStreamSynchronizeWithTimeout");
        CHECK_EQ(npurt_error_last()->driver_code, 507015);
        CHECK_EQ(npurt_device_get_state(w.device), NPURT_DEVICE_POISONED);
        CHECK_EQ(npurt_device_reset(w.device), NPURT_OK);
        CHECK_EQ(world_load(w.device, &again), NPURT_OK);
        CHECK_EQ(world_call(again, host, out, N, FIXTURE_CHAIN, 2, NULL), NPURT_OK);
        CHECK_EQ(out[0], 9);
        CHECK_EQ(npurt_callable_unload(again), NPURT_OK);
        CHECK_EQ(npurt_callable_unload(w.callable), NPURT_OK);
        CHECK_EQ(npurt_device_close(w.device), NPURT_OK);
    }
}

TEST(a_queued_run_that_is_cancelled_never_starts)
{
    struct world w = set_up("emu:a5", 20000);
    npurt_run *first = launch_gated(&w, 0), *second = launch_chain(&w, w.x, w.z, 1);
    CHECK_EQ(npurt_cancel(second), NPURT_OK);
    CHECK_EQ(npurt_poll(second), NPURT_OK);
    npurt_run *third = launch_chain(&w, w.x, w.z, 2); /* its place is free */
    open_gate(&w);
    CHECK_EQ(npurt_wait(third, NULL), NPURT_OK);
    CHECK_EQ(npurt_cancel(third), NPURT_ERROR_INVALID_ARGUMENT);
    CHECK_EQ(npurt_wait(second, NULL), NPURT_ERROR_CANCELLED);
    CHECK_HAS(npurt_error_last()->message, "cancelled before it started");
    CHECK_EQ(npurt_cancel(first), NPURT_OK); /* too late */
    CHECK_EQ(npurt_wait(first, NULL), NPURT_OK);
    CHECK_EQ(last_of(&w, w.z), 3);
    tear_down(&w);
}

/* On a slow machine the kernel may not have started when the run is cancelled: then there is nothing to wait for, and it is
 * done once more, later. */
TEST(a_running_run_that_is_cancelled_stops_and_leaves_the_device_healthy)
{
    useconds_t delay = 20000;
    for (int t = 0; t < 3; t++) {
        struct world w = set_up(targets[t], 20000);
        for (int i = 0; i < 3 && delay < 20000000;) {
            const uint32_t zero = 0;
            CHECK_EQ(npurt_memory_copy_in(w.device, w.gate, &zero, sizeof zero), NPURT_OK);
            npurt_run *first = launch_gated(&w, 1000), *second = launch_chain(&w, w.x, w.z, 3);
            usleep(delay); /* the kernel is at the gate */
            CHECK_EQ(npurt_cancel(first), NPURT_OK);
            usleep(20000); /* the scheduler has looked: once per millisecond */
            if (npurt_poll(first) == NPURT_ERROR_BUSY)
                i++; /* it waits for the kernel */
            else
                delay *= 2;
            open_gate(&w);
            CHECK_EQ(npurt_wait(first, NULL), NPURT_ERROR_CANCELLED);
            CHECK_HAS(npurt_error_last()->message, "cancelled after");
            CHECK_EQ(npurt_device_get_state(w.device), NPURT_DEVICE_HEALTHY);
            CHECK(last_of(&w, w.y) < 1001);
            CHECK_EQ(npurt_wait(second, NULL), NPURT_OK);
            CHECK_EQ(last_of(&w, w.z), 4);
        }
        CHECK(delay < 20000000);
        tear_down(&w);
    }
}

TEST(a_cancelled_run_whose_kernel_does_not_end_poisons_the_device_and_names_it)
{
    struct world w = set_up("emu:a5", 300);
    /* One that is cancelled before its kernel has started, on a slow machine, leaves the device healthy: once more, later. */
    for (useconds_t delay = 20000; delay < 20000000 && npurt_device_get_state(w.device) == NPURT_DEVICE_HEALTHY; delay *= 2) {
        npurt_run *run;
        CHECK_EQ(world_launch(w.callable, w.x, w.y, N, FIXTURE_ONE_KERNEL, FIXTURE_SPIN, 0, &run), NPURT_OK);
        usleep(delay);
        CHECK_EQ(npurt_cancel(run), NPURT_OK);
        CHECK_EQ(npurt_wait(run, NULL), NPURT_ERROR_CANCELLED);
    }
    CHECK_HAS(npurt_error_last()->message, "kernel \"spin\"");
    CHECK_EQ(npurt_device_get_state(w.device), NPURT_DEVICE_POISONED);
    CHECK_EQ(npurt_device_reset(w.device), NPURT_OK);
    CHECK_EQ(npurt_callable_unload(w.callable), NPURT_OK);
    CHECK_EQ(npurt_device_close(w.device), NPURT_OK);
}

TEST(a_reset_ends_what_is_in_flight)
{
    struct world w = set_up("emu:a5", 20000);
    npurt_run *first = launch_gated(&w, 0), *second = launch_chain(&w, w.x, w.z, 1);
    CHECK_EQ(npurt_device_reset(w.device), NPURT_OK);
    CHECK_EQ(npurt_wait(second, NULL), NPURT_ERROR_CANCELLED);
    CHECK_EQ(npurt_wait(first, NULL), NPURT_ERROR_CANCELLED);
    CHECK_HAS(npurt_error_last()->message, "when the device was reset");
    CHECK_EQ(npurt_device_get_state(w.device), NPURT_DEVICE_HEALTHY);
    CHECK_EQ(npurt_callable_unload(w.callable), NPURT_OK);
    CHECK_EQ(npurt_device_close(w.device), NPURT_OK);
}

static void *waits(void *run)
{
    return (void *)(uintptr_t)npurt_wait(run, NULL);
}

TEST(a_reset_wakes_a_thread_that_waits)
{
    struct world w = set_up("emu:a5", 20000);
    pthread_t thread;
    void *status;
    npurt_run *first = launch_gated(&w, 0);
    pthread_create(&thread, NULL, waits, first);
    usleep(20000);
    CHECK_EQ(npurt_device_reset(w.device), NPURT_OK);
    pthread_join(thread, &status);
    CHECK_EQ((uintptr_t)status, NPURT_ERROR_CANCELLED);
    CHECK_EQ(npurt_callable_unload(w.callable), NPURT_OK);
    CHECK_EQ(npurt_device_close(w.device), NPURT_OK);
}

TEST(unloading_waits_for_runs_in_flight_and_their_handles_stay_good)
{
    struct world w = set_up("emu:a5", 20000);
    pthread_t thread;
    npurt_callable *other;
    CHECK_EQ(world_load(w.device, &other), NPURT_OK);
    npurt_run *first = launch_gated(&w, 2), *second = launch_chain(&w, w.y, w.z, 1), *third;
    pthread_create(&thread, NULL, opens_later, &w);
    CHECK_EQ(npurt_callable_unload(w.callable), NPURT_OK);
    CHECK_EQ(npurt_poll(second), NPURT_OK);
    CHECK_EQ(world_launch(other, w.z, w.y, N, FIXTURE_CHAIN, 1, 0, &third), NPURT_OK);
    CHECK_EQ(npurt_wait(third, NULL), NPURT_OK);
    CHECK_EQ(npurt_wait(first, NULL), NPURT_OK);
    CHECK_EQ(npurt_wait(second, NULL), NPURT_OK);
    pthread_join(thread, NULL);
    CHECK_EQ(last_of(&w, w.y), 5);
    w.callable = other;
    tear_down(&w);
}

TEST(memory_of_a_run_in_flight_is_not_freed)
{
    struct world w = set_up("emu:a5", 20000);
    npurt_run *first = launch_gated(&w, 0), *second = launch_chain(&w, w.x, w.z, 1);
    CHECK_EQ(npurt_memory_free(w.device, w.z), NPURT_ERROR_BUSY);
    CHECK_HAS(npurt_error_last()->message, "tensor argument 1 of a run of \"fixture\" in flight");
    open_gate(&w);
    CHECK_EQ(npurt_wait(first, NULL), NPURT_OK);
    CHECK_EQ(npurt_wait(second, NULL), NPURT_OK);
    tear_down(&w);
}

TEST(memory_is_not_freed_under_a_run_whose_argument_begins_inside_of_it)
{
    static const uint64_t inside[] = {512, 4096 - N * 4};
    struct world w = set_up("emu:a5", 20000);
    for (int i = 0; i < 2; i++) {
        uint64_t whole, beside;
        CHECK_EQ(npurt_memory_set(w.device, w.gate, 0, N * 4), NPURT_OK);
        CHECK_EQ(npurt_memory_alloc(w.device, 4096, "whole", &whole), NPURT_OK);
        CHECK_EQ(npurt_memory_alloc(w.device, 4096, "beside", &beside), NPURT_OK);
        npurt_run *first = launch_gated(&w, 0), *second = launch_chain(&w, w.x, whole + inside[i], 3);
        CHECK_EQ(npurt_memory_free(w.device, whole), NPURT_ERROR_BUSY);
        CHECK_HAS(npurt_error_last()->message, "tensor argument 1 of a run of \"fixture\" in flight");
        CHECK_EQ(npurt_memory_free(w.device, beside), NPURT_OK);
        open_gate(&w);
        CHECK_EQ(npurt_wait(first, NULL), NPURT_OK);
        CHECK_EQ(npurt_wait(second, NULL), NPURT_OK);
        CHECK_EQ(last_of(&w, whole + inside[i]), 4);
        CHECK_EQ(npurt_memory_free(w.device, whole), NPURT_OK);
    }
    tear_down(&w);
}

TEST(close_waits_for_runs_and_names_those_nobody_waited_for)
{
    struct world w = set_up("emu:a5", 20000);
    const uint64_t at[] = {w.gate, w.x, w.y, w.z};
    npurt_run *first = launch_gated(&w, 0);
    (void)launch_chain(&w, w.x, w.z, 1);
    open_gate(&w);
    CHECK_EQ(npurt_wait(first, NULL), NPURT_OK);
    CHECK_EQ(npurt_callable_unload(w.callable), NPURT_OK);
    for (int i = 0; i < 4; i++)
        CHECK_EQ(npurt_memory_free(w.device, at[i]), NPURT_OK);
    CHECK_EQ(npurt_device_close(w.device), NPURT_ERROR_LEAK);
    CHECK_HAS(npurt_error_last()->message, "1 run that was not waited for: of \"fixture\"");
}

/* Each thread keeps two runs of its own in flight, with host tensors. */
static void *many(void *arg)
{
    struct world *w = arg;
    for (uint64_t i = 0; i < 50; i++) {
        uint32_t x[2][N], y[2][N];
        npurt_run *run[2];
        for (uint32_t r = 0; r < 2; r++) {
            for (uint32_t k = 0; k < N; k++)
                x[r][k] = (uint32_t)(i * 100 + r * 10 + k);
            const npurt_call_tensor tensors[] = {{.host = x[r], .dtype = NPURT_U32, .ndims = 1, .shape = {N}},
                                                 {.host = y[r], .dtype = NPURT_U32, .ndims = 1, .shape = {N}}};
            const uint64_t scalars[] = {FIXTURE_CHAIN, i % 4 + 1};
            const npurt_call_args args = {.tensors = tensors, .tensor_count = 2, .scalars = scalars, .scalar_count = 2};
            if (npurt_launch(w->callable, &args, &run[r]) != NPURT_OK) return arg;
        }
        for (uint32_t r = 0; r < 2; r++) {
            if (npurt_wait(run[r], NULL) != NPURT_OK) return arg;
            for (uint32_t k = 0; k < N; k++)
                if (y[r][k] != x[r][k] + i % 4 + 1) return arg;
        }
    }
    return NULL;
}

TEST(threads_launch_and_wait_side_by_side)
{
    struct world w = set_up("emu:a5", 20000);
    pthread_t thread[4];
    for (int i = 0; i < 4; i++)
        pthread_create(&thread[i], NULL, many, &w);
    for (int i = 0; i < 4; i++) {
        void *failed;
        pthread_join(thread[i], &failed);
        CHECK(failed == NULL);
    }
    npurt_ledger_totals t;
    CHECK_EQ(npurt_device_ledger(w.device, &t), NPURT_OK);
    CHECK_EQ(t.streams, 2);
    CHECK_EQ(t.registrations, 1);
    tear_down(&w);
}

TEST_MAIN
