#include "address.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include "device.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static npurt_device *devices; /* by address_next */
/* All addresses that any device has given lie between. */
static _Atomic uint64_t lowest = UINT64_MAX, highest;

void address_join(npurt_device *device)
{
    pthread_mutex_lock(&lock);
    device->address_next = devices;
    devices = device;
    pthread_mutex_unlock(&lock);
}

void address_leave(npurt_device *device)
{
    pthread_mutex_lock(&lock);
    npurt_device **at = &devices;
    while (*at && *at != device)
        at = &(*at)->address_next;
    if (*at) *at = device->address_next;
    pthread_mutex_unlock(&lock);
}

void address_lock(void)
{
    pthread_mutex_lock(&lock);
}

void address_unlock(void)
{
    pthread_mutex_unlock(&lock);
}

void address_widen(uint64_t low, uint64_t high)
{
    if (low < atomic_load(&lowest)) atomic_store(&lowest, low);
    if (high > atomic_load(&highest)) atomic_store(&highest, high);
}

bool address_is_of_a_device(uint64_t address)
{
    return address >= atomic_load_explicit(&lowest, memory_order_relaxed) &&
           address < atomic_load_explicit(&highest, memory_order_relaxed);
}

bool address_find(uint64_t address, const npurt_device *asking, struct address_owner *owner)
{
    const npurt_device *found = NULL;
    const struct ledger_entry *entry = NULL;
    pthread_mutex_lock(&lock);
    for (const npurt_device *d = devices; d && !entry; d = d->address_next) {
        if (d == asking || address < d->address_low || address >= d->address_high) continue;
        found = d;
        entry = ledger_memory_at(&d->ledger, address);
    }
    if (found) {
        snprintf(owner->target, sizeof owner->target, "%s", found->info.target);
        snprintf(owner->name, sizeof owner->name, "%s", entry ? entry->purpose : "");
        owner->same = strcmp(found->info.target, asking->info.target) == 0;
    }
    pthread_mutex_unlock(&lock);
    return found != NULL;
}
