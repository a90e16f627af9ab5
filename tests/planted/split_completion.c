/* completion.c that counts down in two steps: of two schedulers that complete producers of one task at the same time,
 * one count is lost, and the task never becomes ready. */
#include "port/port.h"

static inline uint32_t split_sub32(uint32_t *word, uint32_t value)
{
    uint32_t before = port_observe32(word);
    port_publish32(word, before - value);
    return before;
}
#define port_fetch_sub32 split_sub32

#include "aicpu/completion.c"
