/* Random fault plans in virtual time: every life of a card ends in right answers or a status, never in a hang, a crash,
 * or a byte left.
 *
 *     test_fault_explore [--first SEED] [--count N] [--verbose 1]
 *
 * Seed S is the card emu:a2, a3 or a5 (by S) with ?seed=S&faults=random:count=3. Each seed lives through opens, loads
 * and calls, with the recovery that the state of the device asks for, until the plan is spent and everything is right
 * again. A process holds few cards, so that seeds run in parts, each in a process of its own. However a seed fails, by
 * a check, by not ending, or by taking its process along, the command that repeats it is printed.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/world.h"

enum {
    PART = 20,         /* seeds in one process */
    SEED_SECONDS = 20, /* host time of a seed: limits are virtual, a life takes some 10 ms */
    LIVES = 24,        /* more than any plan of three events can spoil */
    RUNS = 4,
    CLEAN_RUNS = 20,
    ELEMENTS = 256,
    EXIT_WRONG = 1,
    EXIT_HANGS = 2,
};

static bool verbose;
static uint32_t met[32]; /* failures told, by status */
static uint64_t seed;
static char target[128];
static uint32_t x[ELEMENTS], y[ELEMENTS];

static const npurt_device_options options = {
    .scheduler_timeout_ms = 500, .op_timeout_ms = 20000, .sync_timeout_ms = 30000};

__attribute__((format(printf, 1, 2), noreturn)) static void wrong(const char *format, ...)
{
    va_list list;

    va_start(list, format);
    printf("seed %llu: ", (unsigned long long)seed);
    vprintf(format, list);
    va_end(list);
    printf("\n");
    fflush(stdout);
    _exit(EXIT_WRONG);
}

static void on_alarm(int number)
{
    (void)number;
    _exit(EXIT_HANGS);
}

static void note(const char *what, npurt_status status)
{
    if (verbose)
        printf("  %-6s %s%s%s\n", what, npurt_status_name(status), status ? ": " : "",
               status ? npurt_error_last()->message : "");
}

/* A failure must be told: a status of its own, and a sentence. */
static npurt_status told(const char *what, npurt_status status)
{
    note(what, status);
    if (status == NPURT_OK) return status;
    met[status]++;
    if (npurt_error_last()->status != status || !npurt_error_last()->message[0])
        wrong("%s answers %s without a record of it", what, npurt_status_name(status));
    return status;
}

/* One call; a right answer when it says so. */
static npurt_status call(npurt_callable *callable, uint32_t tasks)
{
    npurt_status status;

    for (uint32_t i = 0; i < ELEMENTS; i++) {
        x[i] = (uint32_t)seed * 31 + i;
        y[i] = 0;
    }
    status = told("call", world_call(callable, x, y, ELEMENTS, FIXTURE_CHAIN, tasks, NULL));
    for (uint32_t i = 0; i < ELEMENTS && status == NPURT_OK; i++)
        if (y[i] != x[i] + tasks) wrong("y[%u] is %u, not %u, and the call says OK", i, y[i], x[i] + tasks);
    return status;
}

/* Loads, calls, lets go. True when nothing went wrong. */
static bool use(npurt_device *device, uint32_t runs)
{
    npurt_callable *callable = NULL;
    npurt_status status = told("load", world_load(device, &callable));
    bool well = status == NPURT_OK;

    for (uint32_t run = 0; run < runs && well; run++)
        well = call(callable, 1 + run % 5) == NPURT_OK;
    if (!well && callable && npurt_device_get_state(device) == NPURT_DEVICE_HEALTHY)
        (void)call(callable, 5); /* a healthy device goes on */
    if (callable && told("unload", npurt_callable_unload(callable)) != NPURT_OK) well = false;
    return well;
}

/* From open to close. True when nothing went wrong. */
static bool live(uint32_t runs, uint64_t *in_use)
{
    npurt_device *device = NULL;
    npurt_status status = told("open", npurt_device_open(target, &options, &device));
    bool well = status == NPURT_OK;

    if (!device) return false;
    if (npurt_device_hbm_in_use(device, in_use) != NPURT_OK) *in_use = 0;
    well = use(device, runs);
    for (int i = 0; i < 3 && npurt_device_get_state(device) != NPURT_DEVICE_HEALTHY; i++) {
        well = false;
        if (told("reset", npurt_device_reset(device)) == NPURT_OK) (void)use(device, runs);
    }
    status = told("close", npurt_device_close(device));
    if (status == NPURT_ERROR_LEAK) wrong("close found something left: %s", npurt_error_last()->message);
    return well && status == NPURT_OK;
}

static uint64_t hbm_of_a_new_card(const char *machine)
{
    uint64_t bytes = 0;

    snprintf(target, sizeof target, "emu:%s?mode=timed", machine);
    if (!live(1, &bytes)) wrong("a card without faults does not work: %s", npurt_error_last()->message);
    return bytes;
}

/* Descriptors of this process: what a life leaves open. */
static int descriptors(void)
{
    int n = 0;

    for (int fd = 0; fd < 1024; fd++)
        n += fcntl(fd, F_GETFD) >= 0;
    return n;
}

static void explore(void)
{
    static const char *const machines[] = {"a2", "a3", "a5"};
    static uint64_t new_card[3];
    const uint64_t which = seed % 3;
    uint64_t in_use = 0;
    uint32_t lives = 0;

    int open_before;

    if (!new_card[which]) new_card[which] = hbm_of_a_new_card(machines[which]);
    snprintf(target, sizeof target, "emu:%s?seed=%llu&faults=random:count=3", machines[which],
             (unsigned long long)seed);
    if (verbose) printf("seed %llu: %s\n", (unsigned long long)seed, target);
    open_before = descriptors();
    for (uint32_t clean = 0; clean < 2; lives++) {
        if (lives == LIVES) wrong("still not right after %u lives: %s", lives, npurt_error_last()->message);
        clean = live(RUNS, &in_use) ? clean + 1 : 0;
    }
    if (!live(CLEAN_RUNS, &in_use) && !live(CLEAN_RUNS, &in_use) && !live(CLEAN_RUNS, &in_use))
        wrong("not right after two right lives: %s", npurt_error_last()->message);
    if (descriptors() != open_before + 1) /* the card's file system, which outlives its lives */
        wrong("%d descriptors are open after the last life, not one more than the %d before the first", descriptors(),
              open_before);
    if (in_use != new_card[which])
        wrong("a new device has %llu bytes in use, not %llu", (unsigned long long)in_use,
              (unsigned long long)new_card[which]);
}

/* In the child: seeds from `first` on. `progress` holds the one that it is at, for the parent to read. */
static int part(uint64_t first, uint64_t count, int progress)
{
    uint64_t with = 0;

    setvbuf(stdout, NULL, _IOLBF, 0);
    signal(SIGALRM, on_alarm);
    for (seed = first; seed < first + count; seed++) {
        uint32_t before = 0, after = 0;
        for (int i = 0; i < 32; i++)
            before += met[i];
        if (pwrite(progress, &seed, sizeof seed, 0) != sizeof seed) return 127;
        alarm(SEED_SECONDS);
        explore();
        alarm(0);
        for (int i = 0; i < 32; i++)
            after += met[i];
        with += after > before;
    }
    printf("seeds %llu to %llu: %llu met their plan:", (unsigned long long)first, (unsigned long long)(seed - 1),
           (unsigned long long)with);
    for (int i = 0; i < 32; i++)
        if (met[i]) printf(" %u %s", met[i], npurt_status_name((npurt_status)i) + strlen("NPURT_ERROR_"));
    printf("\n");
    if (count == PART && with < PART / 2) wrong("half of the plans did nothing: the plans miss the paths they are for");
    return 0;
}

/* How the part ended; true when all was well. */
static bool part_is_well(uint64_t at, int how)
{
    char program[512] = "test_fault_explore";

    if (WIFEXITED(how) && WEXITSTATUS(how) == 0) return true;
    if (readlink("/proc/self/exe", program, sizeof program - 1) < 0) return false;
    if (WIFSIGNALED(how))
        printf("seed %llu: signal %d took the host program along\n", (unsigned long long)at, WTERMSIG(how));
    else if (WEXITSTATUS(how) == EXIT_HANGS)
        printf("seed %llu: not over after %d s\n", (unsigned long long)at, SEED_SECONDS);
    else if (WEXITSTATUS(how) != EXIT_WRONG)
        printf("seed %llu: status %d\n", (unsigned long long)at, WEXITSTATUS(how));
    printf("  repeat with: %s --first %llu --count 1 --verbose 1\n", program, (unsigned long long)at);
    fflush(stdout);
    return false;
}

/* Starts this program again for a part of the seeds; it must not inherit a loaded driver. */
static bool part_runs(uint64_t first, uint64_t count)
{
    char from[24], many[24], descriptor[16];
    int progress = memfd_create("progress", 0), how;
    uint64_t at = first;
    pid_t child;

    snprintf(from, sizeof from, "%llu", (unsigned long long)first);
    snprintf(many, sizeof many, "%llu", (unsigned long long)count);
    snprintf(descriptor, sizeof descriptor, "%d", progress);
    child = fork();
    if (child == 0) {
        execl("/proc/self/exe", "test_fault_explore", "--part", from, many, verbose ? "1" : "0", descriptor,
              (char *)NULL);
        _exit(127);
    }
    while (waitpid(child, &how, 0) < 0 && errno == EINTR) {
    }
    if (pread(progress, &at, sizeof at, 0) != sizeof at) at = first;
    close(progress);
    return part_is_well(at, how);
}

int main(int argc, char **argv)
{
    uint64_t first = 1, count = 60, failed = 0;

    if (argc == 6 && strcmp(argv[1], "--part") == 0) {
        verbose = *argv[4] == '1';
        return part(strtoull(argv[2], NULL, 10), strtoull(argv[3], NULL, 10), (int)strtol(argv[5], NULL, 10));
    }
    for (int i = 1; i + 1 < argc; i += 2) {
        const uint64_t value = strtoull(argv[i + 1], NULL, 10);
        if (strcmp(argv[i], "--first") == 0)
            first = value;
        else if (strcmp(argv[i], "--count") == 0)
            count = value;
        else if (strcmp(argv[i], "--verbose") == 0)
            verbose = value != 0;
        else {
            fprintf(stderr, "unknown option %s\n", argv[i]);
            return 2;
        }
    }
    for (uint64_t at = first; at < first + count; at += PART)
        failed += !part_runs(at, first + count - at < PART ? first + count - at : PART);
    printf("%llu seeds, %llu parts failed\n", (unsigned long long)count, (unsigned long long)failed);
    return failed != 0;
}
