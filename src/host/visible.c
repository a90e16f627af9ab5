#include "visible.h"

#include <stdlib.h>
#include "error.h"

npurt_status visible_hal_id(int32_t logical, int32_t *hal)
{
    const char *list = getenv("ASCEND_RT_VISIBLE_DEVICES");
    *hal = logical;
    if (!list || !*list) return NPURT_OK;
    const char *at = list;
    for (int32_t i = 0;; i++) {
        char *end;
        long id = strtol(at, &end, 10);
        /* Signs and blanks, which strtol takes, end the driver's reading of the list. */
        if (*at < '0' || *at > '9' || id > INT32_MAX || (*end && *end != ','))
            return error_raise(NPURT_ERROR_NO_TARGET, "ASCEND_RT_VISIBLE_DEVICES=%s is no list of device ids", list);
        if (i == logical) {
            *hal = (int32_t)id;
            return NPURT_OK;
        }
        if (!*end)
            return error_raise(NPURT_ERROR_NO_TARGET, "device %d: ASCEND_RT_VISIBLE_DEVICES=%s has %d entries", logical,
                               list, i + 1);
        at = end + 1;
    }
}
