// oneTBB: a task group for independent tasks, a flow graph of continue nodes where there are edges, each made by hand.
#include <oneapi/tbb/flow_graph.h>
#include <oneapi/tbb/task_group.h>

#include <deque>

#include "graphs/graphs.h"
#include "graphs/work.h"
#include "peer.h"

namespace flow = oneapi::tbb::flow;
using node = flow::continue_node<flow::continue_msg>;

static double run_independent(const peer_work *w)
{
    const uint32_t turns = w->turns;
    const double from = peer_now_ns();
    oneapi::tbb::task_group group;
    for (uint32_t i = 0; i < w->tasks; i++) {
        uint32_t *x = w->cells + size_t(i) * GRAPHS_CELL;
        group.run([x, turns] {
            work(turns);
            *x += 1;
        });
    }
    group.wait();
    return peer_now_ns() - from;
}

static double run_chain(const peer_work *w)
{
    uint32_t *x = w->cells;
    const uint32_t turns = w->turns;
    std::deque<node> nodes;
    const double from = peer_now_ns();
    flow::graph graph;
    for (uint32_t i = 0; i < w->tasks; i++) {
        nodes.emplace_back(graph, [x, turns](const flow::continue_msg &) {
            work(turns);
            *x += 1;
        });
        if (i > 0) flow::make_edge(nodes[i - 1], nodes[i]);
    }
    nodes[0].try_put(flow::continue_msg());
    graph.wait_for_all();
    return peer_now_ns() - from;
}

// The readers of what a task overwrites are the tasks that it reads from: no edge is needed for them.
static double run_stencil(const peer_work *w)
{
    const uint32_t width = w->width, turns = w->turns;
    std::deque<node> nodes;
    const double begin = peer_now_ns();
    flow::graph graph;
    for (uint32_t i = 0; i < w->tasks; i++) {
        const uint32_t x = i % width, from = (i / width & 1) * width;
        const uint32_t left = x > 0 ? x - 1 : x, right = x + 1 < width ? x + 1 : x;
        const uint32_t *a = w->cells + size_t(from + left) * GRAPHS_CELL, *b = w->cells + size_t(from + x) * GRAPHS_CELL;
        const uint32_t *c = w->cells + size_t(from + right) * GRAPHS_CELL;
        uint32_t *to = w->cells + size_t(width - from + x) * GRAPHS_CELL;
        nodes.emplace_back(graph, [a, b, c, to, turns](const flow::continue_msg &) {
            work(turns);
            *to = *a + *b + *c + 1;
        });
        if (i < width) continue;
        const uint32_t before = i - x - width;
        for (uint32_t k = left; k <= right; k++)
            flow::make_edge(nodes[before + k], nodes[i]);
    }
    for (uint32_t i = 0; i < width && i < w->tasks; i++)
        nodes[i].try_put(flow::continue_msg());
    graph.wait_for_all();
    return peer_now_ns() - begin;
}

static double run_ns(const peer_work *w)
{
    return w->pattern == GRAPHS_INDEPENDENT ? run_independent(w)
           : w->pattern == GRAPHS_CHAIN     ? run_chain(w)
                                            : run_stencil(w);
}

// A node and its edges: to the tasks before it, or, with 0 inputs, to the last one that wrote its cell.
static double submit_ns(uint32_t batches, uint32_t inputs)
{
    static uint32_t cell[PEER_RING];
    double ns = 0;
    for (uint32_t batch = 0; batch < batches; batch++) {
        std::deque<node> nodes;
        flow::graph graph;
        const double from = peer_now_ns();
        for (uint32_t i = 0; i < PEER_BATCH; i++) {
            uint32_t *out = &cell[i % PEER_RING];
            const uint32_t *in[3];
            for (uint32_t k = 0; k < 3; k++)
                in[k] = &cell[(i + PEER_RING - 1 - k) % PEER_RING];
            nodes.emplace_back(graph, [=](const flow::continue_msg &) {
                if (inputs == 0) *out += 1;
                uint32_t sum = 0;
                for (uint32_t k = 0; k < inputs; k++)
                    sum += *in[k];
                if (inputs > 0) *out = sum;
            });
            for (uint32_t k = 1; k <= inputs && k <= i; k++)
                flow::make_edge(nodes[i - k], nodes[i]);
            if (inputs == 0 && i >= PEER_RING) flow::make_edge(nodes[i - PEER_RING], nodes[i]);
        }
        ns += peer_now_ns() - from;
        for (uint32_t i = 0; i < (inputs ? 1u : uint32_t(PEER_RING)); i++)
            nodes[i].try_put(flow::continue_msg());
        graph.wait_for_all();
    }
    return ns / batches / PEER_BATCH;
}

extern const struct peer peer_tbb = {"oneTBB", nullptr, nullptr, run_ns, submit_ns};
