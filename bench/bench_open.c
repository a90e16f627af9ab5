/* From nothing to the first result: a new process opens a full emulated a5, loads vector_example, calls it once with host
 * tensors and has the result, which is checked. Each repetition is a process of its own, because the first open of a
 * process does more than later ones. The phases are cut where the library says in its log what it has done:
 *
 *     driver    libnpuemu loaded, device process started, device described
 *     programs  the three device programs found and read
 *     streams   two streams, the registers mapped
 *     install   the dispatcher puts the AICPU program on the device; its entries looked up, the first one answers
 *     load      vector_example's kernels uploaded, its orchestration opened
 *     call      AICore program registered, the first run, its result copied back
 *
 * Words: --json, --repetitions N; --child is for itself.
 */
#include <npurt/npurt.h>

#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "example.h"
#include "graphs/host.h"

enum phase { DRIVER, PROGRAMS, STREAMS, INSTALL, LOAD, CALL, PHASES };
static const char *const phase_name[PHASES] = {"driver", "programs", "streams", "install", "load", "call"};

/* When the library said something for the first or the last time. */
struct times {
    uint64_t first_program, last_program, registers, answered;
};

static void note(const npurt_log_line *line, void *context)
{
    struct times *t = context;
    if (line->source != NPURT_LOG_HOST) return;
    if (strncmp(line->text, "device program ", 15) == 0) {
        if (!t->first_program) t->first_program = line->time_ns;
        t->last_program = line->time_ns;
    }
    if (strncmp(line->text, "registers of ", 13) == 0) t->registers = line->time_ns;
    if (strstr(line->text, " AICPU threads, counter at ")) t->answered = line->time_ns;
}

static int child(void)
{
    const uint64_t began = bench_now_ns();
    struct times t = {0};
    struct example_problem problem;
    npurt_device *device;
    npurt_callable *callable;
    char folder[4096];
    double error;
    const struct example *example = example_find("vector_example");
    if (!example_folder(folder, sizeof folder) ||
        example_prepare(example, example_find_case(example, "small"), 1, &problem) != 0)
        return 1;
    const uint64_t prepared = bench_now_ns() - began; /* inputs and golden are not npurt's */
    require(npurt_log_set_callback(note, &t, NPURT_LOG_INFO), "callback");
    const uint64_t from = bench_now_ns();
    require(npurt_device_open("emu:a5", NULL, &device), "open emu:a5");
    const uint64_t opened = bench_now_ns();
    require(example_load(device, &problem, folder, &callable), "load vector_example");
    const uint64_t loaded = bench_now_ns();
    require(example_call(callable, &problem, NULL), "vector_example");
    const uint64_t called = bench_now_ns();
    if (example_check(&problem, &error) != 0 || !t.first_program || !t.registers || !t.answered || !prepared) return 1;
    printf("%llu %llu %llu %llu %llu %llu\n", (unsigned long long)(t.first_program - from),
           (unsigned long long)(t.last_program - t.first_program), (unsigned long long)(t.registers - t.last_program),
           (unsigned long long)(opened - t.registers), (unsigned long long)(loaded - opened),
           (unsigned long long)(called - loaded));
    require(npurt_callable_unload(callable), "unload");
    const uint64_t closing = bench_now_ns();
    require(npurt_device_close(device), "close");
    const uint64_t closed = bench_now_ns();
    require(npurt_device_open("emu:a5", NULL, &device), "open emu:a5 again");
    printf("%llu %llu\n", (unsigned long long)(closed - closing), (unsigned long long)(bench_now_ns() - closed));
    require(npurt_device_close(device), "close");
    return 0;
}

int main(int argc, char **argv)
{
    static const char *const own[] = {"--child", NULL};
    static struct bench bench;
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--child") == 0) return child();
    bench_init(&bench, argc, argv, 25, own);
    for (uint32_t r = 0; r <= bench.repetitions; r++) {
        unsigned long long ns[PHASES], close, again;
        char command[4200], self[4096];
        double total = 0;
        const ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
        self[n > 0 ? n : 0] = 0;
        snprintf(command, sizeof command, "'%s' --child", self);
        FILE *pipe = popen(command, "r");
        if (!pipe || fscanf(pipe, "%llu %llu %llu %llu %llu %llu %llu %llu", &ns[0], &ns[1], &ns[2], &ns[3], &ns[4],
                            &ns[5], &close, &again) != PHASES + 2)
            return 1;
        if (pclose(pipe) != 0) return 1;
        if (r == 0) continue; /* files come from the disk once */
        for (int p = 0; p < PHASES; p++) {
            bench_note(&bench, phase_name[p], "ms", (double)ns[p] * 1e-6);
            total += (double)ns[p] * 1e-6;
        }
        bench_note(&bench, "open to first result", "ms", total);
        bench_note(&bench, "close", "ms", (double)close * 1e-6);
        bench_note(&bench, "a second open", "ms", (double)again * 1e-6);
    }
    bench_print(&bench);
    return 0;
}
