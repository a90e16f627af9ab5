/* Ways for device code to go wrong. Fixtures of the emulated card and kernels of the host's tests share them, so that
 * both faces of a fault are shown for the same code. */
#ifndef NPURT_TESTS_BAD_CODE_H
#define NPURT_TESTS_BAD_CODE_H

#include <signal.h>
#include <stdint.h>
#include <stdlib.h>

enum bad_code {
    BAD_NULL,     /* a store through a null pointer's second field */
    BAD_DIVIDE,   /* integer division by zero */
    BAD_ILLEGAL,  /* an instruction that is none */
    BAD_ABORT,    /* abort(), as a failed assertion ends */
    BAD_OVERFLOW, /* recursion without end */
    BAD_KINDS,    /* those above end by themselves */
    BAD_ENDLESS = BAD_KINDS
};

/* Frames smaller than any guard, each touched, so that the guard is met and not stepped over. */
static inline int64_t bad_deeper(volatile int64_t *at, int64_t depth)
{
    volatile int64_t here[32];

    here[depth % 32] = *at;
    return depth < 0 ? 0 : bad_deeper(here, depth + 1) + here[0];
}

/* Instructions are written out where a sanitizer would report the C for them and go on. */
static inline void bad_code(enum bad_code kind)
{
    volatile uintptr_t nowhere = 8;
    volatile int64_t start = 1;

    switch (kind) {
    case BAD_NULL:
        *(volatile uint32_t *)nowhere = 1;
        break;
    case BAD_ABORT:
        abort();
    case BAD_OVERFLOW:
        start = bad_deeper(&start, 0);
        break;
#if defined(__x86_64__)
    case BAD_DIVIDE:
        __asm__ volatile("xorl %%edx, %%edx\n\tmovl $7, %%eax\n\tdivl %%edx" ::: "eax", "edx", "cc");
        break;
    case BAD_ILLEGAL:
        __asm__ volatile("ud2");
        break;
#else
    case BAD_DIVIDE:
        raise(SIGFPE);
        break; /* division by zero is 0 on aarch64 */
    case BAD_ILLEGAL:
        __asm__ volatile(".inst 0");
        break;
#endif
    case BAD_ENDLESS:
        for (;;)
            start = start + 1;
    }
}

#endif
