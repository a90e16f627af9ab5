#include <stdlib.h>

#include "error.h"
#include "memory.h"
#include "run.h"

enum { FIRST_TASKS = 1024 };

static uint64_t round_up(uint64_t n, uint64_t to)
{
    return (n + to - 1) / to * to;
}

npurt_status run_memory_init(npurt_device *device)
{
    struct run_memory *run = &device->run;
    if (!run->upload && !(run->upload = calloc(1, RUN_SMALL_IMAGE + RUN_HEAD + RUN_WORKSPACE_ZERO)))
        return error_raise(NPURT_ERROR_OUT_OF_HOST_MEMORY, "no host memory for a run");
    const uint64_t cores = 3 * (uint64_t)device->info.clusters;
    const uint64_t hello = cores * sizeof(struct core_hello), welcome = cores * sizeof(struct core_welcome),
                   payload = cores * 2 * sizeof(struct dispatch_payload),
                   regs = device->registers.physical_cores * sizeof(uint64_t);
    const uint64_t size = hello + welcome + payload + regs;
    npurt_status status = memory_take(device, size, "run", "lines of the cores", &run->lines);
    if (status != NPURT_OK) return status;
    run->hello = run->lines;
    run->welcome = run->hello + hello;
    run->payload = run->welcome + welcome;
    run->regs = run->payload + payload;
    /* A hello or welcome is told from a stale one by its run number; a first one has no other to be told from. */
    status = memory_zero(device, run->lines, size, "the lines of the cores");
    if (status == NPURT_OK)
        status = memory_write(device, run->regs, device->registers.base, regs, "the register bases");
    if (status == NPURT_OK)
        status = run_memory_grow_block(device, image_workspace_size(FIRST_TASKS, PROTOCOL_MAX_AICPU_THREADS));
    return status;
}

npurt_status run_memory_fini(npurt_device *device)
{
    struct run_memory *run = &device->run;
    const uint64_t address[] = {run->heap, run->staging, run->image, run->block, run->lines};
    npurt_status status = NPURT_OK;
    for (size_t i = 0; i < sizeof address / sizeof address[0]; i++)
        error_first(&status, memory_give(device, address[i]));
    run_memory_forget(device);
    return status;
}

void run_memory_forget(npurt_device *device)
{
    struct run_memory *run = &device->run;
    run->heap = run->staging = run->image = run->block = run->lines = 0;
    run->heap_size = run->staging_size = run->image_size = run->workspace_size = 0;
}

npurt_status run_memory_grow(npurt_device *device, uint64_t *address, uint64_t *capacity, uint64_t need,
                             const char *purpose)
{
    if (need <= *capacity) return NPURT_OK;
    const uint64_t wanted = round_up(need > 2 * *capacity ? need : 2 * *capacity, 65536);
    const uint64_t old = *address;
    *address = *capacity = 0;
    npurt_status status = memory_give(device, old);
    if (status == NPURT_OK) status = memory_take_range(device, need, wanted, "run", purpose, address, capacity);
    return status;
}

npurt_status run_memory_grow_block(npurt_device *device, uint64_t workspace)
{
    struct run_memory *run = &device->run;
    uint64_t capacity = run->workspace_size ? run->workspace_size + RUN_SMALL_IMAGE + RUN_HEAD : 0;
    npurt_status status = run_memory_grow(device, &run->block, &capacity, RUN_SMALL_IMAGE + RUN_HEAD + workspace,
                                          "control, result and workspace");
    run->workspace_size = status == NPURT_OK ? (capacity - RUN_SMALL_IMAGE - RUN_HEAD) & ~UINT64_C(63) : 0;
    return status;
}
