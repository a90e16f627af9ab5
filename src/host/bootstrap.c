#include "bootstrap.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "../protocol/fingerprint.h"
#include "error.h"
#include "log.h"
#include "memory.h"

/* What the vendor's kernel server reads; offsets are the vendor's (docs/reference/bootstrap.md). */
struct device_args {
    uint64_t unused0[12];
    uint64_t dispatcher, dispatcher_size; /* 96, 104 */
    uint64_t device;                      /* 112 */
    uint64_t program, program_size;       /* 120, 128: read by our dispatcher */
    uint64_t unused1[3];
};
_Static_assert(sizeof(struct device_args) == 160 && offsetof(struct device_args, dispatcher) == 96 &&
                   offsetof(struct device_args, program) == 120,
               "device_args");

struct server_blob {
    uint64_t unused0[5];
    uint64_t device_args; /* 40: device address of a struct device_args */
    uint64_t unused1[20];
    char kernel_name[32], so_name[32], op_name[32];
};
_Static_assert(sizeof(struct server_blob) == 304 && offsetof(struct server_blob, device_args) == 40 &&
                   offsetof(struct server_blob, kernel_name) == 208 && offsetof(struct server_blob, so_name) == 240,
               "server_blob");

enum { ENTRIES = 3 };
static const char *const entry_name[ENTRIES] = {"npurt_aicpu_init", "npurt_aicpu_exec", "npurt_aicpu_unload"};

static npurt_status put_image(npurt_device *device, const struct bytes *image, const char *what, uint64_t *address)
{
    npurt_status status = memory_take(device, image->size, "bootstrap", what, address);
    return status == NPURT_OK ? memory_write(device, *address, image->data, image->size, what) : status;
}

static npurt_status launch_dispatcher(npurt_device *device, uint64_t device_args)
{
    struct server_blob blob = {.device_args = device_args,
                               .kernel_name = "DynTileFwkKernelServerInit",
                               .so_name = "libaicpu_extend_kernels.so"};
    rtAicpuArgsEx_t args = {.args = &blob,
                            .argsSize = sizeof blob,
                            .soNameAddrOffset = offsetof(struct server_blob, so_name),
                            .kernelNameAddrOffset = offsetof(struct server_blob, kernel_name)};
    rtError_t code = device->driver->rtAicpuKernelLaunchExWithArgs(RT_KERNEL_TYPE_AICPU_KFC, "AST_DYN_AICPU", 1, &args,
                                                                   NULL, device->cpu_stream, 0);
    if (code != 0) return error_driver(code, "rtAicpuKernelLaunchExWithArgs", "launching the dispatcher");
    code = device->driver->rtStreamSynchronizeWithTimeout(device->cpu_stream, (int32_t)device->options.sync_timeout_ms);
    if (code == 0) return NPURT_OK;
    npurt_status status =
        error_driver(code, "rtStreamSynchronizeWithTimeout", "the dispatcher did not install the AICPU program");
    error_hint("the AICPU log names the step; the vendor's kernel server needs driver 25.2.0 and CANN 8.5.0 or later");
    return status;
}

static npurt_status install(npurt_device *device)
{
    uint64_t dispatcher = 0, program = 0, block = 0;
    npurt_status status = put_image(device, &device->bundle.dispatcher, "dispatcher", &dispatcher);
    if (status == NPURT_OK) status = put_image(device, &device->bundle.aicpu, "AICPU program", &program);
    if (status == NPURT_OK) status = memory_take(device, sizeof(struct device_args), "bootstrap", "DeviceArgs", &block);
    if (status == NPURT_OK) {
        struct device_args args = {.dispatcher = dispatcher,
                                   .dispatcher_size = device->bundle.dispatcher.size,
                                   .device = (uint64_t)device->id,
                                   .program = program,
                                   .program_size = device->bundle.aicpu.size};
        status = memory_write(device, block, &args, sizeof args, "DeviceArgs");
    }
    if (status == NPURT_OK) status = launch_dispatcher(device, block);
    error_first(&status, memory_give(device, block));
    error_first(&status, memory_give(device, program));
    error_first(&status, memory_give(device, dispatcher));
    return status;
}

static npurt_status install_once(npurt_device *device)
{
    const uint64_t fingerprint = device->bundle.fingerprint;
    if (!ledger_reserve(&device->ledger, LEDGER_FILE))
        return error_raise(NPURT_ERROR_OUT_OF_HOST_MEMORY, "no host memory for a ledger entry (installed file)");
    enum slot_install what = slot_install_begin(device->slot, fingerprint);
    if (what == SLOT_NO_MEMORY) return error_raise(NPURT_ERROR_OUT_OF_HOST_MEMORY, "no host memory for a device slot");
    if (what == SLOT_INSTALL_NOW) {
        npurt_status status = install(device);
        slot_install_end(device->slot, fingerprint, status == NPURT_OK);
        if (status != NPURT_OK) return status;
    }
    char name[64];
    snprintf(name, sizeof name, FINGERPRINT_INSTALL_NAME, (unsigned long long)fingerprint, (unsigned)device->id);
    ledger_add(&device->ledger, LEDGER_FILE, fingerprint, 0, "process", name);
    log_write(LOG_LEVEL_INFO, "bootstrap", "AICPU program %s %s", name,
              what == SLOT_INSTALL_NOW ? "installed" : "was installed before");
    return NPURT_OK;
}

static npurt_status load_binary(npurt_device *device)
{
    const unsigned long long fp = device->bundle.fingerprint;
    char so[64], json[1024], path[PATH_MAX];
    snprintf(so, sizeof so, FINGERPRINT_INSTALL_NAME, fp, (unsigned)device->id);
    int size = 0, fd;
    for (int i = 0; i < ENTRIES; i++) {
        const char *entry = entry_name[i];
        size += snprintf(json + size, sizeof json - (size_t)size,
                         "%s\"%s_%016llx\": {\"opInfo\": {\"functionName\": \"%s\", \"kernelSo\": \"%s\", "
                         "\"opKernelLib\": \"AICPUKernel\", \"userDefined\": \"False\"}}%s",
                         i == 0 ? "{" : ", ", entry, fp, entry, so, i + 1 < ENTRIES ? "" : "}\n");
    }
    if (!ledger_reserve(&device->ledger, LEDGER_BINARY))
        return error_raise(NPURT_ERROR_OUT_OF_HOST_MEMORY, "no host memory for a ledger entry (binary)");
    npurt_status status = file_temporary(".json", json, (size_t)size, path, sizeof path, &fd);
    if (status != NPURT_OK) return status;
    rtLoadBinaryOption_t option = {.optionId = RT_LOAD_BINARY_OPT_CPU_KERNEL_MODE,
                                   .value.cpuKernelMode = RT_CPU_KERNEL_MODE_JSON};
    rtLoadBinaryConfig_t config = {.options = &option, .numOpt = 1};
    rtError_t code = device->driver->rtsBinaryLoadFromFile(path, &config, &device->binary);
    file_temporary_remove(path, fd);
    if (code != 0) {
        device->binary = NULL;
        return error_driver(code, "rtsBinaryLoadFromFile", "loading the descriptor of %s", so);
    }
    ledger_add(&device->ledger, LEDGER_BINARY, (uint64_t)(uintptr_t)device->binary, 0, "device", "AICPU program");
    return NPURT_OK;
}

static npurt_status look_up(npurt_device *device, const char *entry, rtFuncHandle *function)
{
    char name[64];
    snprintf(name, sizeof name, "%s_%016llx", entry, (unsigned long long)device->bundle.fingerprint);
    if (!ledger_reserve(&device->ledger, LEDGER_FUNCTION))
        return error_raise(NPURT_ERROR_OUT_OF_HOST_MEMORY, "no host memory for a ledger entry (%s)", name);
    rtError_t code = device->driver->rtsFuncGetByName(device->binary, name, function);
    if (code != 0) {
        *function = NULL;
        return error_driver(code, "rtsFuncGetByName", "looking up %s", name);
    }
    ledger_add(&device->ledger, LEDGER_FUNCTION, (uint64_t)(uintptr_t)*function, 0, "device", name);
    return NPURT_OK;
}

npurt_status bootstrap_launch(npurt_device *device, rtFuncHandle entry, uint32_t blocks, uint64_t control)
{
    struct aicpu_args param = {.protocol_version = PROTOCOL_VERSION, .size = sizeof param, .control = control};
    rtCpuKernelArgs_t args = {.baseArgs = {.args = &param, .argsSize = sizeof param}};
    rtError_t code = device->driver->rtsLaunchCpuKernel(entry, blocks, device->cpu_stream, NULL, &args);
    if (code == 0) return NPURT_OK;
    return error_driver(code, "rtsLaunchCpuKernel", "launching %s on %u AICPU threads",
                        entry_name[entry == device->init   ? 0
                                   : entry == device->exec ? 1
                                                           : 2],
                        blocks);
}

/* Runs the init entry once. A report of another version is told apart from a program that failed. */
static npurt_status ask_device(npurt_device *device)
{
    const uint64_t address = device->bank[0].block;
    struct device_report report = {0};
    npurt_status status = memory_write(device, address, &report, sizeof report, "the device report");
    if (status == NPURT_OK) status = bootstrap_launch(device, device->init, 1, address);
    if (status != NPURT_OK) return status;
    rtError_t code =
        device->driver->rtStreamSynchronizeWithTimeout(device->cpu_stream, (int32_t)device->options.sync_timeout_ms);
    if (!error_is_lost(code)) status = memory_read(device, &report, address, sizeof report, "the device report");
    if (status != NPURT_OK) return status;
    if (report.protocol_version && report.protocol_version != PROTOCOL_VERSION)
        return error_raise(NPURT_ERROR_BAD_BINARY,
                           "the AICPU program speaks protocol version %u, the host library %u: build them together",
                           report.protocol_version, PROTOCOL_VERSION);
    if (code != 0) {
        const char *text = device->driver->aclGetRecentErrMsg();
        status = error_driver(code, "rtStreamSynchronizeWithTimeout", "npurt_aicpu_init failed");
        if (status == NPURT_ERROR_AICPU_FAULT)
            error_hint("the AICPU program may be missing or damaged on the device; the next open installs it anew%s%s",
                       text && *text ? "; the driver says: " : "", text ? text : "");
        return status;
    }
    if (report.ready != 1 || report.aicpu_threads == 0 || report.counter_hz == 0)
        return error_raise(NPURT_ERROR_AICPU_FAULT,
                           "npurt_aicpu_init did not answer (ready %u, %u threads, %" PRIu64 " Hz)", report.ready,
                           report.aicpu_threads, report.counter_hz);
    device->counter_hz = report.counter_hz;
    device->info.aicpu_threads = report.aicpu_threads;
    if (device->info.aicpu_threads > PROTOCOL_MAX_AICPU_THREADS)
        device->info.aicpu_threads = PROTOCOL_MAX_AICPU_THREADS;
    log_write(LOG_LEVEL_INFO, "bootstrap", "%u AICPU threads, counter at %" PRIu64 " Hz", report.aicpu_threads,
              report.counter_hz);
    return NPURT_OK;
}

npurt_status bootstrap_run(npurt_device *device)
{
    log_write(LOG_LEVEL_INFO, "bootstrap", "AICPU program fingerprint %016" PRIx64, device->bundle.fingerprint);
    npurt_status status = install_once(device);
    if (status == NPURT_OK) status = load_binary(device);
    rtFuncHandle *const function[ENTRIES] = {&device->init, &device->exec, &device->unload};
    for (int i = 0; i < ENTRIES && status == NPURT_OK; i++)
        status = look_up(device, entry_name[i], function[i]);
    if (status == NPURT_OK) status = ask_device(device);
    /* A dispatcher that says it has installed is not always right: another one may hold the latch of the device
     * process, and a file may be cut short. */
    if (status == NPURT_ERROR_AICPU_FAULT) slot_install_forget(device->slot, device->bundle.fingerprint);
    return status;
}

npurt_status bootstrap_undo(npurt_device *device)
{
    npurt_status status = NPURT_OK;
    if (device->unload) ledger_remove(&device->ledger, LEDGER_FUNCTION, (uint64_t)(uintptr_t)device->unload);
    if (device->exec) ledger_remove(&device->ledger, LEDGER_FUNCTION, (uint64_t)(uintptr_t)device->exec);
    if (device->init) ledger_remove(&device->ledger, LEDGER_FUNCTION, (uint64_t)(uintptr_t)device->init);
    device->unload = device->exec = device->init = NULL;
    if (device->binary) {
        ledger_remove(&device->ledger, LEDGER_BINARY, (uint64_t)(uintptr_t)device->binary);
        rtError_t code = device->driver->rtsBinaryUnload(device->binary);
        if (code != 0) status = error_driver(code, "rtsBinaryUnload", "unloading the AICPU program");
        device->binary = NULL;
    }
    /* The file stays on the device for the life of the process; it is the slot's from here on. */
    ledger_remove(&device->ledger, LEDGER_FILE, device->bundle.fingerprint);
    return status;
}
