/* The driver as npurt sees it: a table of CANN entry points, with the vendor's names and signatures.
 *
 * Two providers fill it. "cann" loads the vendor's libraries by name, as the dynamic linker finds them; "emu" loads
 * libnpuemu, which exports the same entry points. Above this line nothing knows which one it is.
 *
 * Life: driver_open (loads, resolves every entry, names the first that is missing) → entries are called from any
 * thread → driver_close. One provider is loaded at most once per process; driver_open counts references.
 */
#ifndef NPURT_DRIVER_H
#define NPURT_DRIVER_H

#include "cann.h"
#include "card_log.h"
#include <npurt/status.h>

/* Every required entry point: name, return type, parameters. The names are the ABI. */
#define DRIVER_ENTRIES(X)                                                                                              \
    X(rtSetDevice, rtError_t, (int32_t device))                                                                        \
    X(rtDeviceReset, rtError_t, (int32_t device))                                                                      \
    X(rtMalloc, rtError_t, (void **address, uint64_t size, uint32_t type, uint16_t module))                            \
    X(rtFree, rtError_t, (void *address))                                                                              \
    X(rtMemcpy, rtError_t, (void *to, uint64_t to_max, const void *from, uint64_t size, rtMemcpyKind_t kind))          \
    X(rtStreamCreate, rtError_t, (rtStream_t *stream, int32_t priority))                                               \
    X(rtStreamDestroy, rtError_t, (rtStream_t stream))                                                                 \
    X(rtStreamQuery, rtError_t, (rtStream_t stream))                                                                   \
    X(rtStreamSynchronizeWithTimeout, rtError_t, (rtStream_t stream, int32_t timeout_ms))                              \
    X(rtRegisterAllKernel, rtError_t, (const rtDevBinary_t *binary, void **handle))                                    \
    X(rtDevBinaryUnRegister, rtError_t, (void *handle))                                                                \
    X(rtKernelLaunchWithHandleV2, rtError_t,                                                                           \
      (void *handle, uint64_t tiling_key, uint32_t blocks, rtArgsEx_t *args, rtSmDesc_t *sm, rtStream_t stream,        \
       const rtTaskCfgInfo_t *config))                                                                                 \
    X(rtAicpuKernelLaunchExWithArgs, rtError_t,                                                                        \
      (uint32_t kernel_type, const char *op_name, uint32_t blocks, const rtAicpuArgsEx_t *args, rtSmDesc_t *sm,        \
       rtStream_t stream, uint32_t flags))                                                                             \
    X(rtsBinaryLoadFromFile, rtError_t, (const char *path, const rtLoadBinaryConfig_t *config, rtBinHandle *handle))   \
    X(rtsBinaryUnload, rtError_t, (rtBinHandle handle))                                                                \
    X(rtsFuncGetByName, rtError_t, (rtBinHandle handle, const char *name, rtFuncHandle *function))                     \
    X(rtsLaunchCpuKernel, rtError_t,                                                                                   \
      (rtFuncHandle function, uint32_t blocks, rtStream_t stream, const rtKernelLaunchCfg_t *config,                   \
       rtCpuKernelArgs_t *args))                                                                                       \
    X(rtGetAiCpuCount, rtError_t, (uint32_t *count))                                                                   \
    X(aclrtGetSocName, const char *, (void))                                                                           \
    X(aclGetRecentErrMsg, const char *, (void))                                                                        \
    X(aclrtGetDevice, aclError, (int32_t *device))                                                                     \
    X(aclrtGetDeviceCount, aclError, (uint32_t *count))                                                                \
    X(aclrtGetMemInfo, aclError, (aclrtMemAttr attr, size_t *free_bytes, size_t *total_bytes))                         \
    X(aclrtMemset, aclError, (void *to, size_t to_max, int32_t value, size_t size))                                    \
    X(aclrtGetStreamResLimit, aclError, (aclrtStream stream, aclrtDevResLimitType type, uint32_t *value))              \
    X(aclrtSetOpExecuteTimeOutV2, aclError, (uint64_t timeout_us, uint64_t *actual_us))                                \
    X(aclrtSynchronizeDeviceWithTimeout, aclError, (int32_t timeout_ms))                                               \
    X(aclrtResetDeviceForce, aclError, (int32_t device))                                                               \
    X(halMemCtl, drvError_t, (int type, void *in, size_t in_size, void *out, size_t *out_size))                        \
    X(halResMap, drvError_t,                                                                                           \
      (unsigned int device, struct res_map_info *info, unsigned long *address, unsigned int *size))                    \
    X(halGetDeviceInfoByBuff, drvError_t,                                                                              \
      (uint32_t device, int32_t module, int32_t info, void *buffer, int32_t *size))

/* What only the emulated card has; NULL with any other driver. */
#define DRIVER_EXTENSIONS(X)                                                                                           \
    X(npuemu_device_add, int, (const char *machine, int32_t *device))                                                  \
    X(npuemu_trace_hash, int, (int32_t device, uint64_t *hash))                                                        \
    X(npuemu_last_problem, const char *, (void))                                                                       \
    X(npuemu_log_route, void, (card_log_sink sink, uint32_t least))                                                    \
    X(npuemu_log_drain, void, (void))

struct driver {
#define DRIVER_FIELD(name, result, parameters) result(*name) parameters;
    DRIVER_ENTRIES(DRIVER_FIELD)
    DRIVER_EXTENSIONS(DRIVER_FIELD)
#undef DRIVER_FIELD
    const char *provider; /* "cann" or "emu" */
    const char *platform; /* folder of device programs: "emu" when npuemu_device_add is there, else "silicon" */
    /* private to driver.c */
    void *library[8]; /* by enum driver_library of load.h */
    uint32_t library_count;
    uint32_t references;
};

/* Opens a provider: "cann" or "emu". MISSING_LIBRARY: driver_problem names the library or entry, and where it was
 * looked for. Thread-safe. */
npurt_status driver_open(const char *provider, struct driver **out);
/* NULL is legal. The last close forgets the table; the libraries stay mapped, because the vendor's start threads and
 * register exit handlers. */
void driver_close(struct driver *driver);

/* Why the calling thread's last driver_open failed, in one sentence; "" when none has. Valid until its next failure. */
const char *driver_problem(void);

/* Name and one-line meaning of a code of the rt/acl family, of a hal code, and of an HcclResult; "unknown" for a code
 * that is in none of the tables. Never NULL. */
const char *driver_status_name(int32_t code);
const char *driver_status_meaning(int32_t code);
const char *driver_hal_name(int32_t code);
const char *driver_hal_meaning(int32_t code);
const char *driver_hccl_name(int32_t code);

#endif
