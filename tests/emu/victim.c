/* A process for test_emu_process to watch end. Its one argument says what it does. */
#include "emu/lib/entries.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int fail(const char *what)
{
    printf("%s: %s\n", what, aclGetRecentErrMsg());
    return 2;
}

static int open_card(int32_t *device)
{
    return npuemu_device_add("a5?hbm=64MiB", device) || aclrtSetDevice(*device);
}

/* A device pointer is no host pointer: this store ends the process. */
static int touch(void)
{
    int32_t device;
    volatile char *p;

    if (open_card(&device) || rtMalloc((void **)(uintptr_t)&p, 4096, RT_MEMORY_HBM, 0)) return fail("open");
    *p = 1;
    return 0;
}

static int load(void)
{
    int32_t device;
    volatile char *p;

    if (open_card(&device) || rtMalloc((void **)(uintptr_t)&p, 4096, RT_MEMORY_HBM, 0)) return fail("open");
    return *p;
}

/* Opens, says so, and stays until it is killed. */
static int stay(void)
{
    int32_t device;

    if (open_card(&device)) return fail("open");
    printf("open\n");
    fflush(stdout);
    pause();
    return 0;
}

/* Ends in the middle of things, without a reset. */
static int leave(void)
{
    int32_t device;
    void *p;

    if (open_card(&device) || rtMalloc(&p, 4096, RT_MEMORY_HBM, 0)) return fail("open");
    exit(0);
}

/* The child of a fork has no device, whatever its parent has; the parent keeps its own. */
static int fork_child(void)
{
    char bytes[16] = "still here";
    int32_t device, status;
    void *p, *q;
    pid_t child;

    if (open_card(&device) || rtMalloc(&p, 4096, RT_MEMORY_HBM, 0)) return fail("open");
    child = fork();
    if (child == 0) {
        if (rtMalloc(&q, 512, RT_MEMORY_HBM, 0) != 107002) _exit(3);
        if (rtSetDevice(device) != 507033) _exit(4);
        if (rtStreamSynchronize(NULL) != 107002) _exit(5);
        if (rtMemcpy(p, 16, bytes, 16, RT_MEMCPY_HOST_TO_DEVICE) != 107002) _exit(6);
        if (rtFree(p) != 107002) _exit(7);
        if (npuemu_device_add("a5?card=child", &device) == 0) _exit(8);
        exit(0); /* with the destructors of the library */
    }
    if (waitpid(child, &status, 0) != child || !WIFEXITED(status)) return 9;
    if (WEXITSTATUS(status)) return WEXITSTATUS(status);
    if (rtMemcpy(p, 16, bytes, 16, RT_MEMCPY_HOST_TO_DEVICE) || rtStreamSynchronize(NULL)) return fail("the parent");
    memset(bytes, 0, sizeof bytes);
    if (rtMemcpy(bytes, 16, p, 16, RT_MEMCPY_DEVICE_TO_HOST) || strcmp(bytes, "still here") != 0)
        return fail("the parent");
    return aclrtResetDevice(device);
}

/* Devices of the environment: prints how many there are, their names and what hal calls the first. */
static int environment(void)
{
    uint32_t count = 0;
    int64_t mask = 0;

    if (aclrtGetDeviceCount(&count)) return fail("count");
    printf("%u %s %d", count, aclrtGetSocName() ? aclrtGetSocName() : "none",
           halGetDeviceInfo(count, HAL_MODULE_AICPU, HAL_INFO_OCCUPY, &mask));
    for (uint32_t i = 0; i < count; i++) {
        struct AddrMapInPara in = {HAL_MAP_REG_AIC_CTRL, i};
        struct AddrMapOutPara out;
        if (aclrtSetDevice((int32_t)i)) return fail("set");
        printf(" %d", halMemCtl(0, &in, sizeof in, &out, NULL));
        if (aclrtResetDevice((int32_t)i)) return fail("reset");
    }
    printf("\n");
    return 0;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*run)(void);
    } mode[] = {{"touch", touch}, {"load", load},       {"stay", stay},
                {"leave", leave}, {"fork", fork_child}, {"environment", environment}};

    for (size_t i = 0; argc == 2 && i < sizeof mode / sizeof mode[0]; i++)
        if (strcmp(argv[1], mode[i].name) == 0) return mode[i].run();
    return 64;
}
