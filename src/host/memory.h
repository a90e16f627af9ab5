/* Device memory, through the ledger. */
#ifndef HOST_MEMORY_H
#define HOST_MEMORY_H

#include "device.h"

/* `owner` and `purpose` are what the ledger and the message of an exhausted device show. */
npurt_status memory_take(npurt_device *device, uint64_t size, const char *owner, const char *purpose,
                         uint64_t *address);
/* The same for `wanted` bytes, or when they are not there for `least`; *size is what was got. */
npurt_status memory_take_range(npurt_device *device, uint64_t least, uint64_t wanted, const char *owner,
                               const char *purpose, uint64_t *address, uint64_t *size);
/* Gives back what memory_take gave; 0 is legal. What the driver does not free stays in the ledger. */
npurt_status memory_give(npurt_device *device, uint64_t address);

/* Copies of the library's own; `what` completes "copying …". No range check. */
npurt_status memory_write(npurt_device *device, uint64_t to, const void *from, uint64_t size, const char *what);
npurt_status memory_read(npurt_device *device, void *to, uint64_t from, uint64_t size, const char *what);
npurt_status memory_set(npurt_device *device, uint64_t to, uint8_t value, uint64_t size, const char *what);

/* INVALID_ARGUMENT unless the range lies inside one allocation of the user's. `what` names the argument. */
npurt_status memory_check_device(npurt_device *device, uint64_t address, uint64_t size, const char *what);
/* INVALID_ARGUMENT when `pointer` is NULL or a device address. */
npurt_status memory_check_host(npurt_device *device, const void *pointer, const char *what);

npurt_status memory_release_user(npurt_device *device);

#endif
