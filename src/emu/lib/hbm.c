/* HBM as the host reaches it: through the file of the device process, never through an address. */
#include "device.h"
#include "message.h"
#include "driver/cann.h"
#include "wait.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PAGE = 4096, PUNCH_LEAST = 65536 };

/* EFAULT: the host's side of the copy is no memory of this process, as on silicon a failed DMA set-up. ENOSPC, ENOMEM:
 * the host has no page left to back this part of HBM. */
static int32_t copy_failed(int error, const void *host)
{
    if (error == EFAULT)
        return message_fail(ACL_ERROR_RT_PARAM_INVALID, "host address %p can not be read or written whole", host);
    return message_fail(ACL_ERROR_RT_MEMORY_ALLOCATION, "the host can not back device memory: %s", strerror(error));
}

int32_t device_write(struct process *process, uint64_t address, const void *from, uint64_t size)
{
    const char *at = from;
    off_t offset = (off_t)(address - process->hbm_base);

    while (size > 0) {
        ssize_t n = pwrite(process->hbm_fd, at, size, offset);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return copy_failed(n < 0 ? errno : ENOSPC, at);
        at += n;
        offset += n;
        size -= (uint64_t)n;
    }
    return 0;
}

int32_t device_read(struct process *process, uint64_t address, void *to, uint64_t size)
{
    char *at = to;
    off_t offset = (off_t)(address - process->hbm_base);

    while (size > 0) {
        ssize_t n = pread(process->hbm_fd, at, size, offset);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return copy_failed(n < 0 ? errno : EFAULT, at);
        at += n;
        offset += n;
        size -= (uint64_t)n;
    }
    return 0;
}

uint64_t device_take(struct device *device, uint64_t size, uint64_t alignment, enum heap_owner owner)
{
    const uint64_t before = device->heap.taken, address = heap_take(&device->heap, size, alignment, owner);
    uint64_t bytes;

    if (!address || card_hbm_charge(device, device->heap.taken - before)) return address;
    heap_give(&device->heap, address, owner, &bytes);
    return 0;
}

/* Whole pages of large blocks go back to the host at once; smaller ones are not worth the system call. */
bool device_give(struct device *device, uint64_t address, enum heap_owner owner)
{
    struct process *process = device->process;
    uint64_t size, first, last;

    if (!heap_give(&device->heap, address, owner, &size)) return false;
    card_hbm_refund(device, size);
    first = (address - process->hbm_base + PAGE - 1) / PAGE * PAGE;
    last = (address - process->hbm_base + size) / PAGE * PAGE;
    if (last > first && last - first >= PUNCH_LEAST)
        fallocate(process->hbm_fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)first, (off_t)(last - first));
    return true;
}

/* ---- launch arguments that do not fit a command ----------------------------------------------------------------- */

int32_t device_arguments(struct device *device, const void *args, uint32_t size, uint64_t *address)
{
    int32_t code;

    device_arguments_reap(device);
    *address = device_take(device, size, HEAP_UNIT, HEAP_CARD);
    if (!*address)
        return message_fail(ACL_ERROR_RT_MEMORY_ALLOCATION, "no device memory for %u bytes of launch arguments", size);
    code = device_write(device->process, *address, args, size);
    if (code) device_give(device, *address, HEAP_CARD);
    return code;
}

int32_t device_arguments_pending(struct device *device, uint64_t address, uint32_t stream, uint64_t sequence)
{
    if (device->pending_count == device->pending_room) {
        const uint32_t room = device->pending_room ? 2 * device->pending_room : 64;
        struct pending *larger = realloc(device->pending, room * sizeof *larger);
        if (!larger) return message_fail(ACL_ERROR_RT_MEMORY_ALLOCATION, "out of host memory");
        device->pending = larger;
        device->pending_room = room;
    }
    device->pending[device->pending_count++] = (struct pending){address, stream, (uint32_t)sequence};
    return 0;
}

void device_arguments_reap(struct device *device)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < device->pending_count; i++) {
        const struct pending *one = &device->pending[i];
        const struct emu_stream *stream = &device->process->shared->stream[one->stream];
        if (wait_passed(atomic_load_explicit(&stream->completed, memory_order_acquire), one->sequence))
            device_give(device, one->address, HEAP_CARD);
        else
            device->pending[kept++] = *one;
    }
    device->pending_count = kept;
}
