/* The card as a process: it sleeps when idle, and goes with its host. */
#include "scene.h"

#include <ctype.h>
#include <dirent.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_PROCESSES = 32 };

/* Fields of /proc/PID/stat after the name: state is 0, parent 1, user and system ticks 11 and 12. false: no such
 * process. */
static bool read_stat(pid_t pid, char *state, long *parent, unsigned long *ticks)
{
    char path[64], text[1024];
    unsigned long user, system;
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "r");
    if (!file) return false;
    size_t n = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[n] = 0;
    char *after = strrchr(text, ')');
    return after &&
           sscanf(after + 1, " %c %ld %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", state, parent, &user, &system) ==
               4 &&
           ((*ticks = user + system), true);
}

/* Living children of a process, zombies left out. */
static uint32_t children_of(pid_t parent, pid_t child[MAX_PROCESSES])
{
    DIR *proc = opendir("/proc");
    uint32_t count = 0;
    struct dirent *entry;
    while (proc && (entry = readdir(proc)) && count < MAX_PROCESSES) {
        char state;
        long of;
        unsigned long ticks;
        pid_t pid = (pid_t)atoi(entry->d_name);
        if (pid > 0 && read_stat(pid, &state, &of, &ticks) && of == parent && state != 'Z') child[count++] = pid;
    }
    if (proc) closedir(proc);
    return count;
}

static bool is_alive(pid_t pid)
{
    char state;
    long parent;
    unsigned long ticks;
    return read_stat(pid, &state, &parent, &ticks) && state != 'Z';
}

/* Names in a folder that contain the number as a word of digits. */
static uint32_t names_with(const char *folder, pid_t number, char *found, size_t size)
{
    char digits[16];
    DIR *dir = opendir(folder);
    struct dirent *entry;
    uint32_t count = 0;
    snprintf(digits, sizeof digits, "%d", (int)number);
    while (dir && (entry = readdir(dir))) {
        for (const char *at = strstr(entry->d_name, digits); at; at = strstr(at + 1, digits)) {
            bool before = at > entry->d_name && isdigit((unsigned char)at[-1]);
            if (before || isdigit((unsigned char)at[strlen(digits)])) continue;
            snprintf(found, size, "%s/%s", folder, entry->d_name);
            count++;
            break;
        }
    }
    if (dir) closedir(dir);
    return count;
}

static npurt_device *open_and_run(struct example_problem *problem, npurt_callable **callable)
{
    npurt_device *device = scene_open_target(scene.target);
    SCENE_OK(example_load(device, problem, scene.folder, callable));
    scene_run(*callable, problem, NULL);
    return device;
}

TEST(idle_open_device_uses_less_than_half_a_percent_of_a_cpu)
{
    enum { SECONDS = 10 };
    struct example_problem problem;
    npurt_callable *callable;
    pid_t process[MAX_PROCESSES];
    unsigned long before = 0, after = 0, ticks;
    char state;
    long parent;
    CHECK_EQ(scene_prepare(&vector_example, example_find_case(&vector_example, "small"), 1, &problem), 0);
    npurt_device *device = open_and_run(&problem, &callable);
    uint32_t count = children_of(getpid(), process);
    CHECK(count > 0 && count < MAX_PROCESSES);
    process[count++] = getpid();
    sleep(1); /* what a run wound up may run down */
    for (uint32_t i = 0; i < count; i++)
        if (read_stat(process[i], &state, &parent, &ticks)) before += ticks;
    sleep(SECONDS);
    for (uint32_t i = 0; i < count; i++) {
        CHECK(read_stat(process[i], &state, &parent, &ticks));
        after += ticks;
    }
    double percent = 100.0 * (double)(after - before) / (double)sysconf(_SC_CLK_TCK) / SECONDS;
    printf("  host and %u device process: %.2f %% of a CPU\n", count - 1, percent);
    SCENE_OK(npurt_callable_unload(callable));
    SCENE_OK(npurt_device_close(device));
    example_release(&problem);
    CHECK(percent < 0.5);
}

/* The host that is to be killed, in a process of its own: writes to `ready` after its first run, and runs until then. */
static void run_forever(int ready)
{
    struct example_problem problem;
    npurt_callable *callable;
    if (scene_prepare(&random_graph, example_find_case(&random_graph, "full"), 1, &problem) != 0) _exit(1);
    npurt_device_options options = {.aicpu_threads = scene.aicpu_threads};
    npurt_device *device;
    if (npurt_device_open(scene.target, &options, &device) != NPURT_OK ||
        example_load(device, &problem, scene.folder, &callable) != NPURT_OK) {
        fprintf(stderr, "%s\n", npurt_error_last()->message);
        _exit(1);
    }
    for (bool first = true;; first = false) {
        example_restore(&problem);
        if (example_call(callable, &problem, NULL) != NPURT_OK) {
            fprintf(stderr, "%s\n", npurt_error_last()->message);
            _exit(1);
        }
        if (first && write(ready, "r", 1) != 1) _exit(1);
    }
}

TEST(killed_host_leaves_no_process_and_no_file)
{
    static const char *const folders[] = {"/dev/shm", "/tmp", "/var/tmp", "/run/shm"};
    enum { ROUNDS = 5 };
    for (uint32_t round = 0; round < ROUNDS; round++) {
        char private_folder[] = "/tmp/npurt-scene-XXXXXX", word, found[PATH_MAX] = "";
        pid_t process[MAX_PROCESSES];
        int ready[2], status;
        CHECK(mkdtemp(private_folder) != NULL);
        CHECK_EQ(pipe(ready), 0);
        fflush(NULL);
        pid_t host = fork();
        if (host == 0) {
            char number[16];
            snprintf(number, sizeof number, "%d", ready[1]);
            setenv("TMPDIR", private_folder, 1);
            setenv("SCENE_HOST", number, 1);
            close(ready[0]);
            execl("/proc/self/exe", "killed-host", "--target", scene.target, NULL); /* a fork may not use the driver */
            _exit(127);
        }
        close(ready[1]);
        ssize_t got = read(ready[0], &word, 1);
        usleep(20000 + 7000 * round); /* somewhere inside a run */
        uint32_t count = children_of(host, process);
        kill(host, SIGKILL);
        waitpid(host, &status, 0);
        close(ready[0]);
        CHECK_EQ(got, 1);
        CHECK(count > 0);
        bool alive = true;
        for (uint32_t tenths = 0; tenths < 600 && alive; tenths++) {
            alive = false;
            for (uint32_t i = 0; i < count; i++)
                alive = alive || is_alive(process[i]);
            if (alive) usleep(100000);
        }
        CHECK(!alive);
        for (uint32_t i = 0; i < sizeof folders / sizeof folders[0]; i++)
            if (names_with(folders[i], host, found, sizeof found) != 0) CHECK_FAIL("left behind: %s", found);
        if (rmdir(private_folder) != 0) CHECK_FAIL("left behind: something in %s", private_folder);
    }
}

int main(int argc, char **argv)
{
    const char *ready = getenv("SCENE_HOST"); /* set by the test that kills */
    if (ready) {
        scene.target = argv[2];
        if (!example_folder(scene.folder, sizeof scene.folder)) return 2;
        run_forever(atoi(ready));
    }
    return scene_main(argc, argv);
}
