#include "contents.h"

#include <stdlib.h>
#include <string.h>
#include "args.h"
#include "error.h"
#include "memory.h"

enum {
    PATTERN = 1 << 20,
    GAP = 1024 /* buffers are aligned to it: what lies between two that are nearer is nobody's */
};

npurt_status contents_copy_in(npurt_run *run)
{
    if (run->copied_in) return NPURT_OK;
    npurt_status status = args_copy_in(run->callable, run->bank);
    run->copied_in = status == NPURT_OK;
    return status;
}

/* ---- elements */

/* An argument of the call has all these bytes. */
static bool is_argument(const struct run_bank *bank, uint64_t address, uint32_t size, bool *on_host)
{
    for (uint32_t i = 0; i < bank->tensor_count; i++) {
        const npurt_tensor *t = &bank->tensor[i];
        if (address < t->addr || t->size < size || address - t->addr > t->size - size) continue;
        *on_host = bank->host[i] != NULL;
        return true;
    }
    return false;
}

npurt_status contents_element(void *context, uint64_t address, uint64_t *bits, uint32_t size, bool write)
{
    npurt_run *run = context;
    npurt_device *device = run->device;
    bool on_host = false;
    if (!is_argument(run->bank, address, size, &on_host))
        return error_raise(NPURT_ERROR_INVALID_ARGUMENT, "0x%llx is in no argument of the call",
                           (unsigned long long)address);
    npurt_status status = device_bind_thread(device); /* the orchestration may have called another device */
    if (status == NPURT_OK) status = contents_copy_in(run);
    if (status != NPURT_OK) return status;
    if (!on_host && device->flight.executing) {
        struct outcome o;
        run_watch(device->flight.executing, &o);
        if (o.core != 0 || o.cpu != 0)
            return error_raise(NPURT_ERROR_DRIVER, "the run that executes, and may write a tensor of this one, failed");
    }
    if (write) return memory_write(device, address, bits, size, "an element");
    *bits = 0;
    return memory_read(device, bits, address, size, "an element");
}

/* ---- first contents */

static bool is_one_byte(const struct graph_fill *fill)
{
    uint64_t bits;
    memset(&bits, (int)(fill->bits & 0xff), sizeof bits);
    return memcmp(&bits, &fill->bits, fill->element) == 0;
}

static npurt_status fill_pattern(npurt_device *device, const struct graph_fill *fill, char *pattern)
{
    const uint64_t room = fill->size < PATTERN ? fill->size : PATTERN;
    npurt_status status = NPURT_OK;
    for (uint64_t at = 0; at < room; at += fill->element)
        memcpy(pattern + at, &fill->bits, fill->element);
    for (uint64_t at = 0; at < fill->size && status == NPURT_OK; at += room) {
        const uint64_t n = fill->size - at < room ? fill->size - at : room;
        status = memory_write(device, fill->addr + at, pattern, n, "an initial value");
    }
    return status;
}

npurt_status contents_fill(npurt_run *run, const struct graph_image *image)
{
    const struct graph_fill *fill = image->fills;
    char *pattern = NULL;
    npurt_status status = NPURT_OK;
    for (uint32_t i = 0, next; i < image->fill_count && status == NPURT_OK; i = next) {
        next = i + 1;
        if (is_one_byte(&fill[i])) {
            uint64_t end = fill[i].addr + fill[i].size;
            for (; next < image->fill_count && is_one_byte(&fill[next]) && fill[next].addr - end < GAP &&
                   ((fill[next].bits ^ fill[i].bits) & 0xff) == 0;
                 next++)
                end = fill[next].addr + fill[next].size;
            status =
                memory_set(run->device, fill[i].addr, (uint8_t)fill[i].bits, end - fill[i].addr, "an initial value");
        } else if (pattern || (pattern = malloc(PATTERN))) {
            status = fill_pattern(run->device, &fill[i], pattern);
        } else {
            status = error_raise(NPURT_ERROR_OUT_OF_HOST_MEMORY, "no host memory for an initial value");
        }
    }
    free(pattern);
    return status;
}
