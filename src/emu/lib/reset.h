/* What other files do when a device is opened or let go. All under the device's lock. */
#ifndef NPUEMU_RESET_H
#define NPUEMU_RESET_H

#include "device.h"

/* device.c: makes this device's context the thread's. */
void device_bind(struct device *device);

/* program.c: forgets the copies and functions of a device whose HBM is gone. */
void program_forget_device(struct device *device);

/* timeout.c: tells a new device process the process-wide op-execute timeout. */
int32_t timeout_announce(struct device *device);
/* That timeout, us. */
uint64_t timeout_in_force(void);

#endif
