/* Every workload in orders and latencies drawn from seeds: right results, and nobody left asleep.
 *
 *     test_explore [--target emu:a5] [--runtime host_build_graph] [--draw uniform] [--what workloads]
 *                  [--first 1] [--count 10] [--verbose 0]
 *
 * --what workloads: seed S runs each workload at each of its sizes but the full ones, twice. --what graphs: it runs the
 * random graph number S, on as many clusters as S says, and with what of predicates, sync-start tasks and, on
 * tensormap_and_ringbuffer, elements S says. --draw is what the target's explore= takes, or
 * "timed" for timed mode, odd seeds with the other engine's name in the target.
 *
 * A process holds few cards, so that seeds run in parts, each in a process of its own. The first part runs twice, and
 * must leave the same trace hashes. A seed that fails is printed as the command that repeats it.
 */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "example.h"

#include "random_graph/generator.h"

enum {
    PART = 25,           /* seeds in one process */
    SEED_SECONDS = 120,  /* host time of a seed: nothing in it depends on the host's clock, so it takes what it takes */
    STALL_NS = 10000000, /* the clock's first jump */
    GRAPH_MOST = 600,    /* tasks */
};

static const char *const runtimes[] = {"host_build_graph", "tensormap_and_ringbuffer"};
static const char *base = "emu:a5", *how = "uniform", *what = "workloads", *runtime = "host_build_graph";
static uint64_t seed;
static bool verbose;
static char target[256], folder[PATH_MAX];
static uint64_t hashes = UINT64_C(0xcbf29ce484222325); /* of all seeds so far */

static void repeat_with(uint64_t first, uint64_t count)
{
    printf("  repeat with: test_explore --target '%s' --runtime %s --draw %s --what %s --first %" PRIu64
           " --count %" PRIu64 " --verbose 1\n",
           base, runtime, how, what, first, count);
    fflush(stdout);
}

__attribute__((format(printf, 1, 2), noreturn)) static void wrong(const char *format, ...)
{
    va_list list;

    printf("%s: ", target);
    va_start(list, format);
    vprintf(format, list);
    va_end(list);
    printf("\n");
    repeat_with(seed, 1);
    _exit(1);
}

static void right(npurt_status status, const char *call)
{
    if (status == NPURT_OK) return;
    const npurt_error *e = npurt_error_last();
    wrong("%s: %s: %s; %s", call, npurt_status_name(status), e->message, e->fallout);
}

static void run(npurt_callable *callable, struct example_problem *problem)
{
    const char *name = problem->example->name, *size = problem->which->name;
    npurt_timing timing;
    double largest;

    example_restore(problem);
    right(example_call(callable, problem, &timing), name);
    const int64_t mismatches = example_check(problem, &largest);
    if (mismatches) wrong("%s %s: %" PRId64 " elements differ, largest error %g", name, size, mismatches, largest);
    if (timing.tasks != problem->task_count)
        wrong("%s %s: %u tasks, not %u", name, size, timing.tasks, problem->task_count);
    if (timing.device_wall_ns >= STALL_NS)
        wrong("%s %s: everybody waited until the clock had gone on: a lost wake-up", name, size);
}

static npurt_runtime runtime_number(void)
{
    return strcmp(runtime, runtimes[1]) == 0 ? NPURT_TENSORMAP_AND_RINGBUFFER : NPURT_HOST_BUILD_GRAPH;
}

static void run_case(npurt_device *device, const struct example *example, const struct example_case *which,
                     uint64_t input, uint32_t runs)
{
    struct example_problem problem;
    npurt_callable *callable;

    if (example_prepare(example, which, input, &problem) != 0) wrong("no memory");
    problem.runtime = runtime_number();
    right(example_load(device, &problem, folder, &callable), example->name);
    for (uint32_t i = 0; i < runs; i++)
        run(callable, &problem);
    right(npurt_callable_unload(callable), "unload");
    example_release(&problem);
}

static void run_workloads(npurt_device *device)
{
    for (uint32_t i = 0; i < example_count; i++)
        for (uint32_t k = 0; k < example_all[i]->case_count; k++)
            if (!example_case_is_full(&example_all[i]->cases[k]) &&
                example_case_runs(example_all[i], &example_all[i]->cases[k], runtime_number()))
                run_case(device, example_all[i], &example_all[i]->cases[k], 1, 2);
}

static void run_graph(npurt_device *device)
{
    const uint64_t part = example_random(seed, 0, 0) % 1000;
    /* what the runtime has, each in half of the graphs */
    const uint64_t has = GENERATE_SYNC_START | GENERATE_PREDICATES | GENERATE_STAGING |
                         (runtime_number() == NPURT_TENSORMAP_AND_RINGBUFFER ? GENERATE_ELEMENTS : 0u);
    const uint64_t options = example_random(seed, 0, 1) & has;
    const struct example_case which = {"random", "", {1 + part * part * GRAPH_MOST / 1000000, options}};

    run_case(device, &random_graph, &which, 1000 + seed, 1);
}

static void explore(void)
{
    static const char *const clusters[] = {"", "clusters=1&", "clusters=2&", "clusters=6&"};
    const bool graph = strcmp(what, "graphs") == 0, timed = strcmp(how, "timed") == 0;
    npurt_device *device = NULL;
    uint64_t hash = 0;

    snprintf(target, sizeof target, "%s%c%s%s%s&seed=%" PRIu64, base, strchr(base, '?') ? '&' : '?',
             graph ? clusters[seed % 4] : "", timed ? "mode=timed" : "explore=",
             !timed     ? how
             : seed % 2 ? "&engine=thread"
                        : "",
             seed);
    right(npurt_device_open(target, NULL, &device), "open");
    if (graph)
        run_graph(device);
    else
        run_workloads(device);
    right(npurt_device_trace_hash(device, &hash), "trace hash");
    right(npurt_device_close(device), "close");
    hashes = (hashes ^ hash) * UINT64_C(0x100000001b3);
    if (verbose) printf("%s: trace %016" PRIx64 "\n", target, hash);
}

static void on_alarm(int number)
{
    static const char text[] = "a seed hangs; the last line that --verbose 1 prints names the one before\n";
    ssize_t ignored = write(1, text, sizeof text - 1);

    (void)number, (void)ignored;
    _exit(2);
}

/* In the child: seeds from `first` on; the hash of hashes goes to the parent. */
static int part(uint64_t first, uint64_t count, int to)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    signal(SIGALRM, on_alarm);
    for (seed = first; seed < first + count; seed++) {
        alarm(SEED_SECONDS);
        explore();
        alarm(0);
    }
    return write(to, &hashes, sizeof hashes) == (ssize_t)sizeof hashes ? 0 : 2;
}

/* Starts this program again for a part of the seeds: it must not inherit a loaded driver. */
static bool part_runs(uint64_t first, uint64_t count, uint64_t *result)
{
    char from[24], many[24], to[12];
    int ends[2], status = -1;
    ssize_t got;

    if (pipe(ends)) return perror("pipe"), false;
    snprintf(from, sizeof from, "%" PRIu64, first);
    snprintf(many, sizeof many, "%" PRIu64, count);
    snprintf(to, sizeof to, "%d", ends[1]);
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        execl("/proc/self/exe", "test_explore", "--target", base, "--runtime", runtime, "--draw", how, "--what", what,
              "--verbose", verbose ? "1" : "0", "--first", from, "--count", many, "--part", to, (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    got = read(ends[0], result, sizeof *result);
    close(ends[0]);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (WIFSIGNALED(status)) {
        printf("seeds %s and the %s after it: the host was killed by signal %d\n", from, many, WTERMSIG(status));
        repeat_with(first, count);
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 && got == (ssize_t)sizeof *result;
}

int main(int argc, char **argv)
{
    uint64_t first = 1, count = 10, failed = 0;
    int to = -1;

    for (int i = 1; i + 1 < argc; i += 2) {
        const char *option = argv[i], *value = argv[i + 1];
        const uint64_t number = strtoull(value, NULL, 10);
        if (strcmp(option, "--target") == 0)
            base = value;
        else if (strcmp(option, "--draw") == 0)
            how = value;
        else if (strcmp(option, "--runtime") == 0)
            runtime = value;
        else if (strcmp(option, "--what") == 0)
            what = value;
        else if (strcmp(option, "--first") == 0)
            first = number;
        else if (strcmp(option, "--count") == 0)
            count = number;
        else if (strcmp(option, "--verbose") == 0)
            verbose = number != 0;
        else if (strcmp(option, "--part") == 0)
            to = (int)number;
        else
            return fprintf(stderr, "unknown option %s\n", option), 2;
    }
    if (strcmp(what, "workloads") != 0 && strcmp(what, "graphs") != 0)
        return fprintf(stderr, "--what %s: workloads or graphs\n", what), 2;
    if (strcmp(runtime, runtimes[0]) != 0 && strcmp(runtime, runtimes[1]) != 0)
        return fprintf(stderr, "--runtime %s: %s or %s\n", runtime, runtimes[0], runtimes[1]), 2;
    if (!example_folder(folder, sizeof folder)) return fprintf(stderr, "no examples in %s\n", folder), 2;
    if (to >= 0) return part(first, count, to);

    for (uint64_t at = first; at < first + count; at += PART) {
        const uint64_t many = first + count - at < PART ? first + count - at : PART;
        uint64_t result, again;
        if (!part_runs(at, many, &result)) {
            failed++;
        } else if (at == first && (!part_runs(at, many, &again) || again != result)) {
            printf("the same seeds gave other traces in another process\n");
            repeat_with(at, many);
            failed++;
        }
    }
    printf("%s, %s, %s, %s: %" PRIu64 " seeds, %" PRIu64 " parts failed\n", base, runtime, how, what, count, failed);
    return failed != 0;
}
