#include "bank.h"

#include <stdlib.h>
#include "device.h"
#include "error.h"
#include "memory.h"

enum { FIRST_TASKS = 1024 };

static uint64_t round_up(uint64_t n, uint64_t to)
{
    return (n + to - 1) / to * to;
}

static npurt_status take_lines(npurt_device *device)
{
    struct run_lines *lines = &device->lines;
    const uint64_t cores = 3 * (uint64_t)device->info.clusters;
    const uint64_t hello = cores * sizeof(struct core_hello), welcome = cores * sizeof(struct core_welcome),
                   payload = cores * 2 * sizeof(struct dispatch_payload),
                   records = record_core_offset((uint32_t)cores),
                   regs = device->registers.physical_cores * sizeof(uint64_t);
    const uint64_t size = hello + welcome + payload + records + regs;
    npurt_status status = memory_take(device, size, "run", "lines of the cores", &lines->memory);
    if (status != NPURT_OK) return status;
    lines->hello = lines->memory;
    lines->welcome = lines->hello + hello;
    lines->payload = lines->welcome + welcome;
    lines->records = lines->payload + payload;
    lines->regs = lines->records + records;
    /* A hello, welcome or record is told from a stale one by its run number; a first one has no other to be told from. */
    status = memory_set(device, lines->memory, 0, size, "the lines of the cores");
    if (status == NPURT_OK)
        status = memory_write(device, lines->regs, device->registers.base, regs, "the register bases");
    return status;
}

npurt_status bank_init(npurt_device *device)
{
    npurt_status status = take_lines(device);
    if (status == NPURT_OK)
        status =
            bank_grow_block(device, &device->bank[0], image_workspace_size(FIRST_TASKS, false, PROTOCOL_MAX_AICPU_THREADS));
    return status;
}

npurt_status bank_fini(npurt_device *device)
{
    npurt_status status = NPURT_OK;
    for (int b = BANKS; b-- > 0;) {
        const struct run_bank *bank = &device->bank[b];
        const uint64_t address[] = {bank->heap, bank->staging, bank->image, bank->block};
        for (size_t i = 0; i < sizeof address / sizeof address[0]; i++)
            error_first(&status, memory_give(device, address[i]));
    }
    error_first(&status, memory_give(device, device->lines.memory));
    bank_forget(device);
    return status;
}

void bank_forget(npurt_device *device)
{
    device->lines = (struct run_lines){0};
    for (int b = 0; b < BANKS; b++) {
        struct run_bank *bank = &device->bank[b];
        bank->heap = bank->staging = bank->image = bank->block = 0;
        bank->heap_size = bank->staging_size = bank->image_size = bank->workspace_size = 0;
        bank_distrust(bank);
    }
}

void bank_free(npurt_device *device)
{
    for (int b = 0; b < BANKS; b++) {
        free(device->bank[b].upload);
        free(device->bank[b].shadow);
    }
}

void bank_distrust(struct run_bank *bank)
{
    bank->small_size = 0;
    bank->large.magic = 0;
    bank->shadowed = false;
}

npurt_status bank_grow(npurt_device *device, struct run_bank *bank, uint64_t *address, uint64_t *capacity,
                       uint64_t need, uint64_t wanted, const char *purpose)
{
    if (need <= *capacity) return NPURT_OK;
    if (wanted < need) wanted = need;
    if (wanted < 2 * *capacity) wanted = 2 * *capacity;
    wanted = round_up(wanted, 65536);
    const uint64_t old = *address;
    *address = *capacity = 0;
    bank_distrust(bank);
    npurt_status status = memory_give(device, old);
    if (status == NPURT_OK)
        status = memory_take_range(device, need, wanted, bank == &device->bank[0] ? "run" : "second run", purpose,
                                   address, capacity);
    return status;
}

npurt_status bank_grow_block(npurt_device *device, struct run_bank *bank, uint64_t workspace)
{
    if (!bank->upload && !(bank->upload = calloc(1, RUN_SMALL_IMAGE + RUN_HEAD + RUN_WORKSPACE_ZERO)))
        return error_raise(NPURT_ERROR_OUT_OF_HOST_MEMORY, "no host memory for a run");
    if (workspace <= bank->workspace_size) return NPURT_OK;
    uint64_t capacity = bank->workspace_size ? bank->workspace_size + RUN_SMALL_IMAGE + RUN_HEAD : 0;
    npurt_status status = bank_grow(device, bank, &bank->block, &capacity, RUN_SMALL_IMAGE + RUN_HEAD + workspace, 0,
                                    "control, result and workspace");
    bank->workspace_size = status == NPURT_OK ? (capacity - RUN_SMALL_IMAGE - RUN_HEAD) & ~UINT64_C(63) : 0;
    return status;
}
