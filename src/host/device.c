#include "device.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "bootstrap.h"
#include "callable.h"
#include "error.h"
#include "kernels.h"
#include "log.h"
#include "memory.h"
#include "registers.h"
#include "registration.h"
#include "run.h"
#include "target.h"
#include "visible.h"

enum { DEFAULT_SCHEDULER_MS = 10000, DEFAULT_OP_MS = 45000, DEFAULT_SYNC_MS = 50000 };
enum { MIN_OP_MS = 1000 /* the AICPU's monitor gets whole seconds; 0 would end every AICPU task at once */ };
enum { SYNC_OVER_SCHEDULER_MS = 1500 };
enum { RESET_TRIES = 3, RESET_DRAIN_MS = 1000 };

/* ---- states ------------------------------------------------------------------------------------------------------- */

static const char *const state_name[] = {"healthy", "draining", "poisoned", "lost"};

void device_set_state(npurt_device *device, npurt_device_state state)
{
    static const bool allowed[4][4] = {
        [NPURT_DEVICE_HEALTHY] = {true, true, false, true},
        [NPURT_DEVICE_DRAINING] = {true, false, true, true},
        [NPURT_DEVICE_POISONED] = {true, false, true, true},
        [NPURT_DEVICE_LOST] = {true, false, false, true},
    };
    int now = atomic_load(&device->state);
    if (!allowed[now][state]) {
        log_write(LOG_LEVEL_ERROR, "device", "%s: no way from %s to %s", device->info.target, state_name[now],
                  state_name[state]);
        abort(); /* a defect of this library, never of its caller */
    }
    if (now != (int)state)
        log_write(state == NPURT_DEVICE_HEALTHY ? LOG_LEVEL_INFO : LOG_LEVEL_WARN, "device", "%s: %s → %s",
                  device->info.target, state_name[now], state_name[state]);
    if (state == NPURT_DEVICE_POISONED || (state == NPURT_DEVICE_LOST && now != NPURT_DEVICE_LOST))
        device->cause = *npurt_error_last();
    atomic_store(&device->state, (int)state);
}

/* ---- entering ----------------------------------------------------------------------------------------------------- */

/* The device that the calling thread last bound: rtSetDevice is called once per thread and device, not per call. */
static __thread uint64_t bound;
static _Atomic uint64_t next_binding = 1;

npurt_status device_bind_thread(npurt_device *device)
{
    if (bound == device->binding) return NPURT_OK;
    rtError_t code = device->driver->rtSetDevice(device->id);
    if (code != 0) {
        uint32_t count = 0;
        (void)device->driver->aclrtGetDeviceCount(&count);
        return error_driver(code, "rtSetDevice", "device %d of %u", device->id, count);
    }
    device->retained++;
    bound = device->binding;
    return NPURT_OK;
}

npurt_status device_enter(npurt_device *device, const char *call, enum device_need need)
{
    error_begin(call);
    if (!device) return error_raise(NPURT_ERROR_INVALID_ARGUMENT, "device is NULL");
    if (device->forks != fork_count())
        return error_raise(NPURT_ERROR_FORKED, "the device was opened before a fork, in the parent; open it in the child "
                                               "of an exec instead");
    if (pthread_mutex_lock(&device->lock) != 0)
        return error_raise(NPURT_ERROR_BUSY, "called from inside the orchestration of a call on this device");
    if (need == DEVICE_NEED_HANDLE) return NPURT_OK;

    npurt_status status = NPURT_OK;
    if (device->resets != slot_resets(device->slot) && atomic_load(&device->state) != NPURT_DEVICE_LOST) {
        status = error_raise(NPURT_ERROR_LOST, "%s was force-reset through another handle", device->info.target);
        device_set_state(device, NPURT_DEVICE_LOST);
    } else if (atomic_load(&device->state) == NPURT_DEVICE_LOST) {
        status = error_refuse(NPURT_ERROR_LOST, &device->cause, "the device is lost");
    } else if (need == DEVICE_NEED_WORK && atomic_load(&device->state) != NPURT_DEVICE_HEALTHY) {
        status = error_refuse(NPURT_ERROR_POISONED, &device->cause, "the device failed before and refuses work");
    } else {
        status = device_bind_thread(device);
    }
    if (status != NPURT_OK) pthread_mutex_unlock(&device->lock);
    return status;
}

npurt_status device_leave(npurt_device *device, npurt_status status)
{
    if (status == NPURT_ERROR_LOST && atomic_load(&device->state) != NPURT_DEVICE_LOST)
        device_set_state(device, NPURT_DEVICE_LOST);
    pthread_mutex_unlock(&device->lock);
    return status;
}

/* ---- up and down -------------------------------------------------------------------------------------------------- */

npurt_status device_stream_create(npurt_device *device, const char *purpose, rtStream_t *stream)
{
    if (!ledger_reserve(&device->ledger, LEDGER_STREAM))
        return error_raise(NPURT_ERROR_OUT_OF_HOST_MEMORY, "no host memory for a ledger entry (%s)", purpose);
    rtError_t code = device->driver->rtStreamCreate(stream, 0);
    if (code != 0) {
        *stream = NULL;
        return error_driver(code, "rtStreamCreate", "creating the %s", purpose);
    }
    ledger_add(&device->ledger, LEDGER_STREAM, (uint64_t)(uintptr_t)*stream, 0, "device", purpose);
    return NPURT_OK;
}

static npurt_status stream_destroy(npurt_device *device, rtStream_t *stream, const char *purpose)
{
    if (!*stream) return NPURT_OK;
    ledger_remove(&device->ledger, LEDGER_STREAM, (uint64_t)(uintptr_t)*stream);
    rtError_t code = device->driver->rtStreamDestroy(*stream);
    *stream = NULL;
    return code == 0 ? NPURT_OK : error_driver(code, "rtStreamDestroy", "destroying the %s", purpose);
}

static npurt_status describe(npurt_device *device)
{
    const char *soc = device->driver->aclrtGetSocName();
    snprintf(device->info.soc, sizeof device->info.soc, "%s", soc ? soc : "");
    npurt_status status = registers_generation(device->info.soc, &device->registers);
    if (status != NPURT_OK) return status;
    snprintf(device->info.generation, sizeof device->info.generation, "a%u", device->registers.generation);
    size_t left = 0, total = 0;
    aclError code = device->driver->aclrtGetMemInfo(ACL_HBM_MEM, &left, &total);
    if (code != 0) return error_driver(code, "aclrtGetMemInfo", "asking for the size of device memory");
    device->info.hbm_total = total;
    return NPURT_OK;
}

static npurt_status set_up_streams(npurt_device *device)
{
    npurt_status status = device_stream_create(device, "AICore stream", &device->core_stream);
    if (status == NPURT_OK) status = device_stream_create(device, "AICPU stream", &device->cpu_stream);
    if (status != NPURT_OK) return status;
    uint32_t clusters = 0;
    aclError code = device->driver->aclrtGetStreamResLimit(device->core_stream, ACL_RT_DEV_RES_CUBE_CORE, &clusters);
    if (code != 0) return error_driver(code, "aclrtGetStreamResLimit", "asking for the number of clusters");
    if (clusters == 0 || clusters * 3 > device->registers.physical_cores)
        return error_raise(NPURT_ERROR_DRIVER, "the driver offers %u clusters; an %s has at most %u", clusters,
                           device->info.generation, device->registers.physical_cores / 3);
    device->info.clusters = clusters;
    uint64_t actual = 0;
    code = device->driver->aclrtSetOpExecuteTimeOutV2((uint64_t)device->options.op_timeout_ms * 1000, &actual);
    if (code != 0) return error_driver(code, "aclrtSetOpExecuteTimeOutV2", "setting %u ms", device->options.op_timeout_ms);
    log_write(LOG_LEVEL_INFO, "bootstrap", "%s (%s): %u clusters, op-execute timeout %" PRIu64 " us", device->info.soc,
              device->info.generation, clusters, actual);
    return NPURT_OK;
}

npurt_status device_bring_up(npurt_device *device)
{
    device->binding = atomic_fetch_add(&next_binding, 1);
    device->retained = 0;
    npurt_status status = device_bind_thread(device);
    if (status == NPURT_OK) status = describe(device);
    if (status == NPURT_OK && !device->bundle.aicpu.data)
        status = bundle_open(device->options.binaries, device->driver->platform, device->info.generation, &device->bundle);
    if (status == NPURT_OK) status = set_up_streams(device);
    if (status == NPURT_OK) status = registers_find(device);
    if (status == NPURT_OK) status = run_memory_init(device);
    if (status == NPURT_OK) status = bootstrap_run(device);
    if (status == NPURT_OK && device->options.aicpu_threads > device->info.aicpu_threads)
        status = error_raise(NPURT_ERROR_INVALID_ARGUMENT, "aicpu_threads is %u; the device has %u AICPU cores for us",
                             device->options.aicpu_threads, device->info.aicpu_threads);
    return status;
}

static void first(npurt_status *status, npurt_status next)
{
    if (*status == NPURT_OK) *status = next;
}

npurt_status device_take_down(npurt_device *device)
{
    npurt_status status = kernels_clear(device);
    first(&status, registration_undo(device));
    first(&status, bootstrap_undo(device));
    first(&status, run_memory_fini(device));
    first(&status, stream_destroy(device, &device->cpu_stream, "AICPU stream"));
    first(&status, stream_destroy(device, &device->core_stream, "AICore stream"));
    while (device->retained) {
        device->retained--;
        rtError_t code = device->driver->rtDeviceReset(device->id);
        if (code != 0) first(&status, error_driver(code, "rtDeviceReset", "letting go of device %d", device->id));
    }
    bound = 0;
    return status;
}

void device_abandon(npurt_device *device)
{
    ledger_abandon(&device->ledger);
    npurt_ledger_totals t = ledger_totals(&device->ledger);
    log_write(LOG_LEVEL_INFO, "device", "%s: abandoned to the reset: %" PRIu64 " bytes in %u blocks, %u streams",
              device->info.target, t.memory_bytes, t.memory_blocks, t.streams);
    ledger_clear(&device->ledger);
    device->registration = device->binary = device->init = device->exec = NULL;
    device->core_stream = device->cpu_stream = NULL;
    kernels_forget(device);
    run_memory_forget(device);
    callable_orphan_all(device);
    device->retained = 0;
    bound = 0;
}

/* ---- options ------------------------------------------------------------------------------------------------------ */

static npurt_status settle_options(const npurt_device_options *given, npurt_device_options *o)
{
    *o = given ? *given : (npurt_device_options){0};
    if (o->binaries && !(o->binaries = strdup(o->binaries)))
        return error_raise(NPURT_ERROR_OUT_OF_HOST_MEMORY, "no host memory for the options");
    if (!o->scheduler_timeout_ms) o->scheduler_timeout_ms = DEFAULT_SCHEDULER_MS;
    if (!o->op_timeout_ms) o->op_timeout_ms = DEFAULT_OP_MS;
    if (!o->sync_timeout_ms) o->sync_timeout_ms = DEFAULT_SYNC_MS;
    if (o->scheduler_timeout_ms >= o->op_timeout_ms || o->op_timeout_ms >= o->sync_timeout_ms ||
        o->sync_timeout_ms - o->scheduler_timeout_ms <= SYNC_OVER_SCHEDULER_MS || o->op_timeout_ms < MIN_OP_MS ||
        o->sync_timeout_ms > INT32_MAX)
        return error_raise(NPURT_ERROR_INVALID_ARGUMENT,
                           "timeouts of %u ms (scheduler), %u ms (op) and %u ms (sync): required are scheduler < op < sync, "
                           "sync > scheduler + %d ms, op >= %d ms",
                           o->scheduler_timeout_ms, o->op_timeout_ms, o->sync_timeout_ms, SYNC_OVER_SCHEDULER_MS,
                           MIN_OP_MS);
    if (o->aicpu_threads > PROTOCOL_MAX_AICPU_THREADS)
        return error_raise(NPURT_ERROR_INVALID_ARGUMENT, "aicpu_threads is %u; at most %d can be used", o->aicpu_threads,
                           PROTOCOL_MAX_AICPU_THREADS);
    return NPURT_OK;
}

/* ---- open, close, reset ------------------------------------------------------------------------------------------- */

static void device_destroy(npurt_device *device)
{
    callable_free_all(device);
    graph_destroy(device->graph);
    bundle_close(&device->bundle);
    ledger_fini(&device->ledger);
    free(device->run.upload);
    free((void *)(uintptr_t)device->options.binaries);
    if (device->owns_driver) driver_close(device->driver);
    pthread_mutex_destroy(&device->lock);
    free(device);
}

npurt_status device_open_on(struct driver *driver, bool owns_driver, int32_t id, const char *target,
                            const npurt_device_options *options, npurt_device **out)
{
    npurt_device *device = calloc(1, sizeof *device);
    struct device_slot *slot = slot_get(driver->provider, id);
    if (!device || !slot) {
        free(device);
        if (owns_driver) driver_close(driver);
        return error_raise(NPURT_ERROR_OUT_OF_HOST_MEMORY, "no host memory for a device handle");
    }
    pthread_mutexattr_t attr;
    pthread_mutexattr_init(&attr);
    pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_ERRORCHECK);
    pthread_mutex_init(&device->lock, &attr);
    pthread_mutexattr_destroy(&attr);
    device->forks = fork_count();
    device->slot = slot;
    device->resets = slot_resets(slot);
    device->driver = driver;
    device->owns_driver = owns_driver;
    device->id = id;
    device->address_low = UINT64_MAX;
    snprintf(device->info.target, sizeof device->info.target, "%s", target);

    npurt_status status = settle_options(options, &device->options);
    device->hal_id = id;
    if (status == NPURT_OK && strcmp(driver->provider, "cann") == 0) status = visible_hal_id(id, &device->hal_id);
    if (status == NPURT_OK) {
        status = device_bring_up(device);
        if (status != NPURT_OK) (void)device_take_down(device);
    }
    if (status != NPURT_OK) {
        device_destroy(device);
        return status;
    }
    *out = device;
    return NPURT_OK;
}

npurt_status npurt_device_open(const char *target, const npurt_device_options *options, npurt_device **out)
{
    static _Atomic uint64_t first_open; /* fork_count() + 1 at the first open of the process */
    error_begin("npurt_device_open");
    if (!out) return error_raise(NPURT_ERROR_INVALID_ARGUMENT, "out is NULL");
    *out = NULL;
    uint64_t none = 0, now = fork_count() + 1;
    if (!atomic_compare_exchange_strong(&first_open, &none, now) && none != now)
        return error_raise(NPURT_ERROR_FORKED, "the driver was loaded before a fork, in the parent; it can not be used here "
                                               "before an exec");
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

static npurt_status force_reset(npurt_device *device)
{
    npurt_status status = NPURT_OK;
    if (device->resets == slot_resets(device->slot)) {
        (void)device->driver->aclrtSynchronizeDeviceWithTimeout(RESET_DRAIN_MS);
        /* Binds and retains, so that there is something to reset whatever the state was before. */
        rtError_t code = device->driver->rtSetDevice(device->id);
        if (code != 0) log_write(LOG_LEVEL_WARN, "device", "rtSetDevice before the reset answered %d", code);
        code = device->driver->aclrtResetDeviceForce(device->id);
        if (code != 0) status = error_driver(code, "aclrtResetDeviceForce", "resetting device %d", device->id);
        if (status == NPURT_OK) (void)slot_count_reset(device->slot);
    }
    device->resets = slot_resets(device->slot);
    return status;
}

npurt_status npurt_device_close(npurt_device *device)
{
    if (!device) return NPURT_OK;
    npurt_status status = device_enter(device, "npurt_device_close", DEVICE_NEED_HANDLE);
    if (status != NPURT_OK) return status;
    if (atomic_load(&device->state) == NPURT_DEVICE_HEALTHY && device->resets == slot_resets(device->slot)) {
        npurt_status bind = device_bind_thread(device);
        npurt_status leak = callable_report_leaks(device);
        first(&leak, memory_report_leaks(device));
        status = callable_release_all(device);
        first(&status, memory_release_user(device));
        first(&status, device_take_down(device));
        first(&status, bind);
        if (status == NPURT_OK && !ledger_is_empty(&device->ledger))
            status = error_raise(NPURT_ERROR_LEAK, "the ledger is not empty after everything was released");
        if (leak != NPURT_OK) status = leak;
    } else {
        device_abandon(device);
        if (device->resets == slot_resets(device->slot)) status = force_reset(device);
    }
    pthread_mutex_unlock(&device->lock);
    device_destroy(device);
    return status;
}

npurt_status npurt_device_reset(npurt_device *device)
{
    npurt_status status = device_enter(device, "npurt_device_reset", DEVICE_NEED_HANDLE);
    if (status != NPURT_OK) return status;
    for (int attempt = 0; attempt < RESET_TRIES; attempt++) {
        if (attempt) error_begin("npurt_device_reset");
        (void)device_bind_thread(device); /* the drain needs a context; it may be gone */
        device_abandon(device);
        error_begin("npurt_device_reset");
        status = force_reset(device);
        if (status == NPURT_OK) status = device_bring_up(device); /* the init entry's answer is the probe */
        if (status == NPURT_OK) break;
        log_write(LOG_LEVEL_WARN, "device", "%s: reset, try %d of %d: %s", device->info.target, attempt + 1, RESET_TRIES,
                  npurt_error_last()->message);
    }
    if (status == NPURT_OK) {
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

/* ---- questions ---------------------------------------------------------------------------------------------------- */

npurt_device_state npurt_device_get_state(npurt_device *device)
{
    if (!device || device->forks != fork_count()) return NPURT_DEVICE_LOST;
    return (npurt_device_state)atomic_load(&device->state);
}

npurt_status npurt_device_get_info(npurt_device *device, npurt_device_info *info)
{
    npurt_status status = device_enter(device, "npurt_device_get_info", DEVICE_NEED_HANDLE);
    if (status != NPURT_OK) return status;
    if (info)
        *info = device->info;
    else
        status = error_raise(NPURT_ERROR_INVALID_ARGUMENT, "info is NULL");
    return device_leave(device, status);
}

npurt_status npurt_device_hbm_in_use(npurt_device *device, uint64_t *bytes)
{
    npurt_status status = device_enter(device, "npurt_device_hbm_in_use", DEVICE_NEED_DRIVER);
    if (status != NPURT_OK) return status;
    size_t left = 0, total = 0;
    aclError code;
    if (!bytes)
        status = error_raise(NPURT_ERROR_INVALID_ARGUMENT, "bytes is NULL");
    else if ((code = device->driver->aclrtGetMemInfo(ACL_HBM_MEM, &left, &total)) != 0)
        status = error_driver(code, "aclrtGetMemInfo", "asking for free device memory");
    else
        *bytes = total - left;
    return device_leave(device, status);
}

npurt_status npurt_device_ledger(npurt_device *device, npurt_ledger_totals *totals)
{
    npurt_status status = device_enter(device, "npurt_device_ledger", DEVICE_NEED_HANDLE);
    if (status != NPURT_OK) return status;
    if (totals)
        *totals = ledger_totals(&device->ledger);
    else
        status = error_raise(NPURT_ERROR_INVALID_ARGUMENT, "totals is NULL");
    return device_leave(device, status);
}

npurt_status npurt_device_report(npurt_device *device, char *buffer, size_t size, size_t *needed)
{
    npurt_status status = device_enter(device, "npurt_device_report", DEVICE_NEED_HANDLE);
    if (status != NPURT_OK) return status;
    if (!buffer && size) {
        status = error_raise(NPURT_ERROR_INVALID_ARGUMENT, "buffer is NULL and size is %zu", size);
    } else {
        size_t length = ledger_write(&device->ledger, buffer, size);
        if (needed) *needed = length;
    }
    return device_leave(device, status);
}

npurt_status npurt_device_trace_hash(npurt_device *device, uint64_t *hash)
{
    npurt_status status = device_enter(device, "npurt_device_trace_hash", DEVICE_NEED_DRIVER);
    if (status != NPURT_OK) return status;
    if (!hash)
        status = error_raise(NPURT_ERROR_INVALID_ARGUMENT, "hash is NULL");
    else if (!device->driver->npuemu_trace_hash || device->driver->npuemu_trace_hash(device->id, hash) != 0)
        status = error_raise(NPURT_ERROR_UNSUPPORTED, "%s keeps no trace hash; a card in timed mode does (?seed=1)",
                             device->info.target);
    return device_leave(device, status);
}
