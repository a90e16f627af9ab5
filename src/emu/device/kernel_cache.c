#include "kernel_cache.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loader.h"
#include "protocol/protocol.h"

enum { SLOTS = 8192, PROBES = 32, LARGEST = 1 << 30 };

/* Where kernels were found last. Address and kernel are two words and may be of two moments: what lies at the address
 * is compared with the kernel each time, so that a slot is a hint and no promise. */
static struct slot {
    _Atomic uint64_t address;
    _Atomic(struct kernel *) kernel;
} slot[SLOTS];
static uint32_t turn; /* which of its probes gives way to an address that finds none free */

/* One of a kind, however many addresses it is loaded at and however often. Never changed and never freed, as a core may
 * be in it: the list is as long as the host has different kernels. */
static struct kernel *kernels;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static uint32_t place(uint64_t address)
{
    return (uint32_t)((address >> 6) * UINT64_C(0x9e3779b97f4a7c15) >> 51);
}

static bool same_code(const struct kernel *kernel, const struct kernel_image *image)
{
    return kernel->hash == image->content_hash && kernel->size == image->code_size &&
           strncmp(kernel->entry, image->entry, sizeof kernel->entry - 1) == 0;
}

/* One library has several entries, which may come to lie at the same address one after the other: the code's hash alone
 * does not tell them apart. */
static bool matches(const struct kernel *kernel, const struct kernel_image *image)
{
    return image->magic == KERNEL_IMAGE_MAGIC && kernel->core_type == image->core_type &&
           kernel->duration_ns == image->duration_ns && same_code(kernel, image);
}

static port_kernel code_load(const struct kernel_image *image, const char *entry, char *problem, size_t problem_size)
{
    port_kernel run;
    void *handle =
        loader_open_bytes(entry, (const char *)image + KERNEL_IMAGE_CODE, image->code_size, problem, problem_size);
    void *symbol = handle ? loader_symbol(handle, entry) : NULL;

    if (handle && !symbol) {
        snprintf(problem, problem_size, "it has no symbol %s", entry);
        loader_close(handle);
    }
    if (!symbol) return NULL;
    memcpy(&run, &symbol, sizeof run);
    return run;
}

/* The one of its kind, made if it is new. */
static struct kernel *intern(const struct kernel_image *image, char *problem, size_t problem_size)
{
    struct kernel *kernel;
    port_kernel run = NULL;

    for (kernel = kernels; kernel; kernel = kernel->next) {
        if (matches(kernel, image)) return kernel;
        if (same_code(kernel, image)) run = kernel->run;
    }
    kernel = calloc(1, sizeof *kernel);
    if (!kernel) abort();
    memcpy(kernel->entry, image->entry, sizeof kernel->entry - 1);
    kernel->run = run ? run : code_load(image, kernel->entry, problem, problem_size);
    if (!kernel->run) {
        free(kernel);
        return NULL;
    }
    kernel->size = image->code_size;
    kernel->hash = image->content_hash;
    kernel->duration_ns = image->duration_ns;
    kernel->core_type = image->core_type;
    kernel->next = kernels;
    kernels = kernel;
    return kernel;
}

static const struct kernel *enter(uint64_t address, char *problem, size_t problem_size)
{
    const struct kernel_image *image = (const struct kernel_image *)(uintptr_t)address;
    uint32_t at = place(address), victim = 0, i = 0;
    struct kernel *kernel;

    if (image->magic != KERNEL_IMAGE_MAGIC || image->code_size == 0 || image->code_size > LARGEST) {
        snprintf(problem, problem_size, "no kernel image lies at 0x%llx", (unsigned long long)address);
        return NULL;
    }
    pthread_mutex_lock(&mutex);
    kernel = intern(image, problem, problem_size);
    if (kernel) {
        for (; i < PROBES; i++) {
            victim = (at + i) % SLOTS;
            uint64_t there = atomic_load_explicit(&slot[victim].address, memory_order_relaxed);
            if (there == 0 || there == address) break;
        }
        if (i == PROBES) victim = (at + turn++ % PROBES) % SLOTS;
        atomic_store_explicit(&slot[victim].kernel, kernel, memory_order_release);
        atomic_store_explicit(&slot[victim].address, address, memory_order_release);
    }
    pthread_mutex_unlock(&mutex);
    return kernel;
}

const struct kernel *kernel_cache_find(uint64_t address, char *problem, size_t problem_size)
{
    const struct kernel_image *image = (const struct kernel_image *)(uintptr_t)address;
    uint32_t at = place(address);

    for (uint32_t i = 0; i < PROBES; i++) {
        const struct slot *slot_at = &slot[(at + i) % SLOTS];
        const uint64_t there = atomic_load_explicit(&slot_at->address, memory_order_acquire);
        const struct kernel *kernel;
        if (there == 0) break;
        if (there != address) continue;
        kernel = atomic_load_explicit(&slot_at->kernel, memory_order_acquire);
        if (matches(kernel, image)) return kernel;
        break;
    }
    return enter(address, problem, problem_size);
}
