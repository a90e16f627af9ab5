/* Registration per run, the leak that makes a card say 207001 and then 507899. This program is built twice: with the
 * host library's switch for it (LEAKY; a build for this test alone), where the card must fail as silicon does and the
 * ledger must name the owner, and without, where the same card must run for ever. */
#include "fault.h"

#include <fcntl.h>
#include <sys/stat.h>

enum { REGISTRATIONS = 40 };

/* What silicon's AICore programs take: 78 KB on a2 and a3, 365 KB on a5. */
static uint64_t silicon_size(const char *machine)
{
    return strcmp(machine, "a5") == 0 ? 365 * 1024 : 78 * 1024;
}

/* What a card charges for an image of that size (docs/reference/machine.md): 4 KiB more, in whole 4 KiB. */
static uint64_t charged(uint64_t size)
{
    return (size + 4096 + 4095) / 4096 * 4096;
}

static void copy(const char *name, const char *folder, uint64_t padded)
{
    char path[300];
    size_t size;
    unsigned char *bytes;
    int fd;

    snprintf(path, sizeof path, FAULT_PROGRAMS "/%s", name);
    bytes = launch_read_file(path, &size);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
    CHECK(fd >= 0);
    CHECK_EQ(write(fd, bytes, size), size);
    if (padded) {
        CHECK(size <= padded);
        CHECK_EQ(ftruncate(fd, (off_t)padded), 0);
    }
    close(fd);
    free(bytes);
}

static const char *const programs[] = {"libnpurt_aicpu.so", "libnpurt_dispatcher.so", "npurt_aicore.elf"};

/* The device programs with an AICore program as large as silicon's. */
static void programs_make(char folder[32], const char *machine)
{
    snprintf(folder, 32, "/tmp/npurt-programs-XXXXXX");
    CHECK(mkdtemp(folder) != NULL);
    for (int i = 0; i < 3; i++)
        copy(programs[i], folder, i == 2 ? silicon_size(machine) : 0);
}

static void programs_remove(const char *folder)
{
    char path[128];

    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, programs[i]);
        unlink(path);
    }
    rmdir(folder);
}

/* Opens, runs once, and takes HBM away until only `left` bytes are free. */
static void begin_with_free(struct fault_world *world, const char *folder, uint64_t left)
{
    npurt_device_options options = fault_options;
    npurt_device_info info;
    uint64_t ballast, free_bytes;

    options.binaries = folder;
    FAULT_OK(npurt_device_open(world->target, &options, &world->device));
    FAULT_OK(world_load(world->device, &world->callable));
    fault_right(world, 1);
    FAULT_OK(npurt_device_get_info(world->device, &info));
    free_bytes = info.hbm_total - fault_hbm(world->device);
    CHECK(free_bytes > left);
    FAULT_OK(npurt_memory_alloc(world->device, free_bytes - left, "ballast", &ballast));
    CHECK_EQ(info.hbm_total - fault_hbm(world->device), left);
}

#if defined(LEAKY)

static uint32_t lines_with(const char *text, const char *word)
{
    uint32_t n = 0;

    for (; (text = strstr(text, word)); text += strlen(word))
        n++;
    return n;
}

TEST(a_registration_per_run_ends_in_207001_and_507899_and_the_ledger_says_why)
{
    static char report[1 << 20], growth[160];
    struct fault_world world;
    npurt_ledger_totals first, last;
    char folder[32];
    void *stream;

    FAULT_EACH_MACHINE(machine)
    {
        const uint64_t each = charged(silicon_size(machine));
        programs_make(folder, machine);
        fault_target(&world, machine, "");
        begin_with_free(&world, folder, (REGISTRATIONS - 1) * each + 4096); /* copies begin at whole 4 KiB */
        FAULT_OK(npurt_device_ledger(world.device, &first));
        CHECK_EQ(first.registrations, 1);
        fault_right(&world, REGISTRATIONS - 1);
        FAULT_FAILS(fault_call(&world, FAULT_TASKS), NPURT_ERROR_OUT_OF_DEVICE_MEMORY, 207001,
                    "launching the AICore program");
        FAILS(rtStreamCreate(&stream, 0), 507899, "stream");
        FAULT_OK(npurt_device_ledger(world.device, &last));
        CHECK_EQ(last.registrations, REGISTRATIONS + 1); /* the one that could not be launched is registered too */
        /* nothing else has grown */
        CHECK_EQ(last.memory_bytes, first.memory_bytes);
        CHECK_EQ(last.memory_blocks, first.memory_blocks);
        CHECK_EQ(last.binaries, first.binaries);
        CHECK_EQ(last.functions, first.functions);
        CHECK_EQ(last.streams, first.streams);
        CHECK_EQ(last.files, first.files);
        FAULT_OK(npurt_device_report(world.device, report, sizeof report, NULL));
        CHECK_EQ(lines_with(report, "device: AICore program"), REGISTRATIONS + 1);
        /* every run but the first took one more, the last that ended made them 40 */
        snprintf(growth, sizeof growth, "grown        registration of device: in %d of %d runs since run 2, to %d (",
                 REGISTRATIONS - 1, REGISTRATIONS, REGISTRATIONS);
        CHECK_HAS(report, growth);
        CHECK_EQ(lines_with(report, "\ngrown "), 1); /* and nothing else */
        FAULT_OK(npurt_callable_unload(world.callable));
        CHECK_EQ(npurt_device_close(world.device), NPURT_ERROR_LEAK);
        programs_remove(folder);
    }
}

#else

static uint32_t runs(void)
{
    const char *wanted = getenv("FAULT_RUNS");

    return wanted ? (uint32_t)strtoul(wanted, NULL, 10) : 2000;
}

/* By bare driver calls: register, launch, and never unregister. */
TEST(bare_registrations_fill_a_card)
{
    FAULT_EACH_MACHINE(machine)
    {
        const uint64_t size = silicon_size(machine), each = charged(size);
        int32_t device = fault_card(machine, "drain-lies:nth=99");
        void *words = launch_device_word(0), *ballast, *stream, *program = NULL;
        size_t small;
        unsigned char *bytes = launch_read_file(FIXTURE_AICORE, &small), *image = calloc(1, size);
        rtDevBinary_t binary = {.magic = RT_DEV_BINARY_MAGIC_ELF, .data = image, .length = size};

        memcpy(image, bytes, small);
        OK(rtMalloc(&ballast, card_free_bytes() - REGISTRATIONS * each, RT_MEMORY_HBM, 0));
        for (int run = 0; run < REGISTRATIONS; run++) {
            OK(rtRegisterAllKernel(&binary, &program));
            OK(launch_core(program, 0, 1, (uintptr_t)words, NULL, 0));
            OK(rtStreamSynchronizeWithTimeout(NULL, 10000));
        }
        OK(rtRegisterAllKernel(&binary, &program)); /* registering is the host's business alone */
        FAILS(launch_core(program, 0, 1, (uintptr_t)words, NULL, 0), 207001, "no device memory");
        FAILS(rtStreamCreate(&stream, 0), 507899, "stream");
        CHECK_EQ(launch_word(words), REGISTRATIONS);
        free(bytes);
        free(image);
        OK(aclrtResetDeviceForce(device));
    }
}

/* Room for not one registration more, and not a byte is missing after any number of runs. */
TEST(with_the_registration_kept_the_same_card_runs_on)
{
    struct fault_world world;
    char folder[32];

    FAULT_EACH_MACHINE(machine)
    {
        programs_make(folder, machine);
        fault_target(&world, machine, "");
        begin_with_free(&world, folder, 4096);
        const uint64_t in_use = fault_hbm(world.device);
        fault_right(&world, runs());
        CHECK_EQ(fault_hbm(world.device), in_use);
        FAULT_OK(npurt_callable_unload(world.callable));
        CHECK_EQ(npurt_device_close(world.device), NPURT_ERROR_LEAK);
        CHECK_HAS(npurt_error_last()->message, "ballast");
        programs_remove(folder);
    }
}

#endif

TEST_MAIN
