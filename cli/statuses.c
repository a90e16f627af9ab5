/* One row per line whatever its length: the table is read by column. docs/reference/errors.md says more. */
#include "statuses.h"

#include <npurt/status.h>

// clang-format off
static const struct status_entry entry[] = {
    {NPURT_OK, "NPURT_OK", "success"},
    {NPURT_ERROR_INVALID_ARGUMENT, "NPURT_ERROR_INVALID_ARGUMENT", "an argument is wrong; the message names it"},
    {NPURT_ERROR_NO_TARGET, "NPURT_ERROR_NO_TARGET", "the target string names nothing that can be opened; npurt devices lists what can"},
    {NPURT_ERROR_MISSING_LIBRARY, "NPURT_ERROR_MISSING_LIBRARY", "a driver library or an entry in it was not found; look at LD_LIBRARY_PATH and the CANN release"},
    {NPURT_ERROR_MISSING_BINARY, "NPURT_ERROR_MISSING_BINARY", "a device program, kernel, orchestration or bundle was not found; the message names the folders searched"},
    {NPURT_ERROR_BAD_BINARY, "NPURT_ERROR_BAD_BINARY", "a file is not what it should be: no ELF, no entry, another version; look at how it was built"},
    {NPURT_ERROR_OUT_OF_DEVICE_MEMORY, "NPURT_ERROR_OUT_OF_DEVICE_MEMORY", "HBM does not suffice; npurt_device_report says who holds it"},
    {NPURT_ERROR_OUT_OF_HOST_MEMORY, "NPURT_ERROR_OUT_OF_HOST_MEMORY", "host memory does not suffice"},
    {NPURT_ERROR_LIMIT, "NPURT_ERROR_LIMIT", "a documented limit was met: tasks, callables, arguments, kernel ids"},
    {NPURT_ERROR_GRAPH, "NPURT_ERROR_GRAPH", "a submission was refused; the message names task and argument: look at the orchestration"},
    {NPURT_ERROR_ORCHESTRATION, "NPURT_ERROR_ORCHESTRATION", "the orchestration returned a number of its own, which only its author knows"},
    {NPURT_ERROR_KERNEL_FAULT, "NPURT_ERROR_KERNEL_FAULT", "a kernel faulted on a core, most often at an address outside its tensors (docs/guide/debugging-kernels.md)"},
    {NPURT_ERROR_KERNEL_TIMEOUT, "NPURT_ERROR_KERNEL_TIMEOUT", "a kernel did not end within scheduler_timeout_ms: an endless loop, or a limit too low"},
    {NPURT_ERROR_AICPU_FAULT, "NPURT_ERROR_AICPU_FAULT", "the AICPU program faulted or refused; look at the device log (NPUEMU_LOG=info on the emulated card)"},
    {NPURT_ERROR_STALLED, "NPURT_ERROR_STALLED", "nothing can move and no kernel is running, or the orchestration did not return within its limit; without an orchestration in the message report it"},
    {NPURT_ERROR_POISONED, "NPURT_ERROR_POISONED", "the device failed before and was not reset; the message repeats the first cause; npurt_device_reset"},
    {NPURT_ERROR_LOST, "NPURT_ERROR_LOST", "the device-side process is gone; npurt_device_reset, and when that fails too the host process must end"},
    {NPURT_ERROR_DRIVER, "NPURT_ERROR_DRIVER", "a driver call failed in a way that no other status names; explain the driver's code in the record"},
    {NPURT_ERROR_FORKED, "NPURT_ERROR_FORKED", "the handle was made, or the driver first used, before a fork, in the parent; exec in the child, then open there"},
    {NPURT_ERROR_BUSY, "NPURT_ERROR_BUSY", "two runs are in flight, the memory is in use by one, or the call came from inside the orchestration of a call on the same device"},
    {NPURT_ERROR_UNSUPPORTED, "NPURT_ERROR_UNSUPPORTED", "this target does not have it"},
    {NPURT_ERROR_LEAK, "NPURT_ERROR_LEAK", "closing found something of the caller's; the message names it, and it was released all the same"},
    {NPURT_ERROR_IO, "NPURT_ERROR_IO", "a host file could not be read or written"},
    {NPURT_ERROR_CANCELLED, "NPURT_ERROR_CANCELLED", "the run was cancelled (npurt_cancel), or its device reset while it was in flight"},
};
// clang-format on

const struct status_table statuses_npurt = {entry, sizeof entry / sizeof *entry};
