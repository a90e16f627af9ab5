/* The dispatcher over a file system that fails on cue. */
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

/* What the next calls do. */
static struct {
    int open_errno, open_taken; /* names that exist already, before one does not */
    int write_errno, write_interrupts;
    size_t write_most, write_room;
    int fchmod_errno, close_errno, rename_errno;
    /* what happened */
    char temporary[512], final[512];
    uint8_t file[4096];
    size_t size;
    mode_t mode;
    bool is_open, exists;
} disk;

static int fail(int code)
{
    if (code) errno = code;
    return code ? -1 : 0;
}
static int disk_open(const char *path, int flags, mode_t mode)
{
    CHECK_EQ(flags & (O_CREAT | O_EXCL | O_WRONLY), O_CREAT | O_EXCL | O_WRONLY);
    CHECK(mode == 0600);
    if (disk.open_taken > 0) {
        disk.open_taken--;
        return fail(EEXIST);
    }
    if (disk.open_errno) return fail(disk.open_errno);
    CHECK(strcmp(path, disk.temporary) != 0);
    snprintf(disk.temporary, sizeof disk.temporary, "%s", path);
    disk.is_open = disk.exists = true;
    disk.size = 0;
    return 77;
}
static ssize_t disk_write(int fd, const void *bytes, size_t size)
{
    CHECK_EQ(fd, 77);
    if (disk.write_interrupts > 0) {
        disk.write_interrupts--;
        return fail(EINTR);
    }
    if (disk.write_errno && disk.size >= disk.write_room) return fail(disk.write_errno);
    if (disk.write_most && size > disk.write_most) size = disk.write_most;
    CHECK(disk.size + size <= sizeof disk.file);
    memcpy(disk.file + disk.size, bytes, size);
    disk.size += size;
    return (ssize_t)size;
}
static int disk_fchmod(int fd, mode_t mode)
{
    CHECK_EQ(fd, 77);
    disk.mode = mode;
    return fail(disk.fchmod_errno);
}
static int disk_close(int fd)
{
    CHECK_EQ(fd, 77);
    disk.is_open = false;
    return fail(disk.close_errno);
}
static int disk_rename(const char *from, const char *to)
{
    CHECK_STR(from, disk.temporary);
    CHECK(!disk.is_open);
    if (disk.rename_errno) return fail(disk.rename_errno);
    snprintf(disk.final, sizeof disk.final, "%s", to);
    disk.exists = false;
    return 0;
}
static int disk_unlink(const char *path)
{
    CHECK_STR(path, disk.temporary);
    disk.exists = false;
    return 0;
}

#define open   disk_open
#define write  disk_write
#define fchmod disk_fchmod
#define close  disk_close
#define rename disk_rename
#define unlink disk_unlink
#include "aicpu/dispatcher.c"

static uint8_t image[3000];

static uint32_t run_with(const void *bytes, uint64_t size, uint64_t device)
{
    uint64_t device_args[20] = {0}, args[26] = {0};
    args[5] = (uintptr_t)device_args;
    device_args[14] = device;
    device_args[15] = (uintptr_t)bytes;
    device_args[16] = size;
    return DynTileFwkBackendKernelServerInit(args);
}
static uint32_t run(void)
{
    for (size_t i = 0; i < sizeof image; i++)
        image[i] = (uint8_t)(i * 7);
    disk.temporary[0] = disk.final[0] = 0;
    return run_with(image, sizeof image, 3);
}

static void check_installed(void)
{
    char name[300];
    snprintf(name, sizeof name, "/usr/lib64/aicpu_kernels/0/aicpu_kernels_device/npurt_inner_%016llx_3.so",
             (unsigned long long)fingerprint_fnv1a(image, sizeof image));
    CHECK_STR(disk.final, name);
    CHECK_EQ(disk.size, sizeof image);
    CHECK_EQ(memcmp(disk.file, image, sizeof image), 0);
    CHECK_EQ(disk.mode, 0755);
    CHECK(!disk.is_open && !disk.exists);
    CHECK(strncmp(disk.temporary, "/usr/lib64/aicpu_kernels/0/aicpu_kernels_device/", 48) == 0);
}

TEST(installs_the_program_under_its_fingerprint_and_device)
{
    memset(&disk, 0, sizeof disk);
    CHECK_EQ(run(), 0);
    check_installed();
}

TEST(goes_on_after_partial_and_interrupted_writes)
{
    memset(&disk, 0, sizeof disk);
    disk.write_most = 7;
    disk.write_interrupts = 3;
    CHECK_EQ(run(), 0);
    check_installed();
}

TEST(steps_over_temporary_files_that_somebody_left)
{
    memset(&disk, 0, sizeof disk);
    disk.open_taken = 5;
    CHECK_EQ(run(), 0);
    check_installed();
    memset(&disk, 0, sizeof disk);
    disk.open_taken = 1000;
    CHECK_EQ(run(), INSTALL_OPEN);
}

TEST(every_failure_has_its_number_and_leaves_no_file)
{
    struct {
        int *cause;
        uint32_t code;
    } cases[] = {
        {&disk.open_errno, INSTALL_OPEN},   {&disk.write_errno, INSTALL_WRITE},   {&disk.fchmod_errno, INSTALL_MODE},
        {&disk.close_errno, INSTALL_CLOSE}, {&disk.rename_errno, INSTALL_RENAME},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        memset(&disk, 0, sizeof disk);
        *cases[i].cause = ENOSPC;
        disk.write_most = 100;
        disk.write_room = 1500; /* of 3000 bytes */
        CHECK_EQ(run(), cases[i].code);
        CHECK(!disk.exists && !disk.is_open);
        CHECK_STR(disk.final, "");
        for (unsigned j = 0; j < i; j++)
            CHECK(cases[j].code != cases[i].code);
    }
}

TEST(arguments_that_name_no_program_are_refused)
{
    uint64_t args[26] = {0};
    memset(&disk, 0, sizeof disk);
    CHECK_EQ(DynTileFwkBackendKernelServerInit(NULL), INSTALL_NO_ARGS);
    CHECK_EQ(DynTileFwkBackendKernelServerInit(args), INSTALL_NO_ARGS);
    CHECK_EQ(run_with(NULL, 5, 0), INSTALL_NO_IMAGE);
    CHECK_EQ(run_with(image, 0, 0), INSTALL_NO_IMAGE);
    CHECK_STR(disk.temporary, "");
}

TEST(the_other_two_entries_do_nothing)
{
    CHECK_EQ(StaticTileFwkBackendKernelServer(NULL), 0);
    CHECK_EQ(DynTileFwkBackendKernelServer(NULL), 0);
}

TEST_MAIN
