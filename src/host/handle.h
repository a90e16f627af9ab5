/* Handles: what a program holds of a device, a callable or a run.
 *
 * A handle is a number in a pointer's type and is never followed:
 *
 *     63      56 55                   20 19          0
 *    |  kind    | use of the entry, 1 …  | entry       |
 *
 * An entry of the table belongs to one object at a time, and its uses are counted: a handle is good for one use only, so
 * a stale one is never taken for the object that has the entry now. Entries are never freed, and the lock of a device is
 * in its entry: whatever number a program passes, looking at it is safe, from any thread.
 *
 * Life of an entry: handle_take → handle_open → handle_close → (runs: open and close again) → handle_give. An entry that
 * was given back keeps its name until it is taken again, which KEPT others are before it.
 *
 * Locking: `good` and `device` are read without a lock. `good` changes under the device's lock: a thread that holds the lock
 * and finds its handle good may use the object. What a message says is under the table's own lock, which is the innermost. */
#ifndef HOST_HANDLE_H
#define HOST_HANDLE_H

#include <npurt/callable.h>
#include <pthread.h>
#include <stdatomic.h>

enum handle_kind { HANDLE_NONE, HANDLE_DEVICE, HANDLE_CALLABLE, HANDLE_RUN };
enum { HANDLE_KINDS = HANDLE_RUN + 1 };

struct handle_entry {
    _Atomic uint64_t good;                 /* the handle that is good now; 0: none */
    _Atomic(struct handle_entry *) device; /* of the device; a device's own */
    _Atomic uint64_t use;                  /* the number of handles it had; counted by its owner */
    void *object;                          /* of the good handle; under the device's lock */
    /* A device's. */
    pthread_mutex_t lock;   /* error-checking: an orchestration that calls back gets BUSY */
    _Atomic uint64_t forks; /* fork_count() when it was opened */
    _Atomic int state;      /* npurt_device_state, read without the lock */
    _Atomic uint32_t cancels; /* counts npurt_device_cancel, which takes no lock */
    /* Under the table's lock. */
    enum handle_kind kind;
    char name[128];
    const char *end; /* how its handles end when nobody says otherwise; static */
    struct handle_entry *next;
    uint32_t index;
};

/* An entry for a new object, without a good handle yet. device NULL: it is a device's. NULL: no host memory. */
struct handle_entry *handle_take(enum handle_kind kind, struct handle_entry *device, const char *name);
/* A new handle of the object is good from now on. */
void *handle_open(struct handle_entry *entry, void *object);
/* Its handle is not good any more; why NULL: as handles of its kind end. Pre: the device's lock. */
void handle_close(struct handle_entry *entry, const char *why);
/* The entry is for others. NULL is legal. */
void handle_give(struct handle_entry *entry);

/* The entry of a handle that is good now, or NULL. */
struct handle_entry *handle_find(const void *handle, enum handle_kind kind);
static inline bool handle_is_good(const struct handle_entry *entry, const void *handle)
{
    return atomic_load_explicit(&entry->good, memory_order_acquire) == (uint64_t)(uintptr_t)handle;
}
/* Raises INVALID_ARGUMENT: the handle is NULL, was good once (by name), is of another kind, or never was one. */
npurt_status handle_refuse(const void *handle, enum handle_kind kind);

/* Raises what handle_refuse says of the last handle of an entry. */
npurt_status handle_refuse_closed(const struct handle_entry *entry);

/* Around a fork: the child finds the table's lock free. */
void handle_fork_begins(void);
void handle_fork_ended(void);

#endif
