/* Where the host tensors of a call lie in its staging memory. */
#ifndef HOST_STAGING_H
#define HOST_STAGING_H

#include <npurt/callable.h>

struct staging {
    uint64_t
        at[NPURT_CALL_MAX_TENSORS]; /* bytes from the begin of the staging memory, which is aligned to STAGING_ALIGN */
    uint64_t size;
};
enum { STAGING_ALIGN = 512 };

/* Each host tensor at a multiple of STAGING_ALIGN, in the order of the arguments. Tensors that share bytes lie as they
 * do on the host, so that they share them on the device too: the lowest of them at such a multiple, or, when another
 * one's elements would not be aligned then, where it is on the host, modulo STAGING_ALIGN. Pre: sizes[i], the bytes of
 * host tensor i, add up to less than 2^57. */
void staging_plan(const npurt_call_args *args, const uint64_t *sizes, struct staging *plan);

#endif
