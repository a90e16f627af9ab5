#include "table.h"

#include <stdio.h>
#include <string.h>

#define TARGETS  "emu:a2 emu:a3:0 emu:a3:1 emu:a5 cann:0"
#define RUNTIMES "host_build_graph tensormap_and_ringbuffer hbg tmr"

static const struct option_spec run_option[] = {
    {OPTION_TARGET, 0, "target", NULL, "TARGET", OFFER_WORDS, TARGETS, "emu:a5",
     "what to run on, such as emu:a2, emu:a3:1, emu:a5?clusters=4 or cann:0; npurt-target(7)", NULL},
    {OPTION_RUNTIME, 0, "runtime", NULL, "NAME", OFFER_WORDS, RUNTIMES, "host_build_graph; of a bundle, its own",
     "where the graph is built: host_build_graph (hbg) or, on the device, tensormap_and_ringbuffer (tmr)", NULL},
    {OPTION_RING, 0, "ring", NULL, "RING:FIELD=VALUE,...", OFFER_NOTHING, NULL, NULL,
     "sizes of ring 0 to 3, or of all, of tmr: task_window, edges, heap_bytes; may be given again", NULL},
    {OPTION_RUNS, 0, "runs", NULL, "N", OFFER_NOTHING, NULL, "1", "number of calls after one load", NULL},
    {OPTION_AICPU_THREADS, 0, "aicpu-threads", NULL, "N", OFFER_NOTHING, NULL, "all",
     "number of AICPU threads that schedule", NULL},
    {OPTION_SEED, 0, "seed", NULL, "S", OFFER_NOTHING, NULL, NULL,
     "on an emulated card: the schedule is drawn from S, in virtual time or as mode=explore of the target says", NULL},
    {OPTION_TIMEOUT, 0, "timeout", NULL, "SECONDS", OFFER_NOTHING, NULL, "10",
     "end a run that makes no progress on the chip for so long; at most 1,000", NULL},
    {OPTION_JSON, 0, "json", NULL, NULL, OFFER_NOTHING, NULL, NULL,
     "one JSON object on standard output instead of the summary", NULL},
    {OPTION_SIZE, 0, "size", NULL, "SIZE", OFFER_WORDS, "small full", "small",
     "the example's case: small, full or another that npurt list names", "Options for an example"},
    {OPTION_INPUT, 0, "input", NULL, "NAME=FILE", OFFER_FILES, NULL, NULL,
     "content of an input or inout: a file, .npy or raw little-endian elements; or NAME=zeros, NAME=random",
     "Options for a bundle, NAME being a param or scalar of its description"},
    {OPTION_OUTPUT, 0, "output", NULL, "NAME=FILE", OFFER_FILES, NULL, NULL,
     "where an output or inout goes after the last run: a .npy file when the name ends so, else raw elements", NULL},
    {OPTION_CHECK, 0, "check", NULL, "NAME=FILE", OFFER_FILES, NULL, NULL,
     "what an output or inout must be, within --atol and --rtol", NULL},
    {OPTION_ATOL, 0, "atol", "tolerance", "X", OFFER_NOTHING, NULL, "the description's, else 0",
     "absolute tolerance of --check: |got - wanted| <= X + rtol * |wanted| passes", NULL},
    {OPTION_RTOL, 0, "rtol", NULL, "X", OFFER_NOTHING, NULL, "the description's, else 0",
     "relative tolerance of --check", NULL},
    {OPTION_SHAPE, 0, "shape", NULL, "NAME=4x256", OFFER_NOTHING, NULL, NULL,
     "extents that the description leaves open and no file tells", NULL},
    {OPTION_SCALAR, 0, "scalar", NULL, "NAME=VALUE", OFFER_NOTHING, NULL, "the description's", "the value of a scalar",
     NULL},
};
static const struct option_spec build_option[] = {
    {OPTION_BUNDLE, 'o', "output", NULL, "FOLDER", OFFER_FILES, NULL, "NAME.bundle",
     "the bundle's folder; an empty folder or a bundle in its place is replaced, and nothing else", NULL},
    {OPTION_RUNTIME, 0, "runtime", NULL, "NAME", OFFER_WORDS, RUNTIMES, "the description's",
     "where the bundle's graph is built: host_build_graph (hbg) or tensormap_and_ringbuffer (tmr)", NULL},
    {OPTION_DEPFILE, 0, "depfile", NULL, "FILE", OFFER_FILES, NULL, NULL,
     "write the files that the bundle is made of, headers too, as a rule for make or ninja", NULL},
};
static const struct option_spec doctor_option[] = {
    {OPTION_TIMEOUT, 0, "timeout", NULL, "SECONDS", OFFER_NOTHING, NULL, "3",
     "end a check that makes no progress on the chip for so long; at most 1,000", NULL},
    {OPTION_JSON, 0, "json", NULL, NULL, OFFER_NOTHING, NULL, NULL,
     "one JSON object on standard output instead of the report", NULL},
};
const struct option_spec common_option[COMMON_OPTIONS] = {
    {OPTION_HELP, 'h', "help", NULL, NULL, OFFER_NOTHING, NULL, NULL, "describe the command and its options", NULL},
    {OPTION_VERSION, 'V', "version", NULL, NULL, OFFER_NOTHING, NULL, NULL, "print the version", NULL},
};

#define LIST(array) array, sizeof array / sizeof array[0]

const struct command_spec command_table[COMMANDS] = {
    [COMMAND_RUN] = {"run", "EXAMPLE|FOLDER", true, OFFER_FILES, true, false,
                     "run an example of npurt, or a bundle of your own, and check the result",
                     "Opens the target, loads the example or the bundle, runs it, compares each result with what it "
                     "must be, closes, and reports times, device memory and the comparison.\n\n"
                     "FOLDER is what npurt build made. A wrong element is reported with its index, the number that was "
                     "found, the number that was wanted, and the wrong elements of each block of the output.",
                     LIST(run_option), NULL},
    [COMMAND_BUILD] =
        {"build", "DESCRIPTION", true, OFFER_FILES, false, false, "make a bundle of your kernels and orchestration",
         "Compiles what the description names, checks that the device will accept it, and puts the bundle "
         "in place whole. DESCRIPTION is the file, or the folder of a callable.json. The compiler is $CC, "
         "or cc, with $CFLAGS and $LDFLAGS.",
         LIST(build_option), NULL},
    [COMMAND_EXPLAIN] =
        {"explain", "CODE|FILE", true, OFFER_FILES, false, false,
         "tell what a code means, or what the dump of a failed run says",
         "CODE is a code of the driver, a status of npurt or a code of its messages, by number (507018, "
         "hal:13) or name (AICPU_EXCEPTION, SCOPE_DEADLOCK).\n\nFILE, a name with a slash in it or ending "
         "in .json, is the dump of a failed run: its cause, waits, cores and tasks.",
         NULL, 0, NULL},
    [COMMAND_LIST] = {"list", NULL, false, OFFER_NOTHING, false, false, "list the examples and their sizes", NULL, NULL,
                      0, NULL},
    [COMMAND_DEVICES] =
        {"devices", NULL, false, OFFER_NOTHING, false, false, "list what can be opened here",
         "Each emulated machine is opened to see that it can be. The vendor's devices are counted only, "
         "as other programs may be using them.",
         NULL, 0, NULL},
    [COMMAND_DOCTOR] = {"doctor", "TARGET", false, OFFER_WORDS, false, false,
                        "prove that every engine of a target runs, or name the one that does not",
                        "TARGET is emu:a5 when not given. The doctor brings its kernels along and needs no compiler.",
                        LIST(doctor_option), TARGETS},
    [COMMAND_VERSION] = {"version", NULL, false, OFFER_NOTHING, false, false, "print the version", NULL, NULL, 0, NULL},
    [COMMAND_HELP] = {"help", "COMMAND", false, OFFER_WORDS, false, true, "describe a command, or list the commands",
                      NULL, NULL, 0, NULL},
};

const struct exit_spec exit_table[EXIT_SPECS] = {
    {0, "the result is right and device memory is back; the command did what it was told"},
    {1, "the result is wrong, or device memory is not back; npurt explain: nothing has that name"},
    {2, "wrong usage; the message names the word"},
    {3, "something failed, or the output could not be written; the message says what"},
};

const struct option_spec *command_option(const struct command_spec *command, uint32_t i)
{
    if (i < command->option_count) return &command->option[i];
    return i < command->option_count + COMMON_OPTIONS ? &common_option[i - command->option_count] : NULL;
}

const struct command_spec *command_find(const char *name)
{
    for (uint32_t i = 0; i < COMMANDS; i++)
        if (strcmp(command_table[i].name, name) == 0) return &command_table[i];
    return NULL;
}

const char *command_usage(const struct command_spec *command, char *buffer, uint32_t size)
{
    snprintf(buffer, size, "npurt %s%s%s%s%s", command->name,
             !command->operand           ? ""
             : command->operand_required ? " "
                                         : " [",
             command->operand ? command->operand : "", command->operand && !command->operand_required ? "]" : "",
             command->option_count ? " [OPTION]..." : "");
    return buffer;
}
