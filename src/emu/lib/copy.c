/* Copies and fills by address: an address in the window of an open device is device memory, any other is the host's;
 * the kind of a copy is advice (docs/reference/cann-abi.md). Device ranges must lie within one allocation.
 */
#include "device.h"
#include "entries.h"
#include "message.h"
#include "window.h"

#include <inttypes.h>
#include <string.h>

enum { BOUNCE = 8192 }; /* on the stack of whoever calls, which may be small */

/* One side of a copy: a held process when it is device memory. */
struct side {
    struct process *process;
    uint64_t address;
};

static int32_t range_check(struct device *device, uint64_t address, uint64_t size, const char *role)
{
    uint64_t block, block_size;

    if (heap_holds(&device->heap, address, size, &block, &block_size)) return 0;
    if (!block)
        return message_fail(ACL_ERROR_RT_PARAM_INVALID, "%s 0x%" PRIx64 " lies in no allocation of device %d", role,
                            address, device->id);
    return message_fail(ACL_ERROR_RT_PARAM_INVALID,
                        "%s 0x%" PRIx64 " + %" PRIu64 " passes the end of the allocation 0x%" PRIx64 " + %" PRIu64
                        " of device %d",
                        role, address, size, block, block_size, device->id);
}

static int32_t side_open(struct side *side, const void *address, uint64_t size, const char *role)
{
    struct device *device = card_device_by_address((uintptr_t)address);
    int32_t code;

    *side = (struct side){.address = (uintptr_t)address};
    if (!device) { /* of a device that was reset, or is: not the host's, where it would fault */
        if (side->address < WINDOW_FIRST || side->address >= WINDOW_END) return 0;
        return message_fail(ACL_ERROR_RT_PARAM_INVALID, "%s 0x%" PRIx64 " is memory of no device that is up", role,
                            side->address);
    }
    code = device_enter_this(device);
    if (code) return code;
    if (device->down || !process_alive_lately(device->process))
        code = device_down(device);
    else
        code = range_check(device, side->address, size, role);
    if (!code) {
        side->process = device->process;
        process_retain(side->process);
    }
    device_leave(device);
    return code;
}

static void side_close(struct side *side)
{
    if (side->process) process_release(side->process);
}

/* In the direction in which overlapping ranges of one device are safe. */
static int32_t device_to_device(const struct side *to, const struct side *from, uint64_t size)
{
    const bool backward =
        to->process == from->process && to->address > from->address && to->address - from->address < size;
    char bounce[BOUNCE];
    int32_t code = 0;

    for (uint64_t done = 0; done < size && !code;) {
        const uint64_t n = size - done < BOUNCE ? size - done : BOUNCE;
        const uint64_t offset = backward ? size - done - n : done;
        code = device_read(from->process, from->address + offset, bounce, n);
        if (!code) code = device_write(to->process, to->address + offset, bounce, n);
        done += n;
    }
    return code;
}

static int32_t move(const struct side *to, const struct side *from, uint64_t size)
{
    void *host_to = (void *)(uintptr_t)to->address;
    const void *host_from = (const void *)(uintptr_t)from->address;

    if (to->process && from->process) return device_to_device(to, from, size);
    if (to->process) return device_write(to->process, to->address, host_from, size);
    if (from->process) return device_read(from->process, from->address, host_to, size);
    memmove(host_to, host_from, size);
    return 0;
}

static int32_t enter_and_charge(uint64_t size)
{
    struct device *device;
    int32_t code = device_enter(&device);

    if (code) return code;
    device_charge(device, COST_COPY + size * 1000 / COST_COPY_BYTES_PER_US);
    if (device_fault(device, FAULT_COPY_FAILS))
        code = message_fail(ACL_ERROR_RT_DRV_INTERNAL_ERROR, "fault plan: a copy of %" PRIu64 " bytes fails", size);
    device_leave(device);
    return code;
}

rtError_t rtMemcpy(void *to, uint64_t to_max, const void *from, uint64_t size, rtMemcpyKind_t kind)
{
    struct side target, source;
    int32_t code;

    if (size == 0) return 0;
    if (!to || !from) return message_fail(ACL_ERROR_RT_PARAM_INVALID, "a copy %s NULL", to ? "from" : "to");
    if (to_max == 0) return message_fail(ACL_ERROR_RT_PARAM_INVALID, "a copy to a place of 0 bytes");
    if (size > to_max)
        return message_fail(ACL_ERROR_RT_PARAM_INVALID, "a copy of %" PRIu64 " bytes to a place of %" PRIu64, size,
                            to_max);
    if ((unsigned)kind >= RT_MEMCPY_RESERVED)
        return message_fail(ACL_ERROR_RT_PARAM_INVALID, "copy kind %d is not known", (int)kind);
    if (to == from) return 0;
    code = enter_and_charge(size);
    if (!code) code = side_open(&target, to, size, "the target");
    if (code) return code;
    code = side_open(&source, from, size, "the source");
    if (!code) {
        code = move(&target, &source, size);
        side_close(&source);
    }
    side_close(&target);
    return code;
}

aclError aclrtMemcpy(void *to, size_t to_max, const void *from, size_t size, aclrtMemcpyKind kind)
{
    if (size == 0) return 0;
    if (!to || !from) return message_fail(ACL_ERROR_INVALID_PARAM, "aclrtMemcpy %s NULL", to ? "from" : "to");
    if ((unsigned)kind > ACL_MEMCPY_HOST_TO_BUF_TO_DEVICE)
        return message_fail(ACL_ERROR_INVALID_PARAM, "copy kind %d is not known", (int)kind);
    return rtMemcpy(to, to_max, from, size, RT_MEMCPY_DEFAULT);
}

static int32_t fill(const struct side *to, int32_t value, uint64_t size)
{
    char pattern[BOUNCE];
    int32_t code = 0;

    if (!to->process) {
        memset((void *)(uintptr_t)to->address, value, size);
        return 0;
    }
    memset(pattern, value, size < BOUNCE ? size : BOUNCE);
    for (uint64_t done = 0; done < size && !code; done += BOUNCE)
        code = device_write(to->process, to->address + done, pattern, size - done < BOUNCE ? size - done : BOUNCE);
    return code;
}

aclError aclrtMemset(void *to, size_t to_max, int32_t value, size_t size)
{
    struct side target;
    int32_t code;

    if (size == 0) return 0;
    if (!to) return message_fail(ACL_ERROR_INVALID_PARAM, "aclrtMemset of NULL");
    code = enter_and_charge(size);
    if (!code && size > to_max)
        code = message_fail(ACL_ERROR_RT_PARAM_INVALID, "a fill of %zu bytes in a place of %zu", size, to_max);
    if (!code) code = side_open(&target, to, size, "the target");
    if (code) return code;
    code = fill(&target, value, size);
    side_close(&target);
    return code;
}
