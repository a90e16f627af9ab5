/* The cores: one that never comes, kernels that fault or never end, a register that is late, a limit that passes. */
#include "fault.h"

#include "protocol/protocol.h"

/* A kernel image and its payload in device memory, as task 7, and the word that the kernel adds 1 to. */
struct kernel_world {
    void *program, *word, *image, *payload;
};

static void *upload(const void *bytes, size_t size)
{
    void *p;

    OK(rtMalloc(&p, size, RT_MEMORY_HBM, 0));
    OK(rtMemcpy(p, size, bytes, size, RT_MEMCPY_HOST_TO_DEVICE));
    return p;
}

static struct kernel_world kernel_world(void)
{
    struct kernel_world world = {.program = launch_register(FAULT_CORE), .word = launch_device_word(0)};
    struct dispatch_payload payload = {.task = 7, .args = {(int64_t)(uintptr_t)world.word}};
    size_t size;
    unsigned char *code = launch_read_file(FAULT_KERNEL, &size), *image = calloc(1, KERNEL_IMAGE_CODE + size);

    CHECK(image != NULL);
    *(struct kernel_image *)(void *)image = (struct kernel_image){
        .magic = KERNEL_IMAGE_MAGIC, .code_size = size, .content_hash = size, .entry = "add_to_word"};
    memcpy(image + KERNEL_IMAGE_CODE, code, size);
    world.image = upload(image, KERNEL_IMAGE_CODE + size);
    world.payload = upload(&payload, sizeof payload);
    free(image);
    free(code);
    return world;
}

static void kernel_launch(const struct kernel_world *world)
{
    uint64_t values[2] = {(uintptr_t)world->image, (uintptr_t)world->payload + offsetof(struct dispatch_payload, args)};
    rtArgsEx_t args = {.args = values, .argsSize = sizeof values};
    const rtTaskCfgInfo_t config = {.schemMode = 0};

    OK(rtKernelLaunchWithHandleV2(world->program, 0, 1, &args, NULL, NULL, &config));
}

/* The cluster of block 0 is the first, so its AIC is core 0 on every machine. */
static void check_core(const char *text, uint32_t core)
{
    char part[32];

    snprintf(part, sizeof part, "core %u ", core);
    CHECK_HAS(text, part);
}

/* ---- core-faults ------------------------------------------------------------------------------------------------- */

static void core_faults_bare(const char *machine, bool poisons)
{
    int32_t device =
        fault_card(machine, poisons ? "core-faults:task=7:nth=2&core_fault=poisons" : "core-faults:task=7:nth=2");
    struct kernel_world world = kernel_world();

    kernel_launch(&world);
    OK(rtStreamSynchronizeWithTimeout(NULL, 10000));
    CHECK_EQ(launch_word(world.word), 1);
    kernel_launch(&world);
    FAILS(rtStreamSynchronizeWithTimeout(NULL, 10000), 507015, "add_to_word");
    check_core(card_said, 0);
    OK(rtStreamSynchronizeWithTimeout(NULL, 10000)); /* told once */
    if (poisons)
        fault_card_is_poisoned_until_force_reset(device);
    else
        fault_card_works();
    OK(rtDevBinaryUnRegister(world.program));
    card_close(device);
}

TEST(core_faults)
{
    struct fault_world world;

    FAULT_EACH_MACHINE(machine)
    {
        core_faults_bare(machine, false);
        core_faults_bare(machine, true);
        fault_begin(&world, machine, "core-faults:task=3");
        FAULT_FAILS(fault_call(&world, FAULT_TASKS), NPURT_ERROR_KERNEL_FAULT, 507015,
                    "kernel \"add_one\" (id 0) faulted");
        CHECK_EQ(npurt_error_last()->task, 3);
        CHECK_STR(npurt_error_last()->kernel_name, "add_one");
        fault_reset_helps(&world, machine, NPURT_DEVICE_POISONED);
        fault_begin(&world, machine, "core-faults:nth=2");
        FAULT_FAILS(fault_call(&world, FAULT_TASKS), NPURT_ERROR_KERNEL_FAULT, 507015, "task 1 block 0");
        fault_reset_helps(&world, machine, NPURT_DEVICE_POISONED);
    }
}

/* ---- core-spins -------------------------------------------------------------------------------------------------- */

static void core_spins_bare(const char *machine)
{
    int32_t device = fault_card(machine, "core-spins");
    struct kernel_world world = kernel_world();

    kernel_launch(&world);
    FAILS(rtStreamSynchronizeWithTimeout(NULL, 100), 507046, "not done");
    FAILS(aclrtSynchronizeDeviceWithTimeout(100), 507046, "not done");
    CHECK_EQ(launch_word(world.word), 0);
    OK(aclrtResetDeviceForce(device));
    OK(aclrtSetDevice(device));
    fault_card_works();
    OK(rtDevBinaryUnRegister(world.program));
    card_close(device);
}

/* When the op-execute timeout is the first watchdog to see it. Virtual time: its least is 4.3 s. */
static void core_spins_past_the_op_timeout(const char *machine)
{
    int32_t device = fault_card(machine, "core-spins&seed=1");
    struct kernel_world world = kernel_world();
    uint64_t actual;

    OK(aclrtSetOpExecuteTimeOutV2(1000000, &actual));
    kernel_launch(&world);
    FAILS(rtStreamSynchronizeWithTimeout(NULL, 60000), 507014, "\"add_to_word\" ran past the op-execute timeout");
    check_core(card_said, 0);
    OK(aclrtSynchronizeDeviceWithTimeout(100)); /* drained, and poisoned all the same */
    fault_card_is_poisoned_until_force_reset(device);
    OK(rtDevBinaryUnRegister(world.program));
    OK(aclrtSetOpExecuteTimeOutV2(0, &actual));
    card_close(device);
}

TEST(core_spins)
{
    struct fault_world world;

    FAULT_EACH_MACHINE(machine)
    {
        core_spins_bare(machine);
        core_spins_past_the_op_timeout(machine);
        fault_begin(&world, machine, "core-spins:task=4");
        FAULT_FAILS(fault_call(&world, FAULT_TASKS), NPURT_ERROR_KERNEL_TIMEOUT, 0,
                    "kernel \"add_one\" (id 0) made no progress for 300 ms");
        CHECK_EQ(npurt_error_last()->task, 4);
        CHECK(npurt_error_last()->core >= 0);
        CHECK_HAS(npurt_error_last()->fallout, "507046");
        fault_reset_helps(&world, machine, NPURT_DEVICE_POISONED);
    }
}

/* ---- core-silent ------------------------------------------------------------------------------------------------- */

static void core_silent_bare(const char *machine)
{
    int32_t device = fault_card(machine, "core-silent:core=1");
    void *program = launch_register(FIXTURE_AICORE), *words = launch_device_word(0);

    OK(launch_core(program, 0, 2, (uintptr_t)words, NULL, RT_SCHEM_MODE_BATCH));
    FAILS(rtStreamSynchronizeWithTimeout(NULL, 100), 507046, "not done");
    CHECK_EQ(launch_word(words), 1); /* of two AICs */
    OK(aclrtResetDeviceForce(device));
    OK(aclrtSetDevice(device));
    fault_card_works();
    OK(rtDevBinaryUnRegister(program));
    card_close(device);
}

/* Core 0 is the AIC of the first cluster, which every launch has. */
TEST(core_silent)
{
    struct fault_world world;

    FAULT_EACH_MACHINE(machine)
    {
        core_silent_bare(machine);
        fault_begin(&world, machine, "core-silent:core=0");
        FAULT_FAILS(fault_call(&world, FAULT_TASKS), NPURT_ERROR_STALLED, 0, "core 0 of the launch never reported");
        CHECK_EQ(npurt_error_last()->core, 0); /* by what the others of its cluster said */
        fault_reset_helps(&world, machine, NPURT_DEVICE_POISONED);
    }
}

/* ---- op-timeout -------------------------------------------------------------------------------------------------- */

/* The cascade: 507014 once, 507899 from then on, register windows that can not be mapped. */
static void op_timeout_bare(const char *machine)
{
    int32_t device = fault_card(machine, "op-timeout:nth=2:ms=50");
    void *program = launch_register(FIXTURE_AICORE), *words;
    uint64_t zero[2] = {0, 0};

    words = upload(zero, sizeof zero);
    OK(launch_core(program, 0, 1, (uintptr_t)words, NULL, 0));
    OK(rtStreamSynchronizeWithTimeout(NULL, 10000));
    OK(launch_core(program, 0, 1, (uintptr_t)words, NULL, 0));
    FAILS(rtStreamSynchronizeWithTimeout(NULL, 10000), 507014, "op-execute timeout");
    OK(aclrtSynchronizeDeviceWithTimeout(100)); /* drained, and poisoned all the same */
    if (strcmp(machine, "a5") == 0) {
        struct res_map_info in = {.target_proc_type = 0, .res_type = HAL_RES_AICORE, .res_id = 0};
        uint64_t address;
        uint32_t length;
        CHECK_EQ(halResMap((uint32_t)device, &in, &address, &length), 62);
    }
    fault_card_is_poisoned_until_force_reset(device);
    OK(rtDevBinaryUnRegister(program));
    card_close(device);
}

TEST(op_timeout_poisons)
{
    struct fault_world world;

    FAULT_EACH_MACHINE(machine)
    {
        op_timeout_bare(machine);
        fault_begin(&world, machine, "op-timeout:ms=30");
        FAULT_FAILS(fault_call(&world, FAULT_TASKS), NPURT_ERROR_KERNEL_TIMEOUT, 507014,
                    "outran the op-execute timeout");
        fault_reset_helps(&world, machine, NPURT_DEVICE_POISONED);
    }
}

/* ---- cond-delayed ------------------------------------------------------------------------------------------------ */

/* Device time of the first run of a card in virtual time. */
static uint64_t device_wall(const char *machine, const char *faults)
{
    struct fault_world world;
    npurt_timing timing;

    fault_target(&world, machine, faults);
    strcat(world.target, "&seed=1");
    FAULT_OK(fault_open(&world));
    FAULT_OK(world_load(world.device, &world.callable));
    FAULT_OK(world_call(world.callable, world.x, world.y, FAULT_ELEMENTS, FIXTURE_CHAIN, FAULT_TASKS, &timing));
    fault_right(&world, FAULT_RUNS);
    FAULT_OK(npurt_callable_unload(world.callable));
    FAULT_OK(npurt_device_close(world.device));
    return timing.device_wall_ns;
}

/* Nobody may take a late COND for anything but a late COND: the answer is right, only later. */
TEST(cond_delayed)
{
    struct fault_world world;

    FAULT_EACH_MACHINE(machine)
    {
        uint64_t plain = device_wall(machine, ""), late = device_wall(machine, "cond-delayed:nth=4:us=200");
        if (late < plain + 150000) CHECK_FAIL("%s: %" PRIu64 " ns, late %" PRIu64 " ns", machine, plain, late);
        fault_begin(&world, machine, "cond-delayed:times=0:us=2");
        fault_runs_on(&world, machine);
    }
}

TEST_MAIN
