/* The card's file system and the loading of libraries from it. */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "card.h"
#include "check.h"

#define FOLDER "/usr/lib64/aicpu_kernels/0/aicpu_kernels_device"

static struct card card;

static const char *on_card(const char *name)
{
    static char path[600];

    snprintf(path, sizeof path, "%s" FOLDER "/%s", card.root, name);
    return path;
}

/* The vendor's bootstrap blob: a word at byte 40, names behind 26 words. */
static void kfc(const char *kernel, const char *so, uint64_t config)
{
    struct emu_command command = {.kind = EMU_CMD_KFC_LAUNCH, .stream = 0, .blocks = 1, .args_size = 304};

    memcpy(command.args + 40, &config, 8);
    snprintf((char *)command.args + 208, 32, "%s", kernel);
    command.name_offset = 208;
    command.so_offset = UINT32_MAX;
    if (so) {
        snprintf((char *)command.args + 240, 32, "%s", so);
        command.so_offset = 240;
    }
    card_push(&card, &command);
}

struct device_args {
    uint64_t words[12];
    uint64_t so, so_size, device, counter, code;
    uint64_t rest[3];
};

static uint64_t device_args(const char *fixture, uint64_t device, uint64_t code, uint64_t *counter)
{
    struct device_args args = {.device = device, .code = code};
    uint64_t address = card_alloc(&card, sizeof args);

    if (fixture) args.so = card_upload(&card, fixture, &args.so_size);
    if (!*counter) *counter = card_alloc(&card, 8);
    args.counter = *counter;
    card_write(&card, address, &args, sizeof args);
    return address;
}

TEST(installs_the_first_dispatcher_and_serves_later_calls_with_it)
{
    uint64_t counter = 0;
    card_open(&card, "a5");
    kfc("DynTileFwkKernelServerInit", "libaicpu_extend_kernels.so",
        device_args(FIXTURES "/fixture_dispatcher.so", 0x102, 0, &counter));
    CHECK_EQ(card_sync(&card, 0, 5000), 0);
    CHECK_EQ(card_read64(&card, counter), 1);
    CHECK_EQ(access(on_card("libpypto_server2.so"), F_OK), 0); /* 8 bits of the device id */
    /* another image is not written and not loaded: the first one wins for the life of the process */
    kfc("DynTileFwkKernelServerInit", "libaicpu_extend_kernels.so",
        device_args(FIXTURES "/fixture_kernel.so", 3, 0, &counter));
    CHECK_EQ(card_sync(&card, 0, 5000), 0);
    CHECK_EQ(card_read64(&card, counter), 2);
    CHECK(access(on_card("libpypto_server3.so"), F_OK) != 0);
    kfc("DynTileFwkKernelServer", "libaicpu_extend_kernels.so", 0);
    CHECK_EQ(card_sync(&card, 0, 5000), 0);
    CHECK_EQ(card_close(&card), 0);
}

TEST(fails_a_kfc_launch_whose_dispatcher_refuses_or_is_missing)
{
    uint64_t counter = 0;
    card_open(&card, "a5");
    kfc("DynTileFwkKernelServer", "libaicpu_extend_kernels.so", 0);
    CHECK_EQ(card_sync(&card, 0, 5000), 507018);
    CHECK_HAS(card_problem(&card), "DynTileFwkBackendKernelServer");
    kfc("NoSuchKernel", "libaicpu_extend_kernels.so", 0);
    CHECK_EQ(card_sync(&card, 0, 5000), 507018);
    CHECK_HAS(card_problem(&card), "NoSuchKernel");
    kfc("DynTileFwkKernelServerInit", "libaicpu_extend_kernels.so",
        device_args(FIXTURES "/fixture_dispatcher.so", 0, 9, &counter));
    CHECK_EQ(card_sync(&card, 0, 5000), 507018);
    CHECK_HAS(card_problem(&card), "returned 9");
    CHECK_EQ(atomic_load(&card.shared->faulted), 0);
    CHECK_EQ(card_close(&card), 0);
}

TEST(fails_a_kfc_launch_whose_dispatcher_is_no_library)
{
    uint64_t counter = 0;
    card_open(&card, "a5");
    kfc("DynTileFwkKernelServerInit", "libaicpu_extend_kernels.so", device_args(__FILE__, 0, 0, &counter));
    CHECK_EQ(card_sync(&card, 0, 5000), 507018);
    CHECK_HAS(card_problem(&card), "cannot be loaded");
    CHECK_EQ(card_close(&card), 0);
}

/* The device process itself reads the configuration: it must not be ended by it, nor go on with a lock held. */
TEST(fails_a_kfc_launch_whose_configuration_is_not_in_memory)
{
    static const uint64_t nowhere[] = {0, 0x10, 0x12345678, UINT64_C(0x7eb000000000), UINT64_MAX - 50};
    uint64_t counter = 0, end;
    card_open(&card, "a5");
    end = card.shared->hbm_base + card.shared->hbm_size;
    for (size_t i = 0; i < sizeof nowhere / sizeof nowhere[0] + 2; i++) {
        const uint64_t past[] = {end - 119, card.shared->hbm_base - 8};
        kfc("DynTileFwkKernelServerInit", "libaicpu_extend_kernels.so", i < 2 ? past[i] : nowhere[i - 2]);
        CHECK_EQ(card_sync(&card, 0, 5000), 507018);
        CHECK_HAS(card_problem(&card), "bad address 0x");
    }
    kfc("DynTileFwkKernelServerInit", "libaicpu_extend_kernels.so",
        device_args(FIXTURES "/fixture_dispatcher.so", 1, 0, &counter));
    CHECK_EQ(card_sync(&card, 0, 5000), 0);
    CHECK_EQ(card_read64(&card, counter), 1);
    CHECK_EQ(card_close(&card), 0);
}

TEST(redirects_what_device_code_names_below_the_pre_install_folder)
{
    struct fixture_args args = {0};
    char text[32] = "";
    card_open(&card, "a5");
    card_install(&card, "fixture_aicpu.so", "fx.so");
    card_bind(&card, 1, "fx.so", "fixture_install");
    card_cpu(&card, 0, 1, 1, &args, sizeof args);
    CHECK_EQ(card_sync(&card, 0, 5000), 0);
    int fd = open(on_card("installed.txt"), O_RDONLY);
    CHECK(fd >= 0);
    CHECK_EQ(read(fd, text, sizeof text - 1), 9);
    close(fd);
    CHECK_STR(text, "installed");
    CHECK(access(FOLDER "/installed.txt", F_OK) != 0);
    CHECK_EQ(card_close(&card), 0);
}

TEST(keeps_a_library_by_name_but_loads_a_new_name_anew)
{
    struct fixture_args args = {.code = 4};
    card_open(&card, "a5");
    card_install(&card, "fixture_aicpu.so", "one.so");
    card_bind(&card, 1, "one.so", "fixture_return");
    card_cpu(&card, 0, 1, 1, &args, sizeof args);
    CHECK_EQ(card_sync(&card, 0, 5000), 507018);
    /* replaced on disk: the name is cached for the life of the process, so the old code still answers */
    card_install(&card, "fixture_kernel.so", "one.so");
    args.code = 0;
    card_bind(&card, 2, "one.so", "fixture_return");
    card_cpu(&card, 0, 2, 1, &args, sizeof args);
    CHECK_EQ(card_sync(&card, 0, 5000), 0);
    card_install(&card, "fixture_kernel.so", "two.so");
    card_bind(&card, 3, "two.so", "fixture_return");
    card_cpu(&card, 0, 3, 1, &args, sizeof args);
    CHECK_EQ(card_sync(&card, 0, 5000), 507018);
    CHECK_HAS(card_problem(&card), "has no entry fixture_return");
    CHECK_EQ(card_close(&card), 0);
}

/* The file system is this user's; a link in it may lead to what is not. */
TEST(loads_no_code_of_another_user)
{
    struct fixture_args args = {0};
    char theirs[700];
    if (geteuid() != 0) SKIP("another user is needed, which root alone can make");
    card_open(&card, "a5");
    card_install(&card, "fixture_aicpu.so", "theirs.so");
    CHECK_EQ(chown(on_card("theirs.so"), 65534, 65534), 0);
    snprintf(theirs, sizeof theirs, "%s", on_card("theirs.so"));
    CHECK_EQ(symlink(theirs, on_card("way.so")), 0);
    CHECK_EQ(mkfifo(on_card("pipe.so"), 0600), 0);
    static const char *const name[] = {"theirs.so", "way.so", "pipe.so"};
    for (uint32_t i = 0; i < 3; i++) {
        card_bind(&card, i, name[i], "fixture_return");
        card_cpu(&card, 0, i, 1, &args, sizeof args);
        CHECK_EQ(card_sync(&card, 0, 5000), 507018);
        CHECK_HAS(card_problem(&card), "Permission denied");
    }
    CHECK_EQ(chown(theirs, 0, 0), 0);
    card_bind(&card, 4, "way.so", "fixture_return");
    card_cpu(&card, 0, 4, 1, &args, sizeof args);
    CHECK_EQ(card_sync(&card, 0, 5000), 0);
    CHECK_EQ(card_close(&card), 0);
}

/* What the path means does not count: the device process has the folder. */
TEST(stays_in_its_file_system_when_another_folder_takes_the_name)
{
    struct fixture_args args = {0};
    char moved[300], path[700];
    card_open(&card, "a5");
    card_install(&card, "fixture_aicpu.so", "fx.so");
    snprintf(moved, sizeof moved, "%s-moved", card.root);
    CHECK_EQ(rename(card.root, moved), 0);
    CHECK_EQ(mkdir(card.root, 0777), 0);
    card_bind(&card, 1, "fx.so", "fixture_install");
    card_cpu(&card, 0, 1, 1, &args, sizeof args);
    CHECK_EQ(card_sync(&card, 0, 5000), 0);
    snprintf(path, sizeof path, "%s" FOLDER "/installed.txt", moved);
    CHECK_EQ(access(path, F_OK), 0);
    CHECK_EQ(rmdir(card.root), 0); /* empty */
    CHECK_EQ(rename(moved, card.root), 0);
    CHECK_EQ(card_close(&card), 0);
}

TEST_MAIN
