/* Launch arguments: the blocks that programs hand to the driver with an AICore, a KFC and a CPU launch, through the
 * driver's checks into the command, and for KFC on into the AICPU OS with the DeviceArgs that the block names.
 *
 * Input: kind, flags, blocks, offsets, address slots, launch attributes, the arguments' length and bytes; the rest is
 * the content of device memory. Flag bits: 0 the arguments are on the device already, 1 the word at 40 is made an
 * address of device memory, 2 the copy cannot be noted, 3 batch, 4 with tiling. */
#include "fuzz.h"
#include "launch.h"

#include <sys/mman.h>

#include "emu/lib/launch.c"

uint8_t *fuzz_hbm;

enum { PAGE = 4096, SLOTS = 4, ATTRIBUTES = 3 };

/* ---- what the driver's checks stand on ----------------------------------------------------------------------------
 */

static struct device card;
static struct process card_process;
static struct emu_command command;
static struct program card_program = {.kernel_count = 3};
static uint8_t *copied; /* the block in device memory that the arguments were copied to */
static uint32_t copied_size, held, given, pending, published, claimed;
static bool pending_fails;

int32_t device_enter(struct device **out)
{
    *out = &card;
    held++;
    return 0;
}
void device_leave(struct device *device)
{
    FUZZ_CHECK(device == &card, "another device");
    held--;
}
int32_t device_claim(struct device *device, uint32_t kind, uint32_t stream, struct emu_command **out)
{
    (void)device, (void)stream;
    memset(&command, 0, sizeof command);
    command.kind = kind;
    *out = &command;
    claimed++;
    return 0;
}
void device_sequence(struct device *device, struct emu_command *of)
{
    (void)device, (void)of;
}
void device_publish(struct device *device)
{
    (void)device;
    published++;
}
int32_t device_arguments(struct device *device, const void *args, uint32_t size, uint64_t *address)
{
    (void)device;
    FUZZ_CHECK(!copied, "a second copy of the arguments");
    if (size > FUZZ_HBM / 2) return message_fail(ACL_ERROR_RT_MEMORY_ALLOCATION, "no device memory");
    copied = fuzz_hbm + FUZZ_HBM - size; /* up to its last byte, behind which there is nothing */
    copied_size = size;
    memcpy(copied, args, size);
    *address = (uint64_t)(uintptr_t)copied;
    return 0;
}
int32_t device_arguments_pending(struct device *device, uint64_t address, uint32_t stream, uint64_t sequence)
{
    (void)device, (void)stream, (void)sequence;
    FUZZ_CHECK(address == (uint64_t)(uintptr_t)copied, "another block");
    if (pending_fails) return message_fail(ACL_ERROR_RT_MEMORY_ALLOCATION, "out of host memory");
    pending++;
    return 0;
}
int32_t device_write(struct process *process, uint64_t address, const void *from, uint64_t size)
{
    const uint64_t offset = address - (uint64_t)(uintptr_t)copied;

    FUZZ_CHECK(process == &card_process && copied && offset <= copied_size && size <= copied_size - offset,
               "%llu bytes at offset %llu of %u", (unsigned long long)size, (unsigned long long)offset, copied_size);
    memcpy(copied + offset, from, size);
    return 0;
}
bool device_give(struct device *device, uint64_t address, enum heap_owner owner)
{
    (void)device;
    FUZZ_CHECK(owner == HEAP_CARD && address == (uint64_t)(uintptr_t)copied && !given, "another block is given back");
    given++;
    return true;
}
int32_t stream_slot(const struct device *device, const void *handle, uint32_t *slot)
{
    (void)device, (void)handle;
    *slot = 0;
    return 0;
}
int32_t stream_check(struct device *device)
{
    (void)device;
    return 0;
}
int32_t binary_function(struct device *device, const void *handle, uint32_t *number)
{
    (void)device, (void)handle;
    *number = 5;
    return 0;
}
struct program *program_get(const void *handle)
{
    (void)handle;
    atomic_fetch_add(&card_program.references, 1);
    return &card_program;
}
void program_put(struct program *program)
{
    atomic_fetch_sub(&program->references, 1);
}
int program_kernel(const struct program *program, uint64_t tiling_key)
{
    (void)program;
    return tiling_key < 3 ? (int)tiling_key : -1;
}
int32_t program_load(struct device *device, const struct program *program, const void *handle, int kernel,
                     uint32_t *number)
{
    (void)device, (void)program, (void)handle, (void)kernel;
    *number = 7;
    return 0;
}

/* ---- a launch ------------------------------------------------------------------------------------------------------
 */

struct form {
    uint32_t flags, blocks, so_offset, name_offset, size;
    uint16_t slots, timeout;
    rtHostInputInfo_t slot[SLOTS];
    rtLaunchKernelAttr_t attribute[ATTRIBUTES];
    size_t attributes;
    void *args;
};

static void set_up(void)
{
    static struct emu_shared *shared;

    if (!fuzz_hbm) {
        uint8_t *at = mmap(NULL, FUZZ_HBM + 2 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (at == MAP_FAILED || mprotect(at + PAGE, FUZZ_HBM, PROT_READ | PROT_WRITE)) abort();
        fuzz_hbm = at + PAGE;
        if (!(shared = calloc(1, sizeof *shared))) abort();
        card_process.shared = shared;
        card.process = &card_process;
    }
    copied = NULL;
    held = given = pending = published = claimed = 0;
}

static void read_form(struct fuzz_input *in, struct form *f)
{
    size_t got;

    *f = (struct form){.flags = (uint32_t)fuzz_number(in, 1), .blocks = (uint32_t)fuzz_number(in, 4)};
    f->so_offset = (uint32_t)fuzz_number(in, 4);
    f->name_offset = (uint32_t)fuzz_number(in, 4);
    f->timeout = (uint16_t)fuzz_number(in, 2);
    f->slots = (uint16_t)(fuzz_number(in, 1) % (SLOTS + 1));
    for (int i = 0; i < f->slots; i++)
        f->slot[i] = (rtHostInputInfo_t){(uint32_t)fuzz_number(in, 4), (uint32_t)fuzz_number(in, 4)};
    f->attributes = fuzz_number(in, 1) % (ATTRIBUTES + 1);
    for (size_t i = 0; i < f->attributes; i++) {
        f->attribute[i].id = (int32_t)fuzz_number(in, 4);
        f->attribute[i].value.timeoutUs.low = (uint32_t)fuzz_number(in, 4);
        f->attribute[i].value.timeoutUs.high = (uint32_t)fuzz_number(in, 4);
    }
    f->args = fuzz_block(in, (size_t)fuzz_number(in, 2), &got);
    f->size = (uint32_t)got;
    memset(fuzz_hbm, 0, FUZZ_HBM);
    memcpy(fuzz_hbm, in->at, in->left < FUZZ_HBM ? in->left : FUZZ_HBM);
    if (f->flags & 2 && f->size >= 48) {
        uint64_t word;
        memcpy(&word, (char *)f->args + 40, sizeof word);
        word = (uint64_t)(uintptr_t)fuzz_hbm + word % (FUZZ_HBM + 8);
        memcpy((char *)f->args + 40, &word, sizeof word);
    }
}

static int32_t launch(uint32_t kind, const struct form *f)
{
    rtAicpuArgsEx_t cpu = {.args = f->flags & 1 ? (void *)fuzz_hbm : f->args,
                           .hostInputInfoPtr = f->slots ? (rtHostInputInfo_t *)(uintptr_t)f->slot : NULL,
                           .hostInputInfoNum = f->slots,
                           .argsSize = f->size,
                           .soNameAddrOffset = f->so_offset,
                           .kernelNameAddrOffset = f->name_offset,
                           .isNoNeedH2DCopy = f->flags & 1,
                           .timeout = f->timeout};
    rtArgsEx_t core = {.args = cpu.args,
                       .hostInputInfoPtr = cpu.hostInputInfoPtr,
                       .hostInputInfoNum = f->slots,
                       .argsSize = f->size,
                       .tilingAddrOffset = f->so_offset,
                       .tilingDataOffset = f->name_offset,
                       .hasTiling = f->flags >> 4 & 1,
                       .isNoNeedH2DCopy = f->flags & 1};
    rtCpuKernelArgs_t function = {.baseArgs = cpu};
    const rtTaskCfgInfo_t config = {.schemMode = f->flags >> 3 & 1};
    const rtKernelLaunchCfg_t attributes = {.attrs = (rtLaunchKernelAttr_t *)(uintptr_t)f->attribute,
                                            .numAttrs = f->attributes};

    switch (kind) {
    case 0:
        return rtKernelLaunchWithHandleV2(&card_program, f->timeout, f->blocks, &core, NULL, NULL, &config);
    case 1:
        return rtAicpuKernelLaunchExWithArgs(RT_KERNEL_TYPE_AICPU_KFC, "op", f->blocks, &cpu, NULL, NULL,
                                             f->timeout ? FLAG_USES_TIMEOUT : 0);
    default:
        return rtsLaunchCpuKernel(&card, f->blocks, NULL, f->attributes ? &attributes : NULL, &function);
    }
}

/* The arguments that the device finds: the caller's bytes, but for the address slots. */
static void check_arguments(const struct form *f, const uint8_t *found)
{
    uint8_t *wanted = malloc(f->size);

    if (!wanted) abort();
    memcpy(wanted, f->flags & 1 ? fuzz_hbm : f->args, f->size);
    for (int i = 0; i < f->slots && !(f->flags & 1); i++) {
        const uint64_t address = (uint64_t)(uintptr_t)found + f->slot[i].dataOffset;
        FUZZ_CHECK(f->slot[i].addrOffset + 8ull <= f->size && f->slot[i].dataOffset < f->size, "slot %d", i);
        memcpy(wanted + f->slot[i].addrOffset, &address, sizeof address);
    }
    FUZZ_CHECK(memcmp(found, wanted, f->size) == 0, "the arguments have changed on their way");
    free(wanted);
}

static void check_command(uint32_t kind, const struct form *f)
{
    static const uint32_t kinds[] = {EMU_CMD_CORE_LAUNCH, EMU_CMD_KFC_LAUNCH, EMU_CMD_CPU_LAUNCH};
    uint8_t *args;
    char reason[280];

    FUZZ_CHECK(published == 1 && command.kind == kinds[kind], "%u commands, of kind %u", published, command.kind);
    FUZZ_CHECK(command.blocks == f->blocks && f->blocks >= 1 && f->blocks <= 0xffff, "%u blocks", command.blocks);
    FUZZ_CHECK(command.args_size == f->size && f->size > 0, "%u bytes of arguments", command.args_size);
    FUZZ_CHECK(pending == (copied != NULL) && !given, "%u blocks pending, %u given back", pending, given);
    if (command.args_address) {
        args = (uint8_t *)(uintptr_t)command.args_address;
        FUZZ_CHECK(args == (f->flags & 1 ? fuzz_hbm : copied), "arguments at another place");
    } else {
        FUZZ_CHECK(f->size <= EMU_INLINE, "%u bytes travel in a command", f->size);
        args = malloc(f->size);
        if (!args) abort();
        memcpy(args, command.args, f->size);
    }
    check_arguments(f, args);
    if (kind == 1) {
        const uint32_t failed = fuzz_device_kfc(args, f->size, command.so_offset, command.name_offset, reason);
        if (failed) fuzz_sentence(reason, sizeof reason);
        fuzz_verdict(!failed);
    }
    if (!command.args_address) free(args);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};
    const uint32_t kind = (uint32_t)fuzz_number(&in, 1) % 3;
    struct form form;
    int32_t code;

    set_up();
    read_form(&in, &form);
    pending_fails = form.flags & 4;
    code = launch(kind, &form);
    FUZZ_CHECK(held == 0 && card_program.references == 0, "the device or the program is still held");
    if (code == 0) {
        check_command(kind, &form);
    } else {
        FUZZ_CHECK(published == 0, "code %d, and launched all the same", code);
        FUZZ_CHECK(given == (copied != NULL), "code %d, and the arguments' copy is %s", code,
                   given ? "given back unasked" : "left in device memory");
        FUZZ_CHECK(code == ACL_ERROR_RT_PARAM_INVALID || code == ACL_ERROR_RT_FEATURE_NOT_SUPPORT ||
                       code == ACL_ERROR_RT_INTERNAL_ERROR || code == ACL_ERROR_RT_MEMORY_ALLOCATION,
                   "code %d", code);
        fuzz_sentence(aclGetRecentErrMsg(), 1024);
        fuzz_verdict(false);
    }
    free(form.args);
    return 0;
}
