#include "registration.h"

#include "error.h"
#include "log.h"

npurt_status registration_ensure(npurt_device *device)
{
#if !defined(NPURT_REGISTRATION_PER_RUN) /* defined in a build of tests/fault alone: the leak that this avoids */
    if (device->registration) return NPURT_OK;
#endif
    if (!ledger_reserve(&device->ledger, LEDGER_REGISTRATION))
        return error_raise(NPURT_ERROR_OUT_OF_HOST_MEMORY, "no host memory for a ledger entry (AICore program)");
    rtDevBinary_t binary = {
        .magic = RT_DEV_BINARY_MAGIC_ELF, .data = device->bundle.aicore.data, .length = device->bundle.aicore.size};
    rtError_t code = device->driver->rtRegisterAllKernel(&binary, &device->registration);
    if (code != 0) {
        device->registration = NULL;
        return error_driver(code, "rtRegisterAllKernel", "registering the AICore program (%zu bytes)",
                            device->bundle.aicore.size);
    }
    ledger_add(&device->ledger, LEDGER_REGISTRATION, (uint64_t)(uintptr_t)device->registration, 0, "device",
               "AICore program");
    log_write(LOG_LEVEL_INFO, "bootstrap", "AICore program registered, %zu bytes", device->bundle.aicore.size);
    return NPURT_OK;
}

npurt_status registration_undo(npurt_device *device)
{
    if (!device->registration) return NPURT_OK;
    ledger_remove(&device->ledger, LEDGER_REGISTRATION, (uint64_t)(uintptr_t)device->registration);
    rtError_t code = device->driver->rtDevBinaryUnRegister(device->registration);
    device->registration = NULL;
    return code == 0 ? NPURT_OK : error_driver(code, "rtDevBinaryUnRegister", "unregistering the AICore program");
}

/* 207001 at a launch is memory only when memory is short. Otherwise the module is null: the op-execute timeout passed
 * while the first launch was loading it. */
static npurt_status not_memory(npurt_device *device)
{
    size_t left = 0, total = 0;
    if (device->driver->aclrtGetMemInfo(ACL_HBM_MEM, &left, &total) != 0) return NPURT_OK;
    if (left / 4 < device->bundle.aicore.size) return NPURT_OK;
    npurt_status status = error_raise(NPURT_ERROR_DRIVER,
                                      "the AICore program was not loaded within the op-execute timeout of %u ms: "
                                      "rtKernelLaunchWithHandleV2 answered 207001 with %zu bytes free",
                                      device->options.op_timeout_ms, left);
    error_driver_code(ACL_ERROR_RT_MEMORY_ALLOCATION, "rtKernelLaunchWithHandleV2");
    error_hint("memory is not short; the first AICore launch can take seconds: call again, or raise op_timeout_ms");
    return status;
}

npurt_status registration_launch(npurt_device *device, uint32_t clusters, uint64_t control)
{
    rtArgsEx_t args = {.args = &control, .argsSize = sizeof control};
    const rtTaskCfgInfo_t config = {.schemMode = RT_SCHEM_MODE_BATCH};
    rtError_t code = device->driver->rtKernelLaunchWithHandleV2(device->registration, 0, clusters, &args, NULL,
                                                                device->core_stream, &config);
    if (code == 0) return NPURT_OK;
    npurt_status status = code == ACL_ERROR_RT_MEMORY_ALLOCATION ? not_memory(device) : NPURT_OK;
    if (status != NPURT_OK) return status;
    return error_driver(code, "rtKernelLaunchWithHandleV2", "launching the AICore program on %u clusters", clusters);
}
