#ifndef BENCH_PEER_GOMP_SUBMIT_H
#define BENCH_PEER_GOMP_SUBMIT_H

#include <stdint.h>

/* ns that libgomp takes to create one task that reads the `inputs` (0 … 3) cells before its own in a ring of 64 and
 * writes its own, over `batches` batches of tasks of which none runs before its batch is created. Negative where OpenMP
 * is limited to one thread. */
double peer_gomp_submit_ns(uint32_t batches, uint32_t inputs);

#endif
