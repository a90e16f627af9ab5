/* Which device an address belongs to, of all that the process has open: so that an address of one device is not taken for
 * host memory, or for memory of its own, by another.
 *
 * A device's ledger is its own, under its lock. Here one device looks into those of others, so that allocations are
 * entered and removed with the lock of this file held as well (address_lock); it is the innermost. */
#ifndef HOST_ADDRESS_H
#define HOST_ADDRESS_H

#include <npurt/device.h>
#include <stdbool.h>

/* The device is looked at from now on, and no more. */
void address_join(npurt_device *device);
void address_leave(npurt_device *device);

void address_lock(void);
void address_unlock(void);
/* Addresses from `low` to `high` are some device's. With the lock. */
void address_widen(uint64_t low, uint64_t high);

struct address_owner {
    char target[128];
    char name[64]; /* of the allocation; empty: it was freed */
    bool same;     /* it is another handle of the target that asks */
};
/* False: no open device but `asking` has ever given the address. Takes the lock. */
bool address_find(uint64_t address, const npurt_device *asking, struct address_owner *owner);
/* False: no device of the process has given the address, which two loads tell of a host pointer. */
bool address_is_of_a_device(uint64_t address);

#endif
