/* What code in the AICPU process finds of the vendor's libraries. The device is local id 0 in here, whatever the host
 * calls it. */
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include "device.h"
#include "log.h"

#define EXPORT __attribute__((visibility("default")))

enum { OK = 0, NO_DEVICE = 1, BAD_VALUE = 3, BAD_PARAMETER = 8, NOT_SUPPORTED = 0xfffe };
enum { MODULE_AICPU = 1, MODULE_AICORE = 4, MODULE_VECTOR_CORE = 7 };
enum { INFO_CORE_NUM = 3, INFO_OS_SCHED = 5, INFO_OCCUPY = 8, INFO_PF_CORE_NUM = 20, INFO_PF_OCCUPY = 21 };

static int value_of(int32_t module, int32_t info, int64_t *value)
{
    const struct emu_machine *machine = &device_shared->machine;

    if (module == MODULE_AICPU) {
        switch (info) {
        case INFO_CORE_NUM:
            if (machine->generation == EMU_A5) return BAD_VALUE; /* as measured there */
            *value = __builtin_popcount(machine->aicpu_occupy);
            return OK;
        case INFO_PF_CORE_NUM:
            *value = __builtin_popcount(machine->aicpu_occupy);
            return OK;
        case INFO_OCCUPY:
        case INFO_PF_OCCUPY:
            *value = machine->aicpu_occupy;
            return OK;
        case INFO_OS_SCHED:
            *value = 1;
            return OK;
        default:
            return BAD_VALUE;
        }
    }
    if (module == MODULE_AICORE && info == INFO_CORE_NUM) {
        *value = machine->physical_clusters;
        return OK;
    }
    if (module == MODULE_VECTOR_CORE && info == INFO_CORE_NUM) {
        *value = 2 * (int64_t)machine->physical_clusters;
        return OK;
    }
    return BAD_VALUE;
}

EXPORT int halGetDeviceInfo(uint32_t device, int32_t module, int32_t info, int64_t *value);
EXPORT int halGetDeviceInfoByBuff(uint32_t device, int32_t module, int32_t info, void *buffer, int32_t *size);
EXPORT void DlogRecord(int32_t module, int32_t level, const char *format, ...) __attribute__((format(printf, 3, 4)));

int halGetDeviceInfo(uint32_t device, int32_t module, int32_t info, int64_t *value)
{
    if (device != 0) return NO_DEVICE;
    if (!value) return BAD_PARAMETER;
    return value_of(module, info, value);
}

int halGetDeviceInfoByBuff(uint32_t device, int32_t module, int32_t info, void *buffer, int32_t *size)
{
    const struct emu_machine *machine = &device_shared->machine;
    uint64_t words[2] = {0, 0};
    int32_t bytes = sizeof words;

    if (device != 0) return NO_DEVICE;
    if (!buffer || !size) return BAD_PARAMETER;
    if (module != MODULE_AICORE || info != INFO_OCCUPY) return NOT_SUPPORTED;
    if (*size < bytes) return BAD_VALUE;
    words[0] = (UINT64_C(1) << machine->physical_clusters) - 1;
    if (machine->absent_cluster < 64) words[0] &= ~(UINT64_C(1) << machine->absent_cluster);
    memcpy(buffer, words, sizeof words);
    *size = bytes;
    return OK;
}

void DlogRecord(int32_t module, int32_t level, const char *format, ...)
{
    va_list args;

    (void)module;
    va_start(args, format);
    log_device(level < CARD_LOG_DEBUG   ? CARD_LOG_DEBUG
               : level > CARD_LOG_ERROR ? CARD_LOG_ERROR
                                        : (uint32_t)level,
               format, args);
    va_end(args);
}
