/* Manual pages, in the language of man(7). */
#include "pages.h"

#include <ctype.h>
#include <string.h>

/* Text that means itself: roff's own letters are escaped, and a line that begins with a dot is no request. */
static void put(FILE *to, const char *text)
{
    bool begin = true;
    for (; *text; text++) {
        if (begin && (*text == '.' || *text == '\'')) fputs("\\&", to);
        begin = *text == '\n';
        if (*text == '-')
            fputs("\\-", to);
        else if (*text == '\\')
            fputs("\\e", to);
        else
            fputc(*text, to);
    }
}

/* Paragraphs, with an empty line between them. */
static void put_paragraphs(FILE *to, const char *text)
{
    for (const char *end; (end = strstr(text, "\n\n")); text = end + 2) {
        char part[2048];
        snprintf(part, sizeof part, "%.*s", (int)(end - text), text);
        put(to, part);
        fputs("\n.PP\n", to);
    }
    put(to, text);
    fputs("\n", to);
}

static void title(FILE *to, const char *name, const char *version)
{
    fputs(".TH ", to);
    for (; *name; name++)
        fputc(toupper((unsigned char)*name), to);
    fprintf(to, " 1 \"\" \"npurt %s\" \"npurt\"\n", version);
}

static void put_option(FILE *to, const struct option_spec *option)
{
    fputs(".TP\n", to);
    if (option->letter) fprintf(to, "\\fB\\-%c\\fR, ", option->letter);
    fputs("\\fB\\-\\-", to);
    put(to, option->name);
    fputs("\\fR", to);
    if (option->value) {
        fputs(" \\fI", to);
        put(to, option->value);
        fputs("\\fR", to);
    }
    fputc('\n', to);
    put(to, option->text);
    if (option->fallback) {
        fputs(" (default: ", to);
        put(to, option->fallback);
        fputs(")", to);
    }
    fputs(".\n", to);
    if (!option->alias) return;
    fputs("\\fB\\-\\-", to);
    put(to, option->alias);
    fputs("\\fR is another name of it.\n", to);
}

static void put_exits(FILE *to)
{
    fputs(".SH EXIT STATUS\n", to);
    for (uint32_t i = 0; i < EXIT_SPECS; i++) {
        fprintf(to, ".TP\n%d\n", exit_table[i].status);
        put(to, exit_table[i].text);
        fputs(".\n", to);
    }
}

static void page_of(const char *folder, const char *version, const struct command_spec *command)
{
    const struct option_spec *option;
    char usage[96], name[64];
    FILE *to = pages_open(folder, "npurt-%s.1", command->name);
    snprintf(name, sizeof name, "npurt-%s", command->name);
    title(to, name, version);
    fputs(".SH NAME\n", to);
    put(to, name);
    fputs(" \\- ", to);
    put(to, command->summary);
    fputs("\n.SH SYNOPSIS\n", to);
    put(to, command_usage(command, usage, sizeof usage));
    fputs("\n.SH DESCRIPTION\n", to);
    if (command->text)
        put_paragraphs(to, command->text);
    else
        fprintf(to, "%c%s.\n", toupper((unsigned char)command->summary[0]), command->summary + 1);
    if (command->offers_examples) {
        fputs(".PP\nExamples: ", to);
        pages_examples(to, ", ");
        fputs(".\n", to);
    }
    fputs(".SH OPTIONS\n", to);
    for (uint32_t i = 0; (option = command_option(command, i)); i++) {
        if (option->group || (option == common_option && command->option_count)) {
            fputs(".SS ", to);
            put(to, option->group ? option->group : "Options of every command");
            fputc('\n', to);
        }
        put_option(to, option);
    }
    put_exits(to);
    fputs(".SH SEE ALSO\n.BR npurt (1),\n.BR npurt\\-target (7)\n", to);
    pages_close(to);
}

void pages_manual(const char *folder, const char *version)
{
    FILE *to = pages_open(folder, "npurt.1");
    title(to, "npurt", version);
    fputs(".SH NAME\nnpurt \\- build task graphs and run them on Ascend NPUs, real or emulated\n.SH SYNOPSIS\n"
          ".B npurt\n.I COMMAND\n[\\fIOPTION\\fR]...\n.SH DESCRIPTION\n"
          "Options may stand before and behind the operand; \\fB\\-\\-\\fR ends them.\n"
          "\\fB\\-\\-runs 3\\fR and \\fB\\-\\-runs=3\\fR are the same.\n"
          "Colours are for terminals only.\n.SH COMMANDS\n",
          to);
    for (uint32_t i = 0; i < COMMANDS; i++) {
        fprintf(to, ".TP\n.BR npurt\\-%s (1)\n", command_table[i].name);
        put(to, command_table[i].summary);
        fputs(".\n", to);
    }
    put_exits(to);
    fputs(".SH ENVIRONMENT\n.TP\n.B NO_COLOR\nset and not empty: no colours.\n"
          ".TP\n.BR CC ,\\  CFLAGS ,\\  LDFLAGS\nof\n.BR npurt\\-build (1).\n.SH SEE ALSO\n.BR npurt\\-target (7)\n",
          to);
    pages_close(to);
    for (uint32_t i = 0; i < COMMANDS; i++)
        page_of(folder, version, &command_table[i]);
}
