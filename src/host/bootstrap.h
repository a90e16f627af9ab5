/* Bringing the AICPU program onto the device (docs/reference/bootstrap.md): the dispatcher installs it once per process
 * and device, a JSON descriptor names its entries, the loader looks them up, the init entry answers with what only the
 * device side can tell. */
#ifndef HOST_BOOTSTRAP_H
#define HOST_BOOTSTRAP_H

#include "device.h"

/* Pre: streams and run memory are there, device->bundle is open. Fills binary, init, exec, unload, counter_hz
 * and info.aicpu_threads. What was taken when it fails is in the ledger and in *device, for device_take_down. */
npurt_status bootstrap_run(npurt_device *device);
/* Gives the binary back, and with it the functions. */
npurt_status bootstrap_undo(npurt_device *device);

/* Launches one of the three entries with `control` as its argument. */
npurt_status bootstrap_launch(npurt_device *device, rtFuncHandle entry, uint32_t blocks, uint64_t control);

#endif
