#include "driver.h"
#include "status.h"

#include <stddef.h>

const struct status_entry *status_find(const struct status_table *table, int32_t code)
{
    uint32_t low = 0, high = table->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (table->entry[middle].code < code)
            low = middle + 1;
        else
            high = middle;
    }
    return low < table->count && table->entry[low].code == code ? &table->entry[low] : NULL;
}

static const char *name_of(const struct status_table *table, int32_t code)
{
    const struct status_entry *entry = status_find(table, code);
    return entry ? entry->name : "unknown";
}

static const char *meaning_of(const struct status_table *table, int32_t code)
{
    const struct status_entry *entry = status_find(table, code);
    return entry ? entry->meaning : "unknown";
}

const char *driver_status_name(int32_t code)
{
    return name_of(&status_rt, code);
}

const char *driver_status_meaning(int32_t code)
{
    return meaning_of(&status_rt, code);
}

const char *driver_hal_name(int32_t code)
{
    return name_of(&status_hal, code);
}

const char *driver_hal_meaning(int32_t code)
{
    return meaning_of(&status_hal, code);
}

const char *driver_hccl_name(int32_t code)
{
    return name_of(&status_hccl, code);
}
