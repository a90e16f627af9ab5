/* Kernels that fault or never end, on the emulated card: the record names them, the host survives, a reset helps. */
#include "check.h"
#include "host/world.h"

static uint32_t x[64], y[64];

static void run_bad_kernel(const char *target, uint64_t kernel, npurt_status status, const char *name, const char *code,
                           const char *why, const char *hint)
{
    const npurt_device_options options = {
        .scheduler_timeout_ms = 200, .op_timeout_ms = 20000, .sync_timeout_ms = 30000};
    npurt_device *device;
    npurt_callable *callable, *again;
    char first[64];
    printf("  %s\n", target);
    if (npurt_device_open(target, &options, &device) != NPURT_OK) CHECK_FAIL("%s", npurt_error_last()->message);
    CHECK_EQ(world_load(device, &callable), NPURT_OK);
    for (uint32_t i = 0; i < 64; i++)
        y[i] = 5;
    CHECK_EQ(world_call(callable, x, y, 64, FIXTURE_CHAIN, 1, NULL), NPURT_OK);
    for (uint32_t i = 0; i < 64; i++)
        y[i] = 5;
    CHECK_EQ(world_call(callable, x, y, 64, FIXTURE_ONE_KERNEL, kernel, NULL), status);
    const npurt_error *e = npurt_error_last();
    printf("  %s\n  fallout: %s\n", e->message, e->fallout);
    CHECK_EQ(e->status, status);
    CHECK_STR(e->kernel_name, name);
    CHECK_EQ(e->kernel, kernel);
    CHECK_EQ(e->task, 0);
    CHECK(e->core >= 0);
    snprintf(first, sizeof first, "kernel \"%s\" (id %u) ", name, (unsigned)kernel);
    CHECK(strncmp(e->message, first, strlen(first)) == 0);
    snprintf(first, sizeof first, "core %d", (int)e->core);
    CHECK_HAS(e->message, first);
    CHECK_HAS(e->message, "task 0");
    CHECK_HAS(e->message, why);
    CHECK_HAS(e->hint, hint);
    CHECK_HAS(e->fallout, code);
    for (uint32_t i = 0; i < 64; i++)
        CHECK_EQ(y[i], 5);
    CHECK_EQ(npurt_device_get_state(device), NPURT_DEVICE_POISONED);
    CHECK_EQ(world_call(callable, x, y, 64, FIXTURE_CHAIN, 1, NULL), NPURT_ERROR_POISONED);
    CHECK_HAS(npurt_error_last()->message, name);

    if (npurt_device_reset(device) != NPURT_OK) CHECK_FAIL("%s", npurt_error_last()->message);
    CHECK_EQ(npurt_device_get_state(device), NPURT_DEVICE_HEALTHY);
    CHECK_EQ(world_call(callable, x, y, 64, FIXTURE_CHAIN, 1, NULL), NPURT_ERROR_INVALID_ARGUMENT);
    CHECK_EQ(world_load(device, &again), NPURT_OK);
    if (world_call(again, x, y, 64, FIXTURE_CHAIN, 2, NULL) != NPURT_OK) CHECK_FAIL("%s", npurt_error_last()->message);
    CHECK_EQ(y[63], x[63] + 2);
    CHECK_EQ(npurt_callable_unload(callable), NPURT_OK);
    CHECK_EQ(npurt_callable_unload(again), NPURT_OK);
    CHECK_EQ(npurt_device_close(device), NPURT_OK);
}

static const char *const targets[] = {"emu:a2",
                                      "emu:a3",
                                      "emu:a5",
                                      "emu:a2?engine=thread&clusters=2",
                                      "emu:a3?engine=thread&clusters=2",
                                      "emu:a5?engine=thread&clusters=2"};
enum { TARGETS = sizeof targets / sizeof targets[0] };

TEST(a_kernel_that_faults_in_any_way_is_named_and_507015_follows)
{
    static const struct {
        uint64_t kernel;
        const char *name, *why, *hint;
    } bad[] = {{FIXTURE_FAULT, "fault", ": bad address 0x8 (SIGSEGV) in ", "a null pointer"},
               {FIXTURE_DIVIDE, "divide", ": arithmetic fault", "zero"},
               {FIXTURE_ILLEGAL, "illegal", ": illegal instruction (SIGILL) in ", "illegal instruction"},
               {FIXTURE_ABORT, "aborts", "(SIGABRT), called from ", "abort()"},
               {FIXTURE_OVERFLOW, "overflow", ": stack overflow (SIGSEGV) in bad_deeper() at bad_code.h:", "stack is full"}};
    for (int t = 0; t < TARGETS; t++)
        for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
            run_bad_kernel(targets[t], bad[i].kernel, NPURT_ERROR_KERNEL_FAULT, bad[i].name, "507015", bad[i].why,
                           bad[i].hint);
}

/* The endless kernel is dispatched first, and outlives the grace as any long one would. Whether it had started: on a busy
 * machine its core may not have looked before the fault ended the run, and its task is then none that did not end. */
static bool fault_beside_another(const char *target)
{
    npurt_device *device;
    npurt_callable *callable;
    if (npurt_device_open(target, NULL, &device) != NPURT_OK) CHECK_FAIL("%s", npurt_error_last()->message);
    CHECK_EQ(world_load(device, &callable), NPURT_OK);
    CHECK_EQ(world_call(callable, x, y, 64, FIXTURE_BESIDE_SPIN, FIXTURE_FAULT, NULL), NPURT_ERROR_KERNEL_FAULT);
    const npurt_error *e = npurt_error_last();
    printf("  %s: %s\n", target, e->message);
    CHECK_STR(e->kernel_name, "fault");
    CHECK_EQ(e->kernel, FIXTURE_FAULT);
    CHECK_EQ(e->task, 1);
    CHECK_HAS(e->message, "kernel \"fault\" (id 1) faulted on core ");
    const bool both = strstr(e->message, "1 other dispatches did not end either") != NULL;
    CHECK_EQ(npurt_callable_unload(callable), NPURT_OK);
    CHECK_EQ(npurt_device_close(device), NPURT_OK);
    return both;
}

TEST(a_fault_is_not_put_down_to_an_independent_kernel_that_still_runs)
{
    static const char *const target[] = {"emu:a2", "emu:a5", "emu:a2?engine=thread&clusters=2",
                                         "emu:a5?engine=thread&clusters=2"};
    for (size_t i = 0; i < sizeof target / sizeof target[0]; i++) {
        int tries = 1;
        while (!fault_beside_another(target[i]))
            CHECK(++tries <= 20);
    }
}

/* More blocks than the scheduler lists do not end; the flight recorder knows what the core had that the driver names.
 */
TEST(a_fault_among_more_kernels_than_the_scheduler_lists_is_named)
{
    enum { SPINS = 30 };
    const char *const target[] = {"emu:a2", "emu:a3", "emu:a5"};
    for (size_t i = 0; i < sizeof target / sizeof target[0]; i++) {
        npurt_device *device;
        npurt_callable *callable;
        if (npurt_device_open(target[i], NULL, &device) != NPURT_OK) CHECK_FAIL("%s", npurt_error_last()->message);
        CHECK_EQ(world_load(device, &callable), NPURT_OK);
        CHECK_EQ(world_call(callable, x, y, 64, FIXTURE_AMONG_SPINS, SPINS, NULL), NPURT_ERROR_KERNEL_FAULT);
        const npurt_error *e = npurt_error_last();
        printf("  %s: %s\n", target[i], e->message);
        CHECK_HAS(e->message, "kernel \"fault\" (id 1) faulted on core ");
        CHECK_STR(e->kernel_name, "fault");
        CHECK_EQ(e->task, SPINS);
        CHECK(e->core >= 0);
        CHECK_EQ(npurt_callable_unload(callable), NPURT_OK);
        CHECK_EQ(npurt_device_close(device), NPURT_OK);
    }
}

/* Endless kernels on every vector core but one: whoever has that one runs the kernel that faults, and nobody keeps it
 * behind one that never ends. */
TEST(a_fault_finds_the_last_core_beside_endless_kernels)
{
    static const char *const format[] = {"emu:a5?clusters=%u", "emu:a2?clusters=%u&engine=thread"};
    for (uint32_t i = 0; i < 4; i++) {
        const uint32_t clusters = 1 + i / 2 * 2, spins = 2 * clusters - 1;
        const npurt_device_options options = {.dump_folder = "off"};
        char target[64];
        npurt_device *device;
        npurt_callable *callable;
        snprintf(target, sizeof target, format[i % 2], clusters);
        if (npurt_device_open(target, &options, &device) != NPURT_OK) CHECK_FAIL("%s", npurt_error_last()->message);
        CHECK_EQ(world_load(device, &callable), NPURT_OK);
        CHECK_EQ(world_call(callable, x, y, 64, FIXTURE_AMONG_SPINS, spins, NULL), NPURT_ERROR_KERNEL_FAULT);
        CHECK_STR(npurt_error_last()->kernel_name, "fault");
        CHECK_EQ(npurt_error_last()->task, spins);
        CHECK_EQ(npurt_callable_unload(callable), NPURT_OK);
        CHECK_EQ(npurt_device_close(device), NPURT_OK);
    }
}

TEST(an_endless_kernel_is_named_and_the_drivers_code_follows)
{
    for (int t = 0; t < TARGETS; t++)
        run_bad_kernel(targets[t], FIXTURE_SPIN, NPURT_ERROR_KERNEL_TIMEOUT, "spin", "5070", "made no progress for", "the kernel loops");
}

TEST(closing_after_a_fault_works_without_a_reset)
{
    npurt_device *device;
    npurt_callable *callable;
    for (int i = 0; i < 2; i++) {
        CHECK_EQ(npurt_device_open("emu:a5", NULL, &device), NPURT_OK);
        CHECK_EQ(world_load(device, &callable), NPURT_OK);
        CHECK_EQ(world_call(callable, x, y, 64, FIXTURE_ONE_KERNEL, FIXTURE_FAULT, NULL), NPURT_ERROR_KERNEL_FAULT);
        CHECK_EQ(npurt_callable_unload(callable), NPURT_OK);
        CHECK_EQ(npurt_device_close(device), NPURT_OK);
    }
}

TEST_MAIN
