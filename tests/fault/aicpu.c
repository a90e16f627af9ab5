/* The AICPU: what is installed there, what is found, and what becomes of the process that runs it. */
#include "fault.h"

#include "protocol/fingerprint.h"

/* Installs the test's AICPU library as a dispatcher of its own, which the AICPU OS saves under a name of its own. */
static void install_server(int32_t device, char so[64])
{
    void *counter = launch_device_word(0);
    size_t size;
    unsigned char *image = launch_read_file(FIXTURE_AICPU, &size);

    OK(launch_kfc(device, image, size, counter, NULL));
    CHECK_EQ(launch_word(counter), 1);
    snprintf(so, 64, "libpypto_server%d.so", device & 0xff);
    OK(rtFree(counter));
    free(image);
}

static void *upload(const void *bytes, size_t size)
{
    void *p;

    OK(rtMalloc(&p, size, RT_MEMORY_HBM, 0));
    OK(rtMemcpy(p, size, bytes, size, RT_MEMCPY_HOST_TO_DEVICE));
    return p;
}

/* Makes npurt's dispatcher install the file `inner`; gives the name that it gets. */
static int32_t install_with_dispatcher(int32_t device, const char *inner, char so[64])
{
    struct {
        uint64_t words[26];
        char kernel_name[32], so_name[32], op_name[32];
    } blob = {.kernel_name = "DynTileFwkKernelServerInit", .so_name = "libaicpu_extend_kernels.so"};
    rtAicpuArgsEx_t args = {
        .args = &blob, .argsSize = sizeof blob, .soNameAddrOffset = 240, .kernelNameAddrOffset = 208};
    size_t dispatcher_size, inner_size;
    unsigned char *dispatcher = launch_read_file(FAULT_DISPATCHER, &dispatcher_size);
    unsigned char *bytes = launch_read_file(inner, &inner_size);
    uint64_t config[20] = {[12] = (uintptr_t)upload(dispatcher, dispatcher_size),
                           [13] = dispatcher_size,
                           [14] = (uint64_t)device,
                           [15] = (uintptr_t)upload(bytes, inner_size),
                           [16] = inner_size};

    blob.words[5] = (uintptr_t)upload(config, sizeof config);
    OK(rtAicpuKernelLaunchExWithArgs(RT_KERNEL_TYPE_AICPU_KFC, "AST_DYN_AICPU", 1, &args, NULL, NULL, 0));
    snprintf(so, 64, FINGERPRINT_INSTALL_NAME, (unsigned long long)fingerprint_of(bytes, inner_size), (unsigned)device);
    free(dispatcher);
    free(bytes);
    return rtStreamSynchronizeWithTimeout(NULL, 10000);
}

struct add {
    void *word;
    uint32_t value, padding;
    void *until;
};

/* One launch of fixture_add; its end. */
static int32_t add_once(rtFuncHandle add, void *word)
{
    struct add args = {.word = word, .value = 1};

    OK(launch_cpu(add, 1, NULL, &args, sizeof args));
    return rtStreamSynchronizeWithTimeout(NULL, 10000);
}

/* ---- latch-taken ------------------------------------------------------------------------------------------------- */

static void latch_taken_bare(const char *machine)
{
    int32_t device = fault_card(machine, "latch-taken");
    void *counter = launch_device_word(0);
    size_t size;
    unsigned char *image = launch_read_file(FIXTURE_AICPU, &size);

    OK(launch_kfc(device, image, size, counter, NULL)); /* success, and nothing was done */
    CHECK_EQ(launch_word(counter), 0);
    OK(launch_kfc(device, image, size, counter, NULL));
    CHECK_EQ(launch_word(counter), 0);
    OK(aclrtResetDeviceForce(device));
    OK(aclrtSetDevice(device));
    counter = launch_device_word(0);
    OK(launch_kfc(device, image, size, counter, NULL));
    CHECK_EQ(launch_word(counter), 1);
    free(image);
    card_close(device);
}

TEST(latch_taken)
{
    struct fault_world world;

    FAULT_EACH_MACHINE(machine)
    {
        latch_taken_bare(machine);
        fault_target(&world, machine, "latch-taken");
        FAULT_FAILS(fault_open(&world), NPURT_ERROR_AICPU_FAULT, 507018, "npurt_aicpu_init");
        CHECK_HAS(npurt_error_last()->hint, "No such file");
        fault_next_open_works(&world, machine);
    }
}

/* ---- install-truncated ------------------------------------------------------------------------------------------- */

static void install_truncated_bare(const char *machine)
{
    int32_t device = fault_card(machine, "install-truncated:bytes=64");
    void *word = launch_device_word(0);
    rtBinHandle binary;
    char so[64];

    OK(install_with_dispatcher(device, FIXTURE_AICPU, so)); /* the dispatcher has seen nothing */
    binary = launch_load(so, "fixture_add");
    FAILS(add_once(launch_function(binary, "fixture_add"), word), 507018, so);
    OK(install_with_dispatcher(device, FIXTURE_AICPU, so)); /* whole, over the ruin */
    OK(add_once(launch_function(binary, "fixture_add"), word));
    CHECK_EQ(launch_word(word), 1);
    OK(rtsBinaryUnload(binary));
    card_close(device);
}

TEST(install_truncated)
{
    struct fault_world world;

    FAULT_EACH_MACHINE(machine)
    {
        install_truncated_bare(machine);
        fault_target(&world, machine, "install-truncated:bytes=64"); /* refused by the loader */
        FAULT_FAILS(fault_open(&world), NPURT_ERROR_AICPU_FAULT, 507018, "npurt_aicpu_init");
        CHECK_HAS(npurt_error_last()->hint, "installs it anew");
        fault_next_open_works(&world, machine);
        fault_target(&world, machine, "install-truncated"); /* the headers are whole: the loader itself faults */
        FAULT_FAILS(fault_open(&world), NPURT_ERROR_AICPU_FAULT, 507018, "npurt_aicpu_init");
        fault_next_open_works(&world, machine);
    }
}

/* ---- install-overwritten ----------------------------------------------------------------------------------------- */

static void install_overwritten_bare(const char *machine)
{
    int32_t device = fault_card(machine, "install-overwritten:nth=2");
    void *word = launch_device_word(0);
    rtFuncHandle add;
    rtBinHandle binary;
    char so[64];

    install_server(device, so);
    binary = launch_load(so, "fixture_add");
    add = launch_function(binary, "fixture_add");
    OK(add_once(add, word));
    FAILS(add_once(add, word), 507018, "illegal instruction");
    fault_card_is_poisoned_until_force_reset(device);
    install_server(device, so);
    word = launch_device_word(0);
    OK(add_once(launch_function(binary, "fixture_add"), word));
    OK(rtsBinaryUnload(binary));
    card_close(device);
}

TEST(install_overwritten)
{
    struct fault_world world;

    FAULT_EACH_MACHINE(machine)
    {
        install_overwritten_bare(machine);
        fault_begin(&world, machine, "install-overwritten:nth=2"); /* the first block is the init entry's */
        FAULT_FAILS(fault_call(&world, FAULT_TASKS), NPURT_ERROR_AICPU_FAULT, 507018, "AICPU program failed");
        CHECK_HAS(npurt_error_last()->hint, "illegal instruction");
        fault_reset_helps(&world, machine, NPURT_DEVICE_POISONED);
    }
}

/* The cure: the two dies of an a3 share a folder, and npurt's files there carry the die in their names. */
TEST(install_overwritten_has_a_cure)
{
    npurt_device *die[2];
    char report[2][8192], *name[2];

    for (int i = 0; i < 2; i++) {
        FAULT_OK(npurt_device_open(i ? "emu:a3:1" : "emu:a3:0", NULL, &die[i]));
        FAULT_OK(npurt_device_report(die[i], report[i], sizeof report[i], NULL));
        CHECK((name[i] = strstr(report[i], "npurt_inner_")) != NULL);
        name[i][strcspn(name[i], "\n")] = 0;
    }
    CHECK(strncmp(name[0], name[1], sizeof "npurt_inner_0123456789abcdef" - 1) == 0);
    CHECK(strcmp(name[0], name[1]) != 0);
    for (int i = 0; i < 2; i++)
        FAULT_OK(npurt_device_close(die[i]));
}

/* ---- aicpu-entry-missing ----------------------------------------------------------------------------------------- */

static void aicpu_entry_missing_bare(const char *machine)
{
    int32_t device = fault_card(machine, "aicpu-entry-missing");
    void *word = launch_device_word(0);
    rtFuncHandle add;
    rtBinHandle binary;
    char so[64];

    install_server(device, so);
    binary = launch_load(so, "fixture_add");
    add = launch_function(binary, "fixture_add"); /* found in the descriptor: the SO is not looked at */
    FAILS(add_once(add, word), 507018, "no entry fixture_add");
    OK(add_once(add, word)); /* the failure of a launch is no failure of the device */
    CHECK_EQ(launch_word(word), 1);
    OK(rtsBinaryUnload(binary));
    card_close(device);
}

TEST(aicpu_entry_missing)
{
    struct fault_world world;

    FAULT_EACH_MACHINE(machine)
    {
        aicpu_entry_missing_bare(machine);
        fault_target(&world, machine, "aicpu-entry-missing");
        FAULT_FAILS(fault_open(&world), NPURT_ERROR_AICPU_FAULT, 507018, "npurt_aicpu_init");
        CHECK_HAS(npurt_error_last()->hint, "no entry npurt_aicpu_init");
        fault_next_open_works(&world, machine);
    }
}

/* ---- aicpu-faults ------------------------------------------------------------------------------------------------ */

static void aicpu_faults_bare(const char *machine)
{
    int32_t device = fault_card(machine, "aicpu-faults");
    void *word = launch_device_word(0);
    rtBinHandle binary;
    char so[64];

    install_server(device, so);
    binary = launch_load(so, "fixture_add");
    FAILS(add_once(launch_function(binary, "fixture_add"), word), 507018, "AICPU worker");
    fault_card_is_poisoned_until_force_reset(device);
    OK(rtsBinaryUnload(binary));
    card_close(device);
}

TEST(aicpu_faults)
{
    struct fault_world world;

    FAULT_EACH_MACHINE(machine)
    {
        aicpu_faults_bare(machine);
        fault_target(&world, machine, "aicpu-faults");
        FAULT_FAILS(fault_open(&world), NPURT_ERROR_AICPU_FAULT, 507018, "npurt_aicpu_init");
        fault_next_open_works(&world, machine);
        fault_begin(&world, machine, "aicpu-faults:nth=2");
        FAULT_FAILS(fault_call(&world, FAULT_TASKS), NPURT_ERROR_AICPU_FAULT, 507018, "AICPU program failed");
        fault_reset_helps(&world, machine, NPURT_DEVICE_POISONED);
    }
}

/* ---- aicpu-process-dies ------------------------------------------------------------------------------------------ */

static void aicpu_process_dies_bare(const char *machine)
{
    int32_t device = fault_card(machine, "aicpu-process-dies:nth=2");
    void *program = launch_register(FIXTURE_AICORE), *words = launch_device_word(0);

    OK(launch_core(program, 0, 1, (uintptr_t)words, NULL, 0));
    OK(rtStreamSynchronizeWithTimeout(NULL, 10000));
    OK(launch_core(program, 0, 1, (uintptr_t)words, NULL, 0)); /* submitted is all that a launch says */
    FAILS(rtStreamSynchronizeWithTimeout(NULL, 10000), 507901, "device process");
    FAILS(rtMalloc(&words, 512, RT_MEMORY_HBM, 0), 507901, "device process");
    OK(aclrtResetDeviceForce(device));
    OK(aclrtSetDevice(device));
    fault_card_works();
    OK(rtDevBinaryUnRegister(program));
    card_close(device);
}

TEST(aicpu_process_dies)
{
    struct fault_world world;

    FAULT_EACH_MACHINE(machine)
    {
        aicpu_process_dies_bare(machine);
        fault_target(&world, machine, "aicpu-process-dies:nth=1"); /* the dispatcher */
        FAULT_FAILS(fault_open(&world), NPURT_ERROR_LOST, 507901, "dispatcher");
        fault_next_open_works(&world, machine);
        fault_target(&world, machine, "aicpu-process-dies:nth=2");
        FAULT_FAILS(fault_open(&world), NPURT_ERROR_LOST, 507901, "npurt_aicpu_init");
        fault_next_open_works(&world, machine);
        fault_begin(&world, machine, "aicpu-process-dies:nth=4"); /* the cores run already */
        FAULT_FAILS(fault_call(&world, FAULT_TASKS), NPURT_ERROR_LOST, 0, "went away during a run of \"fixture\"");
        CHECK_HAS(npurt_error_last()->fallout, "507901");
        fault_reset_helps(&world, machine, NPURT_DEVICE_LOST);
    }
}

/* ---- aicpu-overlaunch -------------------------------------------------------------------------------------------- */

/* Two blocks that wait for each other, where one worker serves: the second never starts. */
static void aicpu_overlaunch_bare(const char *machine)
{
    int32_t device = fault_card(machine, "aicpu-overlaunch:workers=1");
    const bool a5 = strcmp(machine, "a5") == 0;
    rtLaunchKernelAttr_t limit = {.id = RT_LAUNCH_ATTR_TIMEOUT_US, .value.timeoutUs = {.low = 150000}};
    const rtKernelLaunchCfg_t config = {.attrs = &limit, .numAttrs = 1};
    struct {
        void *arrived;
        uint32_t count, padding;
    } meeting = {.arrived = launch_device_word(0), .count = 2};
    rtCpuKernelArgs_t args = {.baseArgs = {.args = &meeting, .argsSize = sizeof meeting}};
    rtFuncHandle meet;
    rtBinHandle binary;
    char so[64];

    OK(install_with_dispatcher(device, FAULT_AICPU, so));
    binary = launch_load(so, "fault_meet");
    meet = launch_function(binary, "fault_meet");
    OK(rtsLaunchCpuKernel(meet, 2, NULL, &config, &args));
    FAILS(rtStreamSynchronizeWithTimeout(NULL, 50), 507046, "not done");
    FAILS(rtStreamSynchronizeWithTimeout(NULL, 10000), a5 ? 507000 : 507017, "2 blocks");
    CHECK_EQ(launch_word(meeting.arrived), 1);
    fault_card_is_poisoned_until_force_reset(device);
    OK(rtsBinaryUnload(binary));
    card_close(device);
}

/* npurt waits for no block that has nothing to do, so a small graph needs one worker. A large one has several
 * schedulers, which do wait for each other: the run ends when the scheduler's own limit has passed, and says so. */
TEST(aicpu_overlaunch)
{
    struct fault_world world;

    FAULT_EACH_MACHINE(machine)
    {
        aicpu_overlaunch_bare(machine);
        fault_begin(&world, machine, "aicpu-overlaunch:workers=1");
        fault_runs_on(&world, machine);
        fault_begin(&world, machine, "aicpu-overlaunch:workers=1");
        FAULT_FAILS(fault_call(&world, 1000), NPURT_ERROR_STALLED, 0, "\"fixture\"");
        if (npurt_device_get_state(world.device) == NPURT_DEVICE_HEALTHY)
            fault_runs_on(&world, machine);
        else
            fault_reset_helps(&world, machine, NPURT_DEVICE_POISONED);
    }
}

TEST_MAIN
