/* Why an orchestration on the device ended its run: enum stream_code, for people (docs/reference/errors.md). */
#ifndef HOST_STREAM_CODE_H
#define HOST_STREAM_CODE_H

#include <npurt/status.h>

struct stream_code_entry {
    uint32_t code;
    const char *name;    /* the reference's */
    npurt_status status; /* what the run ends with */
    const char *hint;    /* what it usually means, what to do */
};

/* Never NULL: an unknown code has an entry of its own. */
const struct stream_code_entry *stream_code_of(uint32_t code);

#endif
