/* What the tests of libnpuemu share: the entry points, and cards of their own. */
#ifndef NPURT_TESTS_EMU_CARD_H
#define NPURT_TESTS_EMU_CARD_H

#include "check.h"
#include "emu/lib/entries.h"
#include "emu/shared.h"

static _Thread_local const char *card_said = ""; /* the last failure's text that a test has read */

static inline const char *card_text(void)
{
    card_said = aclGetRecentErrMsg();
    if (!card_said) card_said = "";
    return card_said;
}

/* A call that must succeed; otherwise its text is printed. */
#define OK(call)                                                                                                       \
    do {                                                                                                               \
        int32_t ok_code = (int32_t)(call);                                                                             \
        if (ok_code) CHECK_FAIL("%s is %d: %s", #call, ok_code, card_text());                                          \
    } while (0)

/* A call that must fail with `code` and say why, naming `part`; card_said keeps the text, which reading uses up. */
#define FAILS(call, code, part)                                                                                        \
    do {                                                                                                               \
        int32_t fails_code = (int32_t)(call);                                                                          \
        if (fails_code != (code))                                                                                      \
            CHECK_FAIL("%s is %d, not %d (%s)", #call, fails_code, (int)(code), fails_code ? card_text() : "");        \
        CHECK_HAS(card_text(), part);                                                                                  \
    } while (0)

/* The device id of a machine, made when it is new. */
static inline int32_t card_add(const char *machine)
{
    int32_t device = -1;

    if (npuemu_device_add(machine, &device)) CHECK_FAIL("npuemu_device_add(%s): %s", machine, npuemu_last_problem());
    return device;
}

/* The same, set for this thread. Every test ends with card_close, so that the next one finds the device as it began. */
static inline int32_t card_open(const char *machine)
{
    int32_t device = card_add(machine);

    OK(aclrtSetDevice(device));
    return device;
}

static inline void card_close(int32_t device)
{
    OK(aclrtResetDevice(device));
}

static inline uint64_t card_free_bytes(void)
{
    size_t free_bytes = 0, total = 0;

    OK(aclrtGetMemInfo(ACL_HBM_MEM, &free_bytes, &total));
    return free_bytes;
}

#endif
