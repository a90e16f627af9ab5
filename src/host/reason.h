/* Why code of the user's failed, from the driver's words (aclGetRecentErrMsg) about a fault. */
#ifndef HOST_REASON_H
#define HOST_REASON_H

#include <stdbool.h>
#include <stddef.h>

/* The driver's words without what the caller's own sentence says, which core and which kernel it was; "" for none. */
const char *reason_text(const char *said, char *text, size_t size);

/* What such a fault means and how to find it; `what` is "kernel" or "orchestration". */
const char *reason_hint(const char *said, const char *what, char *text, size_t size);

/* The driver names the file of an orchestration on the device (ORCHESTRATION_FILE) as the place. */
bool reason_names_orchestration(const char *said);

#endif
