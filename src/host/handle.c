#include "handle.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include "device.h"
#include "error.h"

enum {
    INDEX_BITS = 20,
    KIND_SHIFT = 56,
    CHUNK = 256,
    CHUNKS = (1 << INDEX_BITS) / CHUNK,
    KEPT = 1024, /* entries that wait for their next use: so many names are remembered */
};
/* No address of a program has these upper bytes, so that a handle is told from a pointer. */
static const uint64_t kind_tag[HANDLE_KINDS] = {0, 0xd5, 0xca, 0xe7};
static const char *const kind_name[HANDLE_KINDS] = {"", "device", "callable", "run"};
static const char *const usual_end[HANDLE_KINDS] = {"", "was closed", "was unloaded", "was waited for before"};

static _Atomic(struct handle_entry *) chunk[CHUNKS];
static pthread_mutex_t table = PTHREAD_MUTEX_INITIALIZER;
static uint32_t made;                      /* entries there are */
static struct handle_entry *oldest, **end = &oldest; /* those that were given back, in that order */
static uint32_t given;

static uint64_t number_of(const struct handle_entry *e)
{
    return kind_tag[e->kind] << KIND_SHIFT | (atomic_load_explicit(&e->use, memory_order_relaxed) << INDEX_BITS & ((UINT64_C(1) << KIND_SHIFT) - 1)) | e->index;
}

static struct handle_entry *entry_of(uint64_t number)
{
    const uint32_t index = (uint32_t)number & ((1u << INDEX_BITS) - 1);
    struct handle_entry *first = atomic_load_explicit(&chunk[index / CHUNK], memory_order_acquire);
    return first ? &first[index % CHUNK] : NULL;
}

/* ---- taking and giving back */

static void init_entry(struct handle_entry *e, uint32_t index)
{
    pthread_mutexattr_t attr;
    pthread_mutexattr_init(&attr);
    pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_ERRORCHECK);
    pthread_mutex_init(&e->lock, &attr);
    pthread_mutexattr_destroy(&attr);
    e->index = index;
}

/* An entry that nobody has had. Pre: the table's lock. */
static struct handle_entry *make(void)
{
    if (made == CHUNKS * CHUNK) return NULL;
    if (made % CHUNK == 0) {
        struct handle_entry *fresh = calloc(CHUNK, sizeof *fresh);
        if (!fresh) return NULL;
        for (uint32_t i = 0; i < CHUNK; i++)
            init_entry(&fresh[i], made + i);
        atomic_store_explicit(&chunk[made / CHUNK], fresh, memory_order_release);
    }
    return entry_of(made++);
}

static struct handle_entry *take_oldest(void)
{
    struct handle_entry *e = oldest;
    if (!e) return NULL;
    oldest = e->next;
    if (!oldest) end = &oldest;
    given--;
    return e;
}

struct handle_entry *handle_take(enum handle_kind kind, struct handle_entry *device, const char *name)
{
    pthread_mutex_lock(&table);
    struct handle_entry *e = given < KEPT ? make() : NULL;
    if (!e) e = take_oldest();
    if (e) {
        e->kind = kind;
        atomic_fetch_add(&e->use, 1); /* from here on the name is another object's */
        e->end = usual_end[kind];
        snprintf(e->name, sizeof e->name, "%s", name);
        atomic_store(&e->state, NPURT_DEVICE_HEALTHY);
        atomic_store(&e->forks, fork_count());
        atomic_store(&e->device, device ? device : e);
    }
    pthread_mutex_unlock(&table);
    return e;
}

void handle_give(struct handle_entry *e)
{
    if (!e) return;
    atomic_store_explicit(&e->good, 0, memory_order_release);
    pthread_mutex_lock(&table);
    e->next = NULL;
    *end = e;
    end = &e->next;
    given++;
    pthread_mutex_unlock(&table);
}

void *handle_open(struct handle_entry *e, void *object)
{
    atomic_store_explicit(&e->use, atomic_load_explicit(&e->use, memory_order_relaxed) + 1, memory_order_relaxed);
    const uint64_t number = number_of(e);
    e->object = object;
    atomic_store_explicit(&e->good, number, memory_order_release);
    return (void *)(uintptr_t)number; /* NOLINT(performance-no-int-to-ptr): a handle's type */
}

void handle_close(struct handle_entry *e, const char *why)
{
    atomic_store_explicit(&e->good, 0, memory_order_release);
    if (!why) return;
    pthread_mutex_lock(&table);
    e->end = why;
    pthread_mutex_unlock(&table);
}

/* ---- looking up */

struct handle_entry *handle_find(const void *handle, enum handle_kind kind)
{
    const uint64_t number = (uint64_t)(uintptr_t)handle;
    if (number >> KIND_SHIFT != kind_tag[kind]) return NULL;
    struct handle_entry *e = entry_of(number);
    return e && handle_is_good(e, handle) ? e : NULL;
}

/* The kind of a number that is a handle, or was one. Its entry is *e, which remembers it when it has not been used
 * since. Pre: the table's lock. */
static enum handle_kind kind_of(uint64_t number, struct handle_entry **e)
{
    for (int k = HANDLE_DEVICE; k < HANDLE_KINDS; k++) {
        if (number >> KIND_SHIFT != kind_tag[k]) continue;
        *e = entry_of(number);
        const uint64_t use = (number & ((UINT64_C(1) << KIND_SHIFT) - 1)) >> INDEX_BITS;
        return *e && use >= 1 && use <= atomic_load(&(*e)->use) ? (enum handle_kind)k : HANDLE_NONE;
    }
    return HANDLE_NONE;
}

npurt_status handle_refuse(const void *handle, enum handle_kind kind)
{
    const uint64_t number = (uint64_t)(uintptr_t)handle;
    const char *const what = kind_name[kind], *how = usual_end[kind];
    char name[sizeof((struct handle_entry *)0)->name] = "";
    struct handle_entry *e = NULL;
    if (!handle) return error_raise(NPURT_ERROR_INVALID_ARGUMENT, "%s is NULL", what);
    pthread_mutex_lock(&table);
    const enum handle_kind is = kind_of(number, &e);
    if (is == kind && number_of(e) == number) {
        snprintf(name, sizeof name, "%s", e->name);
        how = e->end;
    }
    pthread_mutex_unlock(&table);
    if (is == HANDLE_NONE)
        return error_raise(NPURT_ERROR_INVALID_ARGUMENT, "%s is 0x%" PRIx64 ", which is no handle that npurt gave",
                           what, number);
    if (is != kind)
        return error_raise(NPURT_ERROR_INVALID_ARGUMENT, "%s is 0x%" PRIx64 ", which is the handle of a %s", what,
                           number, kind_name[is]);
    if (*name)
        return error_raise(NPURT_ERROR_INVALID_ARGUMENT, "%s handle of \"%s\" %s; it is gone", what, name, how);
    return error_raise(NPURT_ERROR_INVALID_ARGUMENT, "%s handle 0x%" PRIx64 " %s; it is gone", what, number, how);
}

npurt_status handle_refuse_closed(const struct handle_entry *e)
{
    return handle_refuse((const void *)(uintptr_t)number_of(e), e->kind);
}

/* ---- around a fork */

void handle_fork_begins(void)
{
    pthread_mutex_lock(&table);
}

void handle_fork_ended(void)
{
    pthread_mutex_unlock(&table);
}
