/* CANN's types, layouts and numbers, as far as npurt and its emulated card use them. Facts of the vendor's ABI, stable
 * from CANN 8.5.0 on; docs/reference/cann-abi.md says where each is published. x86-64 and AArch64 LP64 agree.
 */
#ifndef NPURT_CANN_H
#define NPURT_CANN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- scalars and handles ----------------------------------------------------------------------------------------- */

typedef int32_t rtError_t;
typedef int aclError;
typedef int drvError_t;
typedef int HcclResult;
typedef void *rtStream_t, *rtBinHandle, *rtFuncHandle;
typedef void *aclrtStream, *aclrtEvent, *aclrtContext, *aclrtDrvMemHandle, *HcclComm;
typedef void *rtSmDesc_t; /* a 272-byte struct that every call here ignores; only NULL is passed */

/* ---- rt: enums --------------------------------------------------------------------------------------------------- */

enum {
    RT_DEV_BINARY_MAGIC_ELF = 0x43554245,
    RT_DEV_BINARY_MAGIC_ELF_AICPU = 0x41415243,
    RT_DEV_BINARY_MAGIC_ELF_AIVEC = 0x41415246,
    RT_DEV_BINARY_MAGIC_ELF_AICUBE = 0x41494343,
};
enum { RT_LOAD_BINARY_OPT_LAZY_LOAD = 1, RT_LOAD_BINARY_OPT_MAGIC = 2, RT_LOAD_BINARY_OPT_CPU_KERNEL_MODE = 3 };
enum { RT_CPU_KERNEL_MODE_JSON = 0, RT_CPU_KERNEL_MODE_JSON_AND_SO = 1, RT_CPU_KERNEL_MODE_DATA = 2 };
enum {
    RT_LAUNCH_ATTR_SCHEM_MODE = 1, RT_LAUNCH_ATTR_LOCAL_MEMORY = 2, RT_LAUNCH_ATTR_ENGINE_TYPE = 3,
    RT_LAUNCH_ATTR_BLOCKDIM_OFFSET = 4, RT_LAUNCH_ATTR_BLOCK_TASK_PREFETCH = 5, RT_LAUNCH_ATTR_DATA_DUMP = 6,
    RT_LAUNCH_ATTR_TIMEOUT = 7, RT_LAUNCH_ATTR_TIMEOUT_US = 8, RT_LAUNCH_ATTR_ENABLE_PROFILING = 9,
    RT_LAUNCH_ATTR_MAX = 10,
};
enum { RT_SCHEM_MODE_NORMAL = 0, RT_SCHEM_MODE_BATCH = 1, RT_SCHEM_MODE_SYNC = 2, RT_SCHEM_MODE_END = 2 };
enum {
    RT_KERNEL_TYPE_CCE = 0, RT_KERNEL_TYPE_FWK = 1, RT_KERNEL_TYPE_AICPU = 2, RT_KERNEL_TYPE_AICPU_CUSTOM = 4,
    RT_KERNEL_TYPE_AICPU_KFC = 5, RT_KERNEL_TYPE_CUSTOM_KFC = 6, RT_KERNEL_TYPE_HWTS = 10, RT_KERNEL_TYPE_RESERVED = 99,
};
typedef enum {
    RT_MEMCPY_HOST_TO_HOST = 0, RT_MEMCPY_HOST_TO_DEVICE = 1, RT_MEMCPY_DEVICE_TO_HOST = 2,
    RT_MEMCPY_DEVICE_TO_DEVICE = 3, RT_MEMCPY_MANAGED = 4, RT_MEMCPY_ADDR_DEVICE_TO_DEVICE = 5,
    RT_MEMCPY_HOST_TO_DEVICE_EX = 6, RT_MEMCPY_DEVICE_TO_HOST_EX = 7, RT_MEMCPY_DEFAULT = 8, RT_MEMCPY_RESERVED = 9,
} rtMemcpyKind_t;
enum {
    RT_MEMORY_DEFAULT = 0, RT_MEMORY_HBM = 2, RT_MEMORY_RDMA_HBM = 3, RT_MEMORY_DDR = 4, RT_MEMORY_SPM = 8,
    RT_MEMORY_P2P_HBM = 0x10, RT_MEMORY_P2P_DDR = 0x11, RT_MEMORY_DDR_NC = 0x20, RT_MEMORY_TS = 0x40,
    RT_MEMORY_HOST = 0x81, RT_MEMORY_SVM = 0x90,
    RT_MEMORY_POLICY_HUGE_PAGE_FIRST = 0x400, RT_MEMORY_POLICY_HUGE_PAGE_ONLY = 0x800,
    RT_MEMORY_POLICY_DEFAULT_PAGE_ONLY = 0x1000,
};

/* ---- rt: structs ------------------------------------------------------------------------------------------------- */

typedef struct { uint32_t magic, version; const void *data; uint64_t length; } rtDevBinary_t;
typedef struct { uint32_t addrOffset, dataOffset; } rtHostInputInfo_t;
typedef struct {
    void *args;
    rtHostInputInfo_t *hostInputInfoPtr;
    uint32_t argsSize, tilingAddrOffset, tilingDataOffset;
    uint16_t hostInputInfoNum;
    uint8_t hasTiling, isNoNeedH2DCopy;
    uint8_t reserved[4];
} rtArgsEx_t;
typedef struct {
    void *args;
    rtHostInputInfo_t *hostInputInfoPtr, *kernelOffsetInfoPtr;
    uint32_t argsSize;
    uint16_t hostInputInfoNum, kernelOffsetInfoNum;
    uint32_t soNameAddrOffset, kernelNameAddrOffset;
    bool isNoNeedH2DCopy;
    uint16_t timeout;
    uint8_t reserved;
} rtAicpuArgsEx_t;
typedef struct { rtAicpuArgsEx_t baseArgs; size_t cpuParamHeadOffset; uint32_t rsv[4]; } rtCpuKernelArgs_t;
typedef struct {
    uint8_t qos, partId, schemMode;
    bool d2dCrossFlag;
    uint32_t blockDimOffset;
    uint8_t dumpflag, neverTimeout, enableProfiling, rev;
    uint32_t localMemorySize;
} rtTaskCfgInfo_t;
typedef struct {
    int32_t optionId;
    union { uint32_t isLazyLoad, magic; int32_t cpuKernelMode; uint32_t rsv[4]; } value;
} rtLoadBinaryOption_t;
typedef struct { rtLoadBinaryOption_t *options; size_t numOpt; } rtLoadBinaryConfig_t;
typedef struct {
    int32_t id;
    union {
        uint8_t schemMode; uint32_t dynUBufSize; int32_t engineType; uint32_t blockDimOffset;
        uint8_t isBlockTaskPrefetch, isDataDump; uint16_t timeout;
        struct { uint32_t low, high; } timeoutUs;
        uint8_t enableProfiling; uint32_t rsv[4];
    } value;
} rtLaunchKernelAttr_t;
typedef struct { rtLaunchKernelAttr_t *attrs; size_t numAttrs; } rtKernelLaunchCfg_t;

#define CANN_LAYOUT(type, bytes) _Static_assert(sizeof(type) == (bytes), #type)
#define CANN_FIELD(type, field, at) _Static_assert(offsetof(type, field) == (at), #type "." #field)
CANN_LAYOUT(rtDevBinary_t, 24);
CANN_FIELD(rtDevBinary_t, data, 8);
CANN_FIELD(rtDevBinary_t, length, 16);
CANN_LAYOUT(rtHostInputInfo_t, 8);
CANN_LAYOUT(rtArgsEx_t, 40);
CANN_FIELD(rtArgsEx_t, argsSize, 16);
CANN_FIELD(rtArgsEx_t, hostInputInfoNum, 28);
CANN_FIELD(rtArgsEx_t, hasTiling, 30);
CANN_FIELD(rtArgsEx_t, isNoNeedH2DCopy, 31);
CANN_LAYOUT(rtAicpuArgsEx_t, 48);
CANN_FIELD(rtAicpuArgsEx_t, argsSize, 24);
CANN_FIELD(rtAicpuArgsEx_t, soNameAddrOffset, 32);
CANN_FIELD(rtAicpuArgsEx_t, kernelNameAddrOffset, 36);
CANN_FIELD(rtAicpuArgsEx_t, isNoNeedH2DCopy, 40);
CANN_FIELD(rtAicpuArgsEx_t, timeout, 42);
CANN_LAYOUT(rtCpuKernelArgs_t, 72);
CANN_FIELD(rtCpuKernelArgs_t, cpuParamHeadOffset, 48);
CANN_LAYOUT(rtTaskCfgInfo_t, 16);
CANN_FIELD(rtTaskCfgInfo_t, schemMode, 2);
CANN_FIELD(rtTaskCfgInfo_t, blockDimOffset, 4);
CANN_FIELD(rtTaskCfgInfo_t, localMemorySize, 12);
CANN_LAYOUT(rtLoadBinaryOption_t, 20);
CANN_LAYOUT(rtLoadBinaryConfig_t, 16);
CANN_LAYOUT(rtLaunchKernelAttr_t, 20);
CANN_LAYOUT(rtKernelLaunchCfg_t, 16);

/* ---- acl --------------------------------------------------------------------------------------------------------- */

typedef enum {
    ACL_MEMCPY_HOST_TO_HOST = 0, ACL_MEMCPY_HOST_TO_DEVICE = 1, ACL_MEMCPY_DEVICE_TO_HOST = 2,
    ACL_MEMCPY_DEVICE_TO_DEVICE = 3, ACL_MEMCPY_DEFAULT = 4, ACL_MEMCPY_HOST_TO_BUF_TO_DEVICE = 5,
} aclrtMemcpyKind;
typedef enum {
    ACL_MEM_MALLOC_HUGE_FIRST = 0, ACL_MEM_MALLOC_HUGE_ONLY = 1, ACL_MEM_MALLOC_NORMAL_ONLY = 2,
    ACL_MEM_MALLOC_HUGE_FIRST_P2P = 3, ACL_MEM_MALLOC_HUGE_ONLY_P2P = 4, ACL_MEM_MALLOC_NORMAL_ONLY_P2P = 5,
    ACL_MEM_MALLOC_HUGE1G_ONLY = 6, ACL_MEM_MALLOC_HUGE1G_ONLY_P2P = 7,
    ACL_MEM_TYPE_LOW_BAND_WIDTH = 0x100, ACL_MEM_TYPE_HIGH_BAND_WIDTH = 0x1000,
} aclrtMemMallocPolicy;
typedef enum {
    ACL_DDR_MEM = 0, ACL_HBM_MEM = 1, ACL_DDR_MEM_HUGE = 2, ACL_DDR_MEM_NORMAL = 3, ACL_HBM_MEM_HUGE = 4,
    ACL_HBM_MEM_NORMAL = 5, ACL_HBM_MEM_HUGE1G = 10, ACL_MEM_NORMAL = 12, ACL_MEM_HUGE = 13, ACL_MEM_HUGE1G = 14,
    ACL_MEM_P2P_HUGE1G = 17,
} aclrtMemAttr;
typedef enum { ACL_RT_DEV_RES_CUBE_CORE = 0, ACL_RT_DEV_RES_VECTOR_CORE = 1 } aclrtDevResLimitType;
typedef enum { ACL_DEVICE = 0, ACL_HOST = 1 } aclrtRunMode;
typedef enum {
    ACL_DEV_ATTR_AICPU_CORE_NUM = 1, ACL_DEV_ATTR_AICORE_CORE_NUM = 101, ACL_DEV_ATTR_CUBE_CORE_NUM = 102,
    ACL_DEV_ATTR_VECTOR_CORE_NUM = 201, ACL_DEV_ATTR_TOTAL_GLOBAL_MEM_SIZE = 301, ACL_DEV_ATTR_L2_CACHE_SIZE = 302,
    ACL_DEV_ATTR_PHY_CHIP_ID = 402, ACL_DEV_ATTR_IS_VIRTUAL = 501,
} aclrtDevAttr;
typedef struct { uint32_t id; int32_t type; } aclrtMemLocation;
typedef struct {
    int32_t handleType, allocationType, memAttr;
    aclrtMemLocation location;
    uint64_t reserve;
} aclrtPhysicalMemProp;
typedef struct { int32_t flags; aclrtMemLocation location; uint8_t rsv[12]; } aclrtMemAccessDesc;
CANN_LAYOUT(aclrtMemLocation, 8);
CANN_LAYOUT(aclrtPhysicalMemProp, 32);
CANN_FIELD(aclrtPhysicalMemProp, location, 12);
CANN_FIELD(aclrtPhysicalMemProp, reserve, 24);
CANN_LAYOUT(aclrtMemAccessDesc, 24);
enum {
    ACL_EVENT_SYNC = 1, ACL_EVENT_CAPTURE_STREAM_PROGRESS = 2, ACL_EVENT_DDSYNC = 4, ACL_EVENT_TIME_LINE = 8,
    ACL_EVENT_DEVICE_USE_ONLY = 0x10, ACL_EVENT_EXTERNAL = 0x20, ACL_EVENT_IPC = 0x40,
};
enum { ACL_CONTINUE_ON_FAILURE = 0, ACL_STOP_ON_FAILURE = 1 };

/* ---- hal --------------------------------------------------------------------------------------------------------- */

struct AddrMapInPara { uint32_t addr_type, devid; };
struct AddrMapOutPara { uint64_t ptr, len; };
struct res_map_info { int32_t target_proc_type, res_type; uint32_t res_id, flag, rsv[1]; };
struct halCpuTopologyInfo {
    uint32_t total_nums;
    uint32_t pad;
    struct { uint64_t cpu_mask; uint8_t cpu_id, is_share, phy_cpu_id, hyperthread_id, pad[4]; } cpu[64];
};
CANN_LAYOUT(struct AddrMapInPara, 8);
CANN_LAYOUT(struct AddrMapOutPara, 16);
CANN_LAYOUT(struct res_map_info, 20);
CANN_LAYOUT(struct halCpuTopologyInfo, 1032);
enum { HAL_MEM_CTL_ADDR_MAP = 0 };
enum { HAL_MAP_L2_BUFF = 0, HAL_MAP_REG_C2C_CTRL = 1, HAL_MAP_REG_AIC_CTRL = 2, HAL_MAP_REG_AIC_PMU_CTRL = 3 };
enum { HAL_RES_AICORE = 0, HAL_RES_HSCB_AICORE = 1, HAL_RES_L2BUFF = 2, HAL_RES_C2C = 3, HAL_RES_DBG_ADDR = 0x10 };
enum { HAL_PROCESS_CP1 = 0, HAL_PROCESS_CP2 = 1 };
enum { HAL_MODULE_SYSTEM = 0, HAL_MODULE_AICPU = 1, HAL_MODULE_AICORE = 4, HAL_MODULE_VECTOR_CORE = 7 };
enum {
    HAL_INFO_CORE_NUM = 3, HAL_INFO_FREQUE = 4, HAL_INFO_OS_SCHED = 5, HAL_INFO_OCCUPY = 8, HAL_INFO_ID = 9,
    HAL_INFO_PF_CORE_NUM = 20, HAL_INFO_PF_OCCUPY = 21, HAL_INFO_DIE_NUM = 41, HAL_INFO_CPU_TOPO = 60,
};
enum {
    HAL_OK = 0, HAL_NO_DEVICE = 1, HAL_INVALID_DEVICE = 2, HAL_INVALID_VALUE = 3, HAL_INVALID_HANDLE = 4,
    HAL_OUT_OF_MEMORY = 6, HAL_INNER_ERR = 7, HAL_PARA_ERROR = 8, HAL_BUSY = 13, HAL_NO_RESOURCES = 14,
    HAL_WAIT_TIMEOUT = 16, HAL_SOCKET_CLOSE = 25, HAL_PROCESS_EXIT = 42, HAL_NO_PROCESS = 62, HAL_NOT_SUPPORT = 0xfffe,
};

/* ---- the codes that code of ours branches on; every code has its name and meaning in status.c -------------------- */

enum {
    ACL_SUCCESS = 0,
    ACL_ERROR_INVALID_PARAM = 100000,
    ACL_ERROR_UNINITIALIZE = 100001,
    ACL_ERROR_REPEAT_INITIALIZE = 100002,
    ACL_ERROR_INVALID_FILE = 100003,
    ACL_ERROR_REPEAT_FINALIZE = 100037,
    ACL_ERROR_RT_PARAM_INVALID = 107000,
    ACL_ERROR_RT_INVALID_DEVICEID = 107001,
    ACL_ERROR_RT_CONTEXT_NULL = 107002,
    ACL_ERROR_RT_STREAM_CONTEXT = 107003,
    ACL_ERROR_RT_INVALID_HANDLE = 107017,
    ACL_ERROR_RT_DEVICE_TASK_ABORT = 107022,
    ACL_ERROR_RT_STREAM_ABORT = 107023,
    ACL_ERROR_RT_FEATURE_NOT_SUPPORT = 207000,
    ACL_ERROR_RT_MEMORY_ALLOCATION = 207001,
    ACL_ERROR_RT_NO_STREAM_RESOURCE = 207008,
    ACL_ERROR_RT_INTERNAL_ERROR = 507000,
    ACL_ERROR_RT_TS_ERROR = 507001,
    ACL_ERROR_RT_STREAM_NOT_COMPLETE = 507004,
    ACL_ERROR_RT_CONTEXT_RELEASE_ERROR = 507007,
    ACL_ERROR_RT_AICORE_TIMEOUT = 507014,
    ACL_ERROR_RT_AICORE_EXCEPTION = 507015,
    ACL_ERROR_RT_AICPU_TIMEOUT = 507017,
    ACL_ERROR_RT_AICPU_EXCEPTION = 507018,
    ACL_ERROR_RT_DEV_SETUP_ERROR = 507033,
    ACL_ERROR_RT_STREAM_SYNC_TIMEOUT = 507046,
    ACL_ERROR_RT_DRV_INTERNAL_ERROR = 507899,
    ACL_ERROR_RT_SOCKET_CLOSE = 507901,
};

#endif
