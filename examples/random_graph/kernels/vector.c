/* The operation on a vector core: slot 1 or 2. */
#include "mix.h"

MIX_ENTRIES((uint32_t)(1 + npurt_kernel_sub_block(args)))
