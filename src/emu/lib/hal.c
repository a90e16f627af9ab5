/* The driver's side: device properties and where registers lie. Ids are the driver's; codes are the hal family's. */
#include "device.h"
#include "entries.h"

#include <string.h>

enum { DRIVER_DEVICES = 1140 /* the driver's range of device ids */ };

/* ---- device properties ------------------------------------------------------------------------------------------ */

static uint64_t cluster_mask(const struct emu_machine *machine)
{
    uint64_t mask = 0;

    for (uint32_t i = 0, present = 0; i < machine->physical_clusters && present < machine->clusters; i++) {
        if (i == machine->absent_cluster) continue;
        mask |= UINT64_C(1) << i;
        present++;
    }
    return mask;
}

static int32_t aicpu_info(const struct emu_machine *machine, int32_t info, int64_t *value)
{
    switch (info) {
    case HAL_INFO_CORE_NUM:
        *value = __builtin_popcount(machine->aicpu_occupy_host);
        return HAL_OK;
    case HAL_INFO_OCCUPY:
        *value = machine->aicpu_occupy_host;
        return HAL_OK;
    default: /* OS_SCHED, PF_CORE_NUM, PF_OCCUPY are answered on the device alone */
        return HAL_INVALID_VALUE;
    }
}

/* A whole AICore: the driver counts clusters in silicon, also the one that is fused off. */
static int32_t core_info(const struct emu_machine *machine, int32_t module, int32_t info, int64_t *value)
{
    switch (info) {
    case HAL_INFO_CORE_NUM:
        *value = machine->physical_clusters * (module == HAL_MODULE_VECTOR_CORE ? 2 : 1);
        return HAL_OK;
    case HAL_INFO_FREQUE: /* MHz */
        *value = machine->generation == EMU_A5 ? 1800 : 1850;
        return HAL_OK;
    default:
        return HAL_INVALID_VALUE;
    }
}

drvError_t halGetDeviceInfo(uint32_t id, int32_t module, int32_t info, int64_t *value)
{
    const struct device *device = card_device_by_driver_id(id);

    if (id >= DRIVER_DEVICES || !value) return HAL_INVALID_VALUE;
    if (!device) return HAL_INVALID_DEVICE;
    switch (module) {
    case HAL_MODULE_AICPU:
        return aicpu_info(&device->machine, info, value);
    case HAL_MODULE_AICORE:
    case HAL_MODULE_VECTOR_CORE:
        return core_info(&device->machine, module, info, value);
    case HAL_MODULE_SYSTEM:
        if (info != HAL_INFO_DIE_NUM || device->machine.generation != EMU_A5) return HAL_INVALID_VALUE;
        *value = 2;
        return HAL_OK;
    default:
        return HAL_INVALID_VALUE;
    }
}

/* a5: CPU 0 is the OS's, 1 and 2 are one withheld core's two threads, from 3 on each is a core. */
static void cpu_topology(const struct emu_machine *machine, struct halCpuTopologyInfo *to)
{
    const uint32_t cpus = 32 - (uint32_t)__builtin_clz(machine->aicpu_occupy);

    memset(to, 0, sizeof *to);
    to->total_nums = cpus;
    for (uint32_t i = 0; i < cpus; i++) {
        to->cpu[i].cpu_mask = UINT64_C(1) << i;
        to->cpu[i].cpu_id = (uint8_t)i;
        to->cpu[i].phy_cpu_id = (uint8_t)(i < 2 ? i : i - 1);
        to->cpu[i].hyperthread_id = i == 2;
    }
}

drvError_t halGetDeviceInfoByBuff(uint32_t id, int32_t module, int32_t info, void *buffer, int32_t *size)
{
    const struct device *device = card_device_by_driver_id(id);

    if (id >= DRIVER_DEVICES || !buffer || !size) return HAL_INVALID_VALUE;
    if (!device) return HAL_INVALID_DEVICE;
    if (module == HAL_MODULE_AICORE && info == HAL_INFO_OCCUPY) {
        const uint64_t words[2] = {cluster_mask(&device->machine), 0};
        if (*size < (int32_t)sizeof words) return HAL_INVALID_VALUE;
        memcpy(buffer, words, sizeof words);
        *size = sizeof words;
        return HAL_OK;
    }
    if (module == HAL_MODULE_SYSTEM && info == HAL_INFO_CPU_TOPO && device->machine.generation == EMU_A5) {
        if (*size < (int32_t)sizeof(struct halCpuTopologyInfo)) return HAL_INVALID_VALUE;
        cpu_topology(&device->machine, buffer);
        *size = sizeof(struct halCpuTopologyInfo);
        return HAL_OK;
    }
    return HAL_NOT_SUPPORT;
}

int dsmi_get_device_info(unsigned id, int main_command, unsigned sub_command, void *buffer, unsigned *size)
{
    enum { SOC_INFO = 14, SOC_CPU_TOPOLOGY = 2 };
    const struct device *device = card_device_by_driver_id(id);

    if (!buffer || !size) return HAL_PARA_ERROR;
    if (!device) return HAL_INVALID_DEVICE;
    if (main_command != SOC_INFO || sub_command != SOC_CPU_TOPOLOGY || device->machine.generation != EMU_A5)
        return HAL_PARA_ERROR;
    if (*size < sizeof(struct halCpuTopologyInfo)) return HAL_PARA_ERROR;
    cpu_topology(&device->machine, buffer);
    *size = sizeof(struct halCpuTopologyInfo);
    return HAL_OK;
}

/* ---- registers: addresses in the device process, of no use on the host ------------------------------------------ */

static bool is_open(struct device *device)
{
    if (device_enter_this(device)) return false;
    device_leave(device);
    return true;
}

/* a2 and a3: one window for all cores. a5 has no such call. */
drvError_t halMemCtl(int type, void *in, size_t in_size, void *out, size_t *out_size)
{
    const struct AddrMapInPara *what = in;
    struct AddrMapOutPara *where = out;
    struct device *device;

    (void)in_size, (void)out_size;
    if (type != HAL_MEM_CTL_ADDR_MAP) return HAL_NOT_SUPPORT;
    if (!in || !out) return HAL_INVALID_VALUE;
    device = card_device_by_driver_id(what->devid);
    if (!device) return HAL_INVALID_DEVICE;
    if (device->machine.generation == EMU_A5 || what->addr_type != HAL_MAP_REG_AIC_CTRL) return HAL_NOT_SUPPORT;
    if (!is_open(device)) return HAL_INVALID_HANDLE;
    where->ptr = EMU_REG_WINDOWS;
    where->len = device->machine.physical_clusters * device->machine.reg_core_stride;
    return HAL_OK;
}

/* a5: one window per core; the request goes to the device process, which must be there and sane. */
drvError_t halResMap(unsigned id, struct res_map_info *info, unsigned long *address, unsigned *size)
{
    struct device *device = card_device_by_driver_id(id);
    drvError_t code = HAL_OK;

    if (!info || !address || !size) return HAL_PARA_ERROR;
    if (!device) return HAL_INVALID_DEVICE;
    if (device->machine.generation != EMU_A5 || info->target_proc_type != HAL_PROCESS_CP1 || info->flag != 0 ||
        info->rsv[0] != 0 || info->res_type != HAL_RES_AICORE)
        return HAL_NOT_SUPPORT;
    if (device_enter_this(device)) return HAL_NO_PROCESS;
    if (device->down || !process_alive_lately(device->process) || device_refuses(device))
        code = HAL_NO_PROCESS;
    else if (info->res_id >= device->machine.clusters)
        code = HAL_INNER_ERR;
    device_leave(device);
    if (code) return code;
    *address = EMU_REG_WINDOWS + info->res_id * device->machine.reg_core_stride;
    *size = (unsigned)device->machine.reg_core_stride;
    return HAL_OK;
}
