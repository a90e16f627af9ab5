/* A program written only against the vendor's prototypes and linked with -lruntime -lascendcl: opens the device,
 * allocates, copies, launches, synchronizes. Nothing of npurt is included. Argument: the AICore program and the AICPU
 * library to launch.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef int32_t rtError_t;
typedef void *rtStream_t;
typedef struct {
    uint32_t magic, version;
    const void *data;
    uint64_t length;
} rtDevBinary_t;
typedef struct {
    void *args;
    void *hostInputInfoPtr;
    uint32_t argsSize, tilingAddrOffset, tilingDataOffset;
    uint16_t hostInputInfoNum;
    uint8_t hasTiling, isNoNeedH2DCopy, reserved[4];
} rtArgsEx_t;
typedef struct {
    uint8_t qos, partId, schemMode, d2dCrossFlag;
    uint32_t blockDimOffset;
    uint8_t dumpflag, neverTimeout, rev[2];
    uint32_t localMemorySize;
} rtTaskCfgInfo_t;

extern rtError_t rtSetDevice(int32_t device);
extern rtError_t rtDeviceReset(int32_t device);
extern rtError_t rtMalloc(void **address, uint64_t size, uint32_t type, const uint16_t module);
extern rtError_t rtFree(void *address);
extern rtError_t rtMemcpy(void *to, uint64_t to_max, const void *from, uint64_t size, int kind);
extern rtError_t rtStreamCreate(rtStream_t *stream, int32_t priority);
extern rtError_t rtStreamDestroy(rtStream_t stream);
extern rtError_t rtStreamSynchronize(rtStream_t stream);
extern rtError_t rtRegisterAllKernel(const rtDevBinary_t *binary, void **handle);
extern rtError_t rtKernelLaunchWithHandleV2(void *handle, const uint64_t tiling_key, uint32_t blocks, rtArgsEx_t *args,
                                            void *sm, rtStream_t stream, const rtTaskCfgInfo_t *config);
extern int aclInit(const char *config);
extern int aclFinalize(void);
extern int aclrtGetDeviceCount(uint32_t *count);
extern const char *aclrtGetSocName(void);
extern const char *aclGetRecentErrMsg(void);

#define DO(call)                                                                                                       \
    do {                                                                                                               \
        int do_code = (call);                                                                                          \
        if (do_code) {                                                                                                 \
            fprintf(stderr, "%s: %d: %s\n", #call, do_code, aclGetRecentErrMsg());                                     \
            exit(1);                                                                                                   \
        }                                                                                                              \
    } while (0)

static rtDevBinary_t read_program(const char *path)
{
    FILE *file = fopen(path, "rb");
    rtDevBinary_t binary = {.magic = 0x43554245};
    long size;
    void *bytes;

    if (!file || fseek(file, 0, SEEK_END) || (size = ftell(file)) <= 0) {
        fprintf(stderr, "%s can not be read\n", path);
        exit(1);
    }
    rewind(file);
    bytes = malloc((size_t)size);
    binary.data = bytes;
    binary.length = fread(bytes, 1, (size_t)size, file);
    fclose(file);
    return binary;
}

int main(int argc, char **argv)
{
    rtTaskCfgInfo_t config = {.schemMode = 1};
    uint32_t words[2] = {100, 1000}, count = 0;
    rtDevBinary_t binary;
    rtStream_t stream;
    rtArgsEx_t args;
    uint64_t parameter;
    void *program, *memory;

    if (argc != 2) return 64;
    binary = read_program(argv[1]);
    DO(aclInit(NULL));
    DO(aclrtGetDeviceCount(&count));
    DO(rtSetDevice(0));
    DO(rtMalloc(&memory, sizeof words, 2, 0));
    DO(rtMemcpy(memory, sizeof words, words, sizeof words, 1));
    DO(rtStreamCreate(&stream, 0));
    DO(rtRegisterAllKernel(&binary, &program));
    parameter = (uint64_t)(uintptr_t)memory;
    memset(&args, 0, sizeof args);
    args.args = &parameter;
    args.argsSize = sizeof parameter;
    DO(rtKernelLaunchWithHandleV2(program, 0, 20, &args, NULL, stream, &config));
    DO(rtStreamSynchronize(stream));
    DO(rtMemcpy(words, sizeof words, memory, sizeof words, 2));
    DO(rtFree(memory));
    DO(rtStreamDestroy(stream));
    DO(rtDeviceReset(0));
    DO(aclFinalize());
    free((void *)(uintptr_t)binary.data);
    printf("%u device(s), %s: %u cube and %u vector blocks\n", count, aclrtGetSocName(), words[0] - 100,
           words[1] - 1000);
    return words[0] == 120 && words[1] == 1040 ? 0 : 1;
}
