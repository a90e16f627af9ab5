/* Launches: AICore programs, the vendor's KFC kernels, CPU functions. All of them copy their arguments during the call
 * and say nothing but "submitted"; what becomes of the task is the business of the stream's next synchronize.
 *
 * Fast path: one lock, one 64-byte header, the arguments, one xchg; no system call while the device process is awake.
 */
#include "binary.h"
#include "entries.h"
#include "message.h"
#include "program.h"
#include "stream.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

enum { OFFSET_NONE = UINT32_MAX, BLOCKS_MOST = 0xffff, FLAG_USES_TIMEOUT = 0x100, TIMEOUT_NEVER = 0xffff };

/* Where a launch's arguments are: in the command, in an HBM copy made for it, or in the caller's own device memory. */
struct arguments {
    const void *bytes; /* NULL: already on the device */
    uint64_t address;  /* 0: they travel in the command */
    uint32_t size;
};

/* The words that shall hold device addresses of other parts of the block, filled in once the block has an address. */
static int32_t patch(struct device *device, const struct arguments *arguments, const rtHostInputInfo_t *info,
                     uint32_t count)
{
    int32_t code = 0;

    for (uint32_t i = 0; i < count && !code; i++) {
        const uint64_t target = arguments->address + info[i].dataOffset;
        code = device_write(device->process, arguments->address + info[i].addrOffset, &target, sizeof target);
    }
    return code;
}

static int32_t check_patches(const rtHostInputInfo_t *info, uint32_t count, uint32_t size)
{
    if (count > 0 && !info)
        return message_fail(ACL_ERROR_RT_PARAM_INVALID, "%u address slots, but no list of them", count);
    for (uint32_t i = 0; i < count; i++)
        if (size < sizeof(uint64_t) || info[i].addrOffset > size - sizeof(uint64_t) || info[i].dataOffset >= size)
            return message_fail(ACL_ERROR_RT_PARAM_INVALID,
                                "address slot %u (%u → %u) passes the %u bytes of arguments", i, info[i].addrOffset,
                                info[i].dataOffset, size);
    return 0;
}

static int32_t place_arguments(struct device *device, struct arguments *arguments, const rtHostInputInfo_t *info,
                               uint32_t count)
{
    int32_t code;

    if (!arguments->bytes || (arguments->size <= EMU_INLINE && count == 0)) return 0;
    code = device_arguments(device, arguments->bytes, arguments->size, &arguments->address);
    if (code) return code;
    code = patch(device, arguments, info, count);
    if (code) device_give(device, arguments->address, HEAP_CARD);
    return code;
}

/* Completes a claimed command and hands it over. */
static int32_t submit(struct device *device, struct emu_command *command, uint32_t slot,
                      const struct arguments *arguments)
{
    const bool copied = arguments->bytes && arguments->address;
    int32_t code;

    command->stream = slot;
    command->args_size = arguments->size;
    command->args_address = arguments->address;
    if (copied) {
        const uint64_t next =
            atomic_load_explicit(&device->process->shared->stream[slot].submitted, memory_order_relaxed) + 1;
        code = device_arguments_pending(device, arguments->address, slot, next);
        if (code) {
            device_give(device, arguments->address, HEAP_CARD);
            return code;
        }
    } else if (arguments->bytes) {
        memcpy(command->args, arguments->bytes, arguments->size);
    }
    device_sequence(device, command);
    device_publish(device);
    if (device_fault(device, FAULT_HOST_DIES)) kill(getpid(), SIGKILL);
    return 0;
}

static int32_t check_block(const char *what, const void *args, uint32_t size, uint32_t blocks)
{
    if (blocks == 0 || blocks > BLOCKS_MOST)
        return message_fail(ACL_ERROR_RT_PARAM_INVALID, "%s: %u blocks; 1 to %d are possible", what, blocks,
                            BLOCKS_MOST);
    if (!args || size == 0) return message_fail(ACL_ERROR_RT_PARAM_INVALID, "%s: no arguments", what);
    return 0;
}

/* What every launch does first. On success the device is locked and the stream's slot known. */
static int32_t enter(struct device **device, const void *stream, uint32_t *slot)
{
    int32_t code = device_enter(device);

    if (code) return code;
    device_charge(*device, COST_LAUNCH);
    code = stream_slot(*device, stream, slot);
    if (!code) code = stream_check(*device);
    if (!code && device_fault(*device, FAULT_LAUNCH_FAILS))
        code = message_fail(ACL_ERROR_RT_DRV_INTERNAL_ERROR, "fault plan: the launch fails");
    if (code) device_leave(*device);
    return code;
}

/* ---- AICore ----------------------------------------------------------------------------------------------------- */

/* Offsets are looked at in arguments that are copied only. */
static int32_t check_core_arguments(const rtArgsEx_t *args)
{
    if (args->isNoNeedH2DCopy) return 0;
    if (args->hasTiling && (args->tilingAddrOffset >= args->argsSize || args->tilingDataOffset >= args->argsSize))
        return message_fail(ACL_ERROR_RT_PARAM_INVALID, "the tiling offsets pass the %u bytes of arguments",
                            args->argsSize);
    return check_patches(args->hostInputInfoPtr, args->hostInputInfoNum, args->argsSize);
}

static int32_t check_core_launch(const rtArgsEx_t *args, uint32_t blocks, const rtTaskCfgInfo_t *config)
{
    int32_t code;

    if (!args) return message_fail(ACL_ERROR_RT_PARAM_INVALID, "rtKernelLaunchWithHandleV2: args is NULL");
    code = check_block("rtKernelLaunchWithHandleV2", args->args, args->argsSize, blocks);
    if (!code) code = check_core_arguments(args);
    if (!code && config && config->schemMode > RT_SCHEM_MODE_END)
        code = message_fail(ACL_ERROR_RT_PARAM_INVALID, "schedule mode %u is not known", config->schemMode);
    return code;
}

static int32_t find_kernel(const struct program *program, uint64_t tiling_key, int *kernel)
{
    *kernel = program_kernel(program, tiling_key);
    if (*kernel < 0)
        return message_fail(ACL_ERROR_RT_INTERNAL_ERROR, "the program has no kernel with tiling key %llu",
                            (unsigned long long)tiling_key);
    return 0;
}

static int32_t launch_core(struct device *device, uint32_t slot, const struct program *program, const void *handle,
                           int kernel, uint32_t blocks, const rtArgsEx_t *args, const rtTaskCfgInfo_t *config)
{
    struct arguments arguments = {.bytes = args->args, .size = args->argsSize};
    struct emu_command *command;
    uint32_t number;
    int32_t code;

    if (args->isNoNeedH2DCopy) arguments = (struct arguments){.address = (uintptr_t)args->args, .size = args->argsSize};
    code = program_load(device, program, handle, kernel, &number);
    if (!code) code = device_claim(device, EMU_CMD_CORE_LAUNCH, 0, &command);
    if (!code) code = place_arguments(device, &arguments, args->hostInputInfoPtr, args->hostInputInfoNum);
    if (code) return code;
    command->handle = number;
    command->kernel = (uint32_t)kernel;
    command->blocks = blocks;
    command->batch = config && config->schemMode == RT_SCHEM_MODE_BATCH;
    return submit(device, command, slot, &arguments);
}

rtError_t rtKernelLaunchWithHandleV2(void *handle, uint64_t tiling_key, uint32_t blocks, rtArgsEx_t *args,
                                     rtSmDesc_t *sm, rtStream_t stream, const rtTaskCfgInfo_t *config)
{
    struct program *program;
    struct device *device;
    uint32_t slot;
    int kernel;
    int32_t code = check_core_launch(args, blocks, config);

    (void)sm;
    if (code) return code;
    code = enter(&device, stream, &slot);
    if (code) return code;
    program = program_get(handle);
    if (!handle) {
        code = message_fail(ACL_ERROR_RT_INTERNAL_ERROR, "rtKernelLaunchWithHandleV2: handle is NULL");
    } else if (!program) {
        code = message_fail(ACL_ERROR_RT_INVALID_HANDLE, "%p is not a registered program", handle);
    } else {
        code = find_kernel(program, tiling_key, &kernel);
        if (!code) code = launch_core(device, slot, program, handle, kernel, blocks, args, config);
        program_put(program);
    }
    device_leave(device);
    return code;
}

/* ---- AICPU ------------------------------------------------------------------------------------------------------ */

static struct arguments aicpu_arguments(const rtAicpuArgsEx_t *args)
{
    if (args->isNoNeedH2DCopy) return (struct arguments){.address = (uintptr_t)args->args, .size = args->argsSize};
    return (struct arguments){.bytes = args->args, .size = args->argsSize};
}

static int32_t check_offset(uint32_t offset, const rtAicpuArgsEx_t *args, const char *what)
{
    if (offset < args->argsSize) return 0;
    return message_fail(ACL_ERROR_RT_PARAM_INVALID, "the %s at offset %u passes the %u bytes of arguments", what,
                        offset, args->argsSize);
}

static int32_t check_kfc_launch(uint32_t kernel_type, const char *op_name, uint32_t blocks, const rtAicpuArgsEx_t *args)
{
    int32_t code;

    if (kernel_type != RT_KERNEL_TYPE_FWK && kernel_type != RT_KERNEL_TYPE_AICPU &&
        kernel_type != RT_KERNEL_TYPE_AICPU_CUSTOM && kernel_type != RT_KERNEL_TYPE_AICPU_KFC)
        return message_fail(ACL_ERROR_RT_PARAM_INVALID, "rtAicpuKernelLaunchExWithArgs: kernel type %u", kernel_type);
    if (!op_name || !args)
        return message_fail(ACL_ERROR_RT_PARAM_INVALID, "rtAicpuKernelLaunchExWithArgs: %s is NULL",
                            args ? "opName" : "args");
    code = check_block("rtAicpuKernelLaunchExWithArgs", args->args, args->argsSize, blocks);
    if (!code) code = check_offset(args->kernelNameAddrOffset, args, "kernel name");
    if (!code && args->soNameAddrOffset != OFFSET_NONE)
        code = check_offset(args->soNameAddrOffset, args, "library name");
    if (!code) code = check_patches(args->hostInputInfoPtr, args->hostInputInfoNum, args->argsSize);
    if (!code && kernel_type != RT_KERNEL_TYPE_AICPU_KFC)
        code =
            message_fail(ACL_ERROR_RT_FEATURE_NOT_SUPPORT, "kernel type %u is not emulated, 5 (KFC) is", kernel_type);
    return code;
}

rtError_t rtAicpuKernelLaunchExWithArgs(uint32_t kernel_type, const char *op_name, uint32_t blocks,
                                        const rtAicpuArgsEx_t *args, rtSmDesc_t *sm, rtStream_t stream, uint32_t flags)
{
    struct emu_command *command;
    struct arguments arguments;
    struct device *device;
    uint32_t slot;
    int32_t code = check_kfc_launch(kernel_type, op_name, blocks, args);

    (void)sm;
    if (code) return code;
    code = enter(&device, stream, &slot);
    if (code) return code;
    arguments = aicpu_arguments(args);
    code = device_claim(device, EMU_CMD_KFC_LAUNCH, 0, &command);
    if (!code) code = place_arguments(device, &arguments, args->hostInputInfoPtr, args->hostInputInfoNum);
    if (!code) {
        command->blocks = blocks;
        command->so_offset = args->soNameAddrOffset;
        command->name_offset = args->kernelNameAddrOffset;
        if (flags & FLAG_USES_TIMEOUT)
            command->timeout_us = args->timeout == TIMEOUT_NEVER ? UINT64_MAX : args->timeout * UINT64_C(1000000);
        code = submit(device, command, slot, &arguments);
    }
    device_leave(device);
    return code;
}

/* A launch's attributes: those that are known, the last of each kind counting. Only the time limit means something
 * here; the others are looked at. */
struct attributes {
    uint64_t timeout_us;
    bool has_seconds, has_us;
    uint8_t schedule, prefetch, dump, profiling;
};

static void read_attribute(const rtLaunchKernelAttr_t *attr, struct attributes *to)
{
    switch (attr->id) {
    case RT_LAUNCH_ATTR_SCHEM_MODE:
        to->schedule = attr->value.schemMode;
        break;
    case RT_LAUNCH_ATTR_BLOCK_TASK_PREFETCH:
        to->prefetch = attr->value.isBlockTaskPrefetch;
        break;
    case RT_LAUNCH_ATTR_DATA_DUMP:
        to->dump = attr->value.isDataDump;
        break;
    case RT_LAUNCH_ATTR_ENABLE_PROFILING:
        to->profiling = attr->value.enableProfiling;
        break;
    case RT_LAUNCH_ATTR_TIMEOUT:
        to->has_seconds = true;
        to->timeout_us = attr->value.timeout == TIMEOUT_NEVER ? UINT64_MAX : attr->value.timeout * UINT64_C(1000000);
        break;
    case RT_LAUNCH_ATTR_TIMEOUT_US:
        to->has_us = true;
        to->timeout_us = (uint64_t)attr->value.timeoutUs.high << 32 | attr->value.timeoutUs.low;
        if (to->timeout_us == 0) to->timeout_us = UINT64_MAX; /* both halves 0: for ever */
        break;
    default: /* passed over, as by the vendor's runtime */
        break;
    }
}

static int32_t read_attributes(const rtKernelLaunchCfg_t *config, uint64_t *timeout_us)
{
    struct attributes has = {0};

    if (config && !config->attrs)
        return message_fail(ACL_ERROR_RT_PARAM_INVALID, "a launch configuration without a list of attributes");
    for (size_t i = 0; config && i < config->numAttrs; i++)
        read_attribute(&config->attrs[i], &has);
    *timeout_us = has.timeout_us;
    if (has.has_seconds && has.has_us)
        return message_fail(ACL_ERROR_RT_PARAM_INVALID, "a launch has the attribute TIMEOUT or TIMEOUT_US, not both");
    if (has.schedule >= RT_SCHEM_MODE_END)
        return message_fail(ACL_ERROR_RT_PARAM_INVALID, "schedule mode %u is not known", has.schedule);
    if (has.prefetch > 1 || has.dump > 1 || has.profiling > 1)
        return message_fail(ACL_ERROR_RT_PARAM_INVALID,
                            "the attributes for prefetch, dump and profiling are %u, %u and %u: 0 and 1 are possible",
                            has.prefetch, has.dump, has.profiling);
    return 0;
}

rtError_t rtsLaunchCpuKernel(rtFuncHandle function, uint32_t blocks, rtStream_t stream,
                             const rtKernelLaunchCfg_t *config, rtCpuKernelArgs_t *args)
{
    struct emu_command *command;
    struct arguments arguments;
    struct device *device;
    uint64_t timeout_us = 0;
    uint32_t slot, number;
    int32_t code;

    if (!function || !args)
        return message_fail(ACL_ERROR_RT_PARAM_INVALID, "rtsLaunchCpuKernel: %s is NULL", args ? "function" : "args");
    code = check_block("rtsLaunchCpuKernel", args->baseArgs.args, args->baseArgs.argsSize, blocks);
    if (!code)
        code = check_patches(args->baseArgs.hostInputInfoPtr, args->baseArgs.hostInputInfoNum, args->baseArgs.argsSize);
    if (!code) code = read_attributes(config, &timeout_us);
    if (!code && (args->baseArgs.soNameAddrOffset || args->baseArgs.kernelNameAddrOffset))
        code =
            message_fail(ACL_ERROR_RT_FEATURE_NOT_SUPPORT, "names in the arguments of a CPU kernel are not emulated");
    if (code) return code;
    code = enter(&device, stream, &slot);
    if (code) return code;
    arguments = aicpu_arguments(&args->baseArgs);
    code = device_claim(device, EMU_CMD_CPU_LAUNCH, 0, &command);
    if (!code) code = binary_function(device, function, &number);
    if (!code)
        code = place_arguments(device, &arguments, args->baseArgs.hostInputInfoPtr, args->baseArgs.hostInputInfoNum);
    if (!code) {
        command->handle = number;
        command->blocks = blocks;
        command->timeout_us = timeout_us;
        code = submit(device, command, slot, &arguments);
    }
    device_leave(device);
    return code;
}
