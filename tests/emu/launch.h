/* What the launch tests share: fixture programs on a card, launched through the vendor's entries. */
#ifndef NPURT_TESTS_EMU_LAUNCH_H
#define NPURT_TESTS_EMU_LAUNCH_H

#include "card.h"

#include <unistd.h>

/* A file's bytes, to be freed. */
static inline unsigned char *launch_read_file(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    unsigned char *bytes;
    long n;

    if (!file) CHECK_FAIL("%s can not be opened", path);
    fseek(file, 0, SEEK_END);
    n = ftell(file);
    rewind(file);
    bytes = malloc((size_t)n);
    *size = fread(bytes, 1, (size_t)n, file);
    fclose(file);
    if (*size != (size_t)n) CHECK_FAIL("%s can not be read", path);
    return bytes;
}

static inline void *launch_device_word(uint32_t value)
{
    void *word;

    OK(rtMalloc(&word, sizeof value, RT_MEMORY_HBM, 0));
    OK(rtMemcpy(word, sizeof value, &value, sizeof value, RT_MEMCPY_HOST_TO_DEVICE));
    return word;
}

static inline uint32_t launch_word(const void *word)
{
    uint32_t value;

    OK(rtMemcpy(&value, sizeof value, word, sizeof value, RT_MEMCPY_DEVICE_TO_HOST));
    return value;
}

/* The bootstrap launch: makes the AICPU OS save `image` as the dispatcher of `device` and call its Init, which counts
 * in `counter`. Offsets and names: docs/reference/cann-abi.md. */
static inline int32_t launch_kfc(int32_t device, const void *image, size_t size, void *counter, void *stream)
{
    struct {
        uint64_t words[26];
        char kernel_name[32], so_name[32], op_name[32];
    } blob = {.kernel_name = "DynTileFwkKernelServerInit", .so_name = "libaicpu_extend_kernels.so"};
    uint64_t config[20] = {0};
    rtAicpuArgsEx_t args = {
        .args = &blob, .argsSize = sizeof blob, .soNameAddrOffset = 240, .kernelNameAddrOffset = 208};
    void *image_on_device, *config_on_device;
    int32_t code;

    _Static_assert(sizeof blob == 304, "blob");
    OK(rtMalloc(&image_on_device, size, RT_MEMORY_HBM, 0));
    OK(rtMemcpy(image_on_device, size, image, size, RT_MEMCPY_HOST_TO_DEVICE));
    config[12] = (uint64_t)(uintptr_t)image_on_device;
    config[13] = size;
    config[14] = (uint64_t)device;
    config[15] = (uint64_t)(uintptr_t)counter;
    OK(rtMalloc(&config_on_device, sizeof config, RT_MEMORY_HBM, 0));
    OK(rtMemcpy(config_on_device, sizeof config, config, sizeof config, RT_MEMCPY_HOST_TO_DEVICE));
    blob.words[5] = (uint64_t)(uintptr_t)config_on_device;
    OK(rtAicpuKernelLaunchExWithArgs(RT_KERNEL_TYPE_AICPU_KFC, "AST_DYN_AICPU", 1, &args, NULL, stream, 0));
    memset(&blob, 0xee, sizeof blob); /* the launch has its own copy */
    code = rtStreamSynchronizeWithTimeout(stream, 10000);
    OK(rtFree(image_on_device));
    OK(rtFree(config_on_device));
    return code;
}

/* Writes a descriptor of one function and loads it; the file is gone afterwards. */
static inline rtBinHandle launch_load(const char *so, const char *symbol)
{
    rtLoadBinaryOption_t option = {.optionId = RT_LOAD_BINARY_OPT_CPU_KERNEL_MODE, .value.cpuKernelMode = 0};
    rtLoadBinaryConfig_t config = {&option, 1};
    char path[] = "/tmp/npuemu-test-XXXXXX", json[sizeof path + 8];
    rtBinHandle handle;
    FILE *file;
    int fd = mkstemp(path);

    if (fd < 0) CHECK_FAIL("%s can not be made", path);
    close(fd);
    snprintf(json, sizeof json, "%s.json", path);
    file = fopen(json, "w");
    fprintf(file,
            "{\"entry_of_%s\": {\"opInfo\": {\"functionName\": \"%s\", \"kernelSo\": \"%s\","
            " \"opKernelLib\": \"AICPUKernel\", \"userDefined\": \"False\"}}}",
            symbol, symbol, so);
    fclose(file);
    OK(rtsBinaryLoadFromFile(json, &config, &handle));
    unlink(json);
    unlink(path);
    return handle;
}

static inline rtFuncHandle launch_function(rtBinHandle binary, const char *symbol)
{
    rtFuncHandle function;
    char key[96];

    snprintf(key, sizeof key, "entry_of_%s", symbol);
    OK(rtsFuncGetByName(binary, key, &function));
    return function;
}

static inline int32_t launch_cpu(rtFuncHandle function, uint32_t blocks, void *stream, void *args, uint32_t size)
{
    rtCpuKernelArgs_t cpu_args = {.baseArgs = {.args = args, .argsSize = size}};

    return rtsLaunchCpuKernel(function, blocks, stream, NULL, &cpu_args);
}

static inline void *launch_register(const char *path)
{
    rtDevBinary_t binary = {.magic = RT_DEV_BINARY_MAGIC_ELF};
    unsigned char *bytes;
    size_t size;
    void *handle;

    bytes = launch_read_file(path, &size);
    binary.data = bytes;
    binary.length = size;
    OK(rtRegisterAllKernel(&binary, &handle));
    memset(bytes, 0, size); /* registered is copied */
    free(bytes);
    return handle;
}

static inline int32_t launch_core(void *program, uint64_t key, uint32_t blocks, uint64_t argument, void *stream,
                                  uint8_t mode)
{
    rtArgsEx_t args = {.args = &argument, .argsSize = sizeof argument};
    rtTaskCfgInfo_t config = {.schemMode = mode};

    return rtKernelLaunchWithHandleV2(program, key, blocks, &args, NULL, stream, &config);
}

#endif
