/* Spans: ranges of addresses that have no byte in common, one per buffer from outside of the graph. Finds the span that an
 * address lies in, so that bytes are one buffer's under whatever address a descriptor names them.
 *
 * A treap: a search tree by address whose nodes are a heap by a hash of their numbers. Its depth is logarithmic whatever
 * the order in which the spans come. */
#ifndef NPURT_GRAPH_SPAN_H
#define NPURT_GRAPH_SPAN_H

#include <stdint.h>

#define SPAN_NONE UINT32_MAX

struct span {
    uint64_t lo, hi; /* addresses: the first one, one past the last one */
    uint32_t left, right;
};
_Static_assert(sizeof(struct span) == 24, "a part of what a region costs: STREAM_OWN_REGION");

/* The last span that begins below the address; SPAN_NONE: there is none. */
uint32_t span_below(const struct span *spans, uint32_t root, uint64_t address);

/* Takes spans[i], whose lo is set, into the tree, or out of it. */
void span_insert(struct span *spans, uint32_t *root, uint32_t i);
void span_remove(struct span *spans, uint32_t *root, uint32_t i);

#endif
