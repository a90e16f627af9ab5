/* npurt, the command: see help(). */
#include "commands.h"
#include "options.h"

#include <stdio.h>
#include <string.h>

static void help(FILE *to)
{
    char names[512];
    list_examples(names, sizeof names);
    fprintf(to,
            "npurt builds task graphs and runs them on Ascend NPUs, real or emulated.\n"
            "\n"
            "  npurt run EXAMPLE [options]   run an example and check its result\n"
            "  npurt run FOLDER [options]    run a bundle of your own\n"
            "  npurt build DESCRIPTION [-o FOLDER] [--runtime NAME]\n"
            "                                make a bundle of your kernels and orchestration\n"
            "  npurt explain CODE            what a code means and what to do, by number or name\n"
            "  npurt explain FILE            what the dump of a failed run says: cause, waits, cores, tasks\n"
            "  npurt list                    the examples and their sizes\n"
            "  npurt devices                 what can be opened here\n"
            "  npurt doctor [TARGET] [--timeout SECONDS] [--json]\n"
            "                                prove that every engine of a target runs, or say which does not\n"
            "  npurt version, npurt help\n"
            "\n"
            "Options of run:\n"
            "  --target TARGET       where: emu:a2, emu:a3:0, emu:a3:1, emu:a5 (default), emu:a5?clusters=4, cann:0\n"
            "  --runtime NAME        where the graph is built: host_build_graph (hbg, default) or\n"
            "                        tensormap_and_ringbuffer (tmr)\n"
            "  --ring N:FIELD=VALUE  sizes of ring N, or all, of tmr: task_window, edges, heap_bytes\n"
            "  --runs N              so often (1)\n"
            "  --size SIZE           small (default), full, or another of the example's sizes\n"
            "  --aicpu-threads N     AICPU threads that schedule (all)\n"
            "  --seed S              on an emulated card: the schedule is drawn from S, in virtual time\n"
            "  --timeout SECONDS     without progress on the chip end the run (10)\n"
            "  --json                one JSON object instead of the summary\n"
            "Options of run for a bundle, NAME being a param or scalar of its description:\n"
            "  --input NAME=FILE     what goes in: raw little-endian elements; or NAME=zeros, NAME=random\n"
            "  --output NAME=FILE    where the result goes\n"
            "  --check NAME=FILE     what the result must be, within --tolerance X (0)\n"
            "  --shape NAME=4x256    extents that the description leaves open\n"
            "  --scalar NAME=VALUE\n"
            "\n"
            "Examples: %s.\n"
            "Exit status: 0 the result is right and device memory is back, 1 it is not, 2 wrong usage, 3 something "
            "failed.\n",
            names);
}

static int list(void)
{
    for (uint32_t i = 0; i < example_count; i++) {
        const struct example *example = example_all[i];
        printf("%-16s %s\n", example->name, example->summary);
        for (uint32_t k = 0; k < example->case_count; k++)
            printf("    %-12s %s\n", example->cases[k].name, example->cases[k].summary);
    }
    return EXIT_RIGHT;
}

int main(int argc, char **argv)
{
    const char *command = argc > 1 ? argv[1] : "help";
    if (strcmp(command, "run") == 0) return command_run(argc - 2, argv + 2);
    if (strcmp(command, "build") == 0) return command_build(argc - 2, argv + 2);
    if (strcmp(command, "explain") == 0) return command_explain(argc - 2, argv + 2);
    if (strcmp(command, "doctor") == 0) return command_doctor(argc - 2, argv + 2);
    if (argc > 2) {
        fprintf(stderr, "npurt %s: takes no arguments, got %s\n", command, argv[2]);
        return EXIT_USAGE;
    }
    if (strcmp(command, "devices") == 0) return command_devices();
    if (strcmp(command, "list") == 0) return list();
    if (strcmp(command, "version") == 0 || strcmp(command, "--version") == 0) {
        printf("npurt %s\n", npurt_version());
        return EXIT_RIGHT;
    }
    if (strcmp(command, "help") == 0 || strcmp(command, "--help") == 0 || strcmp(command, "-h") == 0) {
        help(stdout);
        return argc > 1 ? EXIT_RIGHT : EXIT_USAGE;
    }
    fprintf(stderr,
            "npurt: unknown command %s; there are run, build, explain, list, devices, doctor, version and help\n",
            command);
    return EXIT_USAGE;
}
