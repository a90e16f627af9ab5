/* What libnpuemu exports: the entry points of src/driver/driver.h with their types, and the ones that only programs
 * written for CANN call. docs/reference/cann-abi.md says what each does on silicon.
 */
#ifndef NPUEMU_ENTRIES_H
#define NPUEMU_ENTRIES_H

#include "driver/driver.h"

#define ENTRY __attribute__((visibility("default")))

#define ENTRY_DECLARE(name, result, parameters) ENTRY result name parameters;
DRIVER_ENTRIES(ENTRY_DECLARE)
DRIVER_EXTENSIONS(ENTRY_DECLARE)
#undef ENTRY_DECLARE

ENTRY rtError_t rtDeviceResetForce(int32_t device);
ENTRY rtError_t rtStreamDestroyForce(rtStream_t stream);
ENTRY rtError_t rtStreamSynchronize(rtStream_t stream);

ENTRY aclError aclInit(const char *config);
ENTRY aclError aclFinalize(void);
ENTRY aclError aclFinalizeReference(uint64_t *count);
ENTRY aclError aclrtSetDevice(int32_t device);
ENTRY aclError aclrtResetDevice(int32_t device);
ENTRY aclError aclrtGetDevice(int32_t *device);
ENTRY aclError aclrtGetRunMode(aclrtRunMode *mode);
ENTRY aclError aclrtGetDeviceInfo(uint32_t device, aclrtDevAttr attr, int64_t *value);
ENTRY aclError aclrtMalloc(void **address, size_t size, aclrtMemMallocPolicy policy);
ENTRY aclError aclrtFree(void *address);
ENTRY aclError aclrtMemcpy(void *to, size_t to_max, const void *from, size_t size, aclrtMemcpyKind kind);
ENTRY aclError aclrtCreateStream(aclrtStream *stream);
ENTRY aclError aclrtDestroyStream(aclrtStream stream);
ENTRY aclError aclrtStreamQuery(aclrtStream stream, int *status);
ENTRY aclError aclrtSynchronizeStream(aclrtStream stream);
ENTRY aclError aclrtSynchronizeStreamWithTimeout(aclrtStream stream, int32_t timeout_ms);
ENTRY aclError aclrtSetStreamFailureMode(aclrtStream stream, uint64_t mode);
ENTRY aclError aclrtGetOpTimeOutInterval(uint64_t *interval_us);
ENTRY aclError aclrtCreateEventExWithFlag(aclrtEvent *event, uint32_t flag);
ENTRY aclError aclrtRecordEvent(aclrtEvent event, aclrtStream stream);
ENTRY aclError aclrtStreamWaitEvent(aclrtStream stream, aclrtEvent event);
ENTRY aclError aclrtSynchronizeEvent(aclrtEvent event);
ENTRY aclError aclrtEventGetTimestamp(aclrtEvent event, uint64_t *time_us);
ENTRY aclError aclrtDestroyEvent(aclrtEvent event);
ENTRY aclError aclsysGetVersionNum(char *package, int32_t *number);

ENTRY drvError_t halGetDeviceInfo(uint32_t device, int32_t module, int32_t info, int64_t *value);
ENTRY int dsmi_get_device_info(unsigned device, int main_command, unsigned sub_command, void *buffer, unsigned *size);

ENTRY int32_t dlog_setlevel(int32_t module, int32_t level, int32_t enable_event);
ENTRY int32_t dlog_getlevel(int32_t module, int32_t *enable_event);
ENTRY int32_t CheckLogLevel(int32_t module, int32_t level);
__attribute__((format(printf, 3, 4))) ENTRY void DlogRecord(int32_t module, int32_t level, const char *format, ...);

#endif
