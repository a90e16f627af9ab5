#include "host.h"

#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *const graphs_pattern_name[] = {"independent",  "chain", "stencil", "outputs", "chain body",
                                           "stencil body", "five",  "arguments", "work"};

void require(npurt_status status, const char *what)
{
    if (status == NPURT_OK) return;
    const npurt_error *e = npurt_error_last();
    fprintf(stderr, "%s: %s: %s\n", what, npurt_status_name(status), e->message);
    exit(1);
}

void graphs_find(struct graphs_files *files)
{
    char self[4096];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

    self[n > 0 ? n : 0] = 0;
    const char *folder = dirname(self);
    snprintf(files->kernels, sizeof files->kernels, "%s/../lib/npurt/bench/graphs_kernels.so", folder);
    snprintf(files->orchestration, sizeof files->orchestration, "%s/../lib/npurt/bench/graphs_orchestration.so", folder);
}

npurt_callable *graphs_load(npurt_device *device, npurt_runtime runtime, uint32_t duration_ns)
{
    static const char *const entry[GRAPHS_KERNELS] = {"add_one", "sum1", "sum2", "sum3", "work3"};
    npurt_kernel_desc kernel[GRAPHS_KERNELS];
    struct graphs_files files;
    npurt_callable *callable;

    graphs_find(&files);
    for (uint32_t k = 0; k < GRAPHS_KERNELS; k++)
        kernel[k] = (npurt_kernel_desc){.id = k, .name = entry[k], .core = NPURT_CORE_AIV, .binary.path = files.kernels,
                                        .entry = entry[k], .duration_ns = duration_ns};
    npurt_param cells = {.access = NPURT_ACCESS_INOUT, .dtype = NPURT_U32, .ndims = 2, .shape = {0, GRAPHS_CELL}};
    const npurt_callable_desc desc = {.name = "graphs", .runtime = runtime, .orchestration.path = files.orchestration,
                                      .kernels = kernel, .kernel_count = GRAPHS_KERNELS, .params = &cells,
                                      .param_count = 1, .scalar_count = 4};
    require(npurt_callable_load(device, &desc, &callable), "load");
    return callable;
}

static bool is_stencil(int pattern)
{
    return pattern == GRAPHS_STENCIL || pattern == GRAPHS_STENCIL_BODY || pattern == GRAPHS_WORK;
}

uint32_t graphs_rows(int pattern, uint32_t tasks, uint32_t width)
{
    return pattern == GRAPHS_INDEPENDENT ? tasks : is_stencil(pattern) ? 2 * width : 8;
}

void graphs_expect(uint32_t *cells, int pattern, uint32_t tasks, uint32_t width)
{
    memset(cells, 0, (size_t)graphs_rows(pattern, tasks, width) * GRAPHS_CELL * 4);
    if (pattern == GRAPHS_INDEPENDENT) {
        for (uint32_t i = 0; i < tasks; i++) cells[(size_t)i * GRAPHS_CELL] = 1;
    } else if (pattern == GRAPHS_CHAIN || pattern == GRAPHS_CHAIN_BODY) {
        cells[0] = tasks;
    } else if (is_stencil(pattern)) {
        uint32_t old[GRAPHS_MAX_WIDTH] = {0}, now[GRAPHS_MAX_WIDTH] = {0};
        if (width > GRAPHS_MAX_WIDTH) abort();
        for (uint32_t done = 0; done < tasks; done += width) {
            uint32_t from = (done / width & 1) * width, n = tasks - done < width ? tasks - done : width;
            for (uint32_t x = 0; x < n; x++)
                now[x] = old[x ? x - 1 : 0] + old[x] + old[x + 1 < width ? x + 1 : x] + 1;
            for (uint32_t x = 0; x < n; x++) cells[(size_t)(width - from + x) * GRAPHS_CELL] = now[x];
            memcpy(old, now, sizeof old);
        }
    } else if (pattern == GRAPHS_FIVE) {
        static const uint32_t five[6] = {0, 1, 2, 2, 5, 7};
        for (uint32_t i = 0; i < 6; i++) cells[i * GRAPHS_CELL] = five[i];
    }
}

void graphs_check(const uint32_t *got, const uint32_t *want, int pattern, uint32_t tasks, uint32_t width, const char *who)
{
    for (uint32_t i = 0; i < graphs_rows(pattern, tasks, width); i++)
        if (got[(size_t)i * GRAPHS_CELL] != want[(size_t)i * GRAPHS_CELL]) {
            fprintf(stderr, "%s, %s, %u tasks: cell %u is %u, not %u\n", who, graphs_pattern_name[pattern], tasks, i,
                    got[(size_t)i * GRAPHS_CELL], want[(size_t)i * GRAPHS_CELL]);
            exit(1);
        }
}
