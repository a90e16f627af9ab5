/* The peers in a benchmark of submission: one repetition of each, noted as ns and as a multiple of npurt's. */
#ifndef BENCH_PEERS_SUBMIT_H
#define BENCH_PEERS_SUBMIT_H

#include "bench.h"
#include "peer.h"

enum { PEER_BATCHES = 100 };

static inline void peers_submit(struct bench *bench, uint32_t inputs, double npurt_ns)
{
    for (const struct peer *const *peer = peers; *peer; peer++) {
        peers_rest();
        const double ns = (*peer)->submit_ns(PEER_BATCHES, inputs);
        char name[64];
        if (ns < 0) {
            fprintf(stderr, "%s is left out: it is limited to one thread\n", (*peer)->name);
            continue;
        }
        snprintf(name, sizeof name, "%s, %u in, 1 out", (*peer)->name, inputs);
        bench_note(bench, name, "ns", ns);
        snprintf(name, sizeof name, "%s/npurt, %u in, 1 out", (*peer)->name, inputs);
        bench_note(bench, name, "x", ns / npurt_ns);
    }
    peers_rest();
}

#endif
