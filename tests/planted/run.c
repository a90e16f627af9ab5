/* planted_run: one run of one graph on a card, as a command of one line.
 *
 *     planted_run TARGET graph SEED TASKS [BINARIES]      random graph; compared element by element, see interpreter.h
 *     planted_run TARGET stream SEED TASKS [BINARIES]     the same through rings of 16 slots and 16 edges
 *     planted_run TARGET word TASKS tracked|untracked     tasks that count in one word
 *     planted_run TARGET large|blocks|late|stale [BINARIES]    one graph of fixtures/bugs.h
 *
 * Prints one line about the result and one about the device process's threads. Exit status 0: right, 1: wrong, failed,
 * or in explore mode stood still, 2: it could not be tried.
 */
#include "example.h"
#include "interpreter.h"

#include "fixtures/bugs.h"

#include <ctype.h>
#include <dirent.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TIMEOUT_MS = 1000 }; /* only one kernel here runs for so long */

static int give_up(const char *what)
{
    const npurt_error *e = npurt_error_last();
    printf("%s: %s: %s (%s)\n", what, npurt_status_name(e->status), e->message, e->fallout);
    return 2;
}

static npurt_device *open_target(const char *target, const char *binaries)
{
    const npurt_device_options options = {.binaries = binaries, .scheduler_timeout_ms = TIMEOUT_MS};
    npurt_device *device = NULL;
    return npurt_device_open(target, &options, &device) == NPURT_OK ? device : NULL;
}

/* ---- the device process's threads ---------------------------------------------------------------------------------
 */

static bool is_number(const char *name)
{
    return isdigit((unsigned char)name[0]);
}

/* First child of this process; 0: none. */
static long child_process(void)
{
    DIR *dir = opendir("/proc");
    struct dirent *entry;
    long found = 0;
    while (dir && !found && (entry = readdir(dir))) {
        char path[300], name[32];
        int pid, parent;
        FILE *file;
        snprintf(path, sizeof path, "/proc/%s/stat", entry->d_name);
        if (!is_number(entry->d_name) || !(file = fopen(path, "r"))) continue;
        if (fscanf(file, "%d (%31[^)]) %*c %d", &pid, name, &parent) == 3 && parent == (int)getpid()) found = pid;
        fclose(file);
    }
    if (dir) closedir(dir);
    return found;
}

/* Prints the milliseconds that each thread of the device process has run, those of less than one left out. */
static void print_threads(void)
{
    char path[300];
    const long device = child_process();
    snprintf(path, sizeof path, "/proc/%ld/task", device);
    DIR *dir = opendir(path);
    struct dirent *entry;
    printf("threads:");
    while (dir && (entry = readdir(dir))) {
        uint64_t ns = 0;
        FILE *file;
        snprintf(path, sizeof path, "/proc/%ld/task/%s/schedstat", device, entry->d_name);
        if (!is_number(entry->d_name) || !(file = fopen(path, "r"))) continue;
        if (fscanf(file, "%" SCNu64, &ns) == 1 && ns >= 1000000) printf(" %" PRIu64 " ms", ns / 1000000);
        fclose(file);
    }
    if (dir) closedir(dir);
    printf("\n");
}

/* ---- a random graph -----------------------------------------------------------------------------------------------
 */

/* The four matrices, as one array. */
static uint32_t *copy_results(const struct example_problem *problem, uint64_t *count)
{
    *count = 0;
    for (uint32_t i = 0; i < problem->tensor_count; i++)
        *count += example_tensor_elements(&problem->tensor[i]);
    uint32_t *copy = malloc(*count * sizeof *copy), *to = copy;
    for (uint32_t i = 0; copy && i < problem->tensor_count; i++) {
        memcpy(to, problem->tensor[i].host, example_tensor_bytes(&problem->tensor[i]));
        to += example_tensor_elements(&problem->tensor[i]);
    }
    return copy;
}

/* Prints what differs from the interpreter's results. */
static int compare(struct example_problem *problem, const char *folder, uint64_t hash)
{
    static struct interpreter_kernels kernels;
    char sentence[256];
    uint64_t count, differ = 0, first = 0;
    uint32_t *got = copy_results(problem, &count);
    example_restore(problem);
    if (interpreter_kernels_open(&kernels, problem->example, folder, sentence, sizeof sentence) != 0 ||
        interpreter_run(&kernels, problem, folder, NULL, sentence, sizeof sentence) != 0) {
        printf("interpreter: %s\n", sentence);
        return 2;
    }
    uint32_t *due = copy_results(problem, &count);
    if (!got || !due) return 2;
    for (uint64_t i = count; i-- > 0;) {
        if (got[i] == due[i]) continue;
        differ++;
        first = i;
    }
    if (differ)
        printf("wrong: trace %016" PRIx64 ", %" PRIu64 " of %" PRIu64 " elements differ; element %" PRIu64
               " is 0x%08x, not 0x%08x\n",
               hash, differ, count, first, got[first], due[first]);
    else
        printf("right: trace %016" PRIx64 ", %" PRIu64 " elements\n", hash, count);
    free(got);
    free(due);
    interpreter_kernels_close(&kernels);
    return differ ? 1 : 0;
}

/* In explore mode the clock gets there only by jumping, when nobody can run. */
static bool stood_still(const char *target, const npurt_timing *timing)
{
    return strstr(target, "explore") && timing->device_wall_ns >= 10000000;
}

static npurt_status call_through(npurt_callable *callable, const struct example_problem *problem, bool rings,
                                 npurt_timing *timing)
{
    npurt_call_args args = {.tensors = problem->tensor,
                            .tensor_count = problem->tensor_count,
                            .scalars = problem->scalar,
                            .scalar_count = problem->scalar_count};
    for (uint32_t r = 0; rings && r < NPURT_RINGS; r++)
        args.ring[r] = (npurt_ring_options){.task_window = 16, .edges = 16};
    return npurt_call(callable, &args, timing);
}

static int run_graph(const char *target, const char *seed, const char *tasks, const char *binaries,
                     npurt_runtime runtime)
{
    const struct example_case which = {"random", "", {strtoul(tasks, NULL, 10)}};
    struct example_problem problem;
    npurt_callable *callable;
    char folder[PATH_MAX];
    npurt_timing timing;
    uint64_t hash = 0;
    int code = 0;
    if (!example_folder(folder, sizeof folder) ||
        example_prepare(&random_graph, &which, strtoull(seed, NULL, 10), &problem) != 0) {
        printf("no examples, or no memory\n");
        return 2;
    }
    problem.runtime = runtime;
    npurt_device *device = open_target(target, binaries);
    if (!device || example_load(device, &problem, folder, &callable) != NPURT_OK) return give_up("not tried");
    example_restore(&problem);
    const npurt_status status = call_through(callable, &problem, runtime == NPURT_TENSORMAP_AND_RINGBUFFER, &timing);
    const npurt_error failure = *npurt_error_last();
    (void)npurt_device_trace_hash(device, &hash); /* 0 in free mode */
    if (status != NPURT_OK) {
        printf("failed: trace %016" PRIx64 ", %s: %s; %s\n", hash, npurt_status_name(status), failure.message,
               failure.hint);
        code = 1;
    } else if (stood_still(target, &timing)) {
        printf("stood still: trace %016" PRIx64 ", everybody waited for the clock\n", hash);
        code = 1;
    } else {
        print_threads();
    }
    (void)npurt_callable_unload(callable);
    (void)npurt_device_close(device);
    if (code == 0) code = compare(&problem, folder, hash);
    example_release(&problem);
    return code;
}

/* ---- one word -----------------------------------------------------------------------------------------------------
 */

static int run_word(const char *target, const char *tasks, const char *tracked)
{
    const npurt_kernel_desc kernel = {.core = NPURT_CORE_AIV, .binary.path = PLANTED_FIXTURES "/word_kernel.so"};
    const npurt_param param = {.access = NPURT_ACCESS_INOUT, .dtype = NPURT_U32};
    const npurt_callable_desc desc = {.name = "word",
                                      .orchestration.path = PLANTED_FIXTURES "/word_orchestration.so",
                                      .kernels = &kernel,
                                      .kernel_count = 1,
                                      .params = &param,
                                      .param_count = 1,
                                      .scalar_count = 2};
    uint32_t word = 0;
    const npurt_call_tensor tensor = {.host = &word, .dtype = NPURT_U32, .ndims = 1, .shape = {1}};
    const uint64_t scalars[] = {strtoull(tasks, NULL, 10), strcmp(tracked, "tracked") == 0};
    const npurt_call_args args = {.tensors = &tensor, .tensor_count = 1, .scalars = scalars, .scalar_count = 2};
    npurt_callable *callable;
    npurt_device *device = open_target(target, NULL);
    if (!device || npurt_callable_load(device, &desc, &callable) != NPURT_OK) return give_up("not tried");
    if (npurt_call(callable, &args, NULL) != NPURT_OK) return give_up("failed");
    print_threads();
    printf("%s: the word is %u of %" PRIu64 "\n", word == scalars[0] ? "right" : "wrong", word, scalars[0]);
    (void)npurt_callable_unload(callable);
    (void)npurt_device_close(device);
    return word == scalars[0] ? 0 : 1;
}

/* ---- one graph of fixtures/bugs.h
 * ------------------------------------------------------------------------------------
 */

static int run_bug(const char *target, enum bug_kind kind, const char *binaries)
{
    const npurt_kernel_desc kernel[] = {
        {.id = 0, .core = NPURT_CORE_AIC, .binary.path = PLANTED_FIXTURES "/bugs_kernel.so", .entry = "add_in_block"},
        {.id = 1, .core = NPURT_CORE_AIV, .binary.path = PLANTED_FIXTURES "/bugs_kernel.so", .entry = "copy_last"},
        {.id = 2, .core = NPURT_CORE_AIV, .binary.path = PLANTED_FIXTURES "/bugs_kernel.so", .entry = "ends_late"}};
    const npurt_param param = {.access = NPURT_ACCESS_INOUT, .dtype = NPURT_U32, .ndims = 1};
    const npurt_callable_desc desc = {.name = "bugs",
                                      .runtime =
                                          kind == BUG_LATE ? NPURT_HOST_BUILD_GRAPH : NPURT_TENSORMAP_AND_RINGBUFFER,
                                      .orchestration.path = PLANTED_FIXTURES "/bugs_orchestration.so",
                                      .kernels = kernel,
                                      .kernel_count = 3,
                                      .params = &param,
                                      .param_count = 1,
                                      .scalar_count = 1};
    static uint32_t word[BUG_WORDS];
    const npurt_call_tensor tensor = {.host = word, .dtype = NPURT_U32, .ndims = 1, .shape = {BUG_WORDS}};
    const uint64_t scalar = kind;
    npurt_call_args args = {.tensors = &tensor, .tensor_count = 1, .scalars = &scalar, .scalar_count = 1};
    npurt_callable *callable;
    uint32_t wrong = 0;
    if (kind == BUG_LARGE) args.ring[0].heap_bytes = BUG_LARGE_HEAP;
    if (kind == BUG_STALE) args.ring[0].task_window = BUG_WINDOW;
    npurt_device *device = open_target(target, binaries);
    if (!device || npurt_callable_load(device, &desc, &callable) != NPURT_OK) return give_up("not tried");
    const npurt_status status = npurt_call(callable, &args, NULL);
    if (kind == BUG_LATE) {
        const bool told = status == NPURT_ERROR_STALLED || status == NPURT_ERROR_KERNEL_TIMEOUT;
        printf("%s: a kernel that runs for longer than the limit gives %s\n", told ? "right" : "wrong",
               npurt_status_name(status));
        return told ? 0 : 1;
    }
    if (status != NPURT_OK) {
        give_up("failed");
        return 1;
    }
    for (uint32_t i = 0; i < BUG_WORDS; i++)
        wrong += word[i] != bug_word(kind, i);
    printf("%s: %u words differ\n", wrong ? "wrong" : "right", wrong);
    (void)npurt_callable_unload(callable);
    (void)npurt_device_close(device);
    return wrong ? 1 : 0;
}

int main(int argc, char **argv)
{
    static const char *const bug[BUG_KINDS] = {"large", "blocks", "late", "stale"};
    for (int kind = 0; kind < BUG_KINDS && (argc == 3 || argc == 4); kind++)
        if (strcmp(argv[2], bug[kind]) == 0) return run_bug(argv[1], (enum bug_kind)kind, argc == 4 ? argv[3] : NULL);
    if ((argc == 5 || argc == 6) && strcmp(argv[2], "stream") == 0)
        return run_graph(argv[1], argv[3], argv[4], argc == 6 ? argv[5] : NULL, NPURT_TENSORMAP_AND_RINGBUFFER);
    if ((argc == 5 || argc == 6) && strcmp(argv[2], "graph") == 0)
        return run_graph(argv[1], argv[3], argv[4], argc == 6 ? argv[5] : NULL, NPURT_HOST_BUILD_GRAPH);
    if (argc == 5 && strcmp(argv[2], "word") == 0) return run_word(argv[1], argv[3], argv[4]);
    fprintf(stderr, "usage: planted_run TARGET graph|stream SEED TASKS [BINARIES]\n"
                    "       planted_run TARGET large|blocks|late|stale [BINARIES]\n"
                    "       planted_run TARGET word TASKS tracked|untracked\n");
    return 2;
}
