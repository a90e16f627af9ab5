/* Device memory: taken and given back to the byte, so that what a card reports can be compared with a ledger. */
#include "device.h"
#include "entries.h"
#include "message.h"

#include <inttypes.h>

enum {
    RT_SIZE_UNIT = 32,
    ACL_PADDING = 32,
    ACL_ERROR_RT_INVALID_MEMORY_TYPE = 107016,
    ACL_ERROR_RT_INVALID_MALLOC_TYPE = 107018,
};

static bool type_is_known(uint32_t type)
{
    switch (type & 0xff) { /* page policy and read-only bits lie above */
    case RT_MEMORY_DEFAULT:
    case RT_MEMORY_HBM:
    case RT_MEMORY_RDMA_HBM:
    case RT_MEMORY_DDR:
    case RT_MEMORY_P2P_HBM:
    case RT_MEMORY_P2P_DDR:
    case RT_MEMORY_DDR_NC:
    case RT_MEMORY_TS:
        return true;
    default:
        return false;
    }
}

static int32_t take(struct device *device, uint64_t size, void **address)
{
    int32_t code = device_refuses(device);
    uint64_t at;

    if (code) return code;
    device_charge(device, COST_ALLOC);
    if (device_fault(device, FAULT_ALLOC_FAILS))
        return message_fail(ACL_ERROR_RT_MEMORY_ALLOCATION, "fault plan: no device memory for %" PRIu64 " bytes", size);
    at = device_take(device, size, HEAP_UNIT, HEAP_CALLER);
    if (!at) {
        device_arguments_reap(device);
        at = device_take(device, size, HEAP_UNIT, HEAP_CALLER);
    }
    if (!at)
        return message_fail(ACL_ERROR_RT_MEMORY_ALLOCATION,
                            "%" PRIu64 " bytes of device memory are not there: %" PRIu64 " of %" PRIu64
                            " are in use, %" PRIu64 " of them by this process",
                            size, card_hbm_taken(device), device->heap.size, device->heap.taken);
    *address = (void *)(uintptr_t)at;
    return 0;
}

rtError_t rtMalloc(void **address, uint64_t size, uint32_t type, uint16_t module)
{
    struct device *device;
    int32_t code;

    (void)module;
    if (!address) return message_fail(ACL_ERROR_RT_PARAM_INVALID, "rtMalloc: the place for the address is NULL");
    code = device_enter(&device);
    if (code) return code;
    if (size == 0) code = message_fail(ACL_ERROR_RT_PARAM_INVALID, "rtMalloc: 0 bytes");
    if (!code && !type_is_known(type))
        code = message_fail(ACL_ERROR_RT_INVALID_MALLOC_TYPE, "rtMalloc: memory type 0x%x", type);
    if (size <= UINT64_MAX - RT_SIZE_UNIT) size = (size + RT_SIZE_UNIT - 1) / RT_SIZE_UNIT * RT_SIZE_UNIT;
    if (!code) code = take(device, size, address);
    device_leave(device);
    return code;
}

static uint64_t acl_size(const struct device *device, uint64_t size)
{
    const uint64_t padding = device->machine.generation == EMU_A5 ? 0 : ACL_PADDING;

    return (size + RT_SIZE_UNIT - 1) / RT_SIZE_UNIT * RT_SIZE_UNIT + padding;
}

aclError aclrtMalloc(void **address, size_t size, aclrtMemMallocPolicy policy)
{
    struct device *device;
    int32_t code;

    (void)policy; /* pages of all sizes come from one pool */
    if (!address) return message_fail(ACL_ERROR_INVALID_PARAM, "aclrtMalloc: the place for the address is NULL");
    if (size == 0) return message_fail(ACL_ERROR_INVALID_PARAM, "aclrtMalloc: 0 bytes");
    if (size > SIZE_MAX - RT_SIZE_UNIT - ACL_PADDING)
        return message_fail(ACL_ERROR_INVALID_PARAM, "aclrtMalloc: %zu bytes can not be rounded up", size);
    code = device_enter(&device);
    if (code) return code;
    code = take(device, acl_size(device, size), address);
    device_leave(device);
    return code;
}

/* Any thread of the process may free any open device's memory, whatever device it has set, and also when it has none. */
rtError_t rtFree(void *address)
{
    const uint64_t at = (uintptr_t)address;
    struct device *device = card_device_by_address(at);
    int32_t code;

    if (!address) return message_fail(ACL_ERROR_RT_PARAM_INVALID, "the address to free is NULL");
    if (!device) return message_fail(ACL_ERROR_RT_PARAM_INVALID, "%p is no device address", address);
    code = device_enter_this(device);
    if (code) return code;
    device_charge(device, COST_FREE);
    if (!device_give(device, at, HEAP_CALLER))
        code = message_fail(ACL_ERROR_RT_PARAM_INVALID, "no allocation of device %d starts at %p", device->id, address);
    device_leave(device);
    return code;
}

aclError aclrtFree(void *address)
{
    if (!address) return message_fail(ACL_ERROR_INVALID_PARAM, "aclrtFree: address is NULL");
    return rtFree(address);
}

/* A card has HBM alone: no DDR, and none of its HBM is set apart for other devices. */
static bool is_hbm(aclrtMemAttr attr)
{
    switch (attr) {
    case ACL_HBM_MEM:
    case ACL_HBM_MEM_HUGE:
    case ACL_HBM_MEM_NORMAL:
    case ACL_HBM_MEM_HUGE1G:
    case ACL_MEM_NORMAL:
    case ACL_MEM_HUGE:
    case ACL_MEM_HUGE1G:
        return true;
    default:
        return false;
    }
}

aclError aclrtGetMemInfo(aclrtMemAttr attr, size_t *free_bytes, size_t *total_bytes)
{
    struct device *device;
    int32_t code;

    if (!free_bytes || !total_bytes) return message_fail(ACL_ERROR_INVALID_PARAM, "aclrtGetMemInfo: a place is NULL");
    if ((unsigned)attr > ACL_MEM_P2P_HUGE1G)
        return message_fail(ACL_ERROR_RT_INVALID_MEMORY_TYPE, "aclrtGetMemInfo: there is no memory of kind %d",
                            (int)attr);
    code = device_enter(&device);
    if (code) return code;
    device_arguments_reap(device);
    *free_bytes = is_hbm(attr) ? device->heap.size - card_hbm_taken(device) : 0;
    *total_bytes = is_hbm(attr) ? device->heap.size : 0;
    device_leave(device);
    return code;
}
