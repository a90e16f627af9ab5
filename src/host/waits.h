/* Who waits for whom in a run that does not end, down to what nobody waits for any more.
 *
 * A root is a task that has not completed although all its producers have: it runs, was sent to a core that does not
 * take it, waits for a free core or a condition, or nobody will ever release it. Everything else that has not completed waits, at the
 * end, for a root; or for itself, in a cycle. */
#ifndef HOST_WAITS_H
#define HOST_WAITS_H

#include <stdbool.h>
#include "tasks.h"

enum { WAITS_ROOTS = 16, WAITS_LISTED = 64, WAITS_CHAIN = 32 };

enum wait_kind {
    WAIT_DONE,
    WAIT_FOR_PRODUCERS,
    WAIT_RUNNING,    /* a core has started a block of it */
    WAIT_SENT,       /* a number was stored for a core, which has not taken it. One that was staged before its producers had
                      * completed waits for them, wherever its blocks are */
    WAIT_FOR_CORE,   /* ready, and on no core */
    WAIT_CONDITION,  /* what has run of it waits for conditions of its kernels */
    WAIT_UNRELEASED, /* its producers have completed, but it still waits for as many as its counter says */
};

/* What the cores have of a task, per place. */
enum wait_flight { FLIGHT_NONE = 0, FLIGHT_SENT = 1, FLIGHT_RUNNING = 2 };

struct waits {
    /* The producers of place p are producer[producer_begin[p] … producer_begin[p + 1]). */
    uint32_t *producer_begin, *producer;
    uint8_t *kind; /* enum wait_kind per place; NULL: the source does not know how far its tasks are */
    uint32_t unfinished;
    struct wait_root {
        uint32_t place;
        uint32_t waiting; /* tasks that wait for it, directly or through others */
    } root[WAITS_ROOTS];  /* running ones first */
    uint32_t root_count, root_total;
    uint32_t listed[WAITS_LISTED], listed_count, waiting_total; /* tasks that wait for producers, nearest to a root first */
    uint32_t chain[WAITS_CHAIN], chain_count, chain_length; /* the longest way to a root; its last links when it is longer */
    uint32_t cycle[WAITS_CHAIN], cycle_count; /* each waits for the next, the last for the first; cut at WAITS_CHAIN */
};

/* `flight` as long as the source, or NULL: nothing is on a core. False: no host memory. On success waits_fini is due. */
bool waits_find(const struct task_source *source, const uint8_t *flight, struct waits *out);
void waits_fini(struct waits *waits);

const char *waits_kind_name(enum wait_kind kind);

#endif
