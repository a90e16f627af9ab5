#include "registration.h"

#include "error.h"
#include "log.h"

npurt_status registration_ensure(npurt_device *device)
{
    if (device->registration) return NPURT_OK;
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

npurt_status registration_launch(npurt_device *device, uint32_t clusters, uint64_t control)
{
    rtArgsEx_t args = {.args = &control, .argsSize = sizeof control};
    const rtTaskCfgInfo_t config = {.schemMode = RT_SCHEM_MODE_BATCH};
    rtError_t code = device->driver->rtKernelLaunchWithHandleV2(device->registration, 0, clusters, &args, NULL,
                                                                device->core_stream, &config);
    if (code == 0) return NPURT_OK;
    return error_driver(code, "rtKernelLaunchWithHandleV2", "launching the AICore program on %u clusters", clusters);
}
