#include "memory.h"

#include <inttypes.h>
#include <stdio.h>
#include "address.h"
#include "error.h"
#include "log.h"

npurt_status memory_take_range(npurt_device *device, uint64_t least, uint64_t wanted, const char *owner,
                               const char *purpose, uint64_t *address, uint64_t *size)
{
    void *p = NULL;
    *address = *size = 0;
    address_lock();
    const bool room = ledger_reserve(&device->ledger, LEDGER_MEMORY);
    address_unlock();
    if (!room)
        return error_raise(NPURT_ERROR_OUT_OF_HOST_MEMORY, "no host memory for a ledger entry (%s)", purpose);
    const uint32_t type = RT_MEMORY_HBM | RT_MEMORY_POLICY_HUGE_PAGE_FIRST;
    uint64_t got = wanted;
    rtError_t code = device->driver->rtMalloc(&p, got, type, 0);
    if (code == ACL_ERROR_RT_MEMORY_ALLOCATION && least < wanted)
        code = device->driver->rtMalloc(&p, got = least, type, 0);
    if (code != 0) {
        size_t left = 0, total = 0;
        (void)device->driver->aclrtGetMemInfo(ACL_HBM_MEM, &left, &total);
        return error_driver(code, "rtMalloc",
                            "no device memory for \"%s\" (%s): %" PRIu64 " bytes asked, %zu of %zu free", purpose,
                            owner, least, left, total);
    }
    *address = (uint64_t)(uintptr_t)p;
    *size = got;
    address_lock();
    ledger_add(&device->ledger, LEDGER_MEMORY, *address, got, owner, purpose);
    if (*address < device->address_low) device->address_low = *address;
    if (*address + got > device->address_high) device->address_high = *address + got;
    address_widen(*address, *address + got);
    address_unlock();
    log_write(LOG_LEVEL_DEBUG, "memory", "%" PRIu64 " bytes at 0x%" PRIx64 " for %s: %s", got, *address, owner,
              purpose);
    return NPURT_OK;
}

npurt_status memory_take(npurt_device *device, uint64_t size, const char *owner, const char *purpose, uint64_t *address)
{
    uint64_t got;
    return memory_take_range(device, size, size, owner, purpose, address, &got);
}

npurt_status memory_release_user(npurt_device *device)
{
    npurt_status status = NPURT_OK;
    for (uint32_t i = device->ledger.kind[LEDGER_MEMORY].count; i-- > 0;) {
        const struct ledger_entry *e = &device->ledger.kind[LEDGER_MEMORY].entry[i];
        if (e->user) error_first(&status, memory_give(device, e->handle));
    }
    return status;
}

npurt_status memory_give(npurt_device *device, uint64_t address)
{
    if (!address) return NPURT_OK;
    rtError_t code = device->driver->rtFree(device_pointer(address));
    if (code != 0) return error_driver(code, "rtFree", "freeing device memory at 0x%" PRIx64, address);
    address_lock();
    ledger_remove(&device->ledger, LEDGER_MEMORY, address);
    address_unlock();
    log_write(LOG_LEVEL_DEBUG, "memory", "freed 0x%" PRIx64, address);
    return NPURT_OK;
}

npurt_status memory_write(npurt_device *device, uint64_t to, const void *from, uint64_t size, const char *what)
{
    rtError_t code = device->driver->rtMemcpy(device_pointer(to), size, from, size, RT_MEMCPY_HOST_TO_DEVICE);
    if (code == 0) return NPURT_OK;
    return error_driver(code, "rtMemcpy", "copying %s to the device (%" PRIu64 " bytes)", what, size);
}

npurt_status memory_read(npurt_device *device, void *to, uint64_t from, uint64_t size, const char *what)
{
    rtError_t code = device->driver->rtMemcpy(to, size, device_pointer(from), size, RT_MEMCPY_DEVICE_TO_HOST);
    if (code == 0) return NPURT_OK;
    return error_driver(code, "rtMemcpy", "copying %s from the device (%" PRIu64 " bytes)", what, size);
}

npurt_status memory_set(npurt_device *device, uint64_t to, uint8_t value, uint64_t size, const char *what)
{
    aclError code = device->driver->aclrtMemset(device_pointer(to), size, value, size);
    return code == 0 ? NPURT_OK : error_driver(code, "aclrtMemset", "setting %s (%" PRIu64 " bytes)", what, size);
}

/* Says of which other device the address is. False, and nothing said: of none, or it was freed there and may be ours. */
static bool other_device(const npurt_device *device, uint64_t address, char *text, size_t size)
{
    struct address_owner owner;
    const bool near = address >= device->address_low && address < device->address_high;
    if (!address_is_of_a_device(address) || !address_find(address, device, &owner)) return false;
    if (near && !*owner.name) return false;
    snprintf(text, size, "it belongs to %s%s%s%s%s", owner.same ? "another handle of " : "", owner.target,
             *owner.name ? " (\"" : "", owner.name, *owner.name ? "\")" : "");
    return true;
}

npurt_status memory_check_device(npurt_device *device, uint64_t address, uint64_t size, const char *what)
{
    if (address == 0) return error_raise(NPURT_ERROR_INVALID_ARGUMENT, "%s is a null device address", what);
    const struct ledger_entry *entry = ledger_memory_at(&device->ledger, address);
    if (!entry || !entry->user) {
        char why[256] = "";
        const bool near = address >= device->address_low && address < device->address_high;
        if (!entry) (void)other_device(device, address, why, sizeof why);
        return error_raise(NPURT_ERROR_INVALID_ARGUMENT, "%s: 0x%" PRIx64 " is not in device memory of this device: %s",
                           what, address,
                           *why   ? why
                           : near ? "freed, or not from npurt_memory_alloc"
                                  : "a host pointer?");
    }
    if (size > entry->handle + entry->size - address)
        return error_raise(NPURT_ERROR_INVALID_ARGUMENT,
                           "%s: %" PRIu64 " bytes at 0x%" PRIx64 " leave the allocation \"%s\" of %" PRIu64
                           " bytes at 0x%" PRIx64,
                           what, size, address, entry->purpose, entry->size, entry->handle);
    return NPURT_OK;
}

npurt_status memory_check_host(npurt_device *device, const void *pointer, const char *what)
{
    const uint64_t address = (uint64_t)(uintptr_t)pointer;
    if (!pointer) return error_raise(NPURT_ERROR_INVALID_ARGUMENT, "%s is NULL", what);
    if (!address_is_of_a_device(address)) return NPURT_OK;
    char why[256];
    if (other_device(device, address, why, sizeof why))
        return error_raise(NPURT_ERROR_INVALID_ARGUMENT,
                           "%s: 0x%" PRIx64 " is a device address, %s; a host pointer is due", what, address, why);
    if (address >= device->address_low && address < device->address_high)
        return error_raise(NPURT_ERROR_INVALID_ARGUMENT, "%s: 0x%" PRIx64 " is a device address, a host pointer is due",
                           what, address);
    return NPURT_OK;
}

npurt_status npurt_memory_alloc(npurt_device *handle, size_t size, const char *name, uint64_t *address)
{
    npurt_device *device;
    if (address) *address = 0;
    npurt_status status = device_enter(handle, "npurt_memory_alloc", DEVICE_NEED_WORK, &device);
    if (status != NPURT_OK) return status;
    if (!address) return device_leave(device, error_raise(NPURT_ERROR_INVALID_ARGUMENT, "address is NULL"));
    if (size == 0) return device_leave(device, error_raise(NPURT_ERROR_INVALID_ARGUMENT, "size is 0"));
    status = memory_take(device, size, "user", name ? name : "unnamed", address);
    if (status == NPURT_OK) ledger_find(&device->ledger, LEDGER_MEMORY, *address)->user = true;
    return device_leave(device, status);
}

npurt_status npurt_memory_free(npurt_device *handle, uint64_t address)
{
    npurt_device *device;
    npurt_status status = device_enter(handle, "npurt_memory_free", DEVICE_NEED_WORK, &device);
    if (status != NPURT_OK) return status;
    const struct ledger_entry *entry = ledger_find(&device->ledger, LEDGER_MEMORY, address);
    if (entry && entry->user) {
        status = flight_check_unused(device, entry->handle, entry->size);
        if (status == NPURT_OK) status = memory_give(device, address);
    } else {
        char why[256] = "";
        if (!entry) (void)other_device(device, address, why, sizeof why);
        status = error_raise(NPURT_ERROR_INVALID_ARGUMENT,
                             "address 0x%" PRIx64 " is not what npurt_memory_alloc gave, or was freed before%s%s",
                             address, *why ? ": " : "", why);
    }
    return device_leave(device, status);
}

npurt_status npurt_memory_copy_in(npurt_device *handle, uint64_t to, const void *from, size_t size)
{
    npurt_device *device;
    npurt_status status = device_enter(handle, "npurt_memory_copy_in", DEVICE_NEED_WORK, &device);
    if (status != NPURT_OK) return status;
    if (size == 0) status = error_raise(NPURT_ERROR_INVALID_ARGUMENT, "size is 0");
    if (status == NPURT_OK) status = memory_check_host(device, from, "from");
    if (status == NPURT_OK) status = memory_check_device(device, to, size, "to");
    if (status == NPURT_OK) status = memory_write(device, to, from, size, "the caller's bytes");
    return device_leave(device, status);
}

npurt_status npurt_memory_copy_out(npurt_device *handle, void *to, uint64_t from, size_t size)
{
    npurt_device *device;
    npurt_status status = device_enter(handle, "npurt_memory_copy_out", DEVICE_NEED_WORK, &device);
    if (status != NPURT_OK) return status;
    if (size == 0) status = error_raise(NPURT_ERROR_INVALID_ARGUMENT, "size is 0");
    if (status == NPURT_OK) status = memory_check_host(device, to, "to");
    if (status == NPURT_OK) status = memory_check_device(device, from, size, "from");
    if (status == NPURT_OK) status = memory_read(device, to, from, size, "the caller's bytes");
    return device_leave(device, status);
}

npurt_status npurt_memory_set(npurt_device *handle, uint64_t to, uint8_t value, size_t size)
{
    npurt_device *device;
    npurt_status status = device_enter(handle, "npurt_memory_set", DEVICE_NEED_WORK, &device);
    if (status != NPURT_OK) return status;
    if (size == 0) status = error_raise(NPURT_ERROR_INVALID_ARGUMENT, "size is 0");
    if (status == NPURT_OK) status = memory_check_device(device, to, size, "to");
    if (status == NPURT_OK) status = memory_set(device, to, value, size, "the caller's memory");
    return device_leave(device, status);
}
