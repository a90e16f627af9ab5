/* An AICPU library for tests: a dispatcher and three functions in one, written against the vendor's contract alone.
 * `args` points at the launch's own copy of the parameter block; addresses in it are device addresses. */
#include <stdatomic.h>
#include <stdint.h>

#define ENTRY __attribute__((visibility("default")))

struct block {
    _Atomic uint32_t *word; /* device */
    uint32_t value;
    uint32_t padding;
    _Atomic uint32_t *until; /* device */
};

ENTRY int StaticTileFwkBackendKernelServer(void *args);
ENTRY uint32_t DynTileFwkBackendKernelServerInit(void *args);
ENTRY uint32_t DynTileFwkBackendKernelServer(void *args);
ENTRY uint32_t fixture_add(void *args);
ENTRY uint32_t fixture_refuse(void *args);
ENTRY uint32_t fixture_hold(void *args);

int StaticTileFwkBackendKernelServer(void *args)
{
    (void)args;
    return 0;
}

/* Says that it ran: counts in the word whose address lies where a dispatcher finds the inner library's. */
uint32_t DynTileFwkBackendKernelServerInit(void *args)
{
    const uint64_t config = *(const uint64_t *)((const char *)args + 40);
    _Atomic uint32_t *word = *(_Atomic uint32_t **)(uintptr_t)(config + 120);

    atomic_fetch_add(word, 1);
    return 0;
}

uint32_t DynTileFwkBackendKernelServer(void *args)
{
    (void)args;
    return 0;
}

uint32_t fixture_add(void *args)
{
    const struct block *block = args;

    atomic_fetch_add(block->word, block->value);
    return 0;
}

uint32_t fixture_refuse(void *args)
{
    (void)args;
    return 7;
}

/* Counts, then stays until the host has written `until`. */
uint32_t fixture_hold(void *args)
{
    const struct block *block = args;

    atomic_fetch_add(block->word, block->value);
    while (atomic_load(block->until) == 0) {
    }
    return 0;
}
