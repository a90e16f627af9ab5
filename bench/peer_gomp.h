#ifndef BENCH_PEER_GOMP_H
#define BENCH_PEER_GOMP_H

#include <stddef.h>
#include <stdint.h>

/* Submits and runs `tasks` tasks of a pattern of graphs/graphs.h over cells of GRAPHS_CELL words; returns when all ended. */
void peer_gomp_run(uint32_t *cells, int pattern, uint32_t tasks, uint32_t width);
int peer_gomp_threads(void);

#endif
