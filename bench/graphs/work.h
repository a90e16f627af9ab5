/* Work of a given amount for a kernel or a peer's task: `turns` dependent multiplications, some 4 cycles each. Counted, not
 * timed: who loses the CPU meanwhile has it still to do. The same source for all, in C, C++ and kernels. */
#ifndef BENCH_WORK_H
#define BENCH_WORK_H

#include <stdint.h>

static inline void work(uint32_t turns)
{
    uint64_t x = turns;
    for (uint32_t i = 0; i < turns; i++) {
        x = x * UINT64_C(6364136223846793005) + 1;
        __asm__ volatile("" : "+r"(x));
    }
}

#endif
