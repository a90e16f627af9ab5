/* The AICore program on the device. Registered at the first launch and kept: each registration that is launched costs a
 * copy of the program in HBM (about 365 KB on a5) that only rtDevBinaryUnRegister or the end of the context frees. */
#ifndef HOST_REGISTRATION_H
#define HOST_REGISTRATION_H

#include "device.h"

npurt_status registration_ensure(npurt_device *device);
npurt_status registration_undo(npurt_device *device);
/* Launches the worker loop on `clusters` clusters, all at once; its argument is the run_control at `control`. */
npurt_status registration_launch(npurt_device *device, uint32_t clusters, uint64_t control);

#endif
