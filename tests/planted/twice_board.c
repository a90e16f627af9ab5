/* board.c that claims blocks in two steps: two schedulers that look at a slot at the same time both claim its blocks,
 * and run them twice. */
#include "port/port.h"

static inline bool split_cas64(uint64_t *word, uint64_t *expected, uint64_t desired)
{
    uint64_t now = port_observe64(word);
    bool same = now == *expected;
    if (same)
        port_publish64(word, desired);
    else
        *expected = now;
    return same;
}

#define port_cas64 split_cas64

#include "aicpu/board.c"
