/* What the fixtures and the tests of the device process share. */
#ifndef NPURT_TESTS_DEVICE_FIXTURE_H
#define NPURT_TESTS_DEVICE_FIXTURE_H

#include <stdint.h>

enum { FIXTURE_CORES = 108, FIXTURE_EXIT = 0x7ffffff0, FIXTURE_DONE = 0x80000000 };

/* A small run: one AICPU worker per `schedulers` gives every core of its share `rounds` tasks and lets it go. */
struct fixture_control {
    uint32_t cores, rounds, schedulers, place;
    uint32_t reg_dmb, reg_cond;
    uint64_t image;              /* kernel; 0: the cores run none */
    uint32_t arrived;            /* schedulers, counts */
    uint32_t left;               /* schedulers done */
    uint64_t until;              /* ticks after which a scheduler gives up, 0 never */
    uint32_t gave_up, reserved[13];
    uint64_t regs[FIXTURE_CORES];/* by physical sub-core */
    struct {
        uint32_t here, physical, type, block, sub_block, reserved[11];
    } hello[FIXTURE_CORES];      /* by number in the launch: 3 * block + (AIC 0, AIV0 1, AIV1 2) */
    struct {
        int64_t args[50];
        uint64_t value, reserved[5];
    } payload[FIXTURE_CORES];
};

/* Arguments of the simple AICPU entries. */
struct fixture_args {
    uint64_t address, value;
    uint32_t count, code;
};

#endif
