#include "target.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include "error.h"

static const char known[] =
    "known are \"emu:MACHINE\" (emu:a2, emu:a3:1, emu:a5?clusters=4) and \"cann:DEVICE\" (cann:0)";

npurt_status target_parse(const char *text, struct target *target)
{
    if (!text) return error_raise(NPURT_ERROR_INVALID_ARGUMENT, "target is NULL");
    if (strlen(text) >= sizeof target->machine)
        return error_raise(NPURT_ERROR_NO_TARGET, "target \"%.40s…\" is longer than %zu characters", text,
                           sizeof target->machine - 1);
    *target = (struct target){0};
    if (strncmp(text, "emu:", 4) == 0 && text[4]) {
        snprintf(target->provider, sizeof target->provider, "emu");
        snprintf(target->machine, sizeof target->machine, "%s", text + 4);
        return NPURT_OK;
    }
    if (strncmp(text, "cann:", 5) == 0) {
        const char *digits = text + 5;
        size_t n = strspn(digits, "0123456789");
        if (n < 1 || n > 4 || digits[n])
            return error_raise(NPURT_ERROR_NO_TARGET, "target \"%s\": \"%s\" is no device id (0, 1, …)", text, digits);
        snprintf(target->provider, sizeof target->provider, "cann");
        for (size_t i = 0; i < n; i++)
            target->device = target->device * 10 + (digits[i] - '0');
        return NPURT_OK;
    }
    return error_raise(NPURT_ERROR_NO_TARGET, "target \"%s\" names nothing that can be opened; %s", text, known);
}
