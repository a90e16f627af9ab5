/* The codes that npurt's own messages carry, for people (docs/reference/errors.md): why an orchestration on the device ended
 * its run, enum stream_code, and why a condition was refused, enum condition_code. Also what npurt explain knows of them. */
#ifndef HOST_STREAM_CODE_H
#define HOST_STREAM_CODE_H

#include <npurt/status.h>

struct stream_code_entry {
    uint32_t code;
    const char *name;    /* the reference's */
    npurt_status status; /* what the run ends with */
    const char *hint;    /* what it usually means, what to do */
    const char *here;    /* when and how it occurs here; NULL: it ends the run, with that status */
};

/* Never NULL: an unknown code has an entry of its own. */
const struct stream_code_entry *stream_code_of(uint32_t code);

/* The n-th of the table, by code; NULL behind the last. */
const struct stream_code_entry *stream_code_at(uint32_t n);

#endif
