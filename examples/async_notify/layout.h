/* What orchestration and kernels agree on. */
#ifndef ASYNC_NOTIFY_LAYOUT_H
#define ASYNC_NOTIFY_LAYOUT_H

/* A counter has a cache line of its own. */
enum { COUNTER_LINE = 16, MAX_RANKS = 32 };

#endif
