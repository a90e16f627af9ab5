/* Creation of libgomp's tasks alone: a team of two, whose second thread is kept busy in a gate task while the first
 * creates. */
#include <omp.h>
#include <stdatomic.h>

#include "peer.h"

enum { RING = PEER_RING, BATCH = PEER_BATCH };

static uint32_t cell[RING];
static atomic_int gate; /* 1 when the second thread is in, 2 to let it out */

static void create(uint32_t i, uint32_t inputs)
{
    uint32_t *out = &cell[i % RING], *a = &cell[(i + RING - 1) % RING], *b = &cell[(i + RING - 2) % RING],
             *c = &cell[(i + RING - 3) % RING];
    switch (inputs) {
    case 0:
#pragma omp task depend(inout : out[0])
        out[0]++;
        break;
    case 1:
#pragma omp task depend(in : a[0]) depend(out : out[0])
        out[0] = a[0];
        break;
    case 2:
#pragma omp task depend(in : a[0], b[0]) depend(out : out[0])
        out[0] = a[0] + b[0];
        break;
    default:
#pragma omp task depend(in : a[0], b[0], c[0]) depend(out : out[0])
        out[0] = a[0] + b[0] + c[0];
        break;
    }
}

double peer_gomp_submit_ns(uint32_t batches, uint32_t inputs);
double peer_gomp_submit_ns(uint32_t batches, uint32_t inputs)
{
    double ns = 0;
    omp_set_dynamic(0);
    if (omp_get_thread_limit() < 2) return -1; /* a team of one runs the gate at once, and for ever */
#pragma omp parallel num_threads(2)
#pragma omp single
    for (uint32_t batch = 0; batch < batches; batch++) {
        atomic_store(&gate, 0);
#pragma omp task
        {
            atomic_store(&gate, 1);
            while (atomic_load(&gate) != 2) {
            }
        }
        while (atomic_load(&gate) != 1) {
        }
        double from = peer_now_ns();
        for (uint32_t i = 0; i < BATCH; i++)
            create(batch * BATCH + i, inputs);
        ns += peer_now_ns() - from;
        atomic_store(&gate, 2);
#pragma omp taskwait
    }
    return ns / batches / BATCH;
}
