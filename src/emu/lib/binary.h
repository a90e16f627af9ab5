/* CPU-kernel binaries: JSON descriptors that name functions of shared objects in the pre-install folder. */
#ifndef NPUEMU_BINARY_H
#define NPUEMU_BINARY_H

#include "device.h"

/* The function of a handle from rtsFuncGetByName on this device, locked; its device-process number. 107017: no such
 * function here, or the device was reset since. */
int32_t binary_function(struct device *device, const void *handle, uint32_t *number);

#endif
