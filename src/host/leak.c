#include "leak.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include "callable.h"
#include "error.h"

enum { KIND_ROOM = 150 /* of a message for the names of one kind; three kinds and their numbers fit */ };

/* The names of one kind. */
struct names {
    uint32_t count, named;
    size_t used;
    char text[KIND_ROOM];
};

__attribute__((format(printf, 2, 3))) static void name(struct names *n, const char *format, ...)
{
    char one[160];
    va_list list;
    va_start(list, format);
    const int size = vsnprintf(one, sizeof one, format, list);
    va_end(list);
    /* The first is cut when it is too long; of the others, those that fit. */
    if (n->count++ && (n->named + 1 < n->count || n->used + 2 + (size_t)size >= sizeof n->text)) return;
    n->named++;
    n->used += (size_t)snprintf(n->text + n->used, sizeof n->text - n->used, "%s%s", n->used ? ", " : "", one);
    if (n->used >= sizeof n->text) n->used = sizeof n->text - 1;
}

/* "; 3 allocations: …, and 1 more" */
static void add(char *text, size_t size, size_t *used, const struct names *n, const char *one, const char *many)
{
    if (!n->count || *used >= size) return;
    *used += (size_t)snprintf(text + *used, size - *used, "%s%u %s: %s", *used ? "; " : "", n->count,
                              n->count == 1 ? one : many, n->text);
    if (n->named < n->count && *used < size)
        *used += (size_t)snprintf(text + *used, size - *used, " and %u more", n->count - n->named);
}

npurt_status leak_report(npurt_device *device)
{
    struct names memory = {0}, callables = {0}, runs = {0};
    char text[500] = "";
    size_t used = 0;
    for (uint32_t i = 0; i < device->ledger.kind[LEDGER_MEMORY].count; i++) {
        const struct ledger_entry *e = &device->ledger.kind[LEDGER_MEMORY].entry[i];
        if (e->user) name(&memory, "\"%s\" (%" PRIu64 " bytes at 0x%" PRIx64 ")", e->purpose, e->size, e->handle);
    }
    for (const npurt_callable *c = device->callables; c; c = c->next)
        if (!c->orphaned) name(&callables, "\"%s\"", c->name);
    for (const npurt_run *run = device->flight.handles; run; run = run->next)
        if (run->state != FLIGHT_FREE) name(&runs, "of \"%s\"", run->name);
    add(text, sizeof text, &used, &memory, "allocation that was not freed", "allocations that were not freed");
    add(text, sizeof text, &used, &callables, "callable that was not unloaded", "callables that were not unloaded");
    add(text, sizeof text, &used, &runs, "run that was not waited for", "runs that were not waited for");
    return *text ? error_raise(NPURT_ERROR_LEAK, "closed with %s", text) : NPURT_OK;
}
