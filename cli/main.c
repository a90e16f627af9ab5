/* npurt, the command: finds the command, reads its words by the table, runs it, and sees that all output was written.
 */
#include "commands.h"
#include "help.h"
#include "options.h"
#include "output.h"

#include <stdio.h>
#include <string.h>

#include "words/nearest.h"

static int command_list(const struct words *words)
{
    (void)words;
    for (uint32_t i = 0; i < example_count; i++) {
        const struct example *example = example_all[i];
        printf("%-16s %s\n", example->name, example->summary);
        for (uint32_t k = 0; k < example->case_count; k++)
            printf("    %-12s %s\n", example->cases[k].name, example->cases[k].summary);
    }
    return EXIT_RIGHT;
}

static int command_version(const struct words *words)
{
    (void)words;
    printf("npurt %s\n", npurt_version());
    return EXIT_RIGHT;
}

static int unknown_command(const char *word)
{
    struct nearest nearest = {0};
    char hint[96];
    for (uint32_t i = 0; i < COMMANDS; i++)
        nearest_try(&nearest, word, strlen(word), command_table[i].name);
    fprintf(stderr, "npurt: unknown command %s; there are", word);
    for (uint32_t i = 0; i < COMMANDS; i++)
        fprintf(stderr, "%s %s", i == 0 ? "" : i + 1 == COMMANDS ? " and" : ",", command_table[i].name);
    fprintf(stderr, "%s\n", nearest_hint(&nearest, hint, sizeof hint));
    return EXIT_USAGE;
}

static int command_help(const struct words *words)
{
    if (!words->operand) {
        help_overview(stdout);
        return EXIT_RIGHT;
    }
    const struct command_spec *command = command_find(words->operand);
    if (!command) return unknown_command(words->operand);
    help_command(stdout, command);
    return EXIT_RIGHT;
}

static int (*const run[COMMANDS])(const struct words *words) = {
    [COMMAND_RUN] = command_run,         [COMMAND_BUILD] = command_build,     [COMMAND_EXPLAIN] = command_explain,
    [COMMAND_LIST] = command_list,       [COMMAND_DEVICES] = command_devices, [COMMAND_DOCTOR] = command_doctor,
    [COMMAND_VERSION] = command_version, [COMMAND_HELP] = command_help,
};

static int obey(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";
    struct words words;
    if (argc < 2) {
        help_overview(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) name = "help";
    if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0) name = "version";
    const struct command_spec *command = command_find(name);
    if (!command) return unknown_command(name);
    int status = EXIT_USAGE;
    switch (words_read(command, argc - 2, argv + 2, &words)) {
    case WORDS_READ:
        status = run[command - command_table](&words);
        break;
    case WORDS_HELP:
        help_command(stdout, command);
        status = EXIT_RIGHT;
        break;
    case WORDS_VERSION:
        status = command_version(&words);
        break;
    case WORDS_WRONG:
        break;
    }
    words_release(&words);
    return status;
}

int main(int argc, char **argv)
{
    output_begin();
    const int status = obey(argc, argv);
    return output_end() || status != EXIT_RIGHT ? status : EXIT_FAILED;
}
