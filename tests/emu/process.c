/* Hosts and device processes that end, each in its way: nothing may be left of either. */
#include "launch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* A victim, with a folder of its own for the card's root, and its first line of output. */
struct victim {
    pid_t pid;
    char folder[64];
    char line[256];
};

static struct victim victim_start(const char *mode, const char *variable, const char *value)
{
    struct victim victim = {.folder = "/tmp/npuemu-victim-XXXXXX"};
    int out[2];
    ssize_t n;

    if (!mkdtemp(victim.folder) || pipe(out)) CHECK_FAIL("no folder or pipe: %s", strerror(errno));
    victim.pid = fork();
    if (victim.pid == 0) {
        const struct rlimit no_core = {0, 0};
        setrlimit(RLIMIT_CORE, &no_core);
        setenv("TMPDIR", victim.folder, 1);
        setenv("ASAN_OPTIONS", "handle_segv=0", 1); /* the fault itself is what is looked for */
        setenv("TSAN_OPTIONS", "handle_segv=0", 1);
        if (variable) setenv(variable, value, 1);
        dup2(out[1], 1);
        close(out[0]);
        close(out[1]);
        execl(VICTIM, VICTIM, mode, (char *)NULL);
        _exit(127);
    }
    close(out[1]);
    n = read(out[0], victim.line, sizeof victim.line - 1);
    victim.line[n > 0 ? n : 0] = 0;
    victim.line[strcspn(victim.line, "\n")] = 0;
    close(out[0]);
    return victim;
}

static int victim_status(struct victim *victim)
{
    int status;

    if (waitpid(victim->pid, &status, 0) != victim->pid) CHECK_FAIL("waitpid: %s", strerror(errno));
    return status;
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

/* Processes whose program is npuemu and whose environment names the folder: this victim's device processes. */
static int device_processes(const char *folder)
{
    DIR *dir = opendir("/proc");
    struct dirent *entry;
    int n = 0;

    if (!dir) CHECK_FAIL("/proc: %s", strerror(errno));
    while ((entry = readdir(dir))) {
        char path[300], text[65536];
        ssize_t size;
        int fd;
        if (entry->d_name[0] < '0' || entry->d_name[0] > '9') continue;
        snprintf(path, sizeof path, "/proc/%s/comm", entry->d_name);
        fd = open(path, O_RDONLY);
        size = fd < 0 ? 0 : read(fd, text, sizeof text);
        if (fd >= 0) close(fd);
        if (size < 6 || memcmp(text, "npuemu", 6) != 0) continue;
        snprintf(path, sizeof path, "/proc/%s/environ", entry->d_name);
        fd = open(path, O_RDONLY);
        size = fd < 0 ? 0 : read(fd, text, sizeof text);
        if (fd >= 0) close(fd);
        n += size > 0 && memmem(text, (size_t)size, folder, strlen(folder)) != NULL;
    }
    closedir(dir);
    return n;
}

/* Kills the device processes that are children of this one, and waits for their ends, which it leaves to be collected. */
static void kill_children(void)
{
    DIR *dir = opendir("/proc");
    struct dirent *entry;
    siginfo_t gone;
    int killed = 0;

    if (!dir) CHECK_FAIL("/proc: %s", strerror(errno));
    while ((entry = readdir(dir))) {
        char path[300];
        int pid, parent;
        FILE *file;
        snprintf(path, sizeof path, "/proc/%s/stat", entry->d_name);
        if (entry->d_name[0] < '0' || entry->d_name[0] > '9' || !(file = fopen(path, "r"))) continue;
        if (fscanf(file, "%d (npuemu) %*c %d", &pid, &parent) == 2 && parent == (int)getpid()) {
            killed += kill(pid, SIGKILL) == 0;
            (void)waitid(P_PID, (id_t)pid, &gone, WEXITED | WNOWAIT); /* or it has been collected already */
        }
        fclose(file);
    }
    closedir(dir);
    CHECK_EQ(killed, 1);
}

/* Waits until no process and no file is left; the memfds end with the processes that hold them. */
static void victim_gone(struct victim *victim)
{
    for (int i = 0; i < 6000 && (device_processes(victim->folder) || entries(victim->folder)); i++)
        usleep(10000);
    CHECK_EQ(device_processes(victim->folder), 0);
    CHECK_EQ(entries(victim->folder), 0);
    rmdir(victim->folder);
}

TEST(a_device_pointer_written_on_the_host_faults)
{
    struct victim victim = victim_start("touch", NULL, NULL);
    int status = victim_status(&victim);

    CHECK_STR(victim.line, "");
    CHECK(WIFSIGNALED(status));
    CHECK_EQ(WTERMSIG(status), SIGSEGV);
    victim_gone(&victim);
}

TEST(a_device_pointer_read_on_the_host_faults)
{
    struct victim victim = victim_start("load", NULL, NULL);
    int status = victim_status(&victim);

    CHECK(WIFSIGNALED(status));
    CHECK_EQ(WTERMSIG(status), SIGSEGV);
    victim_gone(&victim);
}

TEST(nothing_is_left_of_a_host_that_was_killed)
{
    struct victim victim = victim_start("stay", NULL, NULL);

    CHECK_STR(victim.line, "open");
    CHECK_EQ(device_processes(victim.folder), 1);
    CHECK_EQ(entries(victim.folder), 1);
    kill(victim.pid, SIGKILL);
    victim_status(&victim);
    victim_gone(&victim);
}

TEST(nothing_is_left_of_a_host_that_ends_without_a_reset)
{
    struct victim victim = victim_start("leave", NULL, NULL);

    CHECK_EQ(victim_status(&victim), 0);
    CHECK_EQ(entries(victim.folder), 0); /* at once: the host has tidied up */
    victim_gone(&victim);
}

/* The user's own folder in a victim's; it is there as long as something is in it. */
static void own_folder(const struct victim *victim, char path[128])
{
    snprintf(path, 128, "%s/npurt-%u", victim->folder, (unsigned)geteuid());
}

static void start_next(struct victim *victim)
{
    struct victim next = *victim;

    next.pid = fork();
    if (next.pid == 0) {
        setenv("TMPDIR", victim->folder, 1);
        execl(VICTIM, VICTIM, "leave", (char *)NULL);
        _exit(127);
    }
    CHECK_EQ(victim_status(&next), 0);
}

TEST(what_a_dead_host_has_left_is_swept)
{
    struct victim victim = victim_start("stay", NULL, NULL);
    char own[128], stale[160], live[160], other[160], path[400];
    int fd, lock;

    CHECK_STR(victim.line, "open");
    own_folder(&victim, own);
    CHECK_EQ(entries(own), 1);
    snprintf(stale, sizeof stale, "%s/root-stale", own);
    snprintf(live, sizeof live, "%s/root-live", own); /* of a process of any namespace: what counts is the lock */
    snprintf(other, sizeof other, "%s/something-else", own);
    CHECK_EQ(mkdir(stale, 0700) | mkdir(live, 0700) | mkdir(other, 0700), 0);
    snprintf(path, sizeof path, "%s/left.so", stale);
    fd = open(path, O_CREAT | O_WRONLY, 0600);
    CHECK(fd >= 0);
    close(fd);
    lock = open(live, O_RDONLY | O_CLOEXEC);
    CHECK_EQ(flock(lock, LOCK_SH), 0);
    start_next(&victim); /* beside the one that lives */
    CHECK_EQ(access(stale, F_OK), -1);
    CHECK_EQ(access(live, F_OK), 0);
    CHECK_EQ(access(other, F_OK), 0);
    CHECK_EQ(entries(own), 3); /* and the root of the victim, which lives */
    close(lock);
    CHECK_EQ(rmdir(other), 0);
    kill(victim.pid, SIGKILL);
    victim_status(&victim);
    start_next(&victim);
    victim_gone(&victim);
}

TEST(a_forked_child_has_no_device)
{
    struct victim victim = victim_start("fork", NULL, NULL);

    CHECK_EQ(victim_status(&victim), 0);
    CHECK_STR(victim.line, "");
    victim_gone(&victim);
}

TEST(the_environment_says_which_devices_a_plain_program_sees)
{
    struct victim victim = victim_start("environment", NULL, NULL);

    CHECK_EQ(victim_status(&victim), 0);
    CHECK_STR(victim.line, "1 Ascend950PR_9599 2 65534"); /* a5 alone; hal has no device 1; halMemCtl is not a5's */
    victim_gone(&victim);
    victim = victim_start("environment", "NPUEMU_MACHINE", "a3?hbm=64MiB");
    CHECK_EQ(victim_status(&victim), 0);
    CHECK_STR(victim.line, "2 Ascend910_9392 2 0 0");
    victim_gone(&victim);
    victim = victim_start("environment", "NPUEMU_MACHINE", "a2?hbm=64MiB;a5?hbm=64MiB");
    CHECK_EQ(victim_status(&victim), 0);
    CHECK_STR(victim.line, "2 Ascend910B1 2 0 65534");
    victim_gone(&victim);
}

TEST(a_device_process_that_dies_is_507901_until_the_reset)
{
    int32_t device = card_open("a5?hbm=64MiB&card=dies");
    void *p, *stream;
    char bytes[8] = "";

    OK(rtMalloc(&p, 512, RT_MEMORY_HBM, 0));
    OK(rtStreamCreate(&stream, 0));
    kill_children();
    for (int i = 0; i < 6000 && rtStreamSynchronize(stream) == 0; i++) /* nothing was due: until the death is noticed */
        usleep(10000);
    FAILS(rtStreamSynchronize(stream), 507901, "device process");
    FAILS(rtMalloc(&p, 512, RT_MEMORY_HBM, 0), 507901, "device process");
    FAILS(rtMemcpy(p, 8, bytes, 8, RT_MEMCPY_HOST_TO_DEVICE), 507901, "device process");
    FAILS(rtStreamQuery(stream), 507901, "device process");
    FAILS(rtStreamCreate(&stream, 0), 507901, "device process");
    OK(aclrtSetDevice(device)); /* one more reference, the same dead device */
    FAILS(rtStreamSynchronize(NULL), 507901, "device process");
    OK(aclrtResetDeviceForce(device));
    OK(aclrtSetDevice(device));
    OK(rtMalloc(&p, 512, RT_MEMORY_HBM, 0));
    card_close(device);
}

TEST(a_card_that_fits_no_window_can_not_be_opened)
{
    int32_t first = card_open("a5?hbm=256GiB&card=wide1"), second = card_add("a5?hbm=256GiB&card=wide2");

    FAILS(aclrtSetDevice(second), 507033, "no room");
    card_close(first);
    OK(aclrtSetDevice(second)); /* the window was given back */
    card_close(second);
}

TEST_MAIN
