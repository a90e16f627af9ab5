/* What the graph benchmark's host program, orchestration and kernels share. */
#ifndef BENCH_GRAPHS_H
#define BENCH_GRAPHS_H

enum { GRAPHS_INDEPENDENT, GRAPHS_CHAIN, GRAPHS_STENCIL, GRAPHS_OUTPUTS, GRAPHS_CHAIN_BODY, GRAPHS_STENCIL_BODY, GRAPHS_FIVE };
enum { GRAPHS_KERNEL_ADD_ONE, GRAPHS_KERNEL_SUM1, GRAPHS_KERNEL_SUM2, GRAPHS_KERNEL_SUM3, GRAPHS_KERNELS };
enum { GRAPHS_CELL = 16 /* u32 in a cell: one cache line */ };

#endif
