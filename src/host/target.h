/* Target strings: "emu:MACHINE" and "cann:N". */
#ifndef HOST_TARGET_H
#define HOST_TARGET_H

#include <npurt/status.h>

struct target {
    char provider[8];  /* "emu" or "cann" */
    char machine[128]; /* emu: what follows the colon, read by the card itself */
    int32_t device;    /* cann: device id */
};

/* NO_TARGET: the record quotes the text and says what is understood. */
npurt_status target_parse(const char *text, struct target *target);

#endif
