/* Target strings, and the list of visible devices. The first byte chooses: bit 0, target or list; for a list its upper
 * bits are the device that is asked for. */
#include "fuzz.h"

#include "host/error.h"
#include "host/target.h"
#include "host/visible.h"

static void try_target(const char *text)
{
    struct target target;
    const npurt_status status = (error_begin("fuzz"), target_parse(text, &target));
    char again[160];

    fuzz_verdict(status == NPURT_OK);
    if (status != NPURT_OK) {
        FUZZ_CHECK(status == NPURT_ERROR_NO_TARGET && npurt_error_last()->status == status, "status %d", status);
        fuzz_sentence(npurt_error_last()->message, sizeof npurt_error_last()->message);
        FUZZ_CHECK(memmem(npurt_error_last()->message, strlen(npurt_error_last()->message), text,
                          strlen(text) < 40 ? strlen(text) : 40),
                   "%s: %s does not quote it", text, npurt_error_last()->message);
        return;
    }
    if (strcmp(target.provider, "emu") == 0) {
        FUZZ_CHECK(target.machine[0] && target.device == 0, "%s", text);
        snprintf(again, sizeof again, "emu:%s", target.machine);
        FUZZ_CHECK(strcmp(again, text) == 0, "%s became %s", text, again);
    } else {
        FUZZ_CHECK(strcmp(target.provider, "cann") == 0 && target.device >= 0 && target.device <= 9999, "%s", text);
        FUZZ_CHECK(strncmp(text, "cann:", 5) == 0 && (int32_t)strtol(text + 5, NULL, 10) == target.device, "%s is %d",
                   text, target.device);
    }
}

/* The n-th number of a list of digits and commas, read independently; -1: the list is none, or is shorter. */
static int64_t entry_of(const char *list, int32_t n)
{
    for (int32_t i = 0; *list; i++) {
        const size_t digits = strspn(list, "0123456789");
        int64_t value = 0;
        if (digits == 0) return -1;
        for (size_t d = 0; d < digits && value <= INT32_MAX; d++)
            value = value * 10 + (list[d] - '0');
        if (value > INT32_MAX || (list[digits] && list[digits] != ',')) return -1;
        if (i == n) return value;
        list += digits + (list[digits] == ',');
    }
    return -1;
}

static void try_visible(const char *list, int32_t logical)
{
    /* Changed where it stands: setenv keeps every value that it was ever given. */
    static char variable[16384] = "ASCEND_RT_VISIBLE_DEVICES=";
    const size_t name = sizeof "ASCEND_RT_VISIBLE_DEVICES=" - 1, length = strlen(list) + 1;
    int32_t hal = -2;
    npurt_status status;

    if (length > sizeof variable - name) return;
    memcpy(variable + name, list, length);
    if (putenv(variable)) abort();
    error_begin("fuzz");
    status = visible_hal_id(logical, &hal);
    fuzz_verdict(status == NPURT_OK);
    if (status == NPURT_OK) {
        FUZZ_CHECK(hal == (*list ? entry_of(list, logical) : logical), "entry %d of \"%s\" is %d", logical, list, hal);
    } else {
        FUZZ_CHECK(status == NPURT_ERROR_NO_TARGET, "status %d", status);
        FUZZ_CHECK(entry_of(list, logical) < 0, "entry %d of \"%s\" is refused: %s", logical, list,
                   npurt_error_last()->message);
        fuzz_sentence(npurt_error_last()->message, sizeof npurt_error_last()->message);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};
    const uint32_t how = (uint32_t)fuzz_number(&in, 1);
    char *text = fuzz_text(&in);

    if (how & 1)
        try_visible(text, (int32_t)(how >> 4));
    else
        try_target(text);
    free(text);
    return 0;
}
