/* libgomp: tasks with depend clauses. */
#include <omp.h>

#include "graphs/graphs.h"
#include "graphs/work.h"
#include "peer.h"

static void add_one(uint32_t *x, uint32_t turns)
{
    work(turns);
    *x += 1;
}

static void sum3(const uint32_t *a, const uint32_t *b, const uint32_t *c, uint32_t *to, uint32_t turns)
{
    work(turns);
    *to = *a + *b + *c + 1;
}

/* window: waits for all tasks after so many; 0: at the end only. */
static void submit(const struct peer_work *w, uint32_t window)
{
    uint32_t *cells = w->cells;
    const uint32_t width = w->width, turns = w->turns;
    for (uint32_t i = 0; i < w->tasks; i++) {
        if (w->pattern == GRAPHS_INDEPENDENT) {
            uint32_t *x = cells + (size_t)i * GRAPHS_CELL;
#pragma omp task depend(inout : x[0])
            add_one(x, turns);
        } else if (w->pattern == GRAPHS_CHAIN) {
#pragma omp task depend(inout : cells[0])
            add_one(cells, turns);
        } else {
            uint32_t x = i % width, from = (i / width & 1) * width;
            uint32_t left = x > 0 ? x - 1 : x, right = x + 1 < width ? x + 1 : x;
            uint32_t *a = cells + (size_t)(from + left) * GRAPHS_CELL, *b = cells + (size_t)(from + x) * GRAPHS_CELL;
            uint32_t *c = cells + (size_t)(from + right) * GRAPHS_CELL;
            uint32_t *to = cells + (size_t)(width - from + x) * GRAPHS_CELL;
#pragma omp task depend(in : a[0], b[0], c[0]) depend(out : to[0])
            sum3(a, b, c, to, turns);
        }
        if (window && i % window == window - 1) {
#pragma omp taskwait
        }
    }
}

static double run(const struct peer_work *w, uint32_t window)
{
    const double from = peer_now_ns();
#pragma omp parallel
#pragma omp single
    submit(w, window);
    return peer_now_ns() - from;
}

static double run_ns(const struct peer_work *w)
{
    return run(w, 0);
}

/* Without a bound on what is outstanding, libgomp slows down when a submitter is far ahead; a program would wait. */
static double run_windows_ns(const struct peer_work *w)
{
    return run(w, 2 * w->width);
}

double peer_gomp_submit_ns(uint32_t batches, uint32_t inputs); /* gomp_submit.c */
const struct peer peer_gomp = {.name = "libgomp", .run_ns = run_ns, .submit_ns = peer_gomp_submit_ns};
const struct peer peer_gomp_windows = {.name = "libgomp, waiting", .run_ns = run_windows_ns};
