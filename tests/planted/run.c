/* planted_run: one run of one graph on a card, as a command of one line.
 *
 *     planted_run TARGET graph SEED TASKS [BINARIES]      random graph; compared element by element with the
 * interpreter planted_run TARGET word TASKS tracked|untracked     tasks that count in one word
 *
 * Prints one line about the result and one about the device process's threads. Exit status 0: right, 1: wrong or
 * failed, 2: it could not be tried.
 */
#include "example.h"
#include "interpreter.h"

#include <ctype.h>
#include <dirent.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int give_up(const char *what)
{
    const npurt_error *e = npurt_error_last();
    printf("%s: %s: %s (%s)\n", what, npurt_status_name(e->status), e->message, e->fallout);
    return 2;
}

static npurt_device *open_target(const char *target, const char *binaries)
{
    const npurt_device_options options = {.binaries = binaries};
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

static int run_graph(const char *target, const char *seed, const char *tasks, const char *binaries)
{
    const struct example_case which = {"random", "", {strtoul(tasks, NULL, 10)}};
    struct example_problem problem;
    npurt_callable *callable;
    char folder[PATH_MAX];
    uint64_t hash = 0;
    int code = 0;
    if (!example_folder(folder, sizeof folder) ||
        example_prepare(&random_graph, &which, strtoull(seed, NULL, 10), &problem) != 0) {
        printf("no examples, or no memory\n");
        return 2;
    }
    npurt_device *device = open_target(target, binaries);
    if (!device || example_load(device, &problem, folder, &callable) != NPURT_OK) return give_up("not tried");
    example_restore(&problem);
    if (example_call(callable, &problem, NULL) != NPURT_OK) {
        give_up("failed");
        code = 1;
    } else {
        (void)npurt_device_trace_hash(device, &hash); /* 0 in free mode */
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

int main(int argc, char **argv)
{
    if ((argc == 5 || argc == 6) && strcmp(argv[2], "graph") == 0)
        return run_graph(argv[1], argv[3], argv[4], argc == 6 ? argv[5] : NULL);
    if (argc == 5 && strcmp(argv[2], "word") == 0) return run_word(argv[1], argv[3], argv[4]);
    fprintf(stderr, "usage: planted_run TARGET graph SEED TASKS [BINARIES]\n"
                    "       planted_run TARGET word TASKS tracked|untracked\n");
    return 2;
}
