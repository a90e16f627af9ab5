#include "ledger.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const kind_name[LEDGER_KINDS] = {"memory", "registration", "binary", "function",
                                                    "stream", "event",        "file"};

/* Index of the first entry whose handle is above `handle`. */
static uint32_t above(const struct ledger *ledger, enum ledger_kind kind, uint64_t handle)
{
    uint32_t low = 0, high = ledger->kind[kind].count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (ledger->kind[kind].entry[middle].handle <= handle)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const char *ledger_kind_name(enum ledger_kind kind)
{
    return kind_name[kind];
}

bool ledger_reserve(struct ledger *ledger, enum ledger_kind kind)
{
    uint32_t capacity = ledger->kind[kind].capacity;
    if (ledger->kind[kind].count < capacity) return true;
    capacity = capacity ? capacity * 2 : 16;
    struct ledger_entry *entry = realloc(ledger->kind[kind].entry, capacity * sizeof *entry);
    if (!entry) return false;
    ledger->kind[kind].entry = entry;
    ledger->kind[kind].capacity = capacity;
    return true;
}

struct ledger_entry *ledger_add(struct ledger *ledger, enum ledger_kind kind, uint64_t handle, uint64_t size,
                                const char *owner, const char *purpose)
{
    uint32_t at = above(ledger, kind, handle);
    struct ledger_entry *entry = &ledger->kind[kind].entry[at];
    memmove(entry + 1, entry, (ledger->kind[kind].count - at) * sizeof *entry);
    ledger->kind[kind].count++;
    *entry = (struct ledger_entry){.handle = handle, .size = size, .serial = ++ledger->changes};
    snprintf(entry->owner, sizeof entry->owner, "%s", owner);
    snprintf(entry->purpose, sizeof entry->purpose, "%s", purpose);
    return entry;
}

struct ledger_entry *ledger_find(const struct ledger *ledger, enum ledger_kind kind, uint64_t handle)
{
    uint32_t at = above(ledger, kind, handle);
    if (at == 0 || ledger->kind[kind].entry[at - 1].handle != handle) return NULL;
    return &ledger->kind[kind].entry[at - 1];
}

struct ledger_entry *ledger_memory_at(const struct ledger *ledger, uint64_t address)
{
    uint32_t at = above(ledger, LEDGER_MEMORY, address);
    if (at == 0) return NULL;
    struct ledger_entry *entry = &ledger->kind[LEDGER_MEMORY].entry[at - 1];
    return address - entry->handle < entry->size ? entry : NULL;
}

bool ledger_remove(struct ledger *ledger, enum ledger_kind kind, uint64_t handle)
{
    struct ledger_entry *entry = ledger_find(ledger, kind, handle);
    if (!entry) return false;
    uint32_t after = ledger->kind[kind].count - (uint32_t)(entry - ledger->kind[kind].entry) - 1;
    memmove(entry, entry + 1, after * sizeof *entry);
    ledger->kind[kind].count--;
    ledger->changes++;
    return true;
}

void ledger_abandon(struct ledger *ledger)
{
    for (int k = 0; k < LEDGER_KINDS; k++)
        for (uint32_t i = 0; i < ledger->kind[k].count; i++)
            ledger->kind[k].entry[i].abandoned = true;
}

void ledger_clear(struct ledger *ledger)
{
    for (int k = 0; k < LEDGER_KINDS; k++)
        ledger->kind[k].count = 0;
    ledger->changes++;
}

void ledger_fini(struct ledger *ledger)
{
    for (int k = 0; k < LEDGER_KINDS; k++)
        free(ledger->kind[k].entry);
    *ledger = (struct ledger){0};
}

npurt_ledger_totals ledger_totals(const struct ledger *ledger)
{
    npurt_ledger_totals totals = {
        .memory_blocks = ledger->kind[LEDGER_MEMORY].count,
        .registrations = ledger->kind[LEDGER_REGISTRATION].count,
        .binaries = ledger->kind[LEDGER_BINARY].count,
        .functions = ledger->kind[LEDGER_FUNCTION].count,
        .streams = ledger->kind[LEDGER_STREAM].count,
        .events = ledger->kind[LEDGER_EVENT].count,
        .files = ledger->kind[LEDGER_FILE].count,
    };
    for (uint32_t i = 0; i < totals.memory_blocks; i++)
        totals.memory_bytes += ledger->kind[LEDGER_MEMORY].entry[i].size;
    return totals;
}

bool ledger_is_empty(const struct ledger *ledger)
{
    for (int k = 0; k < LEDGER_KINDS; k++)
        if (ledger->kind[k].count) return false;
    return true;
}

size_t ledger_write(const struct ledger *ledger, char *buffer, size_t size)
{
    size_t length = 0;
    if (size) buffer[0] = '\0';
    for (int k = 0; k < LEDGER_KINDS; k++) {
        for (uint32_t i = 0; i < ledger->kind[k].count; i++) {
            const struct ledger_entry *e = &ledger->kind[k].entry[i];
            char *at = length < size ? buffer + length : NULL;
            char amount[32] = "";
            if (k == LEDGER_MEMORY) snprintf(amount, sizeof amount, " %" PRIu64 " bytes", e->size);
            int n =
                snprintf(at, at ? size - length : 0, "%-12s 0x%012" PRIx64 "%s  %s: %s%s\n", kind_name[k], e->handle,
                         amount, e->owner, e->purpose, e->abandoned ? " (abandoned: reclaimed by the reset)" : "");
            if (n > 0) length += (size_t)n;
        }
    }
    return length;
}

const char *ledger_validate(const struct ledger *ledger)
{
    for (int k = 0; k < LEDGER_KINDS; k++) {
        if (ledger->kind[k].count > ledger->kind[k].capacity) return "more entries than capacity";
        for (uint32_t i = 1; i < ledger->kind[k].count; i++) {
            const struct ledger_entry *a = &ledger->kind[k].entry[i - 1], *b = &ledger->kind[k].entry[i];
            if (a->handle >= b->handle) return "entries are not sorted by handle";
            if (k == LEDGER_MEMORY && a->handle + a->size > b->handle) return "two allocations overlap";
        }
    }
    return NULL;
}
