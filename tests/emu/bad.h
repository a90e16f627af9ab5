/* Launches of fixture_bad_core.c and fixture_bad_cpu.c, and the proof that a card is as good as new. */
#ifndef NPURT_TESTS_EMU_BAD_H
#define NPURT_TESTS_EMU_BAD_H

#include "bad_code.h"
#include "launch.h"

enum { BAD_ON_AIV = 0x100 };

static const char *const bad_machines[] = {"a2", "a3", "a5"}, *const bad_engines[] = {"fiber", "thread"};

/* A card of its own; `number` tells apart those of one machine and engine. */
static inline int32_t bad_card(const char *machine, const char *engine, int number)
{
    char text[128];

    snprintf(text, sizeof text, "%s?hbm=64MiB&engine=%s&card=bad-%s-%s-%d", machine, engine, machine, engine, number);
    return card_open(text);
}

/* One block of an entry of the AICPU library, which the device is given when it has none. */
static inline int32_t bad_cpu(int32_t device, const char *symbol, uint64_t value, bool install)
{
    char so[64];
    size_t size;
    unsigned char *image = install ? launch_read_file(BAD_CPU, &size) : NULL;

    if (install) OK(launch_kfc(device, image, size, NULL, NULL));
    free(image);
    snprintf(so, sizeof so, "libpypto_server%d.so", device & 0xff);
    return launch_cpu(launch_function(launch_load(so, symbol), symbol), 1, NULL, &value, sizeof value);
}

/* The cores do what they are for. */
static inline void bad_cores_count(void *program)
{
    void *word = launch_device_word(0);

    OK(launch_core(program, 0, 4, (uint64_t)(uintptr_t)word, NULL, RT_SCHEM_MODE_BATCH));
    OK(rtStreamSynchronizeWithTimeout(NULL, 10000));
    CHECK_EQ(launch_word(word), 4 * 3);
    OK(rtFree(word));
}

/* After what the card has suffered: a force reset, then both kinds of launch do what they are for. */
static inline void bad_reset_helps(int32_t device, void *program)
{
    void *word;

    OK(aclrtSetDevice(device));
    OK(aclrtResetDeviceForce(device));
    OK(aclrtSetDevice(device));
    word = launch_device_word(0);
    OK(launch_core(program, 0, 4, (uint64_t)(uintptr_t)word, NULL, RT_SCHEM_MODE_BATCH));
    OK(rtStreamSynchronizeWithTimeout(NULL, 10000));
    CHECK_EQ(launch_word(word), 4 * 3);
    OK(bad_cpu(device, "bad_count", (uint64_t)(uintptr_t)word, true));
    OK(rtStreamSynchronizeWithTimeout(NULL, 10000));
    CHECK_EQ(launch_word(word), 4 * 3 + 1);
    OK(rtFree(word));
}

#endif
