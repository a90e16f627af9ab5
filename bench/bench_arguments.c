/* What a changed argument costs the host between two calls of a prepared graph: 64 tasks, each with a device tensor and a
 * scalar of its own, on a full emulated a5. Between calls k of the 64 tensors, or of the 64 scalars, are changed; the time
 * of npurt_launch (arguments checked, orchestration run, image compared, what changed sent, both launches) is fitted by a
 * line over k: its slope is the cost of one patched argument, its value at 0 that of a call that changes nothing. The wait
 * is not in it. Every cell is compared with what the changes must give; a wrong one ends the program with 1.
 *
 * Words: --json, --repetitions N. */
#include <npurt/npurt.h>

#include "bench.h"
#include "graphs/host.h"

enum { N = 64, STEPS = 5, CALLS = 400, CELL_BYTES = GRAPHS_CELL * 4 };
static const uint32_t step[STEPS] = {0, 16, 32, 48, 64};
enum kind { TENSORS, SCALARS };

static struct bench bench;
static npurt_device *device;
static npurt_callable *callable;
static uint64_t memory;              /* 2 N cells: each task's tensor is one of two */
static uint32_t wanted[2 * N];       /* of each cell, as the calls so far must have left it */
static npurt_call_tensor tensor[N];
static uint64_t scalar[3 + N] = {GRAPHS_ARGUMENTS, N, 0};
static uint32_t bank[N];

static void load(void)
{
    static const npurt_kernel_desc none;
    struct graphs_files files;
    npurt_param param[N];

    graphs_find(&files);
    npurt_kernel_desc kernel = none;
    kernel.id = GRAPHS_KERNEL_ADD_SCALAR;
    kernel.core = NPURT_CORE_AIV;
    kernel.binary.path = files.kernels;
    kernel.entry = "add_scalar";
    for (uint32_t i = 0; i < N; i++)
        param[i] = (npurt_param){
            .access = NPURT_ACCESS_INOUT, .dtype = NPURT_U32, .ndims = 2, .shape = {1, GRAPHS_CELL}};
    const npurt_callable_desc desc = {.name = "arguments",
                                      .orchestration.path = files.orchestration,
                                      .kernels = &kernel,
                                      .kernel_count = 1,
                                      .params = param,
                                      .param_count = N,
                                      .scalar_count = 3 + N};
    require(npurt_callable_load(device, &desc, &callable), "load");
}

static void place(uint32_t i)
{
    tensor[i] = (npurt_call_tensor){.device = memory + (uint64_t)(2 * i + bank[i]) * CELL_BYTES,
                                    .dtype = NPURT_U32,
                                    .ndims = 2,
                                    .shape = {1, GRAPHS_CELL}};
}

/* One call with the k first arguments of a kind changed; host ns of its launch. */
static double call(enum kind kind, uint32_t k)
{
    const npurt_call_args args = {.tensors = tensor, .tensor_count = N, .scalars = scalar, .scalar_count = 3 + N};
    npurt_run *run;
    for (uint32_t i = 0; i < k; i++) {
        if (kind == TENSORS) {
            bank[i] ^= 1;
            place(i);
        } else {
            scalar[3 + i] = scalar[3 + i] * 5 + 1;
        }
    }
    for (uint32_t i = 0; i < N; i++)
        wanted[2 * i + bank[i]] += (uint32_t)scalar[3 + i];
    const uint64_t from = bench_now_ns();
    require(npurt_launch(callable, &args, &run), "launch");
    const double ns = (double)(bench_now_ns() - from);
    require(npurt_wait(run, NULL), "wait");
    return ns;
}

static double median(double *value, uint32_t n)
{
    qsort(value, n, sizeof *value, bench_compare);
    return (value[(n - 1) / 2] + value[n / 2]) / 2;
}

static void measure(enum kind kind)
{
    static double ns[STEPS][CALLS];
    double x = 0, y = 0, xx = 0, xy = 0;
    for (uint32_t c = 0; c < CALLS; c++)
        for (uint32_t s = 0; s < STEPS; s++)
            ns[s][c] = call(kind, step[s]);
    for (uint32_t s = 0; s < STEPS; s++) {
        const double m = median(ns[s], CALLS);
        x += step[s], y += m, xx += (double)step[s] * step[s], xy += step[s] * m;
    }
    const double slope = (STEPS * xy - x * y) / (STEPS * xx - x * x);
    bench_note(&bench, kind == TENSORS ? "patched tensor" : "patched scalar", "ns", slope);
    bench_note(&bench, kind == TENSORS ? "launch, no tensor patched" : "launch, no scalar patched", "us",
               (y - slope * x) / STEPS / 1e3);
}

static void check(void)
{
    static uint32_t got[2 * N][GRAPHS_CELL];
    require(npurt_memory_copy_out(device, got, memory, sizeof got), "copy out");
    for (uint32_t i = 0; i < 2 * N; i++) {
        if (got[i][0] == wanted[i]) continue;
        fprintf(stderr, "cell %u is %u, not %u\n", i, got[i][0], wanted[i]);
        exit(1);
    }
}

int main(int argc, char **argv)
{
    bench_init(&bench, argc, argv, 9, NULL);
    require(npurt_device_open("emu:a5", NULL, &device), "open emu:a5");
    load();
    require(npurt_memory_alloc(device, (size_t)2 * N * CELL_BYTES, "cells", &memory), "alloc");
    require(npurt_memory_set(device, memory, 0, (size_t)2 * N * CELL_BYTES), "set");
    for (uint32_t i = 0; i < N; i++) {
        scalar[3 + i] = i + 1;
        place(i);
    }
    for (uint32_t r = 0; r <= bench.repetitions; r++) {
        measure(TENSORS);
        measure(SCALARS);
        if (r == 0) bench.figure_count = 0; /* a warm-up */
    }
    check();
    bench_print(&bench);
    require(npurt_memory_free(device, memory), "free");
    require(npurt_callable_unload(callable), "unload");
    require(npurt_device_close(device), "close");
    return 0;
}
