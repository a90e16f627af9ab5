/* Device ids: rt and acl calls take the logical id, hal calls the one that the driver sees, which is entry `logical` of
 * ASCEND_RT_VISIBLE_DEVICES (a comma list), or the same number when that is not set. */
#ifndef HOST_VISIBLE_H
#define HOST_VISIBLE_H

#include <npurt/status.h>

/* NO_TARGET: the list has no such entry, or it is no number. */
npurt_status visible_hal_id(int32_t logical, int32_t *hal);

#endif
