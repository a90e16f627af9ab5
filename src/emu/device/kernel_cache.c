#include "kernel_cache.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loader.h"
#include "protocol/protocol.h"

enum { SLOTS = 8192, PROBES = 32, LARGEST = 1 << 30 };

/* Entries are never changed once they can be found, and never freed: a core may be looking at one. Loaded copies are
 * shared by content, so that loading the same kernel at a thousand addresses maps it once. */
static _Atomic(struct kernel *) slot[SLOTS];
static _Atomic uint32_t generation;
static struct copy {
    struct copy *next;
    uint64_t size, hash;
    char entry[64];
    port_kernel run;
} *copies;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

void kernel_cache_flush(void)
{
    atomic_fetch_add(&generation, 1);
}

static uint32_t place(uint64_t address)
{
    return (uint32_t)((address >> 6) * UINT64_C(0x9e3779b97f4a7c15) >> 51);
}

static port_kernel copy_find(const struct kernel_image *image)
{
    for (const struct copy *copy = copies; copy; copy = copy->next)
        if (copy->hash == image->content_hash && copy->size == image->code_size &&
            strncmp(copy->entry, image->entry, sizeof copy->entry) == 0)
            return copy->run;
    return NULL;
}

static port_kernel copy_load(const struct kernel_image *image, char *problem, size_t problem_size)
{
    struct copy *copy = calloc(1, sizeof *copy);
    void *handle, *symbol;

    if (!copy) abort();
    memcpy(copy->entry, image->entry, sizeof copy->entry - 1);
    handle = loader_open_bytes(copy->entry, (const char *)image + KERNEL_IMAGE_CODE, image->code_size, problem, problem_size);
    symbol = handle ? loader_symbol(handle, copy->entry) : NULL;
    if (handle && !symbol) {
        snprintf(problem, problem_size, "it has no symbol %.63s", copy->entry);
        loader_close(handle);
    }
    if (!symbol) {
        free(copy);
        return NULL;
    }
    memcpy(&copy->run, &symbol, sizeof copy->run);
    copy->size = image->code_size;
    copy->hash = image->content_hash;
    copy->next = copies;
    copies = copy;
    return copy->run;
}

static const struct kernel *enter(uint64_t address, char *problem, size_t problem_size)
{
    const struct kernel_image *image = (const struct kernel_image *)(uintptr_t)address;
    struct kernel *kernel = NULL;
    uint32_t at = place(address), victim;
    port_kernel run;

    if (image->magic != KERNEL_IMAGE_MAGIC || image->code_size == 0 || image->code_size > LARGEST) {
        snprintf(problem, problem_size, "no kernel image lies at 0x%llx", (unsigned long long)address);
        return NULL;
    }
    pthread_mutex_lock(&mutex);
    run = copy_find(image);
    if (!run) run = copy_load(image, problem, problem_size);
    if (run && (kernel = calloc(1, sizeof *kernel))) {
        kernel->address = address;
        kernel->size = image->code_size;
        kernel->hash = image->content_hash;
        kernel->duration_ns = image->duration_ns;
        kernel->core_type = image->core_type;
        kernel->generation = atomic_load(&generation);
        kernel->run = run;
        memcpy(kernel->entry, image->entry, sizeof kernel->entry - 1);
        victim = at;
        for (uint32_t i = 0; i < PROBES; i++) {
            struct kernel *there = atomic_load(&slot[(at + i) % SLOTS]);
            victim = (at + i) % SLOTS;
            if (!there || there->address == address || there->generation != kernel->generation) break;
        }
        atomic_store_explicit(&slot[victim], kernel, memory_order_release);
    }
    pthread_mutex_unlock(&mutex);
    return kernel;
}

/* One library has several entries, which may come to lie at the same address one after the other: the code's hash alone
 * does not tell them apart. */
static bool matches(const struct kernel *kernel, const struct kernel_image *image)
{
    return kernel->hash == image->content_hash && kernel->size == image->code_size &&
           kernel->core_type == image->core_type && kernel->duration_ns == image->duration_ns &&
           strncmp(kernel->entry, image->entry, sizeof kernel->entry) == 0;
}

const struct kernel *kernel_cache_find(uint64_t address, char *problem, size_t problem_size)
{
    const struct kernel_image *image = (const struct kernel_image *)(uintptr_t)address;
    uint32_t at = place(address), now = atomic_load_explicit(&generation, memory_order_relaxed);

    for (uint32_t i = 0; i < PROBES; i++) {
        const struct kernel *kernel = atomic_load_explicit(&slot[(at + i) % SLOTS], memory_order_acquire);
        if (!kernel) break;
        if (kernel->address != address) continue;
        if (kernel->generation == now && matches(kernel, image)) return kernel;
        break;
    }
    return enter(address, problem, problem_size);
}
