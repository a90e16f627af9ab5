/* Streams of a device: slots of the table shared with the device process. Under the device's lock. */
#ifndef NPUEMU_STREAM_H
#define NPUEMU_STREAM_H

#include "device.h"

/* HBM that the queues of a stream take: 2048 entries of 64 bytes submitted, 2048 of 32 bytes completed. */
enum { STREAM_MEMORY = 2048 * 64 + 2048 * 32 };

/* 207008: no slot; 507899: HBM can not pay for the queues, or the device is poisoned. */
int32_t stream_create(struct device *device, uint32_t *slot);

/* The slot of a stream of this context; NULL is the default stream. 107017: stale or no stream; 107003: another's. */
int32_t stream_slot(const struct device *device, const void *handle, uint32_t *slot);

/* The stream's device, locked, and its slot. A wait or a query may be about a stream of another device than the thread's,
 * which must have one: 107002. */
int32_t stream_enter(const void *handle, struct device **device, uint32_t *slot);

/* What the context is refused with: once one of its streams is in stop mode, the first error after that. */
int32_t stream_check(struct device *device);

/* The error of a stream that a wait has reached: taken, so that the next wait does not see it; in stop mode kept. */
int32_t stream_take_error(struct device *device, uint32_t slot);

#endif
