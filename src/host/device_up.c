/* Bringing a device up and taking it down. */
#include "device.h"

#include <inttypes.h>
#include <stdio.h>
#include "address.h"
#include "bootstrap.h"
#include "callable.h"
#include "error.h"
#include "code.h"
#include "log.h"
#include "registers.h"
#include "registration.h"
#include "streamed.h"

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
    if (code != 0)
        return error_driver(code, "aclrtSetOpExecuteTimeOutV2", "setting %u ms", device->options.op_timeout_ms);
    log_write(LOG_LEVEL_INFO, "bootstrap", "%s (%s): %u clusters, op-execute timeout %" PRIu64 " us", device->info.soc,
              device->info.generation, clusters, actual);
    return NPURT_OK;
}

npurt_status device_bring_up(npurt_device *device)
{
    device_unbind(device);
    npurt_status status = device_bind_thread(device);
    if (status == NPURT_OK) status = describe(device);
    if (status == NPURT_OK && !device->bundle.aicpu.data)
        status =
            bundle_open(device->options.binaries, device->driver->platform, device->info.generation, &device->bundle);
    if (status == NPURT_OK) status = set_up_streams(device);
    if (status == NPURT_OK) status = registers_find(device);
    if (status == NPURT_OK) status = bank_init(device);
    if (status == NPURT_OK) status = bootstrap_run(device);
    if (status == NPURT_OK && device->options.aicpu_threads > device->info.aicpu_threads)
        status = error_raise(NPURT_ERROR_INVALID_ARGUMENT, "aicpu_threads is %u; the device has %u AICPU cores for us",
                             device->options.aicpu_threads, device->info.aicpu_threads);
    return status;
}

npurt_status device_take_down(npurt_device *device)
{
    npurt_status status = streamed_finish_unloads(device);
    error_first(&status, code_clear(device));
    error_first(&status, registration_undo(device));
    error_first(&status, bootstrap_undo(device));
    error_first(&status, arena_fini(device));
    error_first(&status, bank_fini(device));
    error_first(&status, stream_destroy(device, &device->cpu_stream, "AICPU stream"));
    error_first(&status, stream_destroy(device, &device->core_stream, "AICore stream"));
    while (device->retained) {
        device->retained--;
        rtError_t code = device->driver->rtDeviceReset(device->id);
        if (code != 0) error_first(&status, error_driver(code, "rtDeviceReset", "letting go of device %d", device->id));
    }
    device_unbind(device);
    return status;
}

void device_abandon(npurt_device *device)
{
    ledger_abandon(&device->ledger);
    npurt_ledger_totals t = ledger_totals(&device->ledger);
    log_write(LOG_LEVEL_INFO, "device", "%s: abandoned to the reset: %" PRIu64 " bytes in %u blocks, %u streams",
              device->info.target, t.memory_bytes, t.memory_blocks, t.streams);
    address_lock();
    ledger_clear(&device->ledger);
    address_unlock();
    growth_forget(&device->growth);
    device->registration = device->binary = device->init = device->exec = device->unload = NULL;
    device->core_stream = device->cpu_stream = NULL;
    code_forget(device);
    arena_forget(device);
    bank_forget(device);
    callable_orphan_all(device);
    device_unbind(device);
}
