/* What a device's close finds of the caller's. */
#ifndef HOST_LEAK_H
#define HOST_LEAK_H

#include <npurt/device.h>

/* LEAK when the caller still has memory, callables or runs of the device: the message names them, each kind with its
 * number. */
npurt_status leak_report(npurt_device *device);

#endif
