/* Faults, endless code, and time limits: the launch fails with the right code, the process lives on. */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "card.h"
#include "check.h"

static struct card card;

static void open_with(const char *machine)
{
    card_open(&card, machine);
    card_install(&card, "fixture_aicpu.so", "fx.so");
    card_program(&card, 1, FIXTURES "/fixture_core.so", "fixture_mix_aic", "fixture_mix_aiv");
    card_bind(&card, 1, "fx.so", "fixture_schedule");
    card_bind(&card, 2, "fx.so", "fixture_crash");
    card_bind(&card, 3, "fx.so", "fixture_return");
    card_bind(&card, 4, "fx.so", "fixture_spin");
    card_bind(&card, 5, "fx.so", "fixture_overflow");
    card_bind(&card, 6, "fx.so", "fixture_bad_window");
    card_bind(&card, 7, "fx.so", "fixture_divide");
}

static void limit(uint64_t us)
{
    struct emu_command command = {.kind = EMU_CMD_TIMEOUT, .stream = UINT32_MAX, .timeout_us = us};
    card_push(&card, &command);
}

static void still_works(void)
{
    struct fixture_args args = {0};
    card_cpu(&card, 0, 3, 6, &args, sizeof args);
    CHECK_EQ(card_sync(&card, 0, 5000), 0);
}

static void cpu_fault(const char *machine, uint32_t handle, uint64_t address, const char *text)
{
    struct fixture_args args = {.address = address};
    open_with(machine);
    card_cpu(&card, 0, handle, 1, &args, sizeof args);
    CHECK_EQ(card_sync(&card, 0, 5000), 507018);
    CHECK_HAS(card_problem(&card), "AICPU worker");
    CHECK_HAS(card_problem(&card), text);
    CHECK_EQ(atomic_load(&card.shared->faulted), 1);
    still_works();
    CHECK_EQ(card_close(&card), 0);
}

TEST(reports_a_bad_address_in_an_aicpu_entry)
{
    cpu_fault("a5", 2, 0x10, "bad address 0x10");
}
TEST(reports_a_bad_address_in_an_aicpu_entry_on_a_thread)
{
    cpu_fault("a5?engine=thread", 2, 0x10, "bad address 0x10");
}
TEST(reports_an_unmapped_address_in_an_aicpu_entry)
{
    cpu_fault("a5", 2, UINT64_C(0x7eb000000000), "0x7eb000000000");
}
TEST(reports_a_stack_overflow_in_an_aicpu_entry)
{
    cpu_fault("a5", 5, 0, "stack overflow");
}
TEST(reports_a_division_by_zero_in_an_aicpu_entry)
{
#if defined(__aarch64__)
    SKIP("no fault: the quotient is 0 on aarch64");
#endif
    cpu_fault("a5", 7, 0, "arithmetic fault");
}
TEST(reports_a_register_window_that_is_not_there)
{
    cpu_fault("a5", 6, UINT64_C(0x7ef9ffff0000), "0x7ef9ffff0000");
}

/* One scheduler waits for cores of which one faults; its launch ends at once, the rest when told. */
static void core_fault(const char *machine, const char *kernel, const char *text)
{
    struct fixture_control control = {.rounds = 1, .schedulers = 1};
    open_with(machine);
    control.image = card_kernel(&card, kernel, 0);
    control.until = card_now() + 700000000; /* a5: the counter is the host's clock in ns */
    uint64_t address = card_control(&card, &control, 1);
    struct fixture_args args = {.address = address};
    card_core(&card, 0, 1, 1, true, &address, sizeof address);
    card_cpu(&card, 1, 1, 1, &args, sizeof args);
    uint64_t begin = card_now();
    CHECK_EQ(card_sync(&card, 0, 5000), 507015);
    CHECK(card_now() - begin < 500000000);
    CHECK_HAS(card_problem(&card), "core");
    CHECK_HAS(card_problem(&card), kernel);
    CHECK_HAS(card_problem(&card), text);
    CHECK_EQ(atomic_load(&card.shared->faulted), strstr(machine, "poisons") != NULL);
    CHECK_EQ(card_sync(&card, 1, 5000), 0);
    struct fixture_control after;
    card_read(&card, address, &after, sizeof after);
    CHECK_EQ(after.gave_up, 1);
    still_works();
    CHECK_EQ(card_close(&card), 0);
}

TEST(ends_the_launch_of_a_kernel_that_faults_at_once)
{
    core_fault("a5", "kernel_crash", "0x1234");
}
TEST(ends_the_launch_of_a_kernel_that_faults_at_once_on_threads)
{
    core_fault("a5?engine=thread", "kernel_crash", "0x1234");
}
TEST(a_fault_of_a_core_poisons_a_machine_of_that_kind)
{
    core_fault("a5?core_fault=poisons", "kernel_crash", "0x1234");
}
TEST(reports_a_stack_overflow_of_a_kernel)
{
    core_fault("a5", "kernel_overflow", "stack overflow");
}
TEST(reports_a_kernel_image_that_cannot_be_run)
{
    core_fault("a5", "kernel_absent", "kernel_absent");
}

TEST(reports_an_endless_aicpu_entry_by_the_time_limit)
{
    struct fixture_args args = {0};
    open_with("a5?carriers=1");
    limit(200000);
    card_cpu(&card, 0, 4, 1, &args, sizeof args);
    CHECK_EQ(card_sync(&card, 0, 5000), 507017);
    CHECK_EQ(atomic_load(&card.shared->faulted), 1);
    still_works();
    CHECK_EQ(card_close(&card), 0);
}

TEST(reports_an_endless_aicpu_entry_by_the_time_limit_on_a_thread)
{
    struct fixture_args args = {0};
    open_with("a5?engine=thread");
    limit(200000);
    card_cpu(&card, 0, 4, 1, &args, sizeof args);
    CHECK_EQ(card_sync(&card, 0, 5000), 507017);
    still_works();
    CHECK_EQ(card_close(&card), 0);
}

static void endless_kernel(const char *machine)
{
    struct fixture_control control = {.rounds = 1, .schedulers = 1}, after;
    open_with(machine);
    control.image = card_kernel(&card, "kernel_endless", 0);
    control.until = card_now() + 300000000;
    uint64_t address = card_control(&card, &control, 2);
    struct fixture_args args = {.address = address};
    limit(2500000);
    card_core(&card, 0, 1, 2, true, &address, sizeof address);
    card_cpu(&card, 1, 1, 1, &args, sizeof args);
    /* the scheduler shares its carrier with six endless kernels, and still notices the time */
    CHECK_EQ(card_sync(&card, 1, 5000), 0);
    card_read(&card, address, &after, sizeof after);
    CHECK_EQ(after.gave_up, 1);
    CHECK_EQ(card_sync(&card, 0, 5000), 507014);
    CHECK_HAS(card_problem(&card), "kernel_endless");
    CHECK_EQ(atomic_load(&card.shared->faulted), 1);
    /* the clusters are free again */
    limit(5000000);
    control.image = card_kernel(&card, "kernel_count", 0);
    control.until = 0;
    address = card_control(&card, &control, 36);
    args.address = address;
    card_core(&card, 0, 1, 36, true, &address, sizeof address);
    card_cpu(&card, 1, 1, 1, &args, sizeof args);
    CHECK_EQ(card_sync(&card, 0, 10000), 0);
    CHECK_EQ(card_sync(&card, 1, 10000), 0);
    CHECK_EQ(card_close(&card), 0);
}

TEST(lets_others_run_beside_an_endless_kernel_and_ends_it)
{
    endless_kernel("a5?carriers=1");
}
TEST(lets_others_run_beside_an_endless_kernel_and_ends_it_on_two_carriers)
{
    endless_kernel("a5?carriers=2");
}
TEST(lets_others_run_beside_an_endless_kernel_and_ends_it_on_threads)
{
    endless_kernel("a5?engine=thread");
}

TEST(fails_blocks_that_can_never_start_together_by_the_time_limit)
{
    open_with("a5?clusters=2");
    uint64_t address = 0;
    limit(100000);
    card_core(&card, 0, 1, 3, true, &address, sizeof address);
    CHECK_EQ(card_sync(&card, 0, 5000), 507014);
    CHECK_EQ(atomic_load(&card.shared->faulted), 0);
    still_works();
    CHECK_EQ(card_close(&card), 0);
}

/* Nobody may have waited for it: a zombie has ended, too. */
static bool ended(pid_t process)
{
    char path[64], line[200] = "";
    snprintf(path, sizeof path, "/proc/%d/stat", (int)process);
    FILE *file = fopen(path, "r");
    if (!file) return true;
    bool read = fgets(line, sizeof line, file) != NULL;
    fclose(file);
    const char *state = read ? strrchr(line, ')') : NULL;
    return state && state[2] == 'Z';
}

static void fork_on_the_device(const char *machine)
{
    open_with(machine);
    struct fixture_args args = {.address = card_alloc(&card, 8)};
    card_bind(&card, 8, "fx.so", "fixture_fork");
    card_cpu(&card, 0, 8, 1, &args, sizeof args);
    CHECK_EQ(card_sync(&card, 0, 5000), 0);
    const pid_t child = (pid_t)card_read64(&card, args.address);
    CHECK(child > 0);
    for (int i = 0; i < 6000 && !ended(child); i++)
        usleep(10000);
    const bool gone = ended(child);
    if (!gone) kill(child, SIGKILL);
    CHECK(gone);
    still_works();
    CHECK_EQ(card_close(&card), 0);
}

TEST(ends_the_child_of_device_code_that_forks)
{
    fork_on_the_device("a5");
}
TEST(ends_the_child_of_device_code_that_forks_on_a_thread)
{
    fork_on_the_device("a5?engine=thread");
}

TEST(ends_with_its_host_and_takes_the_root_along)
{
    int ready[2];
    char root[256] = "";
    pid_t device = 0;
    CHECK_EQ(pipe(ready), 0);
    fflush(stdout);
    pid_t host = fork();
    if (host == 0) {
        struct fixture_args args = {0};
        open_with("a5");
        card_cpu(&card, 0, 4, 1, &args, sizeof args); /* mid-run */
        if (write(ready[1], &card.process, sizeof card.process) < 0 || write(ready[1], card.root, sizeof card.root) < 0)
            _exit(1);
        pause();
    }
    CHECK_EQ(read(ready[0], &device, sizeof device), sizeof device);
    CHECK_EQ(read(ready[0], root, sizeof root), sizeof root);
    CHECK_EQ(access(root, F_OK), 0);
    kill(host, SIGKILL);
    waitpid(host, NULL, 0);
    for (int i = 0; i < 6000 && (kill(device, 0) == 0 || access(root, F_OK) == 0); i++)
        usleep(10000);
    CHECK(access(root, F_OK) != 0);
    CHECK(kill(device, 0) != 0);
    close(ready[0]);
    close(ready[1]);
}

TEST_MAIN
