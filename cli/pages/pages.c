/* npurt_pages FOLDER VERSION: writes what an installation has of the table of commands: manual pages of section 1, and
 * completion for bash, zsh and fish. Runs while npurt is built. */
#include "pages.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "example.h"

void pages_examples(FILE *to, const char *between)
{
    for (uint32_t i = 0; i < example_count; i++)
        fprintf(to, "%s%s", i ? between : "", example_all[i]->name);
}

void pages_commands(FILE *to, const char *between)
{
    for (uint32_t i = 0; i < COMMANDS; i++)
        fprintf(to, "%s%s", i ? between : "", command_table[i].name);
}

FILE *pages_open(const char *folder, const char *format, ...)
{
    char name[128], path[4096];
    va_list list;
    va_start(list, format);
    vsnprintf(name, sizeof name, format, list);
    va_end(list);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *to = fopen(path, "we");
    if (to) return to;
    perror(path);
    exit(1);
}

void pages_close(FILE *to)
{
    const bool failed = ferror(to) != 0;
    if (fclose(to) == 0 && !failed) return;
    perror("npurt_pages");
    exit(1);
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "npurt_pages FOLDER VERSION\n");
        return 2;
    }
    pages_manual(argv[1], argv[2]);
    pages_completion(argv[1]);
    return 0;
}
