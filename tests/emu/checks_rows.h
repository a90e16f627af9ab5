/* The rows of checks.c, in the order of docs/reference/cann-checks.md; included there alone, for it declares the world
 * that they are about. Each is one call. */
#ifndef NPURT_TESTS_EMU_CHECKS_ROWS_H
#define NPURT_TESTS_EMU_CHECKS_ROWS_H

static void devices(void)
{
    int64_t wide;

    ROW("rtSetDevice", "no such device", 107001, rtSetDevice(999));
    ROW("rtDeviceReset", "no such device", 107001, rtDeviceReset(999));
    ROW("rtDeviceResetForce", "no such device", 107001, rtDeviceResetForce(999));
    ROW("aclrtSetDevice", "no such device", 107001, aclrtSetDevice(999));
    ROW("aclrtResetDevice", "no such device", 107001, aclrtResetDevice(999));
    ROW("aclrtResetDeviceForce", "no such device", 107001, aclrtResetDeviceForce(999));
    ROW("rtDeviceReset", "the device is not set", 507007, rtDeviceReset(world.idle));
    ROW("rtDeviceResetForce", "the device is not set", 507007, rtDeviceResetForce(world.idle));
    ROW("aclrtResetDevice", "the device is not set", 507007, aclrtResetDevice(world.idle));
    ROW("aclrtResetDeviceForce", "the device is not set", 507007, aclrtResetDeviceForce(world.idle));
    ROW("aclrtGetDevice", "deviceId is NULL", 100000, aclrtGetDevice(NULL));
    ROW("aclrtGetDeviceCount", "count is NULL", 100000, aclrtGetDeviceCount(NULL));
    ROW("aclrtGetRunMode", "runMode is NULL", 100000, aclrtGetRunMode(NULL));
    ROW("aclrtGetDeviceInfo", "value is NULL", 100000,
        aclrtGetDeviceInfo((uint32_t)world.device, ACL_DEV_ATTR_AICPU_CORE_NUM, NULL));
    ROW("aclrtGetDeviceInfo", "no such device", 107000, aclrtGetDeviceInfo(999, ACL_DEV_ATTR_AICPU_CORE_NUM, &wide));
    ROW("aclrtGetDeviceInfo", "unknown attribute", 107000,
        aclrtGetDeviceInfo((uint32_t)world.device, (aclrtDevAttr)9999, &wide));
    ROW("rtGetAiCpuCount", "count is NULL", 107000, rtGetAiCpuCount(NULL));
    ROW("aclrtSynchronizeDeviceWithTimeout", "0 ms", 107000, aclrtSynchronizeDeviceWithTimeout(0));
    ROW("aclrtSynchronizeDeviceWithTimeout", "below -1 ms", 107000, aclrtSynchronizeDeviceWithTimeout(-2));
}

static void without_a_device(void)
{
    int32_t number = 64;
    uint64_t large;
    size_t size;
    uint32_t count;
    void *made;
    rtCpuKernelArgs_t *cpu_args = &(rtCpuKernelArgs_t){.baseArgs = {.args = words, .argsSize = 16}};

    ROW("aclrtGetDevice", "the thread has no device", 107002, aclrtGetDevice(&number));
    ROW("aclrtSynchronizeDeviceWithTimeout", "the thread has no device", 107002,
        aclrtSynchronizeDeviceWithTimeout(100));
    ROW("aclrtSetOpExecuteTimeOutV2", "the thread has no device", 107002, aclrtSetOpExecuteTimeOutV2(1, &large));
    ROW("aclrtGetOpTimeOutInterval", "the thread has no device", 107002, aclrtGetOpTimeOutInterval(&large));
    ROW("rtMalloc", "the thread has no device", 107002, rtMalloc(&made, 512, RT_MEMORY_HBM, 0));
    ROW("aclrtFree", "the thread has no device", 0, aclrtFree(world.spare));
    ROW("rtMemcpy", "dst is src, without a device", 0, rtMemcpy(words, 8, words, 8, RT_MEMCPY_DEFAULT));
    ROW("rtMemcpy", "the thread has no device", 107002, rtMemcpy(words, 8, words + 1, 8, RT_MEMCPY_DEFAULT));
    ROW("aclrtMemset", "the thread has no device", 107002, aclrtMemset(words, 8, 0, 8));
    ROW("aclrtGetMemInfo", "the thread has no device", 107002, aclrtGetMemInfo(ACL_HBM_MEM, &size, &size));
    ROW("rtStreamCreate", "the thread has no device", 107002, rtStreamCreate(&made, 0));
    ROW("rtStreamQuery", "the thread has no device", 107002, rtStreamQuery(NULL));
    ROW("rtStreamSynchronize", "the thread has no device", 107002, rtStreamSynchronize(NULL));
    ROW("rtStreamDestroy", "the thread has no device", 107002, rtStreamDestroy(world.stream));
    ROW("aclrtSetStreamFailureMode", "the default stream of a thread without a device", 107000,
        aclrtSetStreamFailureMode(NULL, 1));
    ROW("aclrtSetStreamFailureMode", "a stream, and the thread has no device", 107002,
        aclrtSetStreamFailureMode(world.stream, 1));
    ROW("aclrtGetStreamResLimit", "the default stream of a thread without a device", 107002,
        aclrtGetStreamResLimit(NULL, ACL_RT_DEV_RES_CUBE_CORE, &count));
    ROW("aclrtCreateEventExWithFlag", "the thread has no device", 107002,
        aclrtCreateEventExWithFlag(&made, ACL_EVENT_SYNC));
    ROW("aclrtSynchronizeEvent", "the thread has no device", 0, aclrtSynchronizeEvent(world.event));
    ROW("aclrtDestroyEvent", "the thread has no device", 0, aclrtDestroyEvent(world.spare_event));
    ROW("rtKernelLaunchWithHandleV2", "the thread has no device", 107002,
        rtKernelLaunchWithHandleV2(world.program, 0, 1, &(rtArgsEx_t){.args = words, .argsSize = 16}, NULL, NULL,
                                   NULL));
    ROW("rtAicpuKernelLaunchExWithArgs", "the thread has no device", 107002,
        rtAicpuKernelLaunchExWithArgs(RT_KERNEL_TYPE_AICPU_KFC, "op", 1,
                                      &(rtAicpuArgsEx_t){.args = words, .argsSize = 16}, NULL, NULL, 0));
    ROW("rtsLaunchCpuKernel", "the thread has no device", 107002,
        rtsLaunchCpuKernel(world.function, 1, NULL, NULL, cpu_args));
}

static void initialization(void)
{
    int32_t number = 64;

    ROW("aclFinalize", "before the first aclInit", 0, aclFinalize());
    ROW("aclFinalize", "finalized before", 100037, aclFinalize());
    ROW("aclFinalizeReference", "not initialized", 100037, aclFinalizeReference(NULL));
    ROW("aclInit", "the configuration file can not be read", 100003, aclInit("/nowhere/acl.json"));
    ROW("aclInit", "an empty path", 0, aclInit(""));
    ROW("aclInit", "initialized before", 100002, aclInit(NULL));
    ROW("aclsysGetVersionNum", "pkgName is NULL", 100000, aclsysGetVersionNum(NULL, &number));
    ROW("aclsysGetVersionNum", "versionNum is NULL", 100000, aclsysGetVersionNum((char[]){"runtime"}, NULL));
    ROW("aclsysGetVersionNum", "no such package", 100003, aclsysGetVersionNum((char[]){"nothing"}, &number));
    ROW("aclGetRecentErrMsg", "nothing has failed since it was last read", 0,
        aclGetRecentErrMsg() && aclGetRecentErrMsg());
    ROW("aclrtSetOpExecuteTimeOutV2", "actualTimeout is NULL", 100000, aclrtSetOpExecuteTimeOutV2(1, NULL));
    ROW("aclrtGetOpTimeOutInterval", "interval is NULL", 100000, aclrtGetOpTimeOutInterval(NULL));
}

static void memory(void)
{
    size_t size;
    void *made;

    ROW("rtMalloc", "devPtr is NULL", 107000, rtMalloc(NULL, 512, RT_MEMORY_HBM, 0));
    ROW("rtMalloc", "0 bytes", 107000, rtMalloc(&made, 0, RT_MEMORY_HBM, 0));
    ROW("aclrtMalloc", "devPtr is NULL", 100000, aclrtMalloc(NULL, 512, ACL_MEM_MALLOC_HUGE_FIRST));
    ROW("aclrtMalloc", "0 bytes", 100000, aclrtMalloc(&made, 0, ACL_MEM_MALLOC_HUGE_FIRST));
    ROW("aclrtMalloc", "a size that rounding up takes past the end", 100000,
        aclrtMalloc(&made, SIZE_MAX, ACL_MEM_MALLOC_HUGE_FIRST));
    ROW("rtFree", "devPtr is NULL", 107000, rtFree(NULL));
    ROW("rtFree", "no allocation begins there", 107000, rtFree((char *)world.memory + 512));
    ROW("aclrtFree", "devPtr is NULL", 100000, aclrtFree(NULL));
    ROW("rtMemcpy", "0 bytes, whatever else", 0, rtMemcpy(NULL, 0, NULL, 0, RT_MEMCPY_RESERVED));
    ROW("rtMemcpy", "dst is NULL", 107000, rtMemcpy(NULL, 8, words, 8, RT_MEMCPY_DEFAULT));
    ROW("rtMemcpy", "src is NULL", 107000, rtMemcpy(world.memory, 8, NULL, 8, RT_MEMCPY_DEFAULT));
    ROW("rtMemcpy", "destMax is 0", 107000, rtMemcpy(world.memory, 0, words, 8, RT_MEMCPY_DEFAULT));
    ROW("rtMemcpy", "more bytes than destMax", 107000, rtMemcpy(world.memory, 7, words, 8, RT_MEMCPY_DEFAULT));
    ROW("rtMemcpy", "kind RESERVED and above", 107000, rtMemcpy(world.memory, 8, words, 8, RT_MEMCPY_RESERVED));
    ROW("aclrtMemcpy", "0 bytes, whatever else", 0, aclrtMemcpy(NULL, 0, NULL, 0, ACL_MEMCPY_DEFAULT));
    ROW("aclrtMemcpy", "dst is NULL", 100000, aclrtMemcpy(NULL, 8, words, 8, ACL_MEMCPY_DEFAULT));
    ROW("aclrtMemcpy", "src is NULL", 100000, aclrtMemcpy(world.memory, 8, NULL, 8, ACL_MEMCPY_DEFAULT));
    ROW("aclrtMemcpy", "kind HOST_TO_BUF_TO_DEVICE", 0,
        aclrtMemcpy(world.memory, 8, words, 8, ACL_MEMCPY_HOST_TO_BUF_TO_DEVICE));
    ROW("aclrtMemcpy", "a kind above", 100000, aclrtMemcpy(world.memory, 8, words, 8, (aclrtMemcpyKind)6));
    ROW("aclrtMemcpy", "destMax is 0", 107000, aclrtMemcpy(world.memory, 0, words, 8, ACL_MEMCPY_DEFAULT));
    ROW("aclrtMemset", "0 bytes, whatever else", 0, aclrtMemset(NULL, 0, 0, 0));
    ROW("aclrtMemset", "devPtr is NULL", 100000, aclrtMemset(NULL, 8, 0, 8));
    ROW("aclrtMemset", "more bytes than maxCount", 107000, aclrtMemset(world.memory, 7, 0, 8));
    ROW("aclrtGetMemInfo", "free is NULL", 100000, aclrtGetMemInfo(ACL_HBM_MEM, NULL, &size));
    ROW("aclrtGetMemInfo", "total is NULL", 100000, aclrtGetMemInfo(ACL_HBM_MEM, &size, NULL));
    ROW("aclrtGetMemInfo", "an attribute below the first", 107016, aclrtGetMemInfo((aclrtMemAttr)-1, &size, &size));
    ROW("aclrtGetMemInfo", "an attribute above the last", 107016,
        aclrtGetMemInfo((aclrtMemAttr)(ACL_MEM_P2P_HUGE1G + 1), &size, &size));
}

static void streams(void)
{
    uint32_t count;

    ROW("rtStreamCreate", "stream is NULL", 107000, rtStreamCreate(NULL, 0));
    ROW("aclrtCreateStream", "stream is NULL", 100000, aclrtCreateStream(NULL));
    ROW("rtStreamDestroy", "stream is NULL", 107000, rtStreamDestroy(NULL));
    ROW("rtStreamDestroyForce", "stream is NULL", 107000, rtStreamDestroyForce(NULL));
    ROW("aclrtDestroyStream", "stream is NULL", 100000, aclrtDestroyStream(NULL));
    ROW("rtStreamDestroy", "the stream was destroyed", 107017, rtStreamDestroy(world.gone));
    ROW("rtStreamDestroyForce", "the stream was destroyed", 107017, rtStreamDestroyForce(world.gone));
    ROW("rtStreamQuery", "the stream was destroyed", 107017, rtStreamQuery(world.gone));
    ROW("rtStreamSynchronize", "the stream was destroyed", 107017, rtStreamSynchronize(world.gone));
    ROW("aclrtDestroyStream", "the stream was destroyed", 107017, aclrtDestroyStream(world.gone));
    ROW("rtStreamSynchronizeWithTimeout", "the stream was destroyed", 107017,
        rtStreamSynchronizeWithTimeout(world.gone, 100));
    ROW("rtStreamDestroy", "a stream of another device", 107003, rtStreamDestroy(world.foreign));
    ROW("rtStreamDestroyForce", "a stream of another device", 107003, rtStreamDestroyForce(world.foreign));
    ROW("aclrtDestroyStream", "a stream of another device", 107003, aclrtDestroyStream(world.foreign));
    ROW("rtStreamQuery", "a stream of another device", 0, rtStreamQuery(world.foreign));
    ROW("rtStreamSynchronize", "a stream of another device", 0, rtStreamSynchronize(world.foreign));
    ROW("aclrtStreamQuery", "status is NULL", 100000, aclrtStreamQuery(world.stream, NULL));
    ROW("rtStreamSynchronizeWithTimeout", "0 ms", 107000, rtStreamSynchronizeWithTimeout(world.stream, 0));
    ROW("rtStreamSynchronizeWithTimeout", "below -1 ms", 107000, rtStreamSynchronizeWithTimeout(world.stream, -2));
    ROW("aclrtSynchronizeStreamWithTimeout", "0 ms", 107000, aclrtSynchronizeStreamWithTimeout(world.stream, 0));
    ROW("aclrtSynchronizeStreamWithTimeout", "below -1 ms", 107000,
        aclrtSynchronizeStreamWithTimeout(world.stream, -2));
    ROW("aclrtSetStreamFailureMode", "bits above the lowest", 0, aclrtSetStreamFailureMode(world.stream, 2));
    ROW("aclrtSetStreamFailureMode", "the mode that the stream has", 0, aclrtSetStreamFailureMode(world.halting, 1));
    ROW("aclrtSetStreamFailureMode", "continue, of a stream in stop mode", 207000,
        aclrtSetStreamFailureMode(world.halting, 0));
    ROW("aclrtSetStreamFailureMode", "continue, of another stream than that in stop mode", 0,
        aclrtSetStreamFailureMode(world.stream, 0));
    ROW("aclrtSetStreamFailureMode", "a stream of another device", 107003, aclrtSetStreamFailureMode(world.foreign, 1));
    ROW("aclrtGetStreamResLimit", "value is NULL", 100000,
        aclrtGetStreamResLimit(NULL, ACL_RT_DEV_RES_CUBE_CORE, NULL));
    ROW("aclrtGetStreamResLimit", "unknown type", 107000,
        aclrtGetStreamResLimit(NULL, (aclrtDevResLimitType)2, &count));
}

static void events(void)
{
    uint64_t large;
    void *made;

    ROW("aclrtCreateEventExWithFlag", "event is NULL", 100000, aclrtCreateEventExWithFlag(NULL, ACL_EVENT_SYNC));
    ROW("aclrtCreateEventExWithFlag", "no flag", 107000, aclrtCreateEventExWithFlag(&made, 0));
    ROW("aclrtCreateEventExWithFlag", "an unknown flag", 107000, aclrtCreateEventExWithFlag(&made, 0x80));
    ROW("aclrtCreateEventExWithFlag", "a device-only event", 107000,
        aclrtCreateEventExWithFlag(&made, ACL_EVENT_DEVICE_USE_ONLY));
    ROW("aclrtCreateEventExWithFlag", "an external event", 107000,
        aclrtCreateEventExWithFlag(&made, ACL_EVENT_EXTERNAL));
    ROW("aclrtCreateEventExWithFlag", "IPC together with another flag", 107000,
        aclrtCreateEventExWithFlag(&made, ACL_EVENT_IPC | ACL_EVENT_TIME_LINE));
    ROW("aclrtRecordEvent", "event is NULL", 100000, aclrtRecordEvent(NULL, NULL));
    ROW("aclrtRecordEvent", "the event was destroyed", 107017, aclrtRecordEvent(world.past, NULL));
    ROW("aclrtStreamWaitEvent", "event is NULL", 100000, aclrtStreamWaitEvent(NULL, NULL));
    ROW("aclrtStreamWaitEvent", "the event was destroyed", 107017, aclrtStreamWaitEvent(NULL, world.past));
    ROW("aclrtSynchronizeEvent", "event is NULL", 100000, aclrtSynchronizeEvent(NULL));
    ROW("aclrtSynchronizeEvent", "the event was destroyed", 107017, aclrtSynchronizeEvent(world.past));
    ROW("aclrtDestroyEvent", "event is NULL", 100000, aclrtDestroyEvent(NULL));
    ROW("aclrtDestroyEvent", "the event was destroyed", 107017, aclrtDestroyEvent(world.past));
    ROW("aclrtEventGetTimestamp", "event is NULL", 100000, aclrtEventGetTimestamp(NULL, &large));
    ROW("aclrtEventGetTimestamp", "the event was destroyed", 107017, aclrtEventGetTimestamp(world.past, &large));
    ROW("aclrtRecordEvent", "a stream of another device", 107003, aclrtRecordEvent(world.event, world.foreign));
    ROW("aclrtStreamWaitEvent", "a stream of another device", 107003, aclrtStreamWaitEvent(world.foreign, world.event));
    ROW("aclrtStreamWaitEvent", "an event made without SYNC", 207000, aclrtStreamWaitEvent(NULL, world.mark));
    ROW("aclrtEventGetTimestamp", "timestamp is NULL", 100000, aclrtEventGetTimestamp(world.mark, NULL));
    ROW("aclrtEventGetTimestamp", "never recorded", 507000, aclrtEventGetTimestamp(world.mark, &large));
    ROW("aclrtEventGetTimestamp", "recorded, made without TIME_LINE", 107006,
        aclrtEventGetTimestamp(world.event, &large));
}

static void core_programs(void)
{
    void *made;

    ROW("rtRegisterAllKernel", "binary is NULL", 107000, rtRegisterAllKernel(NULL, &made));
    ROW("rtRegisterAllKernel", "handle is NULL", 107000,
        rtRegisterAllKernel(&(rtDevBinary_t){.magic = RT_DEV_BINARY_MAGIC_ELF, .data = words, .length = 8}, NULL));
    ROW("rtRegisterAllKernel", "the magic of AICPU code", 107000,
        rtRegisterAllKernel(&(rtDevBinary_t){.magic = RT_DEV_BINARY_MAGIC_ELF_AICPU, .data = words, .length = 8},
                            &made));
    ROW("rtRegisterAllKernel", "data is NULL", 107000,
        rtRegisterAllKernel(&(rtDevBinary_t){.magic = RT_DEV_BINARY_MAGIC_ELF, .length = 8}, &made));
    ROW("rtRegisterAllKernel", "0 bytes", 107000,
        rtRegisterAllKernel(&(rtDevBinary_t){.magic = RT_DEV_BINARY_MAGIC_ELF, .data = words}, &made));
    ROW("rtDevBinaryUnRegister", "handle is NULL", 107000, rtDevBinaryUnRegister(NULL));
    ROW("rtDevBinaryUnRegister", "unregistered before", 107017, rtDevBinaryUnRegister(world.gone_program));
    ROW("rtKernelLaunchWithHandleV2", "args is NULL", 107000,
        rtKernelLaunchWithHandleV2(world.program, 0, 1, NULL, NULL, NULL, NULL));
    ROW("rtKernelLaunchWithHandleV2", "args->args is NULL", 107000,
        rtKernelLaunchWithHandleV2(world.program, 0, 1, &(rtArgsEx_t){.argsSize = 16}, NULL, NULL, NULL));
    ROW("rtKernelLaunchWithHandleV2", "args->argsSize is 0", 107000,
        rtKernelLaunchWithHandleV2(world.program, 0, 1, &(rtArgsEx_t){.args = words}, NULL, NULL, NULL));
    ROW("rtKernelLaunchWithHandleV2", "tilingDataOffset past the arguments", 107000,
        rtKernelLaunchWithHandleV2(world.program, 0, 1,
                                   &(rtArgsEx_t){.args = words, .argsSize = 16, .hasTiling = 1, .tilingDataOffset = 16},
                                   NULL, NULL, NULL));
    ROW("rtKernelLaunchWithHandleV2", "tilingAddrOffset past the arguments", 107000,
        rtKernelLaunchWithHandleV2(world.program, 0, 1,
                                   &(rtArgsEx_t){.args = words, .argsSize = 16, .hasTiling = 1, .tilingAddrOffset = 16},
                                   NULL, NULL, NULL));
    ROW("rtKernelLaunchWithHandleV2", "hostInputInfoPtr is NULL, and there are some", 107000,
        rtKernelLaunchWithHandleV2(world.program, 0, 1,
                                   &(rtArgsEx_t){.args = words, .argsSize = 16, .hostInputInfoNum = 1}, NULL, NULL,
                                   NULL));
    ROW("rtKernelLaunchWithHandleV2", "addrOffset past the arguments", 107000,
        rtKernelLaunchWithHandleV2(
            world.program, 0, 1,
            &(rtArgsEx_t){
                .args = words, .argsSize = 16, .hostInputInfoNum = 1, .hostInputInfoPtr = &(rtHostInputInfo_t){16, 0}},
            NULL, NULL, NULL));
    ROW("rtKernelLaunchWithHandleV2", "dataOffset past the arguments", 107000,
        rtKernelLaunchWithHandleV2(
            world.program, 0, 1,
            &(rtArgsEx_t){
                .args = words, .argsSize = 16, .hostInputInfoNum = 1, .hostInputInfoPtr = &(rtHostInputInfo_t){0, 16}},
            NULL, NULL, NULL));
    ROW("rtKernelLaunchWithHandleV2", "0 blocks", 107000,
        rtKernelLaunchWithHandleV2(world.program, 0, 0, &(rtArgsEx_t){.args = words, .argsSize = 16}, NULL, NULL,
                                   NULL));
    ROW("rtKernelLaunchWithHandleV2", "schemMode above 2", 107000,
        rtKernelLaunchWithHandleV2(world.program, 0, 1, &(rtArgsEx_t){.args = words, .argsSize = 16}, NULL, NULL,
                                   &(rtTaskCfgInfo_t){.schemMode = 3}));
    ROW("rtKernelLaunchWithHandleV2", "the stream was destroyed", 107017,
        rtKernelLaunchWithHandleV2(world.program, 0, 1, &(rtArgsEx_t){.args = words, .argsSize = 16}, NULL, world.gone,
                                   NULL));
    ROW("rtKernelLaunchWithHandleV2", "a stream of another device", 107003,
        rtKernelLaunchWithHandleV2(world.program, 0, 1, &(rtArgsEx_t){.args = words, .argsSize = 16}, NULL,
                                   world.foreign, NULL));
    ROW("rtKernelLaunchWithHandleV2", "the program was unregistered", 107017,
        rtKernelLaunchWithHandleV2(world.gone_program, 0, 1, &(rtArgsEx_t){.args = words, .argsSize = 16}, NULL, NULL,
                                   NULL));
    ROW("rtKernelLaunchWithHandleV2", "handle is NULL", 507000,
        rtKernelLaunchWithHandleV2(NULL, 0, 1, &(rtArgsEx_t){.args = words, .argsSize = 16}, NULL, NULL, NULL));
    ROW("rtKernelLaunchWithHandleV2", "no kernel has the tiling key", 507000,
        rtKernelLaunchWithHandleV2(world.program, 99, 1, &(rtArgsEx_t){.args = words, .argsSize = 16}, NULL, NULL,
                                   NULL));
}

static void cpu_programs(void)
{
    void *made;
    rtCpuKernelArgs_t *cpu_args = &(rtCpuKernelArgs_t){.baseArgs = {.args = words, .argsSize = 16}};

    ROW("rtAicpuKernelLaunchExWithArgs", "unknown kernel type", 107000,
        rtAicpuKernelLaunchExWithArgs(3, "op", 1, &(rtAicpuArgsEx_t){.args = words, .argsSize = 16}, NULL, NULL, 0));
    ROW("rtAicpuKernelLaunchExWithArgs", "the stream was destroyed", 107017,
        rtAicpuKernelLaunchExWithArgs(RT_KERNEL_TYPE_AICPU_KFC, "op", 1,
                                      &(rtAicpuArgsEx_t){.args = words, .argsSize = 16}, NULL, world.gone, 0));
    ROW("rtAicpuKernelLaunchExWithArgs", "opName is NULL", 107000,
        rtAicpuKernelLaunchExWithArgs(RT_KERNEL_TYPE_AICPU_KFC, NULL, 1,
                                      &(rtAicpuArgsEx_t){.args = words, .argsSize = 16}, NULL, NULL, 0));
    ROW("rtAicpuKernelLaunchExWithArgs", "0 blocks", 107000,
        rtAicpuKernelLaunchExWithArgs(RT_KERNEL_TYPE_AICPU_KFC, "op", 0,
                                      &(rtAicpuArgsEx_t){.args = words, .argsSize = 16}, NULL, NULL, 0));
    ROW("rtAicpuKernelLaunchExWithArgs", "more than 65535 blocks", 107000,
        rtAicpuKernelLaunchExWithArgs(RT_KERNEL_TYPE_AICPU_KFC, "op", 0x10000,
                                      &(rtAicpuArgsEx_t){.args = words, .argsSize = 16}, NULL, NULL, 0));
    ROW("rtAicpuKernelLaunchExWithArgs", "args is NULL", 107000,
        rtAicpuKernelLaunchExWithArgs(RT_KERNEL_TYPE_AICPU_KFC, "op", 1, NULL, NULL, NULL, 0));
    ROW("rtAicpuKernelLaunchExWithArgs", "args->args is NULL", 107000,
        rtAicpuKernelLaunchExWithArgs(RT_KERNEL_TYPE_AICPU_KFC, "op", 1, &(rtAicpuArgsEx_t){.argsSize = 16}, NULL, NULL,
                                      0));
    ROW("rtAicpuKernelLaunchExWithArgs", "args->argsSize is 0", 107000,
        rtAicpuKernelLaunchExWithArgs(RT_KERNEL_TYPE_AICPU_KFC, "op", 1, &(rtAicpuArgsEx_t){.args = words}, NULL, NULL,
                                      0));
    ROW("rtAicpuKernelLaunchExWithArgs", "a stream of another device", 107003,
        rtAicpuKernelLaunchExWithArgs(RT_KERNEL_TYPE_AICPU_KFC, "op", 1,
                                      &(rtAicpuArgsEx_t){.args = words, .argsSize = 16}, NULL, world.foreign, 0));
    ROW("rtsBinaryLoadFromFile", "path is NULL", 107000,
        rtsBinaryLoadFromFile(NULL, &(rtLoadBinaryConfig_t){&(rtLoadBinaryOption_t){3, {0}}, 1}, &made));
    ROW("rtsBinaryLoadFromFile", "handle is NULL", 107000, rtsBinaryLoadFromFile("/nowhere.so", NULL, NULL));
    ROW("rtsBinaryLoadFromFile", "a configuration without options", 107000,
        rtsBinaryLoadFromFile("/nowhere.so", &(rtLoadBinaryConfig_t){NULL, 0}, &made));
    ROW("rtsBinaryLoadFromFile", "LAZY_LOAD above 1", 107000,
        rtsBinaryLoadFromFile("/nowhere.so", &(rtLoadBinaryConfig_t){&(rtLoadBinaryOption_t){1, {2}}, 1}, &made));
    ROW("rtsBinaryLoadFromFile", "MAGIC", 107000,
        rtsBinaryLoadFromFile(
            "/nowhere.so", &(rtLoadBinaryConfig_t){&(rtLoadBinaryOption_t){2, {RT_DEV_BINARY_MAGIC_ELF}}, 1}, &made));
    ROW("rtsBinaryLoadFromFile", "CPU_KERNEL_MODE of data in memory", 107000,
        rtsBinaryLoadFromFile("/nowhere.so", &(rtLoadBinaryConfig_t){&(rtLoadBinaryOption_t){3, {2}}, 1}, &made));
    ROW("rtsBinaryLoadFromFile", "an unknown option", 107000,
        rtsBinaryLoadFromFile("/nowhere.so", &(rtLoadBinaryConfig_t){&(rtLoadBinaryOption_t){4, {0}}, 1}, &made));
    ROW("rtsBinaryLoadFromFile", "no such JSON file", 107000,
        rtsBinaryLoadFromFile("/nowhere.so", &(rtLoadBinaryConfig_t){&(rtLoadBinaryOption_t){3, {0}}, 1}, &made));
    ROW("rtsBinaryLoadFromFile", "no such library, CPU_KERNEL_MODE 1", 107000,
        rtsBinaryLoadFromFile("/nowhere.so", &(rtLoadBinaryConfig_t){&(rtLoadBinaryOption_t){3, {1}}, 1}, &made));
    ROW("rtsBinaryLoadFromFile", "no such file, and no options", 107000,
        rtsBinaryLoadFromFile("/nowhere.so", NULL, &made));
    ROW("rtsFuncGetByName", "binary is NULL", 107000, rtsFuncGetByName(NULL, "f", &made));
    ROW("rtsFuncGetByName", "name is NULL", 107000, rtsFuncGetByName(world.binary, NULL, &made));
    ROW("rtsFuncGetByName", "function is NULL", 107000, rtsFuncGetByName(world.binary, "f", NULL));
    ROW("rtsFuncGetByName", "no such function", 107000, rtsFuncGetByName(world.binary, "no such", &made));
    ROW("rtsFuncGetByName", "the binary was unloaded", 107017, rtsFuncGetByName(world.gone_binary, "f", &made));
    ROW("rtsBinaryUnload", "binary is NULL", 107000, rtsBinaryUnload(NULL));
    ROW("rtsBinaryUnload", "unloaded before", 107017, rtsBinaryUnload(world.gone_binary));
    ROW("rtsLaunchCpuKernel", "function is NULL", 107000, rtsLaunchCpuKernel(NULL, 1, NULL, NULL, cpu_args));
    ROW("rtsLaunchCpuKernel", "a handle that is no function", 107017,
        rtsLaunchCpuKernel(world.program, 1, NULL, NULL, cpu_args));
    ROW("rtsLaunchCpuKernel", "args is NULL", 107000, rtsLaunchCpuKernel(world.function, 1, NULL, NULL, NULL));
    ROW("rtsLaunchCpuKernel", "args->baseArgs.args is NULL", 107000,
        rtsLaunchCpuKernel(world.function, 1, NULL, NULL, &(rtCpuKernelArgs_t){.baseArgs = {.argsSize = 16}}));
    ROW("rtsLaunchCpuKernel", "args->baseArgs.argsSize is 0", 107000,
        rtsLaunchCpuKernel(world.function, 1, NULL, NULL, &(rtCpuKernelArgs_t){.baseArgs = {.args = words}}));
    ROW("rtsLaunchCpuKernel", "0 blocks", 107000, rtsLaunchCpuKernel(world.function, 0, NULL, NULL, cpu_args));
    ROW("rtsLaunchCpuKernel", "the stream was destroyed", 107017,
        rtsLaunchCpuKernel(world.function, 1, world.gone, NULL, cpu_args));
    ROW("rtsLaunchCpuKernel", "a stream of another device", 107003,
        rtsLaunchCpuKernel(world.function, 1, world.foreign, NULL, cpu_args));
    ROW("rtsLaunchCpuKernel", "cfg->attrs is NULL", 107000,
        rtsLaunchCpuKernel(world.function, 1, NULL, &(rtKernelLaunchCfg_t){NULL, 0}, cpu_args));
    ROW("rtsLaunchCpuKernel", "cfg->numAttrs is 0", 0,
        rtsLaunchCpuKernel(world.function, 1, NULL, &(rtKernelLaunchCfg_t){(rtLaunchKernelAttr_t[]){{0}}, 0},
                           cpu_args));
    ROW("rtsLaunchCpuKernel", "an unknown attribute", 0,
        rtsLaunchCpuKernel(world.function, 1, NULL, &(rtKernelLaunchCfg_t){(rtLaunchKernelAttr_t[]){{99, {0}}}, 1},
                           cpu_args));
    ROW("rtsLaunchCpuKernel", "TIMEOUT and TIMEOUT_US", 107000,
        rtsLaunchCpuKernel(world.function, 1, NULL,
                           &(rtKernelLaunchCfg_t){(rtLaunchKernelAttr_t[]){{7, {1}}, {8, {1}}}, 2}, cpu_args));
    ROW("rtsLaunchCpuKernel", "schemMode 2 and above", 107000,
        rtsLaunchCpuKernel(world.function, 1, NULL, &(rtKernelLaunchCfg_t){(rtLaunchKernelAttr_t[]){{1, {2}}}, 1},
                           cpu_args));
    ROW("rtsLaunchCpuKernel", "block prefetch above 1", 107000,
        rtsLaunchCpuKernel(world.function, 1, NULL, &(rtKernelLaunchCfg_t){(rtLaunchKernelAttr_t[]){{5, {2}}}, 1},
                           cpu_args));
    ROW("rtsLaunchCpuKernel", "data dump above 1", 107000,
        rtsLaunchCpuKernel(world.function, 1, NULL, &(rtKernelLaunchCfg_t){(rtLaunchKernelAttr_t[]){{6, {2}}}, 1},
                           cpu_args));
    ROW("rtsLaunchCpuKernel", "profiling above 1", 107000,
        rtsLaunchCpuKernel(world.function, 1, NULL, &(rtKernelLaunchCfg_t){(rtLaunchKernelAttr_t[]){{9, {2}}}, 1},
                           cpu_args));
    ROW("rtsLaunchCpuKernel", "the function's device was reset", 107017,
        rtsLaunchCpuKernel(world.gone_function, 1, NULL, NULL, cpu_args));
}

static void driver(void)
{
    int32_t number = 64;
    int64_t wide;
    struct AddrMapInPara map_in = {HAL_MAP_REG_AIC_CTRL, (uint32_t)world.device};
    struct AddrMapOutPara map_out;
    unsigned long map_at;
    unsigned map_size = sizeof(struct halCpuTopologyInfo);

    ROW("halGetDeviceInfo", "a device id above the range", 3,
        halGetDeviceInfo(UINT32_MAX, HAL_MODULE_AICORE, HAL_INFO_CORE_NUM, &wide));
    ROW("halGetDeviceInfo", "value is NULL", 3,
        halGetDeviceInfo((uint32_t)world.device, HAL_MODULE_AICORE, HAL_INFO_CORE_NUM, NULL));
    ROW("halGetDeviceInfo", "unknown module", 3,
        halGetDeviceInfo((uint32_t)world.device, 9999, HAL_INFO_CORE_NUM, &wide));
    ROW("halGetDeviceInfoByBuff", "a device id above the range", 3,
        halGetDeviceInfoByBuff(UINT32_MAX, HAL_MODULE_AICORE, HAL_INFO_OCCUPY, words, &number));
    ROW("halGetDeviceInfoByBuff", "buf is NULL", 3,
        halGetDeviceInfoByBuff((uint32_t)world.device, HAL_MODULE_AICORE, HAL_INFO_OCCUPY, NULL, &number));
    ROW("halGetDeviceInfoByBuff", "size is NULL", 3,
        halGetDeviceInfoByBuff((uint32_t)world.device, HAL_MODULE_AICORE, HAL_INFO_OCCUPY, words, NULL));
    ROW("halGetDeviceInfoByBuff", "unknown module", 65534,
        halGetDeviceInfoByBuff((uint32_t)world.device, 9999, HAL_INFO_OCCUPY, words, &number));
    ROW("halGetDeviceInfoByBuff", "AICORE, an info that it has not", 65534,
        halGetDeviceInfoByBuff((uint32_t)world.device, HAL_MODULE_AICORE, HAL_INFO_ID, words, &number));
    ROW("halGetDeviceInfoByBuff", "AICORE OCCUPY, less than 16 bytes", 3,
        halGetDeviceInfoByBuff((uint32_t)world.device, HAL_MODULE_AICORE, HAL_INFO_OCCUPY, words, &(int32_t){15}));
    ROW("halMemCtl", "unknown type", 65534, halMemCtl(99, &map_in, sizeof map_in, &map_out, NULL));
    ROW("halMemCtl", "the parameter is NULL", 3, halMemCtl(HAL_MEM_CTL_ADDR_MAP, NULL, 0, &map_out, NULL));
    ROW("halMemCtl", "the device is not open", 4,
        halMemCtl(HAL_MEM_CTL_ADDR_MAP, &(struct AddrMapInPara){HAL_MAP_REG_AIC_CTRL, (uint32_t)world.idle}, 8,
                  &map_out, NULL));
    ROW("halMemCtl", "a5 has no ADDR_MAP", 65534,
        halMemCtl(HAL_MEM_CTL_ADDR_MAP, &(struct AddrMapInPara){HAL_MAP_REG_AIC_CTRL, (uint32_t)world.five}, 8,
                  &map_out, NULL));
    ROW("halResMap", "va is NULL", 8, halResMap((unsigned)world.five, &(struct res_map_info){0}, NULL, &map_size));
    ROW("halResMap", "len is NULL", 8, halResMap((unsigned)world.five, &(struct res_map_info){0}, &map_at, NULL));
    ROW("halResMap", "res_info is NULL", 8, halResMap((unsigned)world.five, NULL, &map_at, &map_size));
    ROW("halResMap", "another process than CP1", 65534,
        halResMap((unsigned)world.five, &(struct res_map_info){.target_proc_type = HAL_PROCESS_CP2}, &map_at,
                  &map_size));
    ROW("halResMap", "a flag", 65534,
        halResMap((unsigned)world.five, &(struct res_map_info){.flag = 1}, &map_at, &map_size));
    ROW("halResMap", "a reserved word that is not 0", 65534,
        halResMap((unsigned)world.five, &(struct res_map_info){.rsv = {1}}, &map_at, &map_size));
    ROW("dsmi_get_device_info", "buf is NULL", 8, dsmi_get_device_info((unsigned)world.five, 14, 2, NULL, &map_size));
    ROW("dsmi_get_device_info", "size is NULL", 8, dsmi_get_device_info((unsigned)world.five, 14, 2, words, NULL));
}

static void of_the_card(void)
{
    void *made;
    rtCpuKernelArgs_t *cpu_args = &(rtCpuKernelArgs_t){.baseArgs = {.args = words, .argsSize = 16}};

    ROW("rtMalloc", "a memory type that no card has", 107018, rtMalloc(&made, 512, 0x77, 0));
    ROW("rtMemcpy", "past the end of an allocation", 107000,
        rtMemcpy((char *)world.memory + 4000, 97, words, 97, RT_MEMCPY_DEFAULT));
    ROW("rtMemcpy", "a host address that is not mapped", 107000,
        rtMemcpy(world.memory, 8, (void *)8, 8, RT_MEMCPY_DEFAULT));
    ROW("rtKernelLaunchWithHandleV2", "more than 65535 blocks", 107000,
        rtKernelLaunchWithHandleV2(world.program, 0, 0x10000, &(rtArgsEx_t){.args = words, .argsSize = 16}, NULL, NULL,
                                   NULL));
    ROW("rtKernelLaunchWithHandleV2", "an address slot that ends past the arguments", 107000,
        rtKernelLaunchWithHandleV2(
            world.program, 0, 1,
            &(rtArgsEx_t){
                .args = words, .argsSize = 16, .hostInputInfoNum = 1, .hostInputInfoPtr = &(rtHostInputInfo_t){9, 0}},
            NULL, NULL, NULL));
    ROW("rtAicpuKernelLaunchExWithArgs", "kernel types FWK, AICPU and AICPU_CUSTOM", 207000,
        rtAicpuKernelLaunchExWithArgs(RT_KERNEL_TYPE_AICPU, "op", 1, &(rtAicpuArgsEx_t){.args = words, .argsSize = 16},
                                      NULL, NULL, 0));
    ROW("rtAicpuKernelLaunchExWithArgs", "kernelNameAddrOffset past the arguments", 107000,
        rtAicpuKernelLaunchExWithArgs(RT_KERNEL_TYPE_AICPU_KFC, "op", 1,
                                      &(rtAicpuArgsEx_t){.args = words, .argsSize = 16, .kernelNameAddrOffset = 16},
                                      NULL, NULL, 0));
    ROW("rtAicpuKernelLaunchExWithArgs", "soNameAddrOffset past the arguments", 107000,
        rtAicpuKernelLaunchExWithArgs(RT_KERNEL_TYPE_AICPU_KFC, "op", 1,
                                      &(rtAicpuArgsEx_t){.args = words, .argsSize = 16, .soNameAddrOffset = 16}, NULL,
                                      NULL, 0));
    ROW("rtsLaunchCpuKernel", "more than 65535 blocks", 107000,
        rtsLaunchCpuKernel(world.function, 0x10000, NULL, NULL, cpu_args));
    ROW("rtsLaunchCpuKernel", "names in the arguments", 207000,
        rtsLaunchCpuKernel(world.function, 1, NULL, NULL,
                           &(rtCpuKernelArgs_t){.baseArgs = {.args = words, .argsSize = 16, .soNameAddrOffset = 8}}));
    ROW("rtsBinaryLoadFromFile", "CPU_KERNEL_MODE 1, and the library is there", 207000,
        rtsBinaryLoadFromFile(FIXTURE_AICPU, &(rtLoadBinaryConfig_t){&(rtLoadBinaryOption_t){3, {1}}, 1}, &made));
    ROW("rtsBinaryLoadFromFile", "no options, and the file is there", 207000,
        rtsBinaryLoadFromFile(FIXTURE_AICPU, NULL, &made));
    ROW("aclrtCreateEventExWithFlag", "IPC", 207000, aclrtCreateEventExWithFlag(&made, ACL_EVENT_IPC));
}

#endif
