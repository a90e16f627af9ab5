/* Sizes of the rings of a run: checked wherever they are given, and chosen per call. */
#ifndef HOST_RINGS_H
#define HOST_RINGS_H

#include "../protocol/stream.h"
#include "callable.h"

_Static_assert((int)NPURT_RINGS == STREAM_RINGS, "rings");

/* INVALID_ARGUMENT unless every number is 0 or within its bounds; the message begins with `whose` and names ring, field
 * and value. */
npurt_status rings_check(const npurt_ring_options ring[NPURT_RINGS], const char *whose);

/* Sets window, edges and heap_size of control->ring, and what follows from them; all options were checked. */
void rings_choose(const npurt_callable *callable, const npurt_call_args *args, struct stream_control *control);

#endif
