/* Programs, binaries and launches: what is checked on the host, what is charged, and what reaches the device. */
#include "launch.h"

#include <sys/stat.h>

struct add {
    void *word;
    uint32_t value, padding;
    void *until;
};

static unsigned char *fixture(size_t *size)
{
    return launch_read_file(FIXTURE_AICPU, size);
}

static void install(int32_t device)
{
    void *counter = launch_device_word(0);
    size_t size;
    unsigned char *image = fixture(&size);

    OK(launch_kfc(device, image, size, counter, NULL));
    CHECK_EQ(launch_word(counter), 1);
    free(image);
    OK(rtFree(counter));
}

static void server_name(int32_t device, char *name, size_t size)
{
    snprintf(name, size, "libpypto_server%d.so", device & 0xff);
}

/* ---- KFC -------------------------------------------------------------------------------------------------------- */

TEST(the_first_dispatcher_wins_and_every_init_reaches_it)
{
    int32_t device = card_open("a5?hbm=64MiB&card=kfc");
    void *counter = launch_device_word(0);
    size_t size;
    unsigned char *image = fixture(&size);

    OK(launch_kfc(device, image, size, counter, NULL));
    OK(launch_kfc(device, image, 100, counter, NULL)); /* not looked at: one is saved already */
    CHECK_EQ(launch_word(counter), 2);
    OK(aclrtResetDeviceForce(device));
    OK(aclrtSetDevice(device));
    counter = launch_device_word(0);
    FAILS(launch_kfc(device, image, 100, counter, NULL), 507018, "dispatcher"); /* a new process, a new latch */
    free(image);
    card_close(device);
}

TEST(bad_kfc_launches_are_named)
{
    int32_t device = card_open("a5?hbm=64MiB&card=badkfc");
    char blob[304] = "";
    rtAicpuArgsEx_t args = {
        .args = blob, .argsSize = sizeof blob, .soNameAddrOffset = 240, .kernelNameAddrOffset = 208};

    FAILS(rtAicpuKernelLaunchExWithArgs(3, "op", 1, &args, NULL, NULL, 0), 107000, "kernel type 3");
    FAILS(rtAicpuKernelLaunchExWithArgs(2, "op", 1, &args, NULL, NULL, 0), 207000, "kernel type 2");
    FAILS(rtAicpuKernelLaunchExWithArgs(5, NULL, 1, &args, NULL, NULL, 0), 107000, "opName");
    FAILS(rtAicpuKernelLaunchExWithArgs(5, "op", 0, &args, NULL, NULL, 0), 107000, "0 blocks");
    FAILS(rtAicpuKernelLaunchExWithArgs(5, "op", 1, NULL, NULL, NULL, 0), 107000, "args");
    args.kernelNameAddrOffset = 304;
    FAILS(rtAicpuKernelLaunchExWithArgs(5, "op", 1, &args, NULL, NULL, 0), 107000, "offset 304");
    card_close(device);
}

/* One init launch with this address and size for a dispatcher; its end. */
static int32_t init_with(int32_t device, uint64_t address, uint64_t size)
{
    char blob[304] = "";
    rtAicpuArgsEx_t args = {
        .args = blob, .argsSize = sizeof blob, .soNameAddrOffset = 240, .kernelNameAddrOffset = 208};
    const uint64_t config[20] = {[12] = address, [13] = size, [14] = (uint64_t)device};
    void *config_on_device;
    int32_t code;

    strcpy(blob + 208, "DynTileFwkKernelServerInit");
    strcpy(blob + 240, "libaicpu_extend_kernels.so");
    OK(rtMalloc(&config_on_device, sizeof config, RT_MEMORY_HBM, 0));
    OK(rtMemcpy(config_on_device, sizeof config, config, sizeof config, RT_MEMCPY_HOST_TO_DEVICE));
    memcpy(blob + 40, &config_on_device, sizeof config_on_device);
    OK(rtAicpuKernelLaunchExWithArgs(RT_KERNEL_TYPE_AICPU_KFC, "AST_DYN_AICPU", 1, &args, NULL, NULL, 0));
    code = rtStreamSynchronizeWithTimeout(NULL, 10000);
    OK(rtFree(config_on_device));
    return code;
}

/* A card's file system is the host's disk: what is not the card's is not written there, nor is a size that is garbage.
 */
TEST(a_dispatcher_that_is_not_in_device_memory_is_refused)
{
    int32_t device = card_open("a5?hbm=64MiB&card=badimage");
    static const char host_bytes[64] = "of the host";
    void *p;

    OK(rtMalloc(&p, 4096, RT_MEMORY_HBM, 0));
    FAILS(init_with(device, 0, 64), 507018, "64 bytes of dispatcher are not in device memory");
    FAILS(init_with(device, (uint64_t)(uintptr_t)host_bytes, 64), 507018, "not in device memory");
    FAILS(init_with(device, (uint64_t)(uintptr_t)p, 64 << 20), 507018, "67108864 bytes of dispatcher are not");
    FAILS(init_with(device, (uint64_t)(uintptr_t)p, UINT64_MAX), 507018, "a dispatcher of 18446744073709551615 bytes");
    install(device); /* none of them has taken the latch */
    card_close(device);
}

/* ---- CPU binaries ----------------------------------------------------------------------------------------------- */

static int32_t load_text(const char *text, int mode, rtBinHandle *handle)
{
    rtLoadBinaryOption_t option = {.optionId = RT_LOAD_BINARY_OPT_CPU_KERNEL_MODE, .value.cpuKernelMode = mode};
    rtLoadBinaryConfig_t config = {&option, 1};
    FILE *file = fopen("/tmp/npuemu-test-descriptor.json", "w");
    int32_t code;

    fputs(text, file);
    fclose(file);
    code = rtsBinaryLoadFromFile("/tmp/npuemu-test-descriptor.so", &config, handle); /* the extension is replaced */
    unlink("/tmp/npuemu-test-descriptor.json");
    return code;
}

/* Without a writer: nothing may wait for one. */
static int32_t load_pipe(rtBinHandle *handle)
{
    rtLoadBinaryOption_t option = {.optionId = RT_LOAD_BINARY_OPT_CPU_KERNEL_MODE};
    rtLoadBinaryConfig_t config = {&option, 1};
    char path[64];
    int32_t code;

    snprintf(path, sizeof path, "/tmp/npuemu-test-pipe-%d.json", (int)getpid());
    CHECK_EQ(mkfifo(path, 0600), 0);
    alarm(5);
    code = rtsBinaryLoadFromFile(path, &config, handle);
    alarm(0);
    unlink(path);
    return code;
}

TEST(bad_descriptors_are_named)
{
    const char *good = "{\"k\": {\"opInfo\": {\"functionName\": \"f\", \"kernelSo\": \"s.so\"}}}";
    rtLoadBinaryConfig_t none = {NULL, 0};
    rtBinHandle handle;

    FAILS(load_text("{", 0, &handle), 107000, "npuemu-test-descriptor.json");
    FAILS(load_pipe(&handle), 107000, ".json: not a regular file but a pipe");
    FAILS(load_text("[]", 0, &handle), 107000, "no JSON object");
    FAILS(load_text("{\"k\": {\"opInfo\": {\"functionName\": \"f\"}}}", 0, &handle), 107000, "\"k\"");
    FAILS(load_text("{\"k\": {\"opInfo\": {\"functionName\": 3, \"kernelSo\": \"s\"}}}", 0, &handle), 107000, "\"k\"");
    FAILS(load_text(good, 7, &handle), 107000, "CPU_KERNEL_MODE 7");
    FAILS(load_text(good, 1, &handle), 107000, "npuemu-test-descriptor.so");
    FAILS(rtsBinaryLoadFromFile("/nowhere.json", &none, &handle), 107000, "without a list of options");
    FAILS(rtsBinaryLoadFromFile("/nowhere.json", NULL, &handle), 107000, "/nowhere.json");
    FAILS(rtsBinaryLoadFromFile(FIXTURE_AICPU, NULL, &handle), 207000, "CPU_KERNEL_MODE");
    FAILS(rtsBinaryLoadFromFile(NULL, &none, &handle), 107000, "path");
    OK(load_text(good, 0, &handle));
    OK(rtsBinaryUnload(handle));
    FAILS(rtsBinaryUnload(handle), 107017, "not a loaded binary");
}

TEST(functions_are_found_by_their_key_and_cost_their_names)
{
    int32_t device = card_open("a5?hbm=64MiB&card=names");
    const uint64_t before = card_free_bytes();
    rtBinHandle binary = launch_load("s.so", "f");
    rtFuncHandle first, second;

    CHECK_EQ(card_free_bytes(), before);
    FAILS(rtsFuncGetByName(binary, "f", &first), 107000, "\"f\""); /* the function's name is not the key */
    OK(rtsFuncGetByName(binary, "entry_of_f", &first));
    OK(rtsFuncGetByName(binary, "entry_of_f", &second));
    CHECK(first == second);
    CHECK_EQ(before - card_free_bytes(), 1024);
    FAILS(rtsFuncGetByName(binary, NULL, &first), 107000, "NULL");
    FAILS(rtsFuncGetByName(&binary, "x", &first), 107017, "not a loaded binary");
    OK(rtsBinaryUnload(binary));
    CHECK_EQ(card_free_bytes(), before);
    card_close(device);
}

TEST(looking_a_function_up_needs_a_context)
{
    rtBinHandle binary = launch_load("s.so", "f"); /* loading does not */
    rtFuncHandle function;

    FAILS(rtsFuncGetByName(binary, "entry_of_f", &function), 107002, "set");
    OK(rtsBinaryUnload(binary));
}

TEST(a_function_does_not_outlive_its_device)
{
    int32_t device = card_open("a5?hbm=64MiB&card=stale");
    rtBinHandle binary = launch_load("s.so", "f");
    rtFuncHandle function = launch_function(binary, "f");
    uint64_t none = 0;

    card_close(device);
    OK(aclrtSetDevice(device));
    FAILS(launch_cpu(function, 1, NULL, &none, sizeof none), 107017, "was reset");
    OK(rtsBinaryUnload(binary));
    card_close(device);
}

TEST(every_block_of_a_cpu_function_runs)
{
    int32_t device = card_open("a5?hbm=64MiB&card=blocks");
    struct add args = {launch_device_word(0), 3, 0, NULL};
    char so[64];
    rtFuncHandle function;

    install(device);
    server_name(device, so, sizeof so);
    function = launch_function(launch_load(so, "fixture_add"), "fixture_add");
    OK(launch_cpu(function, 5, NULL, &args, sizeof args));
    OK(rtStreamSynchronize(NULL));
    CHECK_EQ(launch_word(args.word), 15);
    card_close(device);
}

/* Six CPUs serve a launch; a seventh block that the others wait for would never run. */
TEST(as_many_blocks_as_cpus_run_side_by_side)
{
    int32_t device = card_open("a5?hbm=64MiB&card=side");
    struct add args = {launch_device_word(0), 1, 0, launch_device_word(0)};
    uint32_t go = 1;
    char so[64];
    rtFuncHandle function;

    install(device);
    server_name(device, so, sizeof so);
    function = launch_function(launch_load(so, "fixture_hold"), "fixture_hold");
    OK(launch_cpu(function, 7, NULL, &args, sizeof args));
    for (int i = 0; i < 60000 && launch_word(args.word) < 6; i++)
        usleep(1000);
    CHECK_EQ(launch_word(args.word), 6);
    OK(rtMemcpy(args.until, 4, &go, 4, RT_MEMCPY_HOST_TO_DEVICE));
    OK(rtStreamSynchronizeWithTimeout(NULL, 10000));
    CHECK_EQ(launch_word(args.word), 7);
    card_close(device);
}

TEST(what_can_not_be_opened_fails_at_the_launch)
{
    int32_t device = card_open("a5?hbm=64MiB&card=missing");
    uint64_t none = 0;
    char so[64];

    install(device);
    server_name(device, so, sizeof so);
    OK(launch_cpu(launch_function(launch_load("absent.so", "f"), "f"), 1, NULL, &none, sizeof none));
    FAILS(rtStreamSynchronize(NULL), 507018, "absent.so");
    OK(launch_cpu(launch_function(launch_load(so, "no_such_symbol"), "no_such_symbol"), 1, NULL, &none, sizeof none));
    FAILS(rtStreamSynchronize(NULL), 507018, "no_such_symbol");
    card_close(device);
}

TEST(arguments_of_any_size_reach_the_function)
{
    enum { SIZE = 20000 };
    int32_t device = card_open("a5?hbm=64MiB&card=long");
    const uint64_t before = card_free_bytes();
    struct add *args = calloc(1, SIZE);
    char so[64];
    uint64_t after_names;
    rtFuncHandle function;
    void *word;

    install(device);
    server_name(device, so, sizeof so);
    function = launch_function(launch_load(so, "fixture_add"), "fixture_add");
    word = launch_device_word(0);
    after_names = card_free_bytes();
    CHECK(after_names < before);
    for (int i = 0; i < 100; i++) {
        *args = (struct add){word, 1, 0, NULL};
        OK(launch_cpu(function, 1, NULL, args, SIZE));
        memset(args, 0xee, SIZE);
    }
    OK(rtStreamSynchronize(NULL));
    CHECK_EQ(launch_word(word), 100);
    CHECK_EQ(card_free_bytes(), after_names); /* the copies are given back */
    free(args);
    card_close(device);
}

/* The address of the block's second half is written into the block: only the device knows it. */
TEST(address_slots_are_filled_in)
{
    int32_t device = card_open("a5?hbm=64MiB&card=slots");
    struct {
        struct add add;
        uint32_t word, go;
    } args = {.add = {.value = 1}, .go = 1};
    rtHostInputInfo_t slots[] = {{offsetof(struct add, until), sizeof(struct add) + 4}};
    rtCpuKernelArgs_t cpu_args = {
        .baseArgs = {.args = &args, .argsSize = sizeof args, .hostInputInfoPtr = slots, .hostInputInfoNum = 1}};
    char so[64];
    rtFuncHandle function;

    install(device);
    server_name(device, so, sizeof so);
    function = launch_function(launch_load(so, "fixture_hold"), "fixture_hold");
    args.add.word = launch_device_word(0);
    OK(rtsLaunchCpuKernel(function, 1, NULL, NULL, &cpu_args)); /* `until` now points at the block's own `go` */
    OK(rtStreamSynchronizeWithTimeout(NULL, 10000));
    CHECK_EQ(launch_word(args.add.word), 1);
    slots[0].addrOffset = sizeof args - 7;
    FAILS(rtsLaunchCpuKernel(function, 1, NULL, NULL, &cpu_args), 107000, "address slot 0");
    card_close(device);
}

TEST(bad_cpu_launches_are_named)
{
    int32_t device = card_open("a5?hbm=64MiB&card=badcpu");
    rtFuncHandle function = launch_function(launch_load("s.so", "f"), "f");
    rtLaunchKernelAttr_t attr = {.id = RT_LAUNCH_ATTR_SCHEM_MODE, .value.schemMode = RT_SCHEM_MODE_SYNC};
    rtKernelLaunchCfg_t config = {&attr, 1}, empty = {NULL, 0};
    uint64_t none = 0;
    rtCpuKernelArgs_t args = {.baseArgs = {.args = &none, .argsSize = 8}};

    FAILS(launch_cpu(function, 0, NULL, &none, 8), 107000, "0 blocks");
    FAILS(launch_cpu(function, 1, NULL, NULL, 8), 107000, "no arguments");
    FAILS(launch_cpu(function, 1, NULL, &none, 0), 107000, "no arguments");
    FAILS(launch_cpu(NULL, 1, NULL, &none, 8), 107000, "NULL");
    FAILS(launch_cpu(&none, 1, NULL, &none, 8), 107017, "not a CPU function");
    FAILS(rtsLaunchCpuKernel(function, 1, NULL, &config, &args), 107000, "schedule mode 2");
    FAILS(rtsLaunchCpuKernel(function, 1, NULL, &empty, &args), 107000, "without a list of attributes");
    card_close(device);
}

/* ---- AICore programs -------------------------------------------------------------------------------------------- */

TEST(registering_is_host_work_and_checks_the_file)
{
    rtDevBinary_t binary = {.magic = RT_DEV_BINARY_MAGIC_ELF};
    unsigned char *bytes;
    size_t size;
    void *handle;

    bytes = launch_read_file(FIXTURE_AICORE, &size);
    binary.data = bytes;
    binary.length = size;
    OK(rtRegisterAllKernel(&binary, &handle)); /* no context */
    OK(rtDevBinaryUnRegister(handle));
    FAILS(rtDevBinaryUnRegister(handle), 107017, "not a registered program");
    FAILS(rtDevBinaryUnRegister(NULL), 107000, "NULL");
    binary.magic = RT_DEV_BINARY_MAGIC_ELF_AICPU;
    FAILS(rtRegisterAllKernel(&binary, &handle), 107000, "0x41415243");
    binary.magic = RT_DEV_BINARY_MAGIC_ELF;
    binary.length = 40;
    FAILS(rtRegisterAllKernel(&binary, &handle), 107000, "40 bytes");
    binary.length = size / 2;
    FAILS(rtRegisterAllKernel(&binary, &handle), 107000, "passes the end");
    binary.length = size;
    bytes[1] = 'X';
    FAILS(rtRegisterAllKernel(&binary, &handle), 107000, "no 64-bit ELF");
    FAILS(rtRegisterAllKernel(NULL, &handle), 107000, "no binary");
    free(bytes);
}

/* No byte of a damaged file may lead the reader out of it. */
TEST(damaged_programs_are_refused_or_read_within_bounds)
{
    unsigned char *bytes;
    uint32_t random = 12345;
    size_t size;

    bytes = launch_read_file(FIXTURE_AICORE, &size);
    for (int round = 0; round < 3000; round++) {
        /* The header, the section table at the end, or anywhere. */
        const size_t from = round % 3 == 1 ? size - 2048 : 0, span = round % 3 == 0 ? 64 : round % 3 == 1 ? 2048 : size;
        unsigned char *copy = malloc(size);
        rtDevBinary_t binary = {.magic = RT_DEV_BINARY_MAGIC_ELF, .data = copy, .length = size};
        void *handle;
        memcpy(copy, bytes, size);
        for (int i = 0; i < 4; i++) {
            random = random * 1664525u + 1013904223u;
            copy[from + (random >> 8) % span] = (unsigned char)(random >> 24);
        }
        if (rtRegisterAllKernel(&binary, &handle) == 0) OK(rtDevBinaryUnRegister(handle));
        free(copy);
    }
    free(bytes);
}

TEST(a_program_is_copied_at_its_first_launch_and_each_registration_again)
{
    int32_t device = card_open("a5?hbm=64MiB&card=module");
    void *words, *first, *second;
    uint64_t before, after, zero = 0;
    size_t size;

    free(launch_read_file(FIXTURE_AICORE, &size));
    OK(rtMalloc(&words, 8, RT_MEMORY_HBM, 0));
    OK(rtMemcpy(words, 8, &zero, 8, RT_MEMCPY_HOST_TO_DEVICE));
    before = card_free_bytes();
    first = launch_register(FIXTURE_AICORE);
    second = launch_register(FIXTURE_AICORE);
    CHECK_EQ(card_free_bytes(), before);
    OK(launch_core(first, 0, 36, (uint64_t)(uintptr_t)words, NULL, RT_SCHEM_MODE_BATCH));
    after = card_free_bytes();
    CHECK_EQ(before - after, (size + 4096 + 4095) / 4096 * 4096);
    OK(launch_core(first, 0, 36, (uint64_t)(uintptr_t)words, NULL, RT_SCHEM_MODE_BATCH));
    CHECK_EQ(card_free_bytes(), after);
    OK(launch_core(second, 0, 50, (uint64_t)(uintptr_t)words, NULL,
                   RT_SCHEM_MODE_NORMAL)); /* more than clusters: queues */
    CHECK_EQ(before - card_free_bytes(), 2 * (before - after));
    OK(rtStreamSynchronizeWithTimeout(NULL, 10000));
    CHECK_EQ(launch_word(words), 36 + 36 + 50);
    CHECK_EQ(launch_word((char *)words + 4), 2 * (36 + 36 + 50));
    OK(rtDevBinaryUnRegister(first));
    CHECK_EQ(before - card_free_bytes(), before - after);
    FAILS(launch_core(first, 0, 1, 0, NULL, 0), 107017, "not a registered program");
    OK(rtDevBinaryUnRegister(second));
    CHECK_EQ(card_free_bytes(), before);
    card_close(device);
}

TEST(a_program_that_does_not_fit_is_207001)
{
    int32_t device = card_open("a5?hbm=1MiB&card=nofit");
    void *program = launch_register(FIXTURE_AICORE), *p;

    OK(rtMalloc(&p, card_free_bytes(), RT_MEMORY_HBM, 0));
    FAILS(launch_core(program, 0, 1, 0, NULL, 0), 207001, "program");
    OK(rtFree(p));
    OK(rtDevBinaryUnRegister(program));
    card_close(device);
}

TEST(a_program_is_copied_again_after_a_reset)
{
    int32_t device = card_open("a5?hbm=64MiB&card=again");
    void *program = launch_register(FIXTURE_AICORE);
    uint64_t zero = 0;
    void *words;

    for (int round = 0; round < 2; round++) {
        OK(rtMalloc(&words, 8, RT_MEMORY_HBM, 0));
        OK(rtMemcpy(words, 8, &zero, 8, RT_MEMCPY_HOST_TO_DEVICE));
        OK(launch_core(program, 0, 2, (uint64_t)(uintptr_t)words, NULL, 0));
        OK(rtStreamSynchronizeWithTimeout(NULL, 10000));
        CHECK_EQ(launch_word(words), 2);
        card_close(device);
        OK(aclrtSetDevice(device));
    }
    OK(rtDevBinaryUnRegister(program));
    card_close(device);
}

TEST(bad_core_launches_are_named)
{
    int32_t device = card_open("a5?hbm=64MiB&card=badcore");
    void *program = launch_register(FIXTURE_AICORE);
    rtArgsEx_t args = {.args = &program, .argsSize = 0};

    FAILS(launch_core(program, 0, 0, 0, NULL, 0), 107000, "0 blocks");
    FAILS(launch_core(program, 0, 1, 0, NULL, 3), 107000, "schedule mode 3");
    FAILS(launch_core(program, 9, 1, 0, NULL, 0), 507000, "tiling key 9");
    FAILS(launch_core(NULL, 0, 1, 0, NULL, 0), 507000, "NULL");
    FAILS(launch_core(&args, 0, 1, 0, NULL, 0), 107017, "not a registered program");
    FAILS(rtKernelLaunchWithHandleV2(program, 0, 1, NULL, NULL, NULL, NULL), 107000, "args");
    FAILS(rtKernelLaunchWithHandleV2(program, 0, 1, &args, NULL, NULL, NULL), 107000, "no arguments");
    OK(rtDevBinaryUnRegister(program));
    card_close(device);
}

static const char *const machines[] = {"a2?hbm=64MiB&card=%s-2", "a3?hbm=64MiB&engine=thread&card=%s-3",
                                       "a5?hbm=64MiB&seed=1&card=%s-t", "a5?hbm=64MiB&explore=uniform&card=%s-e"};

static int32_t machine_open(int i, const char *card)
{
    char text[96];

    snprintf(text, sizeof text, machines[i], card);
    return card_open(text);
}
#define EACH_MACHINE(i) for (int i = 0; i < 4; i++)

TEST(every_kernel_of_a_program_can_be_launched)
{
    EACH_MACHINE(i)
    {
        int32_t device = machine_open(i, "kernels");
        void *program = launch_register(FIXTURE_AICORE), *word = launch_device_word(0);

        for (uint64_t key = 2; key <= 5; key++)
            OK(launch_core(program, key, 7, (uintptr_t)word, NULL, 0));
        OK(rtStreamSynchronizeWithTimeout(NULL, 10000));
        CHECK_EQ(launch_word(word), 7 * (2 + 3 + 4 + 5));
        OK(rtDevBinaryUnRegister(program));
        card_close(device);
    }
}

/* A kernel of vector cores alone: a block is one vector core, so twice as many blocks as clusters start together. */
TEST(a_vector_kernel_of_n_blocks_runs_n_times)
{
    EACH_MACHINE(i)
    {
        int32_t device = machine_open(i, "vector");
        void *program = launch_register(FIXTURE_AICORE), *word = launch_device_word(0);
        uint32_t vector, sum = 0;

        OK(aclrtGetStreamResLimit(NULL, ACL_RT_DEV_RES_VECTOR_CORE, &vector));
        for (uint32_t blocks = 1; blocks <= 2 * vector + 1; blocks += blocks < 3 ? 1 : vector / 2) {
            OK(launch_core(program, 4, blocks, (uintptr_t)word, NULL, 0));
            OK(rtStreamSynchronizeWithTimeout(NULL, 10000));
            CHECK_EQ(launch_word(word), sum += 4 * blocks);
        }
        OK(launch_core(program, 4, vector, (uintptr_t)word, NULL, RT_SCHEM_MODE_BATCH));
        OK(rtStreamSynchronizeWithTimeout(NULL, 10000));
        CHECK_EQ(launch_word(word), sum + 4 * vector);
        OK(rtDevBinaryUnRegister(program));
        card_close(device);
    }
}

/* What the vendor's sample of streams prints: 1, 2 and, after 3000 more launches, 3002. */
TEST(three_thousand_launches_of_one_vector_block_count_to_3002)
{
    int32_t device = card_open("a2?hbm=64MiB&card=sample");
    void *program = launch_register(FIXTURE_AICORE), *word = launch_device_word(0), *stream;

    OK(launch_core(program, 4, 1, (uintptr_t)word, NULL, 0));
    OK(rtStreamSynchronize(NULL));
    CHECK_EQ(launch_word(word), 4 * 1);
    OK(rtStreamCreate(&stream, 0));
    OK(launch_core(program, 4, 1, (uintptr_t)word, stream, 0));
    OK(rtStreamSynchronize(stream));
    CHECK_EQ(launch_word(word), 4 * 2);
    for (int i = 0; i < 3000; i++)
        OK(launch_core(program, 4, 1, (uintptr_t)word, stream, 0));
    OK(rtStreamSynchronize(stream));
    CHECK_EQ(launch_word(word), 4 * 3002);
    OK(rtStreamDestroy(stream));
    OK(rtDevBinaryUnRegister(program));
    card_close(device);
}

/* As the vendor's sample of failure modes: a task, one that faults, and a task on one stream. 507035 for a vector
 * kernel, 507015 for one with an AIC half; the stream and new ones go on. In stop mode the second task is not reached.
 */
static void core_fault(int32_t device, uint64_t key, int32_t code)
{
    void *program = launch_register(FIXTURE_AICORE), *word = launch_device_word(0), *stream, *p;

    OK(rtStreamCreate(&stream, 0));
    for (uint64_t mode = 0; mode < 2; mode++) {
        const uint32_t before = launch_word(word);
        OK(aclrtSetStreamFailureMode(stream, mode));
        OK(launch_core(program, 2, 1, (uintptr_t)word, stream, 0));
        OK(launch_core(program, key, 1, 8, stream, 0)); /* stores to address 8 */
        OK(launch_core(program, 2, 1, (uintptr_t)word, stream, 0));
        FAILS(rtStreamSynchronizeWithTimeout(stream, 10000), code, "core");
        CHECK_EQ(launch_word(word) - before, mode ? 2 : 4);
        CHECK_EQ(rtStreamSynchronizeWithTimeout(stream, 10000), mode ? code : 0);
        OK(rtMalloc(&p, 512, RT_MEMORY_HBM, 0));
        OK(rtFree(p));
        OK(rtStreamCreate(&p, 0));
        CHECK_EQ(launch_core(program, 2, 1, (uintptr_t)word, p, 0), mode ? code : 0);
        CHECK_EQ(rtStreamSynchronizeWithTimeout(p, 10000), mode ? code : 0);
        OK(rtStreamDestroy(p));
    }
    OK(rtStreamDestroy(stream));
    OK(rtDevBinaryUnRegister(program));
    card_close(device);
}

TEST(a_core_that_faults_is_an_error_of_its_stream)
{
    EACH_MACHINE(i)
    {
        core_fault(machine_open(i, "corefault"), 1, 507015);
        core_fault(machine_open(i, "corefault"), 5, 507035);
    }
}

TEST(a_core_that_faults_poisons_a_machine_of_that_kind_until_a_force_reset)
{
    int32_t device = card_open("a5?hbm=64MiB&core_fault=poisons&card=fault");
    void *program = launch_register(FIXTURE_AICORE), *p, *stream;

    OK(launch_core(program, 1, 1, 8, NULL, 0)); /* stores to address 8 */
    FAILS(rtStreamSynchronizeWithTimeout(NULL, 10000), 507015, "core");
    FAILS(rtMalloc(&p, 512, RT_MEMORY_HBM, 0), 507899, "poisoned");
    FAILS(rtStreamCreate(&stream, 0), 507899, "poisoned");
    card_close(device); /* a soft reset does not help */
    OK(aclrtSetDevice(device));
    FAILS(rtMalloc(&p, 512, RT_MEMORY_HBM, 0), 507899, "poisoned");
    OK(aclrtResetDeviceForce(device));
    OK(aclrtSetDevice(device));
    OK(rtMalloc(&p, 512, RT_MEMORY_HBM, 0));
    OK(rtDevBinaryUnRegister(program));
    card_close(device);
}

/* The aim: no more than a microsecond for a launch that the device has room for. Only a gross miss fails. */
TEST(a_launch_is_cheap)
{
    enum { ROUNDS = 20, LAUNCHES = 200 };
    int32_t device = card_open("a5?hbm=64MiB&card=cheap");
    struct add args = {launch_device_word(0), 1, 0, NULL};
    double best = 1e9;
    char so[64];
    rtFuncHandle function;

    install(device);
    server_name(device, so, sizeof so);
    function = launch_function(launch_load(so, "fixture_add"), "fixture_add");
    for (int round = 0; round < ROUNDS; round++) {
        struct timespec from, to;
        double ns;
        clock_gettime(CLOCK_MONOTONIC, &from);
        for (int i = 0; i < LAUNCHES; i++)
            OK(launch_cpu(function, 1, NULL, &args, sizeof args));
        clock_gettime(CLOCK_MONOTONIC, &to);
        OK(rtStreamSynchronize(NULL));
        ns = (1e9 * (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec)) / LAUNCHES;
        if (ns < best) best = ns;
    }
    printf("  %.0f ns per launch call\n", best);
    CHECK(best < 20000);
    card_close(device);
}

TEST_MAIN
