/* npurt explain: a code by number or name, from the tables of the driver and of the host library and the pages in
 * docs/codes, which are linked in as they stand; or the dump of a run, by its file. */
#include "commands.h"
#include "dump.h"
#include "options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "driver/status.h"
#include "host/stream_code.h"
#include "statuses.h"

/* docs/codes/NUMBER.md one behind the other, each ended by a NUL. Begins with "# FAMILY NUMBER NAME". */
extern const char explain_pages[], explain_pages_end[];

/* The host library's codes as the others are listed; list_graph_codes fills it. */
static struct status_entry graph_entry[32];
static struct status_table status_graph = {graph_entry, 0};

static const struct family {
    const char *name, *of;
    const struct status_table *table;
    const char *prefix[3]; /* may be left out of a name; longest first */
} family[] = {
    {"rt", "rt and acl calls", &status_rt, {"ACL_ERROR_RT_", "ACL_ERROR_", NULL}},
    {"hal", "hal calls", &status_hal, {"DRV_ERROR_", "DEV_ERROR_", NULL}},
    {"hccl", "Hccl calls", &status_hccl, {"HCCL_E_", "HCCL_", NULL}},
    {"npurt", "npurt's own status", &statuses_npurt, {"NPURT_ERROR_", "NPURT_", NULL}},
    {"graph", "code in npurt's messages", &status_graph, {NULL}},
};
enum { FAMILIES = sizeof family / sizeof family[0] };

static void list_graph_codes(void)
{
    enum { MAX = sizeof graph_entry / sizeof *graph_entry };
    const struct stream_code_entry *e;
    uint32_t n;
    for (n = 0; n < MAX && (e = stream_code_at(n)); n++)
        graph_entry[n] = (struct status_entry){(int32_t)e->code, e->name, e->hint};
    status_graph.count = n;
}

/* The page's text behind its title; NULL: there is none. */
static const char *page_of(const char *family_name, int32_t code)
{
    char title[64];
    const int length = snprintf(title, sizeof title, "# %s %d ", family_name, code);
    for (const char *page = explain_pages; page < explain_pages_end; page += strlen(page) + 1) {
        if (strncmp(page, title, (size_t)length) != 0) continue;
        const char *text = strchr(page, '\n');
        return text ? text + strspn(text, "\n") : NULL;
    }
    return NULL;
}

/* For codes without a page: what their range says. */
static const char *advice_of(const struct family *f, int32_t code)
{
    if (code == 0) return "Nothing to do.";
    if (f->table == &status_hccl) return "Look at the records of every rank: the first failure is seldom this one.";
    if (f->table == &statuses_npurt) return "docs/reference/errors.md says more; the record's hint says what to do.";
    if (f->table != &status_rt)
        return "Look at the error record: it names the call, and what followed stands under \"followed\".";
    if (code >= 507000)
        return "Inside the runtime, the driver or the device. Look for an earlier code first: this one may be\n"
               "fallout. When it is the first, the device may need npurt_device_reset.";
    if (code >= 500000)
        return "An internal failure of the vendor's acl layer; its own log (ASCEND_GLOBAL_LOG_LEVEL) says more.";
    if (code >= 200000)
        return "Codes of this range mostly tell of a resource that ran out, or of what is not there on this device.\n"
               "npurt_device_report lists what npurt holds, by kind and owner.";
    return "The call was wrong, not the device: look at the call named in the error record. The device stays healthy.";
}

static void explain_graph_code(const struct stream_code_entry *entry)
{
    if (entry->here)
        printf("Here: %s\n", entry->here);
    else
        printf("Here: It ends the run with %s.\n", npurt_status_name(entry->status));
    printf("docs/reference/errors.md says more; the record's message says of which task, kernel or scope it is.\n");
}

static void explain(const struct family *f, const struct status_entry *entry)
{
    const char *page = page_of(f->name, entry->code);
    printf("%d %s (%s)\n%s\n\n", entry->code, entry->name, f->of, entry->meaning);
    if (f->table == &status_graph) {
        explain_graph_code(stream_code_of((uint32_t)entry->code));
        return;
    }
    printf("%s", page ? page : advice_of(f, entry->code));
    if (!page) printf("\n");
}

static bool is_named(const struct family *f, const char *name, const char *word)
{
    if (strcasecmp(name, word) == 0) return true;
    for (uint32_t i = 0; f->prefix[i]; i++) {
        const size_t length = strlen(f->prefix[i]);
        if (strncmp(name, f->prefix[i], length) == 0 && strcasecmp(name + length, word) == 0) return true;
    }
    return false;
}

/* Explains every entry that `word` names; `only` NULL: of all families. Returns how many. */
static uint32_t explain_all(const struct family *only, const char *word)
{
    char *end;
    uint32_t found = 0;
    errno = 0;
    const long number = strtol(word, &end, 0);
    const bool is_number = errno == 0 && end != word && *end == 0 && number >= INT32_MIN && number <= INT32_MAX;
    for (const struct family *f = family; f < family + FAMILIES; f++) {
        if (only && f != only) continue;
        for (uint32_t i = 0; i < f->table->count; i++) {
            const struct status_entry *entry = &f->table->entry[i];
            if (is_number ? entry->code != number : !is_named(f, entry->name, word)) continue;
            if (found++) printf("\n");
            explain(f, entry);
        }
    }
    return found;
}

/* Lists the entries whose names contain `word` and are not named by it. Returns how many. */
static uint32_t list_similar(const struct family *only, const char *word, const char *heading)
{
    uint32_t found = 0;
    for (const struct family *f = family; f < family + FAMILIES; f++) {
        if (only && f != only) continue;
        for (uint32_t i = 0; i < f->table->count; i++) {
            const struct status_entry *entry = &f->table->entry[i];
            if (!strcasestr(entry->name, word) || is_named(f, entry->name, word)) continue;
            if (found++ == 0) printf("%s", heading);
            printf("%-6s %6d  %s\n", f->name, entry->code, entry->name);
        }
    }
    return found;
}

/* A file's name is not a code's: it has a slash, or ends in .json. */
static bool is_file_name(const char *word)
{
    const size_t length = strlen(word);
    return strchr(word, '/') || (length > 5 && strcmp(word + length - 5, ".json") == 0);
}

static int explain_file(const char *path)
{
    char problem[1024];
    json_t *dump = dump_load(path, problem, sizeof problem);
    if (!dump) {
        fprintf(stderr, "npurt explain: %s\n", problem);
        return EXIT_FAILED;
    }
    dump_show(path, dump);
    json_decref(dump);
    return EXIT_RIGHT;
}

int command_explain(const struct words *words)
{
    const struct family *only = NULL;
    if (!words->operand || words->operand[0] == 0) {
        fprintf(
            stderr,
            "npurt explain: one code is due, by number (507018, hal:13) or name (AICPU_EXCEPTION), or the file of a "
            "dump\n");
        return EXIT_USAGE;
    }
    const char *word = words->operand, *colon = strchr(word, ':');
    if (is_file_name(word)) return explain_file(word);
    if (colon) {
        for (const struct family *f = family; f < family + FAMILIES; f++)
            if (strlen(f->name) == (size_t)(colon - word) && strncasecmp(f->name, word, strlen(f->name)) == 0) only = f;
        if (!only) {
            fprintf(stderr, "npurt explain: %s: no such family; there are rt, hal, hccl, npurt and graph\n", word);
            return EXIT_USAGE;
        }
        word = colon + 1;
    }
    list_graph_codes();
    const uint32_t exact = *word ? explain_all(only, word) : 0;
    const uint32_t similar = *word ? list_similar(only, word, exact ? "\nNamed alike:\n" : "") : 0;
    if (exact > 0 || similar > 0) return EXIT_RIGHT;
    if (access(words->operand, F_OK) == 0) return explain_file(words->operand);
    fprintf(stderr, "npurt explain: no code has the number or name %s\n", words->operand);
    return EXIT_WRONG;
}
