/* Opening, counting, resetting: what callers are told, code by code (docs/reference/cann-abi.md). */
#include "card.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

TEST(the_same_string_is_the_same_device)
{
    int32_t a = card_add("a5?hbm=64MiB&card=same"), b = card_add("a5?hbm=64MiB&card=same");
    int32_t other = card_add("a5?hbm=64MiB&card=other");

    CHECK_EQ(a, b);
    CHECK(other != a);
    CHECK_EQ(card_add("a3?hbm=64MiB&card=pair"), card_add("a3:0?hbm=64MiB&card=pair"));
    CHECK(card_add("a3:1?hbm=64MiB&card=pair") != card_add("a3:0?hbm=64MiB&card=pair"));
}

TEST(a_bad_machine_is_named)
{
    int32_t device = 17;

    CHECK_EQ(npuemu_device_add("a5?hbm=lots", &device), -1);
    CHECK_HAS(npuemu_last_problem(), "hbm=lots");
    CHECK_EQ(npuemu_device_add("a7", &device), -1);
    CHECK_HAS(npuemu_last_problem(), "\"a7\"");
    CHECK_EQ(npuemu_device_add(NULL, &device), -1);
    CHECK_EQ(npuemu_device_add("a5", NULL), -1);
    CHECK_EQ(device, 17);
}

TEST(a_card_name_has_one_set_of_properties)
{
    int32_t device;

    card_add("a5?hbm=64MiB&card=solid");
    CHECK_EQ(npuemu_device_add("a5?hbm=128MiB&card=solid", &device), -1);
    CHECK_HAS(npuemu_last_problem(), "card=solid");
}

TEST(setting_a_device_that_is_not_there_is_107001)
{
    uint32_t count;

    card_add("a5?hbm=64MiB");
    OK(aclrtGetDeviceCount(&count));
    FAILS(aclrtSetDevice((int32_t)count), 107001, "there is no device");
    FAILS(rtSetDevice(-1), 107001, "-1");
}

TEST(a_thread_without_a_device_has_no_context)
{
    size_t free_bytes, total;
    void *p;
    int32_t id;

    FAILS(rtMalloc(&p, 512, RT_MEMORY_HBM, 0), 107002, "has not set a device");
    FAILS(aclrtGetMemInfo(ACL_HBM_MEM, &free_bytes, &total), 107002, "has not set a device");
    FAILS(rtStreamSynchronize(NULL), 107002, "has not set a device");
    FAILS(aclrtGetDevice(&id), 107002, "has not set a device");
}

static void *thread_without_device(void *code)
{
    void *stream;

    *(int32_t *)code = rtStreamCreate(&stream, 0);
    return NULL;
}

TEST(a_device_is_set_for_one_thread)
{
    int32_t device = card_open("a5?hbm=64MiB&card=thread"), code = 0, mine = -1;
    pthread_t thread;

    CHECK_EQ(pthread_create(&thread, NULL, thread_without_device, &code), 0);
    pthread_join(thread, NULL);
    CHECK_EQ(code, 107002);
    OK(aclrtGetDevice(&mine));
    CHECK_EQ(mine, device);
    card_close(device);
}

TEST(resets_are_counted_over_rt_and_acl)
{
    int32_t device = card_add("a5?hbm=64MiB&card=count");
    void *p;

    OK(rtSetDevice(device));
    OK(aclrtSetDevice(device));
    OK(aclrtResetDevice(device));
    OK(rtMalloc(&p, 512, RT_MEMORY_HBM, 0)); /* one is left */
    OK(rtDeviceReset(device));
    FAILS(rtMalloc(&p, 512, RT_MEMORY_HBM, 0), 107002, "was reset");
    FAILS(rtDeviceReset(device), 507007, "is not set");
    FAILS(aclrtResetDeviceForce(device), 507007, "is not set");
}

TEST(a_force_reset_takes_all_references)
{
    int32_t device = card_add("a5?hbm=64MiB&card=force");

    OK(rtSetDevice(device));
    OK(rtSetDevice(device));
    OK(aclrtResetDeviceForce(device));
    FAILS(rtDeviceReset(device), 507007, "is not set");
    OK(rtSetDevice(device));
    card_close(device);
}

TEST(handles_die_with_their_context)
{
    int32_t device = card_open("a5?hbm=64MiB&card=handles");
    void *stream, *event;

    OK(rtStreamCreate(&stream, 0));
    OK(aclrtCreateEventExWithFlag(&event, ACL_EVENT_TIME_LINE));
    card_close(device);
    OK(rtSetDevice(device));
    FAILS(rtStreamSynchronize(stream), 107017, "was destroyed");
    FAILS(aclrtRecordEvent(event, NULL), 107017, "was destroyed");
    card_close(device);
}

TEST(acl_counts_its_initializations)
{
    uint64_t left = 9;

    OK(aclInit(NULL));
    FAILS(aclInit(NULL), 100002, "before");
    OK(aclFinalizeReference(&left));
    CHECK_EQ(left, 1);
    OK(aclFinalize());
    FAILS(aclFinalize(), 100037, "before");
}

TEST(a_device_tells_its_machine)
{
    int32_t device = card_open("a2?hbm=64MiB&card=tell");
    uint32_t cube, vector, aicpus;
    int64_t value;

    CHECK_STR(aclrtGetSocName(), "Ascend910B1");
    OK(aclrtGetStreamResLimit(NULL, ACL_RT_DEV_RES_CUBE_CORE, &cube));
    OK(aclrtGetStreamResLimit(NULL, ACL_RT_DEV_RES_VECTOR_CORE, &vector));
    OK(rtGetAiCpuCount(&aicpus));
    CHECK_EQ(cube, 24);
    CHECK_EQ(vector, 48);
    CHECK_EQ(aicpus, 6);
    OK(aclrtGetDeviceInfo((uint32_t)device, ACL_DEV_ATTR_TOTAL_GLOBAL_MEM_SIZE, &value));
    CHECK_EQ(value, 67108864);
    card_close(device);
}

TEST(the_driver_gives_a_mask_and_one_register_window_on_a2)
{
    int32_t device = card_open("a2?hbm=64MiB&card=regs"), size = 16;
    struct AddrMapInPara in = {HAL_MAP_REG_AIC_CTRL, (uint32_t)device};
    struct AddrMapOutPara out = {0, 0};
    struct res_map_info info = {0};
    unsigned long address;
    uint64_t mask[2];
    unsigned length;
    int64_t value;

    CHECK_EQ(halGetDeviceInfoByBuff((uint32_t)device, HAL_MODULE_AICORE, HAL_INFO_OCCUPY, mask, &size), 0);
    CHECK_EQ(size, 16);
    CHECK_EQ(__builtin_popcountll(mask[0]), 24);
    CHECK_EQ(mask[0] >> 25, 0);
    size = 15;
    CHECK_EQ(halGetDeviceInfoByBuff((uint32_t)device, HAL_MODULE_AICORE, HAL_INFO_OCCUPY, mask, &size), 3);
    CHECK_EQ(halGetDeviceInfo((uint32_t)device, HAL_MODULE_AICORE, HAL_INFO_CORE_NUM, &value), 0);
    CHECK_EQ(value, 25);
    CHECK_EQ(halGetDeviceInfo((uint32_t)device, HAL_MODULE_AICPU, HAL_INFO_OCCUPY, &value), 0);
    CHECK_EQ(value, 0xfc);
    CHECK_EQ(halGetDeviceInfo((uint32_t)device, HAL_MODULE_AICPU, HAL_INFO_OS_SCHED, &value), 3);
    CHECK_EQ(halGetDeviceInfo((uint32_t)device, HAL_MODULE_SYSTEM, HAL_INFO_DIE_NUM, &value), 3);
    CHECK_EQ(halMemCtl(0, &in, sizeof in, &out, NULL), 0);
    CHECK_EQ(out.ptr, EMU_REG_WINDOWS);
    CHECK_EQ(out.len, 25 * 8 << 20);
    CHECK_EQ(halMemCtl(1, &in, sizeof in, &out, NULL), 0xfffe);
    CHECK_EQ(halMemCtl(0, NULL, 0, &out, NULL), 3);
    CHECK_EQ(halResMap((unsigned)device, &info, &address, &length), 0xfffe);
    card_close(device);
    CHECK_EQ(halMemCtl(0, &in, sizeof in, &out, NULL), 4);
    in.devid = 999;
    CHECK_EQ(halMemCtl(0, &in, sizeof in, &out, NULL), 2);
}

TEST(the_driver_gives_one_register_window_per_core_on_a5)
{
    int32_t device = card_open("a5?hbm=64MiB&card=regs5"), size = sizeof(struct halCpuTopologyInfo);
    struct res_map_info info = {.target_proc_type = HAL_PROCESS_CP1, .res_type = HAL_RES_AICORE, .res_id = 35};
    struct AddrMapInPara in = {HAL_MAP_REG_AIC_CTRL, (uint32_t)device};
    struct AddrMapOutPara out;
    struct halCpuTopologyInfo topology;
    unsigned long address = 0;
    unsigned length = 0;
    int64_t value;

    CHECK_EQ(halResMap((unsigned)device, &info, &address, &length), 0);
    CHECK_EQ(address, EMU_REG_WINDOWS + 35 * UINT64_C(0x300000));
    CHECK_EQ(length, 0x300000);
    info.res_id = 36;
    CHECK_EQ(halResMap((unsigned)device, &info, &address, &length), 7);
    info.res_id = 0;
    info.flag = 1;
    CHECK_EQ(halResMap((unsigned)device, &info, &address, &length), 0xfffe);
    CHECK_EQ(halMemCtl(0, &in, sizeof in, &out, NULL), 0xfffe);
    CHECK_EQ(halGetDeviceInfo((uint32_t)device, HAL_MODULE_SYSTEM, HAL_INFO_DIE_NUM, &value), 0);
    CHECK_EQ(value, 2);
    CHECK_EQ(halGetDeviceInfoByBuff((uint32_t)device, HAL_MODULE_SYSTEM, HAL_INFO_CPU_TOPO, &topology, &size), 0);
    CHECK_EQ(topology.total_nums, 9);
    CHECK_EQ(topology.cpu[1].phy_cpu_id, topology.cpu[2].phy_cpu_id); /* the withheld core's two threads */
    CHECK_EQ(topology.cpu[8].phy_cpu_id, 7);
    card_close(device);
    info.flag = 0;
    CHECK_EQ(halResMap((unsigned)device, &info, &address, &length), 62);
}

TEST(op_timeouts_are_rounded_up_to_hardware_units)
{
    int32_t device = card_add("a5?hbm=64MiB&card=optimeout");
    uint64_t interval, actual;

    FAILS(aclrtSetOpExecuteTimeOutV2(1000000, &actual), 107002, "has not set a device");
    OK(aclrtSetDevice(device));
    OK(aclrtGetOpTimeOutInterval(&interval));
    OK(aclrtSetOpExecuteTimeOutV2(interval + 1, &actual));
    CHECK_EQ(actual, 2 * interval);
    OK(aclrtSetOpExecuteTimeOutV2(UINT64_MAX, &actual));
    CHECK_EQ(actual, 254 * interval);
    OK(aclrtSetOpExecuteTimeOutV2(0, &actual));
    CHECK_EQ(actual, 254 * interval);
    card_close(device);
}

static int32_t unsupported(int32_t (*entry)(void))
{
    return entry();
}

TEST(entries_that_are_not_emulated_say_so_in_their_familys_code)
{
    extern int32_t aclrtMapMem(void), halHostRegister(void), HcclBarrier(void), rtStreamGetSqid(void);

    FAILS(unsupported(aclrtMapMem), 207000, "aclrtMapMem");
    FAILS(unsupported(rtStreamGetSqid), 207000, "rtStreamGetSqid");
    CHECK_EQ(unsupported(halHostRegister), 0xfffe);
    CHECK_EQ(unsupported(HcclBarrier), 5);
}

TEST(logging_follows_its_level)
{
    int32_t events = 1;

    CHECK_EQ(dlog_setlevel(-1, 4, 0), 0);
    CHECK_EQ(dlog_getlevel(7, &events), 4);
    CHECK_EQ(CheckLogLevel(7, 3), 0);
    CHECK_EQ(dlog_setlevel(-1, 3, 0), 0);
    CHECK_EQ(CheckLogLevel(7, 3), 1);
    CHECK_EQ(dlog_setlevel(-1, 5, 0), -1);
}

TEST_MAIN
