/* The ledger: everything that the runtime took from the driver and has not given back, with owner and purpose.
 *
 * Life of an entry: ledger_reserve (so that writing it down can not fail after the driver has given) → the driver call
 * → ledger_add → use → the driver call that gives back → ledger_remove. When a device failed, nothing is given back one
 * by one: ledger_abandon marks what there is as reclaimed by the reset, ledger_clear forgets it afterwards.
 *
 * Entries of a kind are sorted by handle; for memory the handle is the address, so that a look-up by any address inside
 * an allocation is a binary search. Not thread-safe: the device's lock covers it.
 */
#ifndef HOST_LEDGER_H
#define HOST_LEDGER_H

#include <npurt/device.h>

enum ledger_kind {
    LEDGER_MEMORY,
    LEDGER_REGISTRATION,
    LEDGER_BINARY,
    LEDGER_FUNCTION,
    LEDGER_STREAM,
    LEDGER_EVENT,
    LEDGER_FILE,
    LEDGER_KINDS
};

struct ledger_entry {
    uint64_t handle; /* address or driver handle */
    uint64_t size;   /* memory: bytes asked for; else 0 */
    uint64_t serial; /* ledger.changes when it was entered */
    bool user;       /* memory: taken by npurt_memory_alloc */
    bool abandoned;
    char owner[32]; /* "device", "run", "kernels", "user", a callable's name */
    char purpose[64];
};

struct ledger {
    struct {
        struct ledger_entry *entry;
        uint32_t count, capacity;
    } kind[LEDGER_KINDS];
    uint64_t changes; /* entries added and removed so far */
};

/* Makes room for one more entry. False: host memory is exhausted. */
bool ledger_reserve(struct ledger *ledger, enum ledger_kind kind);
/* Pre: ledger_reserve for this kind; `handle` is not in the ledger. The texts are copied and cut. */
struct ledger_entry *ledger_add(struct ledger *ledger, enum ledger_kind kind, uint64_t handle, uint64_t size,
                                const char *owner, const char *purpose);
/* False: not there. */
bool ledger_remove(struct ledger *ledger, enum ledger_kind kind, uint64_t handle);
/* The entry with this handle, or NULL. Valid until the next add or remove. */
struct ledger_entry *ledger_find(const struct ledger *ledger, enum ledger_kind kind, uint64_t handle);
/* The allocation that `address` lies in, or NULL. */
struct ledger_entry *ledger_memory_at(const struct ledger *ledger, uint64_t address);

void ledger_abandon(struct ledger *ledger);
void ledger_clear(struct ledger *ledger);
void ledger_fini(struct ledger *ledger);

npurt_ledger_totals ledger_totals(const struct ledger *ledger);
bool ledger_is_empty(const struct ledger *ledger);
/* One line per entry; returns the length without the NUL, as snprintf does. */
size_t ledger_write(const struct ledger *ledger, char *buffer, size_t size);

/* "memory", "registration", … */
const char *ledger_kind_name(enum ledger_kind kind);

/* NULL when sorted, disjoint and within capacity; else what is wrong. */
const char *ledger_validate(const struct ledger *ledger);

#endif
