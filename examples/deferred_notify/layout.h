/* What orchestration and kernels agree on: of every round an event per chunk, then a counter of chunks, each in a cache
 * line of its own. */
#ifndef DEFERRED_NOTIFY_LAYOUT_H
#define DEFERRED_NOTIFY_LAYOUT_H

enum { EVENT_LINE = 16, MAX_CHUNKS = 63 };

#endif
