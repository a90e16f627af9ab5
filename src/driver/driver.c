#include "driver.h"
#include "load.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

_Static_assert(LIBRARY_COUNT <= sizeof((struct driver *)0)->library / sizeof(void *), "room for every library");

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards both tables and their reference counts */
static struct driver cann, emu;
static _Thread_local char problem[512];

const char *driver_problem(void)
{
    return problem;
}

/* An entry in the library of its family, else in any of the provider's: packages have moved bodies between libraries.
 */
static void *find_entry(const struct driver *driver, const char *name)
{
    enum driver_library home = load_family(name);
    void *entry = driver->library[home] ? dlsym(driver->library[home], name) : NULL;
    for (uint32_t i = 0; i < driver->library_count && !entry; i++)
        if (driver->library[i]) entry = dlsym(driver->library[i], name);
    return entry;
}

/* POSIX promises that an object pointer from dlsym can be stored as a function pointer; ISO C has no cast for it. */
static void store_entry(void *field, void *entry)
{
    memcpy(field, &entry, sizeof entry);
}

static npurt_status resolve(struct driver *driver)
{
    void *entry;
#define RESOLVE(name, result, parameters)                                                                              \
    entry = find_entry(driver, #name);                                                                                 \
    if (!entry) {                                                                                                      \
        snprintf(problem, sizeof problem, "driver entry point %s is missing: expected in %s", #name,                   \
                 driver == &emu ? "libnpuemu.so" : load_library_name(load_family(#name)));                             \
        return NPURT_ERROR_MISSING_LIBRARY;                                                                            \
    }                                                                                                                  \
    store_entry(&driver->name, entry);
    DRIVER_ENTRIES(RESOLVE)
#undef RESOLVE
#define RESOLVE(name, result, parameters) store_entry(&driver->name, find_entry(driver, #name));
    DRIVER_EXTENSIONS(RESOLVE)
#undef RESOLVE
    return NPURT_OK;
}

/* Under the lock. On failure the table is as it was: zero. */
static npurt_status fill(struct driver *driver)
{
    npurt_status status = driver == &emu ? load_emu(driver->library, problem, sizeof problem)
                                         : load_cann(driver->library, problem, sizeof problem);
    if (status != NPURT_OK) return status;
    driver->library_count = LIBRARY_COUNT;
    status = resolve(driver);
    if (status != NPURT_OK) {
        load_close(driver->library);
        memset(driver, 0, sizeof *driver);
        return status;
    }
    driver->provider = driver == &emu ? "emu" : "cann";
    /* The emulated card also answers to the vendor's library names; what runs on it is built for the host. */
    driver->platform = driver->npuemu_device_add ? "emu" : "silicon";
    return NPURT_OK;
}

npurt_status driver_open(const char *provider, struct driver **out)
{
    struct driver *driver = provider && strcmp(provider, "emu") == 0    ? &emu
                            : provider && strcmp(provider, "cann") == 0 ? &cann
                                                                        : NULL;
    npurt_status status = NPURT_OK;
    *out = NULL;
    if (!driver) {
        snprintf(problem, sizeof problem, "unknown driver provider \"%s\": there are cann and emu",
                 provider ? provider : "");
        return NPURT_ERROR_INVALID_ARGUMENT;
    }
    pthread_mutex_lock(&lock);
    if (driver->references == 0) status = fill(driver);
    if (status == NPURT_OK) {
        driver->references++;
        *out = driver;
    }
    pthread_mutex_unlock(&lock);
    return status;
}

void driver_close(struct driver *driver)
{
    if (!driver) return;
    pthread_mutex_lock(&lock);
    if (--driver->references == 0) {
        load_close(driver->library);
        memset(driver, 0, sizeof *driver);
    }
    pthread_mutex_unlock(&lock);
}
