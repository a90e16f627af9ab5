#include "growth.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "device.h"
#include "error.h"
#include "log.h"

static struct growth_row *row_of(struct growth *g, enum ledger_kind kind, const char *owner)
{
    for (uint32_t i = 0; i < g->rows; i++)
        if (g->row[i].kind == kind && strcmp(g->row[i].owner, owner) == 0) return &g->row[i];
    if (g->rows == GROWTH_ROWS) return NULL;
    struct growth_row *row = &g->row[g->rows++];
    *row = (struct growth_row){.kind = kind};
    snprintf(row->owner, sizeof row->owner, "%s", owner);
    return row;
}

static void look_at(npurt_device *device, struct growth_row *row)
{
    const struct ledger *ledger = &device->ledger;
    uint64_t count = 0, bytes = 0;
    for (uint32_t i = 0; i < ledger->kind[row->kind].count; i++) {
        const struct ledger_entry *e = &ledger->kind[row->kind].entry[i];
        if (strcmp(e->owner, row->owner) != 0) continue;
        count++;
        bytes += e->size;
    }
    if (count <= row->count && bytes <= row->bytes) return;
    const bool first = row->count == 0; /* to hold something at all is no growth */
    if (count > row->count) row->count = count;
    if (bytes > row->bytes) row->bytes = bytes;
    if (first) return;
    if (!row->grown++) row->first_run = device->growth.runs;
    if (row->grown == GROWTH_WARN)
        log_write(LOG_LEVEL_WARN, "ledger",
                  "%s: %s of \"%s\" grew in %d runs since run %" PRIu64 ": %" PRIu64 " now, %" PRIu64 " bytes",
                  device->info.target, ledger_kind_name(row->kind), row->owner, GROWTH_WARN, row->first_run, count,
                  bytes);
}

void growth_look(npurt_device *device)
{
    struct growth *g = &device->growth;
    g->runs++;
    if (g->seen == device->ledger.changes) return;
    g->seen = device->ledger.changes;
    for (int k = 0; k < LEDGER_KINDS; k++)
        for (uint32_t i = 0; i < device->ledger.kind[k].count; i++)
            if (!device->ledger.kind[k].entry[i].user)
                (void)row_of(g, (enum ledger_kind)k, device->ledger.kind[k].entry[i].owner);
    for (uint32_t i = 0; i < g->rows; i++)
        look_at(device, &g->row[i]);
}

void growth_forget(struct growth *g)
{
    g->rows = 0;
}

static bool in_use(npurt_device *device, uint64_t *bytes)
{
    size_t left = 0, total = 0;
    /* Elsewhere the figure is rounded, and shared with other processes. */
    if (strcmp(device->driver->platform, "emu") != 0) return false;
    if (device->driver->aclrtGetMemInfo(ACL_HBM_MEM, &left, &total) != 0) return false;
    *bytes = total - left;
    return true;
}

void growth_mark(npurt_device *device, struct growth_mark *mark)
{
    mark->changes = device->ledger.changes;
    mark->whole = in_use(device, &mark->in_use);
}

static bool is_kept(const npurt_device *device, int kind, const struct ledger_entry *e)
{
    if (e->user) return true; /* another thread's npurt_memory_alloc */
    if (kind == LEDGER_REGISTRATION) return device->ledger.kind[kind].count == 1;
    return kind == LEDGER_MEMORY &&
           (strcmp(e->owner, "run") == 0 || strcmp(e->owner, "second run") == 0 || strcmp(e->owner, "rings") == 0);
}

npurt_status growth_check(npurt_device *device, const struct growth_mark *mark, const char *callable)
{
    for (int k = 0; k < LEDGER_KINDS; k++)
        for (uint32_t i = 0; i < device->ledger.kind[k].count; i++) {
            const struct ledger_entry *e = &device->ledger.kind[k].entry[i];
            if (e->serial <= mark->changes || is_kept(device, k, e)) continue;
            return error_raise(NPURT_ERROR_LEAK, "a run of \"%s\" left behind: %s of %s: %s", callable,
                               ledger_kind_name((enum ledger_kind)k), e->owner, e->purpose);
        }
    uint64_t now = 0;
    if (mark->changes != device->ledger.changes || !mark->whole || !in_use(device, &now) || now == mark->in_use)
        return NPURT_OK;
    return error_raise(NPURT_ERROR_LEAK,
                       "during a run of \"%s\" device memory in use went from %" PRIu64 " to %" PRIu64
                       " bytes, and the ledger knows of nothing: the driver or a device program took it",
                       callable, mark->in_use, now);
}
