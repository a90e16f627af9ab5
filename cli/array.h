/* Arrays of elements: made up, and compared. */
#ifndef CLI_ARRAY_H
#define CLI_ARRAY_H

#include <npurt/tensor.h>
#include <npurt/status.h>

#include "comparison.h"

/* Floats uniform in [-1, 1), integers in [0, 128), the same each time for one `stream`. */
void array_random(npurt_dtype dtype, void *to, uint64_t elements, uint64_t stream);

bool array_is_real(npurt_dtype dtype);

/* |got - wanted| <= absolute + relative * |wanted|; examples/comparison.h says more. */
struct tolerance {
    double absolute, relative;
};
/* Enters every element into `found`, which was begun for the tensor. Elements of the same bytes are right, so that a NaN
 * equals the same NaN. */
void array_compare(npurt_dtype dtype, const void *got, const void *wanted, uint64_t elements, struct tolerance tolerance,
                   struct comparison *found);

#endif
