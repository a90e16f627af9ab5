/* The operation on a cube core: slot 0. */
#include "mix.h"

MIX_ENTRIES(0)
