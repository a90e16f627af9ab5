#include "registers.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>
#include "error.h"
#include "log.h"

/* docs/reference/cann-abi.md, register windows: a sub-core's window is 1 MiB from its neighbour's. */
enum { A23_CLUSTERS = 25, A5_DIES = 2, A5_DIE_CLUSTERS = 18, A5_CLUSTERS = A5_DIES * A5_DIE_CLUSTERS };
static const uint64_t SUBCORE_STRIDE = UINT64_C(0x100000), A23_CLUSTER_STRIDE = UINT64_C(0x800000);
enum { A5_CLUSTER_WINDOW = 0x300000 };

npurt_status registers_generation(const char *soc, struct registers *r)
{
    *r = (struct registers){0};
    if (strncmp(soc, "Ascend910_93", 12) == 0 || strncmp(soc, "Ascend910B", 10) == 0) {
        r->generation = soc[9] == 'B' ? 2 : 3;
        r->dmb = 0xa0;
        r->cond = 0x4c8;
        r->fast_path = 0x18;
        r->physical_cores = 3 * A23_CLUSTERS;
        return NPURT_OK;
    }
    if (strncmp(soc, "Ascend950", 9) == 0) {
        r->generation = 5;
        r->dmb = 0xd0;
        r->cond = 0x5108;
        r->physical_cores = 3 * A5_CLUSTERS;
        return NPURT_OK;
    }
    return error_raise(NPURT_ERROR_UNSUPPORTED,
                       "the device calls itself \"%s\"; known are Ascend910B…, Ascend910_93… and Ascend950…", soc);
}

/* The driver is busy for a moment after the device came up. */
static int mem_ctl(npurt_device *device, struct AddrMapOutPara *out)
{
    struct AddrMapInPara in = {.addr_type = HAL_MAP_REG_AIC_CTRL, .devid = (uint32_t)device->hal_id};
    int code = HAL_BUSY;
    for (int attempt = 0; attempt < 3 && code == HAL_BUSY; attempt++) {
        if (attempt) nanosleep(&(struct timespec){.tv_nsec = 50000000L}, NULL);
        code = device->driver->halMemCtl(HAL_MEM_CTL_ADDR_MAP, &in, sizeof in, out, NULL);
    }
    return code;
}

static npurt_status find_a23(npurt_device *device)
{
    struct registers *r = &device->registers;
    uint64_t occupy[2] = {0};
    int32_t size = sizeof occupy;
    int code = device->driver->halGetDeviceInfoByBuff((uint32_t)device->hal_id, HAL_MODULE_AICORE, HAL_INFO_OCCUPY,
                                                      occupy, &size);
    if (code != 0) return error_hal(code, "halGetDeviceInfoByBuff", "asking which AICores are present");
    struct AddrMapOutPara out = {0};
    code = mem_ctl(device, &out);
    if (code != 0) return error_hal(code, "halMemCtl", "mapping the AICore registers");
    for (uint32_t i = 0; i < A23_CLUSTERS; i++) {
        if (!(occupy[0] >> i & 1)) continue;
        const uint64_t window = out.ptr + i * A23_CLUSTER_STRIDE;
        r->base[i] = window;
        for (uint32_t j = 0; j < 2; j++)
            r->base[A23_CLUSTERS + 2 * i + j] = window + (j + 1) * SUBCORE_STRIDE;
    }
    return NPURT_OK;
}

/* A card with fewer clusters than the silicon has refuses the ids that it lacks; fewer windows than clusters is an
 * error. */
static npurt_status find_a5(npurt_device *device)
{
    struct registers *r = &device->registers;
    uint32_t found = 0;
    int last = 0;
    for (uint32_t i = 0; i < A5_CLUSTERS; i++) {
        struct res_map_info info = {.target_proc_type = HAL_PROCESS_CP1, .res_type = HAL_RES_AICORE, .res_id = i};
        unsigned long window = 0;
        unsigned int length = A5_CLUSTER_WINDOW;
        int code = device->driver->halResMap((unsigned)device->hal_id, &info, &window, &length);
        if (code != 0) {
            last = code;
            continue;
        }
        const uint32_t die = i / A5_DIE_CLUSTERS, core = i % A5_DIE_CLUSTERS, first = die * 3 * A5_DIE_CLUSTERS;
        r->base[first + core] = window;
        for (uint32_t j = 0; j < 2; j++)
            r->base[first + A5_DIE_CLUSTERS + 2 * core + j] = window + (j + 1) * SUBCORE_STRIDE;
        found++;
    }
    if (found < device->info.clusters)
        return error_hal(last, "halResMap", "mapping the AICore registers: %u windows for %u clusters", found,
                         device->info.clusters);
    return NPURT_OK;
}

npurt_status registers_find(npurt_device *device)
{
    npurt_status status = device->registers.generation == 5 ? find_a5(device) : find_a23(device);
    if (status != NPURT_OK) return status;
    uint32_t present = 0;
    for (uint32_t i = 0; i < device->registers.physical_cores; i++)
        present += device->registers.base[i] != 0;
    if (present < 3 * device->info.clusters)
        return error_raise(NPURT_ERROR_DRIVER, "the driver maps registers of %u cores, but offers %u clusters", present,
                           device->info.clusters);
    log_write(LOG_LEVEL_INFO, "bootstrap", "registers of %u cores, the first at 0x%" PRIx64, present,
              device->registers.base[0]);
    return NPURT_OK;
}

uint32_t registers_sibling(const struct registers *registers, uint32_t core, uint32_t slot)
{
    const uint32_t per_die = registers->generation == 5 ? A5_DIE_CLUSTERS : A23_CLUSTERS;
    const uint32_t first = core / (3 * per_die) * (3 * per_die), at = core - first;
    const uint32_t cluster = at < per_die ? at : (at - per_die) / 2;
    return slot == 0 ? first + cluster : first + per_die + 2 * cluster + (slot - 1);
}
