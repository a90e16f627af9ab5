/* Included before all else where clang stands in for the vendor's AICore compiler: its words, with device memory as the
 * address space that it is there, and its intrinsics. */
#define __gm__     __attribute__((address_space(1)))
#define __aicore__ __attribute__((annotate("aicore")))
#define __global__ __attribute__((visibility("default")))
#define PORT_GM    __gm__
#include "port/silicon/vendor_intrinsics.h"
#undef PORT_GM
