/* Finding and opening the libraries of a provider. Internal to src/driver/. */
#ifndef NPURT_DRIVER_LOAD_H
#define NPURT_DRIVER_LOAD_H

#include <npurt/status.h>
#include <stddef.h>

/* Slots of driver.library: who exports which family of names. */
enum driver_library {
    LIBRARY_RUNTIME = 0, /* rt…, rts… */
    LIBRARY_ACL = 1,     /* acl…, aclrt… */
    LIBRARY_HAL = 2,     /* hal… */
    LIBRARY_COUNT = 3,
};

/* Open the provider's libraries into handle[LIBRARY_COUNT]; a slot without a library of its own is NULL. On failure
 * nothing stays open, and `problem` says which names were tried and what the dynamic linker said. The caller closes
 * with load_close. */
npurt_status load_cann(void *handle[LIBRARY_COUNT], char *problem, size_t problem_size);
npurt_status load_emu(void *handle[LIBRARY_COUNT], char *problem, size_t problem_size);
void load_close(void *handle[LIBRARY_COUNT]);

/* The library that an entry of this name belongs to, by its prefix, and that library's usual file name. */
enum driver_library load_family(const char *entry);
const char *load_library_name(enum driver_library library);

#endif
