/* completion.c with a race: all schedulers count their looks at COND in one plain word. Nothing goes wrong by it but
 * the count, so that only ThreadSanitizer can tell. */
#include "port/port.h"

uint32_t plain_looks;

static inline uint32_t counted_reg_load(uint64_t base, uint32_t offset)
{
    plain_looks++;
    return port_reg_load(base, offset);
}
#define port_reg_load counted_reg_load

#include "aicpu/completion.c"
