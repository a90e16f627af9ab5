/* What a device says of itself. */
#include "device.h"

#include "api.h"
#include "error.h"

npurt_device_state npurt_device_get_state(npurt_device *handle)
{
    const struct handle_entry *entry = handle_find(handle, HANDLE_DEVICE);
    if (!entry || atomic_load(&entry->forks) != fork_count()) return NPURT_DEVICE_LOST;
    const int state = atomic_load(&entry->state);
    return handle_is_good(entry, handle) ? (npurt_device_state)state : NPURT_DEVICE_LOST;
}

npurt_status npurt_device_get_info(npurt_device *handle, npurt_device_info *info)
{
    npurt_device *device;
    npurt_status status = device_enter(handle, "npurt_device_get_info", DEVICE_NEED_HANDLE, &device);
    if (status != NPURT_OK) return status;
    if (info)
        api_answer(info, device->api->device_info, &device->info, sizeof device->info);
    else
        status = error_raise(NPURT_ERROR_INVALID_ARGUMENT, "info is NULL");
    return device_leave(device, status);
}

npurt_status npurt_device_hbm_in_use(npurt_device *handle, uint64_t *bytes)
{
    npurt_device *device;
    npurt_status status = device_enter(handle, "npurt_device_hbm_in_use", DEVICE_NEED_DRIVER, &device);
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

npurt_status npurt_device_ledger(npurt_device *handle, npurt_ledger_totals *totals)
{
    npurt_device *device;
    npurt_status status = device_enter(handle, "npurt_device_ledger", DEVICE_NEED_HANDLE, &device);
    if (status != NPURT_OK) return status;
    const npurt_ledger_totals now = ledger_totals(&device->ledger);
    if (totals)
        api_answer(totals, device->api->ledger_totals, &now, sizeof now);
    else
        status = error_raise(NPURT_ERROR_INVALID_ARGUMENT, "totals is NULL");
    return device_leave(device, status);
}

npurt_status npurt_device_trace_hash(npurt_device *handle, uint64_t *hash)
{
    npurt_device *device;
    npurt_status status = device_enter(handle, "npurt_device_trace_hash", DEVICE_NEED_DRIVER, &device);
    if (status != NPURT_OK) return status;
    if (!hash)
        status = error_raise(NPURT_ERROR_INVALID_ARGUMENT, "hash is NULL");
    else if (!device->driver->npuemu_trace_hash || device->driver->npuemu_trace_hash(device->id, hash) != 0)
        status =
            error_raise(NPURT_ERROR_UNSUPPORTED,
                        "%s keeps no trace hash; a card in timed or explore mode does (?seed=1)", device->info.target);
    return device_leave(device, status);
}
