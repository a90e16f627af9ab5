/* Entry points of the vendor's that programs of this kind name but that are not emulated: each answers its family's
 * "not supported", keeps a sentence for aclGetRecentErrMsg, and says its name on stderr once.
 *
 * They take whatever arguments they are given: none is looked at.
 */
#include "entries.h"
#include "message.h"

#include <stdatomic.h>

enum { HCCL_E_NOT_SUPPORT = 5 };

/* clang-format off */
#define UNSUPPORTED_RT(X)                                                                                              \
    X(rtsBinaryLoadFromData) X(rtGetC2cCtrlAddr) X(rtsGetInterCoreSyncAddr) X(rtStreamGetSqid) X(rtStreamGetCqid)      \
    X(rtGetDeviceInfo) X(aclrtDeviceEnablePeerAccess) X(aclrtDevicePeerAccessStatus)                                   \
    X(aclrtReserveMemAddress) X(aclrtReleaseMemAddress) X(aclrtMallocPhysical) X(aclrtFreePhysical)                    \
    X(aclrtMapMem) X(aclrtUnmapMem) X(aclrtMemSetAccess) X(aclrtMemGetAllocationGranularity)                           \
    X(aclrtMemExportToShareableHandle) X(aclrtMemImportFromShareableHandle)                                            \
    X(aclrtMemExportToShareableHandleV2) X(aclrtMemImportFromShareableHandleV2)                                        \
    X(aclrtIpcMemGetExportKey) X(aclrtIpcMemSetImportPid) X(aclrtIpcMemImportByKey)
/* clang-format on */
#define UNSUPPORTED_HAL(X)  X(halHostRegister) X(halHostUnregister) X(halMemAlloc) X(halMemFree)
#define UNSUPPORTED_HCCL(X) X(HcclGetRootInfo) X(HcclCommInitRootInfo) X(HcclBarrier) X(HcclCommDestroy)

static int32_t unsupported(const char *name, _Atomic bool *said, int32_t code)
{
    if (!atomic_exchange(said, true)) message_log("%s is not emulated", name);
    return message_fail(code, "%s is not emulated", name);
}

#define UNSUPPORTED_DEFINE(name, code)                                                                                 \
    ENTRY int32_t name(void);                                                                                          \
    int32_t name(void)                                                                                                 \
    {                                                                                                                  \
        static _Atomic bool said;                                                                                      \
        return unsupported(#name, &said, code);                                                                        \
    }
#define DEFINE_RT(name)   UNSUPPORTED_DEFINE(name, ACL_ERROR_RT_FEATURE_NOT_SUPPORT)
#define DEFINE_HAL(name)  UNSUPPORTED_DEFINE(name, HAL_NOT_SUPPORT)
#define DEFINE_HCCL(name) UNSUPPORTED_DEFINE(name, HCCL_E_NOT_SUPPORT)
UNSUPPORTED_RT(DEFINE_RT)
UNSUPPORTED_HAL(DEFINE_HAL)
UNSUPPORTED_HCCL(DEFINE_HCCL)
