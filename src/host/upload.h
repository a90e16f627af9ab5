/* Sending a graph's image to its bank, or what of it the bank's device memory does not hold already. */
#ifndef HOST_UPLOAD_H
#define HOST_UPLOAD_H

#include "device.h"

/* Sends image and control block of a run. *travelled: bytes of the image that were copied. The bank's buffers are large
 * enough, and control->image says where the image belongs. */
npurt_status upload_run(npurt_device *device, struct run_bank *bank, const struct graph_image *image,
                        const struct run_control *control, uint64_t *travelled);

#endif
