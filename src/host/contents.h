/* What a graph's buffers hold before it runs (host_build_graph): first contents of its outputs, and elements of
 * arguments that the orchestration reads or writes while it builds the graph. */
#ifndef HOST_CONTENTS_H
#define HOST_CONTENTS_H

#include "run.h"

/* Copies host tensors in, unless an element was asked for and it has been done. */
npurt_status contents_copy_in(npurt_run *run);

/* A graph_element; context: the run being bound. A device tensor may be written by the run that executes: waits for its
 * end on the device, with the device's lock held, as binding does. */
npurt_status contents_element(void *context, uint64_t address, uint64_t *bits, uint32_t size, bool write);

/* Gives the buffers of a graph their first contents: one memset each, or one copy where no single byte makes the element.
 * Neighbours of one byte share theirs. */
npurt_status contents_fill(npurt_run *run, const struct graph_image *image);

#endif
