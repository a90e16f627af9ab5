/* The end of things: a drain that lies, a reset that lies, cores that still run, a host that is killed. */
#include "fault.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

/* A launch that never ends: its first core never enters the program. */
static void launch_endless(void *program, void *words)
{
    OK(launch_core(program, 0, 1, (uintptr_t)words, NULL, 0));
    FAILS(rtStreamSynchronizeWithTimeout(NULL, 50), 507046, "not done");
}

/* ---- drain-lies -------------------------------------------------------------------------------------------------- */

static void drain_lies_bare(const char *machine)
{
    int32_t device = fault_card(machine, "core-silent,drain-lies:times=2");
    void *program = launch_register(FIXTURE_AICORE), *words = launch_device_word(0);

    launch_endless(program, words);
    OK(aclrtSynchronizeDeviceWithTimeout(50));
    FAILS(rtStreamSynchronizeWithTimeout(NULL, 50), 507046, "not done");
    OK(aclrtSynchronizeDeviceWithTimeout(50));
    FAILS(aclrtSynchronizeDeviceWithTimeout(50), 507046, "not done");
    OK(aclrtResetDeviceForce(device));
    OK(rtDevBinaryUnRegister(program));
}

/* npurt never takes a drain for a proof: what a run left is known from the run. */
TEST(drain_lies)
{
    struct fault_world world;

    FAULT_EACH_MACHINE(machine)
    {
        drain_lies_bare(machine);
        fault_begin(&world, machine, "core-spins:task=1,drain-lies:times=0");
        FAULT_FAILS(fault_call(&world, FAULT_TASKS), NPURT_ERROR_KERNEL_TIMEOUT, 0, "task 1 block 0");
        fault_reset_helps(&world, machine, NPURT_DEVICE_POISONED);
    }
}

/* ---- reset-lies -------------------------------------------------------------------------------------------------- */

static void reset_lies_bare(const char *machine)
{
    int32_t device = fault_card(machine, "op-timeout,reset-lies:times=2");
    void *program = launch_register(FIXTURE_AICORE), *p = launch_device_word(0);

    OK(launch_core(program, 0, 1, (uintptr_t)p, NULL, 0));
    FAILS(rtStreamSynchronizeWithTimeout(NULL, 10000), 507014, "op-execute timeout");
    for (int i = 0; i < 2; i++) {
        OK(aclrtResetDeviceForce(device)); /* says that it worked */
        OK(aclrtSetDevice(device));
        FAILS(rtMalloc(&p, 512, RT_MEMORY_HBM, 0), 507899, "poisoned");
    }
    OK(aclrtResetDeviceForce(device));
    OK(aclrtSetDevice(device));
    fault_card_works();
    OK(rtDevBinaryUnRegister(program));
    card_close(device);
}

/* A reset is believed when the device has answered; three tries, then the device is lost and says why. */
TEST(reset_lies)
{
    struct fault_world world;

    FAULT_EACH_MACHINE(machine)
    {
        reset_lies_bare(machine);
        fault_begin(&world, machine, "core-faults,reset-lies:times=2");
        FAULT_FAILS(fault_call(&world, FAULT_TASKS), NPURT_ERROR_KERNEL_FAULT, 507015, "task 0 block 0");
        fault_reset_helps(&world, machine, NPURT_DEVICE_POISONED);
        fault_begin(&world, machine, "core-faults,reset-lies:times=3");
        FAULT_FAILS(fault_call(&world, FAULT_TASKS), NPURT_ERROR_KERNEL_FAULT, 507015, "task 0 block 0");
        FAULT_FAILS(npurt_device_reset(world.device), NPURT_ERROR_LOST, 507899, "the device did not come back");
        fault_reset_helps(&world, machine, NPURT_DEVICE_LOST);
    }
}

/* ---- teardown-with-running-cores --------------------------------------------------------------------------------- */

static void teardown_bare(const char *machine)
{
    int32_t device = fault_card(machine, "core-silent,teardown-with-running-cores");
    void *program = launch_register(FIXTURE_AICORE), *p = launch_device_word(0);

    launch_endless(program, p);
    OK(aclrtResetDevice(device)); /* does not wait, as a process that ends does not */
    OK(aclrtSetDevice(device));
    fault_card_is_poisoned_until_force_reset(device);
    OK(rtDevBinaryUnRegister(program));
    card_close(device);
}

/* npurt lets no device go with running cores: a close after such a run is a force reset. */
TEST(teardown_with_running_cores)
{
    struct fault_world world;

    FAULT_EACH_MACHINE(machine)
    {
        teardown_bare(machine);
        fault_begin(&world, machine, "launch-fails:nth=4,teardown-with-running-cores");
        FAULT_FAILS(fault_call(&world, FAULT_TASKS), NPURT_ERROR_DRIVER, 507899, "launching npurt_aicpu_exec");
        FAULT_OK(npurt_callable_unload(world.callable));
        world.callable = NULL;
        FAULT_OK(npurt_device_close(world.device));
        fault_next_open_works(&world, machine);
    }
}

/* A program that left its card poisoned, and one that opens it next: there is no handle to reset it with. */
TEST(an_open_that_meets_a_poisoned_card_cleans_it_for_the_next)
{
    struct fault_world world;
    int32_t device;

    fault_target(&world, "a5", "core-silent,teardown-with-running-cores,alloc-fails:nth=99");
    device = card_open(world.target + strlen("emu:"));
    void *program = launch_register(FIXTURE_AICORE), *p = launch_device_word(0);
    launch_endless(program, p);
    OK(aclrtResetDevice(device));
    OK(rtDevBinaryUnRegister(program));
    FAULT_FAILS(fault_open(&world), NPURT_ERROR_DRIVER, 507899, "stream");
    fault_next_open_works(&world, "a5");
}

/* ---- host-dies --------------------------------------------------------------------------------------------------- */

/* Child processes of `parent` that run npuemu; `pids` receives up to 8. */
static int device_processes_of(pid_t parent, pid_t pids[8])
{
    DIR *dir = opendir("/proc");
    struct dirent *entry;
    int n = 0;

    CHECK(dir != NULL);
    while (n < 8 && (entry = readdir(dir))) {
        char path[300];
        int pid, its_parent;
        FILE *file;
        snprintf(path, sizeof path, "/proc/%s/stat", entry->d_name);
        if (entry->d_name[0] < '0' || entry->d_name[0] > '9' || !(file = fopen(path, "r"))) continue;
        if (fscanf(file, "%d (npuemu) %*c %d", &pid, &its_parent) == 2 && its_parent == (int)parent) pids[n++] = pid;
        fclose(file);
    }
    closedir(dir);
    return n;
}

/* A zombie has ended, whenever its new parent finds the time to notice. */
static bool has_ended(pid_t pid)
{
    char path[64], state = 'Z';
    FILE *file;

    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    file = fopen(path, "r");
    if (file && fscanf(file, "%*d (npuemu) %c", &state) != 1) state = 'Z';
    if (file) fclose(file);
    return state == 'Z' || state == 'X';
}

static int entries(const char *folder)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;
    int n = 0;

    if (!dir) CHECK_FAIL("%s: %s", folder, strerror(errno));
    while ((entry = readdir(dir)))
        n += entry->d_name[0] != '.';
    closedir(dir);
    return n;
}

/* The victim opens and says so, then calls until the plan kills it: this program with one argument more. */
static void host_dies_at(const char *machine, uint32_t nth)
{
    char folder[] = "/tmp/npurt-fault-XXXXXX", plan[32], ready = 0;
    int to_parent[2], to_child[2], how, devices;
    pid_t child, device[8];

    CHECK(mkdtemp(folder) && pipe(to_parent) == 0 && pipe(to_child) == 0);
    snprintf(plan, sizeof plan, "host-dies:nth=%u", nth);
    child = fork();
    if (child == 0) {
        setenv("TMPDIR", folder, 1);
        dup2(to_child[0], 0);
        dup2(to_parent[1], 1);
        execl("/proc/self/exe", "victim", "--victim", machine, plan, (char *)NULL);
        _exit(127);
    }
    close(to_parent[1]);
    close(to_child[0]);
    CHECK_EQ(read(to_parent[0], &ready, 1), 1);
    devices = device_processes_of(child, device);
    CHECK_EQ(devices, 1);
    CHECK_EQ(entries(folder), 1);
    CHECK_EQ(write(to_child[1], &ready, 1), 1);
    CHECK_EQ(waitpid(child, &how, 0), child);
    CHECK(WIFSIGNALED(how));
    CHECK_EQ(WTERMSIG(how), SIGKILL);
    close(to_parent[0]);
    close(to_child[1]);
    for (int i = 0; i < 6000 && (!has_ended(device[0]) || entries(folder)); i++)
        usleep(10000);
    CHECK(has_ended(device[0]));
    CHECK_EQ(entries(folder), 0);
    CHECK_EQ(rmdir(folder), 0);
}

static int victim(const char *machine, const char *plan)
{
    struct fault_world world;
    char go;

    fault_target(&world, machine, plan);
    if (fault_open(&world) != NPURT_OK || world_load(world.device, &world.callable) != NPURT_OK) return 2;
    if (write(1, "r", 1) != 1 || read(0, &go, 1) != 1) return 3;
    for (;;)
        (void)fault_call(&world, FAULT_TASKS);
}

/* Killed after the launch of the cores, after that of the scheduler, and in a later run: nothing is left. */
TEST(host_dies)
{
    struct fault_world world;

    FAULT_EACH_MACHINE(machine)
    {
        host_dies_at(machine, 3);
        host_dies_at(machine, 4);
        host_dies_at(machine, 7);
        fault_begin(&world, machine, "alloc-fails:nth=99999"); /* the next host; a plan that never happens */
        fault_runs_on(&world, machine);
    }
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "--victim") == 0) return victim(argv[2], argv[3]);
    return check_main(argc, argv);
}
