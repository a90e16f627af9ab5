#include "device.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "address.h"
#include "api.h"
#include "callable.h"
#include "error.h"
#include "guard.h"
#include "leak.h"
#include "log.h"
#include "memory.h"
#include "rings.h"
#include "target.h"
#include "visible.h"

enum { DEFAULT_SCHEDULER_MS = 10000, DEFAULT_OP_MS = 45000, DEFAULT_SYNC_MS = 50000 };
enum { MIN_OP_MS = 1000 /* the AICPU's monitor gets whole seconds; 0 would end every AICPU task at once */ };
enum { SYNC_OVER_SCHEDULER_MS = 1500 };
enum { RESET_TRIES = 3, RESET_DRAIN_MS = 200 };

static npurt_status settle_options(const npurt_device_options *given, npurt_device_options *o)
{
    unsigned char leak_check = 0, catch_faults = 0;
    if (given) memcpy(&leak_check, &given->leak_check, 1);
    if (given) memcpy(&catch_faults, &given->catch_faults, 1);
    if (catch_faults > 1)
        return error_raise(NPURT_ERROR_INVALID_ARGUMENT, "catch_faults is %u, neither true nor false", catch_faults);
    if (leak_check > 1)
        return error_raise(NPURT_ERROR_INVALID_ARGUMENT, "leak_check is %u, neither true nor false", leak_check);
    *o = given ? *given : (npurt_device_options){0};
    if (!o->scheduler_timeout_ms) o->scheduler_timeout_ms = DEFAULT_SCHEDULER_MS;
    if (!o->op_timeout_ms) o->op_timeout_ms = DEFAULT_OP_MS;
    if (!o->sync_timeout_ms) o->sync_timeout_ms = DEFAULT_SYNC_MS;
    if (o->scheduler_timeout_ms >= o->op_timeout_ms || o->op_timeout_ms >= o->sync_timeout_ms ||
        o->sync_timeout_ms - o->scheduler_timeout_ms <= SYNC_OVER_SCHEDULER_MS || o->op_timeout_ms < MIN_OP_MS ||
        o->sync_timeout_ms > INT32_MAX)
        return error_raise(NPURT_ERROR_INVALID_ARGUMENT,
                           "timeouts of %u ms (scheduler), %u ms (op) and %u ms (sync): required are scheduler < op < "
                           "sync, sync > scheduler + %d ms, op >= %d ms",
                           o->scheduler_timeout_ms, o->op_timeout_ms, o->sync_timeout_ms, SYNC_OVER_SCHEDULER_MS,
                           MIN_OP_MS);
    if (o->aicpu_threads > PROTOCOL_MAX_AICPU_THREADS)
        return error_raise(NPURT_ERROR_INVALID_ARGUMENT, "aicpu_threads is %u; at most %d can be used",
                           o->aicpu_threads, PROTOCOL_MAX_AICPU_THREADS);
    return rings_check(o->ring, "device options");
}

/* Replaces the caller's text by a copy; NULL stays NULL. */
static bool keep_text(const char **text, char **copy)
{
    if (*text) *text = *copy = strdup(*text);
    return !*text == !*copy;
}

static void device_destroy(npurt_device *device)
{
    struct handle_entry *entry = device->entry;
    log_leave(device);
    address_leave(device);
    callable_free_all(device);
    guard_destroy(device->guard);
    graph_destroy(device->graph);
    bundle_close(&device->bundle);
    ledger_fini(&device->ledger);
    bank_free(device);
    flight_fini(device);
    free(device->binaries);
    free(device->dump_folder);
    if (device->owns_driver) driver_close(device->driver);
    free(device);
    handle_give(entry);
}

static npurt_status force_reset(npurt_device *device)
{
    npurt_status status = NPURT_OK;
    if (device->resets == slot_resets(device->slot)) {
        (void)device->driver->aclrtSynchronizeDeviceWithTimeout(RESET_DRAIN_MS);
        /* Binds and retains, so that there is something to reset whatever the state was before. */
        rtError_t code = device->driver->rtSetDevice(device->id);
        log_collect(device);
        if (code != 0) log_write(LOG_LEVEL_WARN, "device", "rtSetDevice before the reset answered %d", code);
        code = device->driver->aclrtResetDeviceForce(device->id);
        if (code != 0) status = error_driver(code, "aclrtResetDeviceForce", "resetting device %d", device->id);
        if (status == NPURT_OK) (void)slot_count_reset(device->slot);
    }
    device->resets = slot_resets(device->slot);
    return status;
}

/* After an open that failed. A device that is poisoned or lost would stay so for every later open, and nobody has a
 * handle to reset it with: so it is reset here. */
static void open_failed(npurt_device *device)
{
    void *probe = NULL;
    const rtError_t code = device->retained ? device->driver->rtMalloc(&probe, 512, RT_MEMORY_HBM, 0) : 0;
    if (code == 0 && probe) (void)device->driver->rtFree(probe);
    if (code != ACL_ERROR_RT_DRV_INTERNAL_ERROR && !error_is_lost(code)) {
        (void)device_take_down(device);
        return;
    }
    log_write(LOG_LEVEL_WARN, "device", "%s: reset after an open that failed; a probe answered %d", device->info.target,
              code);
    device_abandon(device);
    (void)force_reset(device);
}

npurt_status device_open_on(struct driver *driver, bool owns_driver, int32_t id, const char *target,
                            const npurt_device_options *options, npurt_device **out)
{
    npurt_device *device = calloc(1, sizeof *device);
    struct device_slot *slot = slot_get(driver->provider, id);
    struct handle_entry *entry = handle_take(HANDLE_DEVICE, NULL, target);
    if (!device || !slot || !entry) {
        free(device);
        handle_give(entry);
        if (owns_driver) driver_close(driver);
        return error_raise(NPURT_ERROR_OUT_OF_HOST_MEMORY, "no host memory for a device handle");
    }
    device->entry = entry;
    flight_init(device);
    device->api = api_find(NPURT_API_VERSION);
    device->slot = slot;
    device->resets = slot_resets(slot);
    device->driver = driver;
    device->owns_driver = owns_driver;
    device->id = id;
    device->address_low = UINT64_MAX;
    snprintf(device->info.target, sizeof device->info.target, "%s", target);
    log_about(device);

    npurt_status status = settle_options(options, &device->options);
    if (status == NPURT_OK && !(keep_text(&device->options.binaries, &device->binaries) &&
                                keep_text(&device->options.dump_folder, &device->dump_folder)))
        status = error_raise(NPURT_ERROR_OUT_OF_HOST_MEMORY, "no host memory for the options");
    const uint32_t limit_ms = device->options.orchestration_timeout_ms;
    if (status == NPURT_OK && !(device->guard = guard_create(entry, limit_ms ? limit_ms : device->options.op_timeout_ms,
                                                             device->options.catch_faults)))
        status = error_raise(NPURT_ERROR_OUT_OF_HOST_MEMORY, "no host memory for a device handle");
    device->hal_id = id;
    if (status == NPURT_OK && strcmp(driver->provider, "cann") == 0) status = visible_hal_id(id, &device->hal_id);
    if (status == NPURT_OK) {
        log_join(device);
        address_join(device);
        status = device_bring_up(device);
        if (status != NPURT_OK) open_failed(device);
    }
    if (status != NPURT_OK) {
        device_destroy(device);
        return status;
    }
    log_about(NULL);
    *out = handle_open(entry, device);
    return NPURT_OK;
}

/* Opens with options of this library's layout. */
static npurt_status open_target(const char *target, const npurt_device_options *options, npurt_device **out)
{
    static _Atomic uint64_t first_open; /* fork_count() + 1 at the first open of the process */
    if (log_delivering()) return error_raise(NPURT_ERROR_BUSY, "called from inside a log callback");
    uint64_t none = 0, now = fork_count() + 1;
    if (!atomic_compare_exchange_strong(&first_open, &none, now) && none != now)
        return error_raise(
            NPURT_ERROR_FORKED,
            "the driver was loaded before a fork, in the parent; it can not be used here before an exec");
    struct target parsed;
    npurt_status status = target_parse(target, &parsed);
    if (status != NPURT_OK) return status;
    struct driver *driver;
    if (driver_open(parsed.provider, &driver) != NPURT_OK) {
        error_raise(NPURT_ERROR_MISSING_LIBRARY, "target \"%s\": %s", target, driver_problem());
        error_hint(parsed.provider[0] == 'c' ? "source the vendor's set_env.sh, or put its libraries in LD_LIBRARY_PATH"
                                             : "libnpuemu.so belongs beside libnpurt.so");
        return NPURT_ERROR_MISSING_LIBRARY;
    }
    int32_t id = parsed.device;
    if (strcmp(parsed.provider, "emu") == 0 && driver->npuemu_device_add(parsed.machine, &id) != 0) {
        status = error_raise(NPURT_ERROR_NO_TARGET, "target \"%s\": %s", target, driver->npuemu_last_problem());
        driver_close(driver);
        return status;
    }
    return device_open_on(driver, true, id, target, options, out);
}

/* The file that holds an address of code or data; "?" if the loader knows of none. */
static const char *file_of(const void *address)
{
    Dl_info info;
    return dladdr(address, &info) && info.dli_fname ? info.dli_fname : "?";
}

npurt_status npurt_device_open_api(uint32_t api_version, const char *target, const npurt_device_options *options,
                                   npurt_device **out)
{
    static const char own_data = 0;
    error_begin("npurt_device_open");
    if (!out) return error_raise(NPURT_ERROR_INVALID_ARGUMENT, "out is NULL");
    *out = NULL;
    const struct api *api = api_find(api_version);
    if (!api) {
        error_raise(
            NPURT_ERROR_BAD_BINARY, "%s was built with API version %u of npurt's headers; %s serves versions %d to %d",
            file_of(__builtin_return_address(0)), api_version, file_of(&own_data), NPURT_API_OLDEST, NPURT_API_VERSION);
        error_hint(api_version > NPURT_API_VERSION
                       ? "the library is older than the headers: install the newer one, or find "
                         "out which one the loader takes (LD_LIBRARY_PATH, ldd)"
                       : "the library is newer: build the program again with its headers");
        return NPURT_ERROR_BAD_BINARY;
    }
    struct api_copy copy;
    npurt_status status = open_target(target, api_options(api, options, &copy), out);
    if (status == NPURT_OK) device_of(*out)->api = api;
    return status;
}

npurt_status npurt_device_cancel(npurt_device *handle)
{
    error_begin("npurt_device_cancel");
    struct handle_entry *entry = handle_find(handle, HANDLE_DEVICE);
    if (!entry) return handle_refuse(handle, HANDLE_DEVICE);
    if (atomic_load(&entry->forks) != fork_count())
        return error_raise(NPURT_ERROR_FORKED, "the device was opened before a fork, in the parent");
    (void)atomic_fetch_add(&entry->cancels, 1);
    guard_cancel(entry);
    return NPURT_OK;
}

npurt_status npurt_device_close(npurt_device *handle)
{
    if (!handle) return NPURT_OK;
    npurt_device *device;
    npurt_status status = device_enter(handle, "npurt_device_close", DEVICE_NEED_HANDLE, &device);
    if (status != NPURT_OK) return status;
    device_end_handles(device);
    if (atomic_load(&device->state) == NPURT_DEVICE_HEALTHY && device->resets == slot_resets(device->slot)) {
        status = flight_settle(device, NULL);
        error_first(&status, device_bind_thread(device));
        error_first(&status, leak_report(device));
        error_first(&status, callable_release_all(device));
        error_first(&status, memory_release_user(device));
        error_first(&status, device_take_down(device));
        if (status == NPURT_OK && !ledger_is_empty(&device->ledger))
            status = error_raise(NPURT_ERROR_LEAK, "the ledger is not empty after everything was released");
    } else {
        device_abandon(device);
        if (device->resets == slot_resets(device->slot)) status = force_reset(device);
    }
    pthread_mutex_unlock(&device->entry->lock);
    device_destroy(device);
    return status;
}

npurt_status npurt_device_reset(npurt_device *handle)
{
    npurt_device *device;
    npurt_status status = device_enter(handle, "npurt_device_reset", DEVICE_NEED_HANDLE, &device);
    if (status != NPURT_OK) return status;
    struct error_state before; /* what a try says is no failure when the next one works */
    error_save(&before);
    flight_end_all(device);
    for (int attempt = 0; attempt < RESET_TRIES; attempt++) {
        if (attempt) error_begin("npurt_device_reset");
        (void)device_bind_thread(device); /* the drain needs a context; it may be gone */
        device_abandon(device);
        error_begin("npurt_device_reset");
        status = force_reset(device);
        if (status == NPURT_OK) status = device_bring_up(device); /* the init entry's answer is the probe */
        if (status == NPURT_OK) break;
        log_write(LOG_LEVEL_WARN, "device", "%s: reset, try %d of %d: %s", device->info.target, attempt + 1,
                  RESET_TRIES, npurt_error_last()->message);
    }
    if (status == NPURT_OK) {
        error_restore(&before);
        device_set_state(device, NPURT_DEVICE_HEALTHY);
        return device_leave(device, NPURT_OK);
    }
    npurt_error cause = *npurt_error_last();
    device_abandon(device);
    error_begin("npurt_device_reset");
    status = error_refuse(NPURT_ERROR_LOST, &cause, "the device did not come back");
    device_set_state(device, NPURT_DEVICE_LOST);
    return device_leave(device, status);
}
