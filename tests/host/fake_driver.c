#include "fake_driver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "npurt/callable.h"
#include "protocol/image.h"

struct fake fake;

enum { MAX_BLOCKS = 4096 };
#define ARENA (UINT64_C(1) << 32)
static char *arena;
static size_t arena_used;
static struct {
    char *at;
    uint64_t size;
} block[MAX_BLOCKS];
static uint32_t block_count;
static uint64_t next_handle;
static uint32_t streams_made;
static uint64_t control; /* of the last core launch */

void fake_reset(void)
{
    fake = (struct fake){.memory = UINT64_C(1) << 30, .soc = "Ascend950PR_9599"};
    if (!arena) arena = mmap(NULL, ARENA, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    arena_used = 0;
    block_count = 0;
    next_handle = 0x1000;
    streams_made = 0;
}

/* A device makes its AICore stream first, then its AICPU stream; bit 3 of the handle tells them apart. */
static bool is_core(rtStream_t stream)
{
    return stream && !((uintptr_t)stream & 8);
}
static bool is_cpu(rtStream_t stream)
{
    return (uintptr_t)stream & 8;
}

static bool fails(const char *name)
{
    if (++fake.calls != fake.fail_at) return false;
    fake.failed = name;
    return true;
}
static void *handle(void)
{
    return (void *)(uintptr_t)(next_handle += 16);
}

#define FAIL_WITH(code)                                                                                                \
    if (fails(__func__)) return code

static _Thread_local int32_t current = -1;

static aclError aclrtGetDevice(int32_t *device)
{
    *device = current;
    return current < 0 ? 107002 : 0;
}
static rtError_t rtSetDevice(int32_t device)
{
    FAIL_WITH(507033);
    fake.set_devices++;
    if (device > 3) return 107001;
    current = device;
    fake.retained++;
    return 0;
}
static rtError_t rtDeviceReset(int32_t device)
{
    (void)device;
    const bool failed = fails(__func__);
    if (!fake.retained) return 507007;
    fake.retained--;
    return failed ? 507000 : 0;
}
static rtError_t rtMalloc(void **address, uint64_t size, uint32_t type, uint16_t module)
{
    (void)type;
    (void)module;
    FAIL_WITH(207001);
    if (fake.bytes + size > fake.memory || arena_used + size + 1024 > ARENA || block_count == MAX_BLOCKS) return 207001;
    arena_used = (arena_used + 511) & ~(size_t)511;
    *address = arena + arena_used;
    block[block_count].at = *address;
    block[block_count++].size = size;
    arena_used += size;
    fake.bytes += size;
    fake.blocks++;
    return 0;
}
static rtError_t rtFree(void *address)
{
    const bool failed = fails(__func__);
    if (fake.keep_blocks) return 507899;
    for (uint32_t i = 0; i < block_count; i++) {
        if (block[i].at != address) continue;
        fake.blocks--;
        fake.bytes -= block[i].size;
        block[i] = block[--block_count];
        return failed ? 507899 : 0;
    }
    return 107000;
}
static bool on_device(const void *p, uint64_t size)
{
    for (uint32_t i = 0; i < block_count; i++)
        if ((const char *)p >= block[i].at && (const char *)p + size <= block[i].at + block[i].size) return true;
    return false;
}
static rtError_t rtMemcpy(void *to, uint64_t to_max, const void *from, uint64_t size, rtMemcpyKind_t kind)
{
    FAIL_WITH(507899);
    if (size == 0 || size > to_max) return 107000;
    if (!on_device(kind == RT_MEMCPY_HOST_TO_DEVICE ? to : from, size)) return 107000;
    memcpy(to, from, size);
    if (control && kind == RT_MEMCPY_HOST_TO_DEVICE) {
        const struct run_control *c = (const void *)(uintptr_t)control;
        const struct run_command *command = (const void *)(uintptr_t)c->command;
        if ((uint64_t)(uintptr_t)to == c->command && command->abort) fake.aborts++;
    }
    return 0;
}
static rtError_t rtStreamCreate(rtStream_t *stream, int32_t priority)
{
    (void)priority;
    FAIL_WITH(507899);
    *stream = (char *)handle() + 8 * (streams_made++ % 2);
    fake.streams++;
    return 0;
}
static rtError_t rtStreamDestroy(rtStream_t stream)
{
    (void)stream;
    const bool failed = fails(__func__);
    fake.streams--;
    return failed ? 507000 : 0;
}
static rtError_t rtStreamQuery(rtStream_t stream)
{
    FAIL_WITH(507000);
    return (is_core(stream) ? fake.core_sync : fake.cpu_sync) == 507046 ? 507004 : 0;
}
static rtError_t rtStreamSynchronizeWithTimeout(rtStream_t stream, int32_t timeout_ms)
{
    FAIL_WITH(507000);
    if (timeout_ms == 0 || timeout_ms < -1) return 107000;
    return is_core(stream) ? fake.core_sync : fake.cpu_sync;
}
static rtError_t rtRegisterAllKernel(const rtDevBinary_t *binary, void **out)
{
    FAIL_WITH(507032);
    if (binary->magic != RT_DEV_BINARY_MAGIC_ELF) return 107000;
    *out = handle();
    fake.registrations++;
    fake.registers++;
    return 0;
}
static rtError_t rtDevBinaryUnRegister(void *h)
{
    (void)h;
    const bool failed = fails(__func__);
    fake.registrations--;
    return failed ? 507000 : 0;
}
static rtError_t rtKernelLaunchWithHandleV2(void *h, uint64_t key, uint32_t blocks, rtArgsEx_t *args, rtSmDesc_t *sm,
                                            rtStream_t stream, const rtTaskCfgInfo_t *config)
{
    FAIL_WITH(207001);
    if (!h || key || sm || !is_core(stream) || args->argsSize != 8 || config->schemMode != 1) return 107000;
    memcpy(&control, args->args, 8);
    fake.last_blocks = blocks;
    return 0;
}
static rtError_t rtAicpuKernelLaunchExWithArgs(uint32_t type, const char *op, uint32_t blocks,
                                               const rtAicpuArgsEx_t *args, rtSmDesc_t *sm, rtStream_t stream,
                                               uint32_t flags)
{
    (void)sm;
    (void)stream;
    FAIL_WITH(207000);
    if (type != 5 || !op || blocks != 1 || args->argsSize != 304 || args->kernelNameAddrOffset != 208 ||
        args->soNameAddrOffset != 240 || flags)
        return 107000;
    uint64_t device_args;
    memcpy(&device_args, (const char *)args->args + 40, 8);
    if (!on_device((void *)(uintptr_t)device_args, 160)) return 107000;
    if (strcmp((const char *)args->args + 208, "DynTileFwkKernelServerInit") != 0) return 107000;
    fake.installs++;
    return 0;
}
static rtError_t rtsBinaryLoadFromFile(const char *path, const rtLoadBinaryConfig_t *config, rtBinHandle *out)
{
    FAIL_WITH(107000);
    FILE *f = fopen(path, "r");
    if (!f || config->numOpt != 1 || config->options[0].optionId != 3 || config->options[0].value.cpuKernelMode != 0)
        return 107000;
    fclose(f);
    *out = handle();
    fake.binaries++;
    return 0;
}
static rtError_t rtsBinaryUnload(rtBinHandle h)
{
    (void)h;
    const bool failed = fails(__func__);
    fake.binaries--;
    return failed ? 507000 : 0;
}
static rtError_t rtsFuncGetByName(rtBinHandle h, const char *name, rtFuncHandle *out)
{
    FAIL_WITH(107000);
    if (!h) return 107000;
    if (strncmp(name, "npurt_aicpu_init_", 17) == 0)
        *out = (void *)1;
    else if (strncmp(name, "npurt_aicpu_exec_", 17) == 0)
        *out = (void *)2;
    else if (strncmp(name, "npurt_aicpu_unload_", 19) == 0)
        *out = (void *)3;
    else
        return 107000;
    return 0;
}
/* The orchestrator: whatever it is told of must be on the device. False: some of it is not. */
static bool orchestrate(const struct run_control *c)
{
    const struct stream_control *s = (const void *)(uintptr_t)c->stream;
    struct stream_result *r = (void *)(uintptr_t)s->result;
    const uint64_t args = s->tensor_count * sizeof(npurt_tensor) + s->scalar_count * sizeof(uint64_t);
    bool good = on_device(s, sizeof *s) && on_device(r, sizeof *r) && c->image == 0 && s->version == STREAM_VERSION &&
                s->engine_key != 0 && stream_layout_of(s).size <= s->engine_size &&
                on_device((void *)(uintptr_t)s->engine, s->engine_size) &&
                on_device((void *)(uintptr_t)s->orchestration, s->orchestration_size) &&
                (args == 0 || on_device((void *)(uintptr_t)s->args, args));
    for (uint32_t i = 0; good && i < STREAM_RINGS; i++)
        good = s->ring[i].heap % STREAM_HEAP_UNIT == 0 &&
               on_device((void *)(uintptr_t)s->ring[i].heap, s->ring[i].heap_size);
    if (!good) return false;
    fake.last_stream = *s;
    fake.streams_seen++;
    if (fake.silent) return true;
    *r = fake.stream;
    r->done = c->run_number;
    return true;
}

static bool run(uint64_t at)
{
    const struct run_control *c = (const void *)(uintptr_t)at;
    struct run_result *r = (void *)(uintptr_t)c->result;
    const struct image_header *image = (const void *)(uintptr_t)c->image;
    if (fake.ignore_exec) return true;
    if (c->stream && !orchestrate(c)) return false;
    *r = (struct run_result){.code = fake.run_code,
                             .tasks_completed = c->stream ? (uint32_t)fake.stream.tasks : image->task_count,
                             .start_ticks = 100,
                             .end_ticks = 1100,
                             .suspect_count = fake.suspects};
    for (uint32_t i = 0; i < fake.suspects && i < RUN_MAX_SUSPECTS; i++)
        r->suspect[i] = (struct run_suspect){.task = 3 + i,
                                             .physical_core = 7 + 2 * (int32_t)i,
                                             .acknowledged = 1,
                                             .kernel = (int32_t)(i % 3),
                                             .core_type = NPURT_CORE_AIV};
    r->done = c->run_number;
    return true;
}
static rtError_t rtsLaunchCpuKernel(rtFuncHandle f, uint32_t blocks, rtStream_t stream,
                                    const rtKernelLaunchCfg_t *config, rtCpuKernelArgs_t *args)
{
    FAIL_WITH(507000);
    struct aicpu_args a;
    if (!is_cpu(stream) || config || args->baseArgs.argsSize != sizeof a || args->cpuParamHeadOffset) return 107000;
    memcpy(&a, args->baseArgs.args, sizeof a);
    if (f == (void *)1) {
        struct device_report *report = (void *)(uintptr_t)a.control;
        *report = (struct device_report){.protocol_version = fake.protocol ? fake.protocol : PROTOCOL_VERSION,
                                         .aicpu_threads = 6,
                                         .counter_hz = 1000000000,
                                         .ready = 1};
    } else if (f == (void *)3) {
        const struct stream_unload *u = (const void *)(uintptr_t)a.control;
        if (!on_device(u, sizeof *u) || u->version != STREAM_VERSION || blocks != 1) return 107000;
        fake.unloads++;
        fake.last_unload = u->callable;
    } else {
        fake.last_threads = blocks;
        if (!run(a.control)) return 107000;
    }
    return 0;
}
static rtError_t rtGetAiCpuCount(uint32_t *count)
{
    FAIL_WITH(507000);
    *count = 6;
    return 0;
}
static const char *aclrtGetSocName(void)
{
    return fails(__func__) ? NULL : fake.soc;
}
static const char *aclGetRecentErrMsg(void)
{
    return fake.said ? fake.said : "";
}
static aclError aclrtGetDeviceCount(uint32_t *count)
{
    *count = 4;
    return 0;
}
static aclError aclrtGetMemInfo(aclrtMemAttr attr, size_t *left, size_t *total)
{
    (void)attr;
    FAIL_WITH(507899);
    *total = fake.memory;
    *left = fake.memory - fake.bytes;
    return 0;
}
static aclError aclrtMemset(void *to, size_t to_max, int32_t value, size_t size)
{
    FAIL_WITH(507899);
    if (size > to_max || !on_device(to, size)) return 107000;
    memset(to, value, size);
    return 0;
}
static aclError aclrtGetStreamResLimit(aclrtStream stream, aclrtDevResLimitType type, uint32_t *value)
{
    (void)stream;
    (void)type;
    FAIL_WITH(507000);
    *value = strncmp(fake.soc, "Ascend950", 9) == 0 ? 36 : 24;
    return 0;
}
static aclError aclrtSetOpExecuteTimeOutV2(uint64_t us, uint64_t *actual)
{
    FAIL_WITH(507000);
    *actual = us;
    return 0;
}
static aclError aclrtSynchronizeDeviceWithTimeout(int32_t ms)
{
    (void)ms;
    FAIL_WITH(507000);
    return 0;
}
static aclError aclrtResetDeviceForce(int32_t device)
{
    (void)device;
    const bool failed = fails(__func__);
    if (!fake.retained) return 507007;
    fake.force_resets++;
    fake.blocks = fake.streams = fake.registrations = fake.binaries = fake.retained = 0;
    fake.bytes = 0;
    block_count = 0;
    streams_made = 0;
    return failed ? 507899 : 0;
}
static drvError_t halMemCtl(int type, void *in, size_t in_size, void *out, size_t *out_size)
{
    (void)in_size;
    (void)out_size;
    FAIL_WITH(13);
    const struct AddrMapInPara *want = in;
    if (type || want->addr_type != 2) return 0xfffe;
    *(struct AddrMapOutPara *)out = (struct AddrMapOutPara){.ptr = 0x100000000000, .len = 25 * 0x800000};
    return 0;
}
static drvError_t halResMap(unsigned int device, struct res_map_info *info, unsigned long *address, unsigned int *size)
{
    (void)device;
    FAIL_WITH(7);
    if (*size != 0x300000 || info->res_id >= 36) return 3;
    *address = 0x100000000000 + info->res_id * 0x300000ul;
    return 0;
}
static drvError_t halGetDeviceInfoByBuff(uint32_t device, int32_t module, int32_t info, void *buffer, int32_t *size)
{
    (void)device;
    FAIL_WITH(7);
    if (module != 4 || info != 8 || *size < 16) return 3;
    ((uint64_t *)buffer)[0] = 0x1ffffff & ~(1u << 7);
    ((uint64_t *)buffer)[1] = 0;
    return 0;
}

struct driver *fake_driver(void)
{
    static struct driver table = {
#define FAKE_ENTRY(name, result, parameters) .name = name,
        DRIVER_ENTRIES(FAKE_ENTRY)
#undef FAKE_ENTRY
            .provider = "fake",
        .platform = "emu",
    };
    return &table;
}
