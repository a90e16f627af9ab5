/* The peer of the graph benchmark: the same near-empty tasks with libgomp's depend clauses, submitted and run, on as many
 * threads as the machine has CPUs. Cells are as in graphs/: one cache line each, real values, checked by the caller. */
#include <omp.h>
#include "peer_gomp.h"
#include "graphs/graphs.h"

static void sum3(const uint32_t *a, const uint32_t *b, const uint32_t *c, uint32_t *to) { *to = *a + *b + *c + 1; }

void peer_gomp_run(uint32_t *cells, int pattern, uint32_t tasks, uint32_t width)
{
#pragma omp parallel
#pragma omp single
    {
        if (pattern == GRAPHS_INDEPENDENT) {
            for (uint32_t i = 0; i < tasks; i++) {
                uint32_t *x = cells + (size_t)i * GRAPHS_CELL;
#pragma omp task depend(inout : x[0])
                x[0] += 1;
            }
        } else if (pattern == GRAPHS_CHAIN) {
            for (uint32_t i = 0; i < tasks; i++) {
#pragma omp task depend(inout : cells[0])
                cells[0] += 1;
            }
        } else {
            for (uint32_t i = 0; i < tasks; i++) {
                uint32_t x = i % width, from = (i / width & 1) * width;
                uint32_t left = x > 0 ? x - 1 : x, right = x + 1 < width ? x + 1 : x;
                uint32_t *a = cells + (size_t)(from + left) * GRAPHS_CELL, *b = cells + (size_t)(from + x) * GRAPHS_CELL;
                uint32_t *c = cells + (size_t)(from + right) * GRAPHS_CELL;
                uint32_t *to = cells + (size_t)(width - from + x) * GRAPHS_CELL;
#pragma omp task depend(in : a[0], b[0], c[0]) depend(out : to[0])
                sum3(a, b, c, to);
            }
        }
    }
}

int peer_gomp_threads(void) { return omp_get_max_threads(); }
