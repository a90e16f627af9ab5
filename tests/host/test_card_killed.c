/* A host that is killed outright, at every point of its life: within seconds no process of it is left, and with the
 * device process its card's folder is gone. Where no device process ran (while a device is closed, or early in an open)
 * that folder stays until the next host with the same TMPDIR sweeps it, and so does a descriptor that was being written
 * for the vendor's loader. A memfd lives as long as a process that holds it, so no process means no memory either. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "host/world.h"

/* ---- the host: this program again, told by the environment where to stop ------------------------------------------
 */

enum { SAYS = STDOUT_FILENO };

static uint32_t x[64], y[64];

static void say(char word)
{
    if (write(SAYS, &word, 1) != 1) _exit(3);
}

static void must(npurt_status status)
{
    if (status == NPURT_OK) return;
    fprintf(stderr, "killed host: %s\n", npurt_error_last()->message);
    _exit(4);
}

/* 'b' begins what is to be killed in, 'd' says that it is done. */
static _Noreturn void host(const char *point, const char *target)
{
    const npurt_device_options options = {
        .scheduler_timeout_ms = 20000, .op_timeout_ms = 40000, .sync_timeout_ms = 60000};
    npurt_device *device;
    npurt_callable *callable;

    if (strcmp(point, "open") == 0) say('b');
    must(npurt_device_open(target, &options, &device));
    if (strcmp(point, "open") == 0) {
        say('d');
    } else if (strcmp(point, "leave") == 0) {
        must(npurt_device_close(device));
        exit(0);                               /* with the destructors of the driver */
    } else if (strcmp(point, "closed") == 0) { /* between the reset that a close ends with and the next open */
        must(npurt_device_close(device));
        say('b');
    } else if (strcmp(point, "reset") == 0) {
        must(world_load(device, &callable));
        if (world_call(callable, x, y, 64, FIXTURE_ONE_KERNEL, FIXTURE_FAULT, NULL) != NPURT_ERROR_KERNEL_FAULT)
            _exit(5);
        must(npurt_device_reset(device));
        say('b');
    } else if (strcmp(point, "idle") == 0) {
        must(world_load(device, &callable));
        must(world_call(callable, x, y, 64, FIXTURE_CHAIN, 3, NULL));
        say('b');
    } else { /* in a run that would last for ever */
        must(world_load(device, &callable));
        say('b');
        (void)world_call(callable, x, y, 64, FIXTURE_ONE_KERNEL, FIXTURE_SPIN, NULL);
        _exit(6);
    }
    for (;;)
        pause();
}

/* ---- the test ------------------------------------------------------------------------------------------------------
 */

struct victim {
    pid_t pid;
    int says;
    char folder[64];
};

static struct victim victim_start(const char *point, const char *target)
{
    struct victim victim = {.folder = "/tmp/npurt-killed-XXXXXX"};
    int out[2];

    if (!mkdtemp(victim.folder) || pipe(out)) CHECK_FAIL("no folder or pipe: %s", strerror(errno));
    fflush(NULL);
    victim.pid = fork();
    if (victim.pid == 0) {
        setenv("TMPDIR", victim.folder, 1); /* the card's root; also what its processes are known by */
        setenv("NPUEMU_CARDS", victim.folder, 1);
        setenv("NPURT_LOG", "error", 1);
        setenv("NPURT_DUMPS", "off", 1); /* or the dump of a run that failed would lie there too */
        setenv("KILLED_POINT", point, 1);
        setenv("KILLED_TARGET", target, 1);
        dup2(out[1], SAYS);
        close(out[0]);
        close(out[1]);
        execl("/proc/self/exe", "killed-host", (char *)NULL);
        _exit(127);
    }
    close(out[1]);
    victim.says = out[0];
    return victim;
}

static void victim_says(const struct victim *victim, char expected)
{
    char word = '-';

    if (read(victim->says, &word, 1) != 1 || word != expected)
        CHECK_FAIL("the host said '%c', not '%c'", word, expected);
}

/* A process in the middle of an exec has no environment for a moment, which on a busy machine is a long one: a device
 * process that a host has started last of all would be missed, and turn up later. */
static bool is_starting(const char *pid)
{
    char path[300], program[300];
    snprintf(path, sizeof path, "/proc/%s/exe", pid); /* none of kernel threads and of the dead */
    const ssize_t n = readlink(path, program, sizeof program - 1);
    if (n <= 0) return false;
    program[n] = 0;
    return strstr(program, "/npuemu") || strstr(program, "/host_test_card_killed");
}

/* Processes, dead ones not yet waited for left out, whose environment names the folder, or is not known yet. */
static int processes_of(const char *folder)
{
    DIR *dir = opendir("/proc");
    struct dirent *entry;
    int n = 0;

    if (!dir) CHECK_FAIL("/proc: %s", strerror(errno));
    while ((entry = readdir(dir))) {
        static char text[65536];
        char path[300];
        ssize_t size;
        int fd;
        if (entry->d_name[0] < '0' || entry->d_name[0] > '9') continue;
        snprintf(path, sizeof path, "/proc/%s/environ", entry->d_name);
        fd = open(path, O_RDONLY);
        size = fd < 0 ? 0 : read(fd, text, sizeof text);
        if (fd >= 0) close(fd);
        n += size > 0 ? memmem(text, (size_t)size, folder, strlen(folder)) != NULL : is_starting(entry->d_name);
    }
    closedir(dir);
    return n;
}

/* How many names in a folder have this part. */
static int names_in(const char *folder, const char *part)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;
    int n = 0;

    while (dir && (entry = readdir(dir)))
        n += entry->d_name[0] != '.' && strstr(entry->d_name, part) != NULL;
    if (dir) closedir(dir);
    return n;
}

/* Starts the host of another open in the same folder and has it end in good order. */
static void sweep(const char *folder, const char *target)
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        setenv("TMPDIR", folder, 1);
        setenv("NPUEMU_CARDS", folder, 1);
        setenv("KILLED_POINT", "leave", 1);
        setenv("KILLED_TARGET", target, 1);
        execl("/proc/self/exe", "killed-host", (char *)NULL);
        _exit(127);
    }
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK_EQ(status, 0);
}

/* Whether something was left to be swept. */
static bool victim_killed(struct victim *victim, bool card_runs, const char *target)
{
    int status, seen = processes_of(victim->folder);
    char pid[32];
    bool left;

    CHECK(!card_runs || seen >= 2); /* the host and its device process: what looks for them finds them */
    kill(victim->pid, SIGKILL);
    CHECK_EQ(waitpid(victim->pid, &status, 0), victim->pid);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    close(victim->says);
    for (int i = 0; i < 12000 && (seen = processes_of(victim->folder)) != 0; i++)
        usleep(5000);
    CHECK_EQ(seen, 0);
    left = names_in(victim->folder, "") != 0;
    if (left) {
        CHECK(!card_runs);
        sweep(victim->folder, target);
    }
    CHECK_EQ(names_in(victim->folder, ""), 0);
    snprintf(pid, sizeof pid, "-%d-", (int)victim->pid);
    CHECK_EQ(names_in("/dev/shm", pid), 0);
    CHECK_EQ(rmdir(victim->folder), 0);
    return left;
}

static const char *const targets[] = {"emu:a2", "emu:a2?engine=thread", "emu:a3", "emu:a3?engine=thread",
                                      "emu:a5", "emu:a5?engine=thread"};
enum { TARGETS = sizeof targets / sizeof targets[0] };

static uint64_t now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* Spread over the time that this open takes here, from the first driver call to after the last. */
TEST(nothing_is_left_of_a_host_killed_while_it_opens)
{
    enum { PARTS = 10 };

    for (int t = 0; t < TARGETS; t++) {
        struct victim victim = victim_start("open", targets[t]);
        uint64_t from, took;
        unsigned left = 0;
        victim_says(&victim, 'b');
        from = now_us();
        victim_says(&victim, 'd');
        took = now_us() - from;
        (void)victim_killed(&victim, true, targets[t]);
        for (uint64_t part = 0; part < PARTS; part++) {
            victim = victim_start("open", targets[t]);
            victim_says(&victim, 'b');
            usleep((useconds_t)(took * part / PARTS));
            left += victim_killed(&victim, false, targets[t]);
        }
        printf("  %s: an open takes %u us; %u of %d killed in it left a folder to be swept\n", targets[t],
               (unsigned)took, left, PARTS);
    }
}

static void killed_at(const char *point, bool card_runs, useconds_t delay)
{
    for (int t = 0; t < TARGETS; t++) {
        struct victim victim = victim_start(point, targets[t]);
        printf("  %s\n", targets[t]);
        victim_says(&victim, 'b');
        usleep(delay);
        (void)victim_killed(&victim, card_runs, targets[t]);
    }
}

/* What the killed left in the middle of writing goes with the next open; what somebody holds stays. */
TEST(descriptors_of_killed_hosts_are_swept_and_those_of_living_ones_are_not)
{
    char folder[] = "/tmp/npurt-killed-XXXXXX", own[64], dead[128], living[128];
    CHECK(mkdtemp(folder) != NULL);
    snprintf(own, sizeof own, "%s/npurt-%u", folder, (unsigned)geteuid());
    CHECK_EQ(mkdir(own, 0700), 0);
    snprintf(dead, sizeof dead, "%s/npurt-temporary-aaaaaa.json", own);
    snprintf(living, sizeof living, "%s/npurt-temporary-bbbbbb.json", own);
    int left = open(dead, O_CREAT | O_WRONLY, 0600), held = open(living, O_CREAT | O_WRONLY, 0600);
    CHECK(left >= 0 && held >= 0);
    close(left);
    CHECK_EQ(flock(held, LOCK_EX), 0);
    sweep(folder, "emu:a5");
    CHECK(access(dead, F_OK) != 0);
    CHECK_EQ(access(living, F_OK), 0);
    close(held);
    CHECK_EQ(unlink(living), 0);
    CHECK_EQ(rmdir(own), 0);
    CHECK_EQ(rmdir(folder), 0);
}

TEST(nothing_is_left_of_a_host_killed_between_a_close_and_the_next_open)
{
    killed_at("closed", false, 0);
}
TEST(nothing_is_left_of_a_host_killed_after_a_forced_reset)
{
    killed_at("reset", true, 0);
}
TEST(nothing_is_left_of_an_idle_host_that_is_killed)
{
    killed_at("idle", true, 0);
}
TEST(nothing_is_left_of_a_host_killed_in_a_run)
{
    killed_at("run", true, 30000);
}

int main(int argc, char **argv)
{
    const char *point = getenv("KILLED_POINT"), *target = getenv("KILLED_TARGET");

    if (point && target) host(point, target);
    return check_main(argc, argv);
}
