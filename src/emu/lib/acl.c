/* ACL's own state, and what it tells about devices. */
#include "device.h"
#include "entries.h"
#include "message.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t references;
static bool finalized; /* and not initialized since */

aclError aclInit(const char *config)
{
    aclError code = 0;

    pthread_mutex_lock(&lock);
    if (references > 0) {
        references++;
        code = message_fail(ACL_ERROR_REPEAT_INITIALIZE, "aclInit was called before");
    } else if (config && *config && access(config, R_OK)) {
        /* dump and profiling settings; nothing here reads them */
        code = message_fail(ACL_ERROR_INVALID_FILE, "aclInit: %s: %s", config, strerror(errno));
    } else {
        references = 1;
        finalized = false;
    }
    pthread_mutex_unlock(&lock);
    return code;
}

aclError aclFinalize(void)
{
    aclError code = 0;

    pthread_mutex_lock(&lock);
    if (finalized) code = message_fail(ACL_ERROR_REPEAT_FINALIZE, "aclFinalize was called before");
    finalized = true;
    references = 0;
    pthread_mutex_unlock(&lock);
    return code;
}

aclError aclFinalizeReference(uint64_t *count)
{
    aclError code = 0;

    pthread_mutex_lock(&lock);
    if (references == 0)
        code = message_fail(ACL_ERROR_REPEAT_FINALIZE, "aclFinalizeReference without aclInit");
    else if (--references == 0)
        finalized = true;
    if (count) *count = references;
    pthread_mutex_unlock(&lock);
    return code;
}

/* The machine of the thread's device; before it has set one, that of device 0. */
static const struct emu_machine *machine(void)
{
    const struct device *device = device_current();

    if (!device) device = card_device(0);
    return device ? &device->machine : NULL;
}

const char *aclrtGetSocName(void)
{
    const struct emu_machine *of = machine();

    return of ? of->soc : NULL;
}

rtError_t rtGetAiCpuCount(uint32_t *count)
{
    const struct emu_machine *of = machine();

    if (!count) return message_fail(ACL_ERROR_RT_PARAM_INVALID, "rtGetAiCpuCount: count is NULL");
    if (!of) return message_fail(ACL_ERROR_RT_INVALID_DEVICEID, "there is no device");
    *count = of->aicpu_nominal;
    return 0;
}

aclError aclrtGetRunMode(aclrtRunMode *mode)
{
    if (!mode) return message_fail(ACL_ERROR_INVALID_PARAM, "aclrtGetRunMode: mode is NULL");
    *mode = ACL_HOST;
    return 0;
}

static uint64_t l2_size(const struct emu_machine *of)
{
    return UINT64_C(1024) * 1024 * (of->generation == EMU_A5 ? 128 : 192);
}

aclError aclrtGetDeviceInfo(uint32_t id, aclrtDevAttr attr, int64_t *value)
{
    const struct device *device = card_device(id);

    if (!value) return message_fail(ACL_ERROR_INVALID_PARAM, "aclrtGetDeviceInfo: value is NULL");
    if (!device) return message_fail(ACL_ERROR_RT_PARAM_INVALID, "there is no device %u", id);
    switch (attr) {
    case ACL_DEV_ATTR_AICPU_CORE_NUM:
        *value = device->machine.aicpu_nominal;
        return 0;
    case ACL_DEV_ATTR_AICORE_CORE_NUM:
    case ACL_DEV_ATTR_CUBE_CORE_NUM:
        *value = device->machine.clusters;
        return 0;
    case ACL_DEV_ATTR_VECTOR_CORE_NUM:
        *value = device->machine.clusters * 2;
        return 0;
    case ACL_DEV_ATTR_TOTAL_GLOBAL_MEM_SIZE:
        *value = (int64_t)device->machine.hbm;
        return 0;
    case ACL_DEV_ATTR_L2_CACHE_SIZE:
        *value = (int64_t)l2_size(&device->machine);
        return 0;
    case ACL_DEV_ATTR_PHY_CHIP_ID:
        *value = device->card->number;
        return 0;
    case ACL_DEV_ATTR_IS_VIRTUAL:
        *value = 0;
        return 0;
    }
    return message_fail(ACL_ERROR_RT_PARAM_INVALID, "device attribute %d is not known", (int)attr);
}

/* Of the CANN release whose behaviour is emulated: major · 10⁷ + minor · 10⁵ + patch · 10³. */
aclError aclsysGetVersionNum(char *package, int32_t *number)
{
    if (!package || !number) return message_fail(ACL_ERROR_INVALID_PARAM, "aclsysGetVersionNum: an argument is NULL");
    if (strcmp(package, "runtime") != 0 && strcmp(package, "driver") != 0)
        return message_fail(ACL_ERROR_INVALID_FILE, "aclsysGetVersionNum: there is no package \"%s\"", package);
    *number = 90000000;
    return 0;
}
