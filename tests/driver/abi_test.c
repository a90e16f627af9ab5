/* Layouts and numbers of the vendor's ABI, field by field, against a table written down from the public headers. */
#include "check.h"

#include <driver/cann.h>

struct field {
    const char *name;
    size_t at, size, wanted_at, wanted_size;
};
#define FIELD(type, field, at, size)                                                                                   \
    {                                                                                                                  \
#type "." #field, offsetof(type, field), sizeof(((type *)0)->field), at, size                                  \
    }

static const struct field fields[] = {
    FIELD(rtDevBinary_t, magic, 0, 4),
    FIELD(rtDevBinary_t, version, 4, 4),
    FIELD(rtDevBinary_t, data, 8, 8),
    FIELD(rtDevBinary_t, length, 16, 8),
    FIELD(rtHostInputInfo_t, addrOffset, 0, 4),
    FIELD(rtHostInputInfo_t, dataOffset, 4, 4),
    FIELD(rtArgsEx_t, args, 0, 8),
    FIELD(rtArgsEx_t, hostInputInfoPtr, 8, 8),
    FIELD(rtArgsEx_t, argsSize, 16, 4),
    FIELD(rtArgsEx_t, tilingAddrOffset, 20, 4),
    FIELD(rtArgsEx_t, tilingDataOffset, 24, 4),
    FIELD(rtArgsEx_t, hostInputInfoNum, 28, 2),
    FIELD(rtArgsEx_t, hasTiling, 30, 1),
    FIELD(rtArgsEx_t, isNoNeedH2DCopy, 31, 1),
    FIELD(rtArgsEx_t, reserved, 32, 4),
    FIELD(rtAicpuArgsEx_t, args, 0, 8),
    FIELD(rtAicpuArgsEx_t, hostInputInfoPtr, 8, 8),
    FIELD(rtAicpuArgsEx_t, kernelOffsetInfoPtr, 16, 8),
    FIELD(rtAicpuArgsEx_t, argsSize, 24, 4),
    FIELD(rtAicpuArgsEx_t, hostInputInfoNum, 28, 2),
    FIELD(rtAicpuArgsEx_t, kernelOffsetInfoNum, 30, 2),
    FIELD(rtAicpuArgsEx_t, soNameAddrOffset, 32, 4),
    FIELD(rtAicpuArgsEx_t, kernelNameAddrOffset, 36, 4),
    FIELD(rtAicpuArgsEx_t, isNoNeedH2DCopy, 40, 1),
    FIELD(rtAicpuArgsEx_t, timeout, 42, 2),
    FIELD(rtAicpuArgsEx_t, reserved, 44, 1),
    FIELD(rtCpuKernelArgs_t, baseArgs, 0, 48),
    FIELD(rtCpuKernelArgs_t, cpuParamHeadOffset, 48, 8),
    FIELD(rtCpuKernelArgs_t, rsv, 56, 16),
    FIELD(rtTaskCfgInfo_t, qos, 0, 1),
    FIELD(rtTaskCfgInfo_t, partId, 1, 1),
    FIELD(rtTaskCfgInfo_t, schemMode, 2, 1),
    FIELD(rtTaskCfgInfo_t, d2dCrossFlag, 3, 1),
    FIELD(rtTaskCfgInfo_t, blockDimOffset, 4, 4),
    FIELD(rtTaskCfgInfo_t, dumpflag, 8, 1),
    FIELD(rtTaskCfgInfo_t, neverTimeout, 9, 1),
    FIELD(rtTaskCfgInfo_t, enableProfiling, 10, 1),
    FIELD(rtTaskCfgInfo_t, localMemorySize, 12, 4),
    FIELD(rtLoadBinaryOption_t, optionId, 0, 4),
    FIELD(rtLoadBinaryOption_t, value, 4, 16),
    FIELD(rtLoadBinaryConfig_t, options, 0, 8),
    FIELD(rtLoadBinaryConfig_t, numOpt, 8, 8),
    FIELD(rtLaunchKernelAttr_t, id, 0, 4),
    FIELD(rtLaunchKernelAttr_t, value, 4, 16),
    FIELD(rtKernelLaunchCfg_t, attrs, 0, 8),
    FIELD(rtKernelLaunchCfg_t, numAttrs, 8, 8),
    FIELD(aclrtMemLocation, id, 0, 4),
    FIELD(aclrtMemLocation, type, 4, 4),
    FIELD(aclrtPhysicalMemProp, handleType, 0, 4),
    FIELD(aclrtPhysicalMemProp, allocationType, 4, 4),
    FIELD(aclrtPhysicalMemProp, memAttr, 8, 4),
    FIELD(aclrtPhysicalMemProp, location, 12, 8),
    FIELD(aclrtPhysicalMemProp, reserve, 24, 8),
    FIELD(aclrtMemAccessDesc, flags, 0, 4),
    FIELD(aclrtMemAccessDesc, location, 4, 8),
    FIELD(aclrtMemAccessDesc, rsv, 12, 12),
    FIELD(struct AddrMapInPara, addr_type, 0, 4),
    FIELD(struct AddrMapInPara, devid, 4, 4),
    FIELD(struct AddrMapOutPara, ptr, 0, 8),
    FIELD(struct AddrMapOutPara, len, 8, 8),
    FIELD(struct res_map_info, target_proc_type, 0, 4),
    FIELD(struct res_map_info, res_type, 4, 4),
    FIELD(struct res_map_info, res_id, 8, 4),
    FIELD(struct res_map_info, flag, 12, 4),
    FIELD(struct res_map_info, rsv, 16, 4),
    FIELD(struct halCpuTopologyInfo, total_nums, 0, 4),
    FIELD(struct halCpuTopologyInfo, cpu, 8, 1024),
};

TEST(fields_lie_where_the_vendor_puts_them)
{
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        const struct field *f = &fields[i];
        if (f->at != f->wanted_at || f->size != f->wanted_size)
            CHECK_FAIL("%s is %zu bytes at %zu, not %zu bytes at %zu", f->name, f->size, f->at, f->wanted_size,
                       f->wanted_at);
    }
}

TEST(structs_have_the_vendors_sizes)
{
    CHECK_EQ(sizeof(rtDevBinary_t), 24);
    CHECK_EQ(sizeof(rtHostInputInfo_t), 8);
    CHECK_EQ(sizeof(rtArgsEx_t), 40);
    CHECK_EQ(sizeof(rtAicpuArgsEx_t), 48);
    CHECK_EQ(sizeof(rtCpuKernelArgs_t), 72);
    CHECK_EQ(sizeof(rtTaskCfgInfo_t), 16);
    CHECK_EQ(sizeof(rtLoadBinaryOption_t), 20);
    CHECK_EQ(sizeof(rtLoadBinaryConfig_t), 16);
    CHECK_EQ(sizeof(rtLaunchKernelAttr_t), 20);
    CHECK_EQ(sizeof(rtKernelLaunchCfg_t), 16);
    CHECK_EQ(sizeof(aclrtPhysicalMemProp), 32);
    CHECK_EQ(sizeof(aclrtMemAccessDesc), 24);
    CHECK_EQ(sizeof(struct res_map_info), 20);
    CHECK_EQ(sizeof(struct halCpuTopologyInfo), 1032);
}

TEST(magics_spell_what_they_are)
{
    CHECK_EQ(RT_DEV_BINARY_MAGIC_ELF, 'C' << 24 | 'U' << 16 | 'B' << 8 | 'E');
    CHECK_EQ(RT_DEV_BINARY_MAGIC_ELF_AICPU, 'A' << 24 | 'A' << 16 | 'R' << 8 | 'C');
    CHECK_EQ(RT_DEV_BINARY_MAGIC_ELF_AIVEC, 'A' << 24 | 'A' << 16 | 'R' << 8 | 'F');
    CHECK_EQ(RT_DEV_BINARY_MAGIC_ELF_AICUBE, 'A' << 24 | 'I' << 16 | 'C' << 8 | 'C');
}

TEST(numbers_are_the_vendors)
{
    CHECK_EQ(RT_KERNEL_TYPE_AICPU_KFC, 5);
    CHECK_EQ(RT_LOAD_BINARY_OPT_CPU_KERNEL_MODE, 3);
    CHECK_EQ(RT_SCHEM_MODE_BATCH, 1);
    CHECK_EQ(RT_MEMCPY_HOST_TO_DEVICE, 1);
    CHECK_EQ(RT_MEMCPY_DEVICE_TO_HOST, 2);
    CHECK_EQ(RT_MEMORY_HBM, 2);
    CHECK_EQ(ACL_HBM_MEM, 1);
    CHECK_EQ(HAL_RES_AICORE, 0);
    CHECK_EQ(HAL_MAP_REG_AIC_CTRL, 2);
    CHECK_EQ(HAL_INFO_OCCUPY, 8);
    CHECK_EQ(HAL_INFO_CPU_TOPO, 60);
}

TEST_MAIN
